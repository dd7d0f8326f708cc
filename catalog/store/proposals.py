"""What may be proposed for the lines of a script: shots that show it, speech that says it.

Statements are of whole scripts: all words at once, all vectors at once. The shots near a line are
found by `shots_for_lines`.
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
from catalog.store.search.asked import TEXTS, Expressions, Statement
from catalog.store.streams import whole_rows

Where = ColumnElement[bool]

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


def lasts(seconds: float | ColumnElement[float]) -> Where:
    """Whether the clip is at least so long."""
    needed = seconds if isinstance(seconds, ColumnElement) else literal(seconds, Double)
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


def speech_with(session: Session, words: Sequence[str], where: Where, most: int) -> np.ndarray:
    """The speech that has these words, in order: word by its place, clip and asset, ``(n, 3)``.

    A word that more than ``most`` clips have tells nothing, and gives none.
    """
    return _telling(session, "speech", words, where, most)


def shots_with(session: Session, words: Sequence[str], where: Where, most: int) -> np.ndarray:
    """The same of shots over which something is logged."""
    return _telling(session, "shot", words, and_(Clip.flag.is_(None), where), most)


def assets_with(session: Session, words: Sequence[str], visible: Where, most: int) -> np.ndarray:
    """The assets whose names, tags or texts have these words: word by its place, asset, twice."""
    return _telling(session, None, words, visible, most)


def _telling(
    session: Session, kind: str | None, words: Sequence[str], where: Where, most: int
) -> np.ndarray:
    """The clips of a kind, or the assets, that have each word, without words that too many have."""

    def build(named: Expressions) -> Statement:
        word = _queries()
        thing: Any = Asset if kind is None else Clip
        columns = [thing.id, (Asset.id if kind is None else Clip.asset_id).label("asset_id")]
        found = select(*columns).where(
            thing.words.bool_op("@@")(word.c.query), Asset.kind.is_not(None), named["where"]
        )
        if kind is not None:
            # Written so that no index of clips fits but that of words: each word reads that once.
            # Asset by asset, or beside all clips of the kind, it would be read in vain.
            own = Asset.id == Clip.asset_id + 0
            found = found.join(Asset, own).where(Clip.kind.is_not_distinct_from(kind))
        some = found.limit(most + 1).lateral("found")
        # All that have a word as one value: a hundred thousand rows take as long as finding them.
        row = func.int8send(some.c.id).concat(func.int8send(some.c.asset_id))
        return (
            select(word.c.place, func.string_agg(row, literal(b"")).label("having"))
            .join(some, true())
            .group_by(word.c.place)
            .having(func.count() <= most)
            .order_by(word.c.place)
        )

    shape = ("telling", kind, most)
    asked = TEXTS.asked(session, shape, {"where": where}, {"words": list(words)}, build)
    found = [np.zeros((0, 3), dtype=np.int64)]
    for row in asked.rows(session):
        things = np.frombuffer(row.having, dtype=">i8").astype(np.int64).reshape(-1, 2)
        places = np.full((len(things), 1), row.place)
        found.append(np.hstack([places, things[np.argsort(things[:, 0])]]))
    return np.concatenate(found)


def _queries() -> Any:  # noqa: ANN401  # a CTE
    given = cast(bindparam("words", type_=ARRAY(Text)), ARRAY(Text))
    each = func.unnest(given).table_valued("txt", with_ordinality="n", name="given")
    rows = each.render_derived()
    query = func.catalog.words_query(rows.c.txt, type_=TSQUERY)
    # Materialized: else each word is read as a query once per row that is compared.
    return (
        select((rows.c.n - 1).label("place"), query.label("query"))
        .cte("word")
        .prefix_with("MATERIALIZED")
    )


def vectors_of(
    session: Session, encoder_id: int, dimension: int, clips: Sequence[int]
) -> dict[int, np.ndarray]:
    """The first centre of each of these shots, float32 ``(dimension,)``."""

    def build(_: Expressions) -> Statement:
        wanted = any_(bindparam("clips", type_=ARRAY(BigInteger)))
        return select(Centre.clip_id, Centre.vector).where(
            Centre.encoder_id == encoder_id, Centre.part == 0, Centre.clip_id == wanted
        )

    values = {"clips": list(clips)}
    asked = TEXTS.asked(session, ("first centres", encoder_id), {}, values, build)
    found: dict[int, np.ndarray] = {}
    for rows in whole_rows(session, asked, {"clip": int}, dimension):
        found |= zip(rows["clip"].tolist(), rows["vector"].astype(np.float32), strict=True)
    return found


def spoken_vectors(
    session: Session, encoder_id: int, dimension: int, where: Where
) -> Iterator[np.ndarray]:
    """The speech that has a vector: ``clip, asset, vector``, in no order; see `whole_rows`.

    A whole script is compared with each: reading them once is quicker than ordering by distance
    once a line.
    """

    def build(named: Expressions) -> Statement:
        return (
            select(SpeechEmbedding.clip_id, SpeechEmbedding.asset_id, SpeechEmbedding.vector)
            .join(Clip, Clip.id == SpeechEmbedding.clip_id)
            .join(Asset, Asset.id == Clip.asset_id)
            .where(
                SpeechEmbedding.encoder_id == encoder_id,
                Clip.kind == "speech",
                Asset.kind.is_not(None),
                named["where"],
            )
        )

    asked = TEXTS.asked(session, ("spoken vectors", encoder_id), {"where": where}, {}, build)
    return whole_rows(session, asked, {"clip": int, "asset": int}, dimension)


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
