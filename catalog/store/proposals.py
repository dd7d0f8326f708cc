"""What may be proposed for the lines of a script: shots that show it, speech that says it.

Statements are of whole scripts: all words at once, all vectors at once. The shots near a line are
found by `shots_for_lines`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    Select,
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
from catalog.store.streams import sent, singles, whole_rows

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


Words = Sequence[str | None]
"""Words as `word_queries` reads them."""


def word_queries(session: Session, words: Sequence[str]) -> dict[str, str | None]:
    """Each word as PostgreSQL writes the query that finds it in all its forms; None: it has none.

    Read once: several statements look for the same words, and to read one takes longer than to
    find what few have.
    """
    given = cast(bindparam("words", list(words), type_=ARRAY(Text)), ARRAY(Text))
    word = func.unnest(given).table_valued("txt", name="given").render_derived().c.txt
    query = func.nullif(cast(func.catalog.words_query(word), Text), "")
    found = session.execute(select(word, query)).all()
    return {row[0]: row[1] for row in found}


def speech_with(session: Session, words: Words, where: Where, most: int) -> np.ndarray:
    """The speech that has these words, in order: word by its place, clip and asset, ``(n, 3)``.

    A word that more than ``most`` clips have tells nothing, and gives none.
    """

    def found(query: Any, where: Where) -> Select[int, int]:  # noqa: ANN401  # a column of queries
        # Written so that no index of clips fits but that of words: each word reads that once.
        # Asset by asset, or beside all speech, it would be read in vain.
        return (
            select(Clip.id, Clip.asset_id)
            .join(Asset, Asset.id == Clip.asset_id + 0)
            .where(
                Clip.words.bool_op("@@")(query),
                Clip.kind.is_not_distinct_from("speech"),
                Asset.kind.is_not(None),
                where,
            )
        )

    return _telling(session, "speech", words, where, most, found)


def shots_with(session: Session, words: Words, where: Where, most: int) -> np.ndarray:
    """The same of shots, by what is logged over them.

    A shot's own words are also what is said over it; but where something is said is no B-roll.
    """

    def found(query: Any, where: Where) -> Select[int, int]:  # noqa: ANN401  # a column of queries
        log = aliased(Clip)
        over = and_(
            Clip.asset_id == log.asset_id,
            Clip.start_pts < log.end_pts,
            Clip.end_pts > log.start_pts,
        )
        return (
            select(Clip.id, Clip.asset_id)
            .select_from(log)
            .join(Clip, over)
            .join(Asset, Asset.id == Clip.asset_id)
            .where(
                log.words.bool_op("@@")(query),
                # Of these alone there is an index of words.
                log.kind == "subclip",
                Clip.kind == "shot",
                Clip.flag.is_(None),
                Asset.kind.is_not(None),
                where,
            )
            .distinct()
        )

    return _telling(session, "shots", words, where, most, found)


def assets_with(session: Session, words: Words, visible: Where, most: int) -> np.ndarray:
    """The assets whose names, tags or texts have these words: word by its place, asset, twice."""

    def found(query: Any, where: Where) -> Select[int, int]:  # noqa: ANN401  # a column of queries
        have = Asset.words.bool_op("@@")(query)
        return select(Asset.id, Asset.id.label("asset_id")).where(
            have, Asset.kind.is_not(None), where
        )

    return _telling(session, "assets", words, visible, most, found)


def _telling(  # noqa: PLR0917  # what is asked, of what, and how it is found
    session: Session,
    things: str,
    words: Words,
    where: Where,
    most: int,
    found: Callable[[Any, Where], Select[int, int]],
) -> np.ndarray:
    """What has each word as ``found`` finds it, without words that too many have."""

    def build(named: Expressions) -> Statement:
        word = _queries()
        some = found(word.c.query, named["where"]).limit(most + 1).lateral("found")
        # All that have a word as one value: a hundred thousand rows take as long as finding them.
        row = func.int8send(some.c.id).concat(func.int8send(some.c.asset_id))
        return (
            select(word.c.place, func.string_agg(row, literal(b"")).label("having"))
            .join(some, true())
            .group_by(word.c.place)
            .having(func.count() <= most)
            .order_by(word.c.place)
        )

    shape = ("telling", things, most)
    asked = TEXTS.asked(session, shape, {"where": where}, {"words": list(words)}, build)
    rows = [np.zeros((0, 3), dtype=np.int64)]
    for row in asked.rows(session):
        having = np.frombuffer(row.having, dtype=">i8").astype(np.int64).reshape(-1, 2)
        places = np.full((len(having), 1), row.place)
        rows.append(np.hstack([places, having[np.argsort(having[:, 0])]]))
    return np.concatenate(rows)


def _queries() -> Any:  # noqa: ANN401  # a CTE
    given = cast(bindparam("words", type_=ARRAY(Text)), ARRAY(Text))
    each = func.unnest(given).table_valued("txt", with_ordinality="n", name="given")
    rows = each.render_derived()
    query = cast(rows.c.txt, TSQUERY)
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
    vectors = sent(session)

    def build(_: Expressions) -> Statement:
        wanted = any_(bindparam("clips", type_=ARRAY(BigInteger)))
        return select(Centre.clip_id, vectors.column(Centre.vector)).where(
            Centre.encoder_id == encoder_id, Centre.part == 0, Centre.clip_id == wanted
        )

    values = {"clips": list(clips)}
    asked = TEXTS.asked(session, ("first centres", encoder_id, vectors), {}, values, build)
    found: dict[int, np.ndarray] = {}
    for rows in whole_rows(session, asked, {"clip": int}, dimension):
        found |= zip(rows["clip"].tolist(), singles(rows["vector"]), strict=True)
    return found


def spoken_vectors(
    session: Session, encoder_id: int, dimension: int, where: Where
) -> Iterator[np.ndarray]:
    """The speech that has a vector: ``clip, asset, vector``, in no order; see `whole_rows`.

    A whole script is compared with each: reading them once is quicker than ordering by distance
    once a line.
    """
    vectors = sent(session)

    def build(named: Expressions) -> Statement:
        vector = vectors.column(SpeechEmbedding.vector)
        return (
            select(SpeechEmbedding.clip_id, SpeechEmbedding.asset_id, vector)
            .join(Clip, Clip.id == SpeechEmbedding.clip_id)
            .join(Asset, Asset.id == Clip.asset_id)
            .where(
                SpeechEmbedding.encoder_id == encoder_id,
                Clip.kind == "speech",
                Asset.kind.is_not(None),
                named["where"],
            )
        )

    shape = ("spoken vectors", encoder_id, vectors)
    asked = TEXTS.asked(session, shape, {"where": where}, {}, build)
    return whole_rows(session, asked, {"clip": int, "asset": int}, dimension)


def sampled_vectors(
    session: Session, encoder_id: int, dimension: int, percent: float
) -> np.ndarray | None:
    """Centres of that share of the library's pages, ``(n, dimension)``; always the same ones."""
    vectors = sent(session)

    def build(_: Expressions) -> Statement:
        share = bindparam("percent", type_=Double)
        drawn = tablesample(Centre, func.system(share), name="sampled", seed=literal(1))
        sample = aliased(Centre, drawn)
        column = vectors.column(sample.vector)
        return select(sample.clip_id, column).where(sample.encoder_id == encoder_id)

    asked = TEXTS.asked(session, ("sampled", encoder_id, vectors), {}, {"percent": percent}, build)
    rows = whole_rows(session, asked, {"clip": int}, dimension)
    sampled = [singles(each["vector"]) for each in rows]
    return np.concatenate(sampled) if sampled else None


def count_assets(session: Session) -> int:
    """How many assets there are, whoever asks: how rare a word is hangs on it."""
    return session.execute(select(func.count()).select_from(Asset)).scalar_one()


def count_speech(session: Session) -> int:
    """How many clips of speech there are."""
    statement = select(func.count()).select_from(Clip).where(Clip.kind == "speech")
    return session.execute(statement).scalar_one()
