"""The shots near the lines of a script, of many lines at once.

Either everything that may be proposed is read once and compared with all lines here, or the graph
of centres is walked once a line; then the frames of what lies near are compared in one
statement, of all lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from sqlalchemy import (
    CTE,
    BigInteger,
    Double,
    Select,
    SQLColumnExpression,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    literal_column,
    select,
    type_coerce,
    union,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from catalog.db.models import Asset, Centre, Clip, Embedding
from catalog.db.vectors import HALFVEC
from catalog.store.proposals import STILL_SECONDS, Where, lasts
from catalog.store.search.asked import TEXTS, Expressions, Statement
from catalog.store.search.nearest import near_clips
from catalog.store.search.parts import Meaning, Nearest, SearchParts
from catalog.store.streams import sent, whole_rows


@dataclass(frozen=True)
class Lines:
    """The lines of a script under one encoder: unit vectors ``(n, dimension)`` and seconds."""

    encoder_id: int
    vectors: np.ndarray
    seconds: Sequence[float]

    @cached_property
    def texts(self) -> list[str]:
        """The vectors as PostgreSQL reads them; a list of arrays is no parameter of the driver."""
        return ["[" + ",".join(map(str, each.tolist())) + "]" for each in self.vectors.astype("f2")]

    @property
    def dimension(self) -> int:
        """Of the vectors."""
        return int(self.vectors.shape[1])


Near = tuple[int, int, int, float]
"""A line by its place, a clip, its asset and their cosine."""


def kept_vectors(session: Session, lines: Lines, where: Where) -> Iterator[np.ndarray]:
    """Every centre that the conditions keep: ``clip, asset, length, scale, vector``, in no order.

    ``length / scale`` is in seconds. They come as `whole_rows` gives them.
    """
    vectors = sent(session)

    def build(named: Expressions) -> Statement:
        still = Asset.kind == "still"
        length = (Clip.end_pts - Clip.start_pts) * Asset.time_base_num
        kept = (
            select(
                Clip.id,
                Clip.asset_id,
                cast(case((still, STILL_SECONDS), else_=func.coalesce(length, -1)), Double).label(
                    "length"
                ),
                cast(case((still, 1), else_=func.coalesce(Asset.time_base_den, 1)), Double).label(
                    "scale"
                ),
            )
            .join(Asset, Asset.id == Clip.asset_id)
            .where(
                Clip.kind == "shot", Clip.flag.is_(None), Asset.kind.is_not(None), named["where"]
            )
            .cte("kept")
            # Else vectors are carried through the joins, or into a hash table and to disk.
            .prefix_with("MATERIALIZED")
        )
        vector = vectors.column(Centre.vector)
        return select(kept.c.id, kept.c.asset_id, kept.c.length, kept.c.scale, vector).join(
            Centre, and_(Centre.clip_id == kept.c.id, Centre.encoder_id == lines.encoder_id)
        )

    shape = ("kept vectors", lines.encoder_id, vectors)
    asked = TEXTS.asked(session, shape, {"where": where}, {}, build)
    kinds = {"clip": int, "asset": int, "length": float, "scale": float}
    return whole_rows(session, asked, kinds, lines.dimension)


def met_on_a_walk(
    session: Session, encoder_id: int, vector: np.ndarray, where: Where, nearest: Nearest
) -> list[int]:
    """The clips whose centres are nearest to one vector, by the graph."""
    meaning = Meaning(encoder_id, vector, None)

    def build(named: Expressions) -> Statement:
        parts = SearchParts(named["where"], None, meaning, nearest.take, nearest=nearest)
        return select(near_clips(parts, meaning, nearest).c.clip_id)

    shape = ("met on a walk", encoder_id, len(vector), nearest.shape)
    values = {"query_vector": vector}
    asked = TEXTS.asked(session, shape, {"where": where}, values, build)
    return [int(row.clip_id) for row in asked.rows(session)]


def nearest_of(
    session: Session, lines: Lines, pairs: Sequence[tuple[int, int]], most: int
) -> list[Near]:
    """Of each line's clips those with the frames nearest to it, best first, ``most`` of a line.

    ``pairs``: a line by its place, a clip.
    """
    line = _lines(lines)
    of_line, clip = _unnested(pairs)
    pair = select(of_line.label("line"), clip.label("clip_id")).cte("pair")
    return _best(session, line, pair, lines.encoder_id, most)


def nearest_named(  # noqa: PLR0917  # what is asked, of which, and how many
    session: Session,
    lines: Lines,
    where: Where,
    assets: Sequence[tuple[int, int]],
    clips: Sequence[tuple[int, int]],
    most: int,
) -> list[Near]:
    """The same of the shots of these assets, and of these shots, that last as long as the line.

    ``assets`` and ``clips`` are pairs: a line by its place, an asset or a clip.
    """
    line = _lines(lines)
    (line_of_asset, asset), (line_of_clip, clip) = _unnested(assets), _unnested(clips, "clips")
    of_asset = select(line_of_asset.label("line"), asset.label("asset_id")).subquery("of_asset")
    named = union(
        select(line_of_clip.label("line"), clip.label("clip_id")),
        select(of_asset.c.line, Clip.id).join(Clip, Clip.asset_id == of_asset.c.asset_id),
    ).cte("named")
    pair = (
        select(named.c.line, named.c.clip_id)
        .join(line, line.c.line == named.c.line)
        .join(Clip, Clip.id == named.c.clip_id)
        .join(Asset, Asset.id == Clip.asset_id)
        .where(
            Clip.kind == "shot",
            Clip.flag.is_(None),
            Asset.kind.is_not(None),
            lasts(type_coerce(line.c.seconds, Double)),
            where,
        )
        .cte("pair")
    )
    return _best(session, line, pair, lines.encoder_id, most)


def _lines(lines: Lines) -> CTE:
    """``line, vector, seconds``, the line by its place from 0."""
    given = func.unnest(
        cast(literal(lines.texts, ARRAY(Text)), ARRAY(Text)),
        cast(literal(list(lines.seconds), ARRAY(Double)), ARRAY(Double)),
    ).table_valued("vector", "seconds", with_ordinality="n", name="given")
    row: Any = given.render_derived().c
    vector = cast(row.vector, HALFVEC(lines.dimension))
    return (
        select((row.n - 1).label("line"), vector.label("vector"), row.seconds)
        .cte("line")
        # Else a vector is read from its text once a frame.
        .prefix_with("MATERIALIZED")
    )


def _unnested(
    pairs: Sequence[tuple[int, int]], name: str = "pairs"
) -> tuple[SQLColumnExpression[int], SQLColumnExpression[int]]:
    # Written as one text: of a list of numbers the driver writes each by itself.
    written = ["{" + ",".join([str(pair[at]) for pair in pairs]) + "}" for at in (0, 1)]
    columns = [cast(literal(each, Text), ARRAY(BigInteger)) for each in written]
    given = func.unnest(*columns).table_valued("line", "thing", name=name).render_derived()
    return given.c.line, given.c.thing


def _best(session: Session, line: CTE, pair: CTE, encoder_id: int, most: int) -> list[Near]:
    """Of each line the clips whose nearest frames are the nearest."""
    column: Any = Embedding.vector
    near = (
        select(
            pair.c.line,
            Embedding.clip_id,
            Embedding.asset_id,
            column.cosine_distance(line.c.vector).label("distance"),
        )
        .select_from(pair)
        .join(line, line.c.line == pair.c.line)
        .join(
            Embedding,
            and_(Embedding.clip_id == pair.c.clip_id, Embedding.encoder_id == encoder_id),
        )
        .cte("near")
        # As in `best_frames`: else the vectors are carried into the grouping.
        .prefix_with("MATERIALIZED")
    )
    cosine = (1 - func.min(near.c.distance)).label("cosine")
    best = (
        select(near.c.line, near.c.clip_id, near.c.asset_id, cosine)
        .group_by(near.c.line, near.c.clip_id, near.c.asset_id)
        .subquery("best")
    )
    place = func.row_number().over(
        partition_by=best.c.line, order_by=(best.c.cosine.desc(), best.c.clip_id)
    )
    placed = select(best, place.label("place")).subquery("placed")
    statement: Select[Any] = (
        select(placed.c.line, placed.c.clip_id, placed.c.asset_id, placed.c.cosine)
        .where(placed.c.place <= literal_column(str(int(most))))
        .order_by(placed.c.line, placed.c.place)
    )
    return [(int(a), int(b), int(c), float(d)) for a, b, c, d in session.execute(statement)]
