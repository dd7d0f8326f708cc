"""What may be proposed for the lines of a script: shots that show it, speech that says it.

Statements are of whole scripts where that is faster: all words at once, all vectors at once.
The shots near a line are a statement each, of one text, for a walk through the graph of
centres takes one vector.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    Text,
    all_,
    and_,
    any_,
    bindparam,
    cast,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    tablesample,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY
from sqlalchemy.orm import Session, aliased

from catalog.db.models import Asset, BinItem, Centre, Clip, SpeechEmbedding
from catalog.store.arrays import among
from catalog.store.search.asked import TEXTS, Expressions, Statement
from catalog.store.search.nearest import best_frames, near_clips
from catalog.store.search.parts import SearchParts
from catalog.store.search.ranking import candidates

Where = ColumnElement[bool]

_LINES_AT_A_TIME = 5_000
STILL_SECONDS = 5.0
"""How long a still is shown; it has no length of its own."""


def without_speech() -> Where:
    """Whether nobody is known to speak over the shot: nothing was heard there, and nothing is said.

    Where sound was not listened to, only what subtitles and people say is known.
    """
    said = aliased(Clip)
    over = exists(
        select(1)
        .where(
            said.asset_id == Clip.asset_id,
            said.kind == "speech",
            said.start_pts < Clip.end_pts,
            said.end_pts > Clip.start_pts,
        )
        .correlate(Clip)
    )
    moments = func.int8range(Clip.start_pts, Clip.end_pts)
    heard = func.coalesce(Asset.speaking.bool_op("&&")(moments), false())
    return and_(Clip.roll.is_distinct_from("A"), not_(heard), not_(over))


def lasts(seconds: float) -> Where:
    """Whether the clip is at least so long."""
    needed = literal(seconds, Double)
    length = (Clip.end_pts - Clip.start_pts) * Asset.time_base_num
    return or_(
        and_(Asset.kind == "still", needed <= STILL_SECONDS),
        length >= needed * Asset.time_base_den,
    )


def none_of(clips: Sequence[int]) -> Where:
    """Whether the clip is none of these, and lies over none of them."""
    if not clips:
        return true()
    other = aliased(Clip)
    over = exists(
        select(1)
        .where(other.id == any_(literal(list(clips), ARRAY(BigInteger))), *_over(other))
        .correlate(Clip)
    )
    mine = Clip.id != all_(literal(list(clips), ARRAY(BigInteger)))
    return and_(mine, not_(over))


def unused_in(bins: Sequence[int]) -> Where:
    """Whether nothing in these bins lies over the clip."""
    if not bins:
        return true()
    used = aliased(Clip)
    inside = exists(
        select(1)
        .select_from(BinItem)
        .join(used, used.id == BinItem.clip_id)
        .where(BinItem.bin_id == any_(literal(list(bins), ARRAY(BigInteger))), *_over(used))
        .correlate(Clip)
    )
    return not_(inside)


def _over(other: type[Clip]) -> tuple[Where, ...]:
    """The same clip, or one over the same moments; a still has no moments but its own."""
    return (
        other.asset_id == Clip.asset_id,
        or_(
            other.id == Clip.id,
            and_(other.start_pts < Clip.end_pts, other.end_pts > Clip.start_pts),
        ),
    )


def shots_near(session: Session, parts: SearchParts) -> list[tuple[int, int, float]]:
    """The shots nearest to one vector: clip, asset and cosine, nearest first."""
    meaning, nearest = parts.meaning, parts.nearest
    assert meaning is not None  # noqa: S101  # the caller's
    assert isinstance(meaning.vector, np.ndarray)  # noqa: S101  # the caller's

    def build(named: Expressions) -> Statement:
        where = named["where"]
        if nearest is None:
            found = candidates(where, flagged=False)
        else:
            own = SearchParts(where, None, meaning, parts.limit, nearest=nearest)
            found = near_clips(own, meaning, nearest)
        best = best_frames(found, meaning)
        assert best is not None  # noqa: S101  # there is a meaning
        columns: list[ColumnElement[Any]] = [found.c.clip_id, found.c.asset_id, best.c.cosine]
        joined: Statement = select(*columns).join(best, best.c.clip_id == found.c.clip_id)
        most = bindparam("most", parts.limit, type_=BigInteger)
        return joined.order_by(best.c.cosine.desc(), found.c.clip_id).limit(most)

    how = None if nearest is None else nearest.shape
    shape = ("proposed", meaning.encoder_id, len(meaning.vector), how)
    values: dict[str, Any] = {"query_vector": meaning.vector, "most": parts.limit}
    asked = TEXTS.asked(session, shape, {"where": parts.where}, values, build)
    return [(row.clip_id, row.asset_id, float(row.cosine)) for row in asked.rows(session)]


def speech_with(
    session: Session, words: Sequence[str], where: Where, most: int
) -> list[tuple[int, int, int]]:
    """For each word by its place the speech that has it: place, clip, asset.

    A word that more than ``most`` clips have tells nothing, and gives none.
    """
    word = _queries(words)
    found = (
        select(Clip.id, Clip.asset_id)
        .join(Asset, Asset.id == Clip.asset_id)
        .where(
            Clip.kind == "speech",
            Clip.words.bool_op("@@")(word.c.query),
            Asset.kind.is_not(None),
            where,
        )
        .limit(most + 1)
        .lateral("found")
    )
    return _telling(session, select(word.c.place, *found.c).join(found, true()), most)


def shots_with(
    session: Session, words: Sequence[str], where: Where, most: int
) -> list[tuple[int, int, int]]:
    """The same of shots over which something is logged: place, clip, asset."""
    word = _queries(words)
    found = (
        select(Clip.id, Clip.asset_id)
        .join(Asset, Asset.id == Clip.asset_id)
        .where(
            Clip.kind == "shot",
            Clip.flag.is_(None),
            Clip.words.bool_op("@@")(word.c.query),
            where,
        )
        .limit(most + 1)
        .lateral("found")
    )
    return _telling(session, select(word.c.place, *found.c).join(found, true()), most)


def assets_with(
    session: Session, words: Sequence[str], visible: Where, most: int
) -> list[tuple[int, int]]:
    """For each word by its place the assets whose names, tags or texts have it."""
    word = _queries(words)
    found = (
        select(Asset.id)
        .where(Asset.words.bool_op("@@")(word.c.query), visible)
        .limit(most + 1)
        .lateral("found")
    )
    statement = select(word.c.place, found.c.id, found.c.id.label("same")).join(found, true())
    return [(place, asset) for place, asset, _ in _telling(session, statement, most)]


def _queries(words: Sequence[str]) -> Any:  # noqa: ANN401  # a CTE
    given = cast(literal(list(words), ARRAY(Text)), ARRAY(Text))
    each = func.unnest(given).table_valued("txt", with_ordinality="n", name="given")
    rows = each.render_derived()
    query = func.catalog.words_query(rows.c.txt, type_=TSQUERY)
    # Materialized: else each word is read as a query once per row that is compared.
    return (
        select((rows.c.n - 1).label("place"), query.label("query"))
        .cte("word")
        .prefix_with("MATERIALIZED")
    )


def _telling(session: Session, statement: Statement, most: int) -> list[tuple[int, int, int]]:
    rows = [(int(row[0]), int(row[1]), int(row[2])) for row in session.execute(statement)]
    counted: dict[int, int] = {}
    for place, _, _ in rows:
        counted[place] = counted.get(place, 0) + 1
    return sorted(row for row in rows if counted[row[0]] <= most)


def vectors_of(session: Session, encoder_id: int, clips: Sequence[int]) -> dict[int, np.ndarray]:
    """The first centre of each of these shots, float32 ``(dimension,)``."""
    statement = select(Centre.clip_id, Centre.vector).where(
        Centre.encoder_id == encoder_id, Centre.part == 0, among(Centre.clip_id, clips)
    )
    return {row[0]: np.asarray(row[1], dtype=np.float32) for row in session.execute(statement)}


def spoken_vectors(
    session: Session, encoder_id: int, where: Where
) -> Iterator[tuple[list[int], list[int], np.ndarray]]:
    """The clips of speech that have a vector, some thousand at a time: clips, assets, vectors.

    The vectors are float32 ``(n, dimension)``. A whole script is compared with each: reading
    them once is quicker than ordering by distance once a line.
    """
    statement = (
        select(SpeechEmbedding.clip_id, SpeechEmbedding.asset_id, SpeechEmbedding.vector)
        .join(Clip, Clip.id == SpeechEmbedding.clip_id)
        .join(Asset, Asset.id == Clip.asset_id)
        .where(
            SpeechEmbedding.encoder_id == encoder_id,
            Clip.kind == "speech",
            Asset.kind.is_not(None),
            where,
        )
        .order_by(SpeechEmbedding.clip_id)
        .execution_options(yield_per=_LINES_AT_A_TIME)
    )
    for rows in session.execute(statement).partitions():
        clips, assets, vectors = zip(*rows, strict=True)
        yield list(clips), list(assets), np.asarray(vectors, dtype=np.float32)


def sampled_vectors(session: Session, encoder_id: int, percent: float) -> np.ndarray | None:
    """Centres of that share of the library's pages, ``(n, dimension)``; always the same ones."""
    drawn = tablesample(Centre, func.system(percent), name="sampled", seed=literal(1))
    sample = aliased(Centre, drawn)
    statement = select(sample.vector).where(sample.encoder_id == encoder_id)
    rows = session.execute(statement).scalars().all()
    return np.asarray(rows, dtype=np.float32) if rows else None


def count_assets(session: Session) -> int:
    """How many assets there are, whoever asks: how rare a word is hangs on it."""
    return session.execute(select(func.count()).select_from(Asset)).scalar_one()


def count_speech(session: Session) -> int:
    """How many clips of speech there are."""
    statement = select(func.count()).select_from(Clip).where(Clip.kind == "speech")
    return session.execute(statement).scalar_one()
