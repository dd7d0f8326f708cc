"""Meaning: of each candidate, the frame nearest to the query's vector."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    ScalarSelect,
    SQLColumnExpression,
    and_,
    bindparam,
    cast,
    func,
    select,
)
from sqlalchemy.orm import aliased

from catalog.db.models import Embedding, Frame
from catalog.db.vectors import HALFVEC
from catalog.store.search.parts import Meaning


def distance_to(
    meaning: Meaning,
    column: Any = Embedding.vector,  # noqa: ANN401  # a halfvec, with operators of its own
) -> ColumnElement[float]:
    """Cosine distance of an embedding to the query.

    Written without the cast that the HNSW index is built on, so that an exact
    search can never turn into an approximate one by the planner's choice.
    """
    if isinstance(meaning.vector, ColumnElement):
        inside: ColumnElement[float] = column.cosine_distance(meaning.vector)
        return inside
    kind = HALFVEC(len(meaning.vector))
    query = cast(bindparam("query_vector", meaning.vector, type_=kind), kind)
    distance: ColumnElement[float] = column.cosine_distance(query)
    return distance


def best_frames(candidate: CTE, meaning: Meaning | None) -> CTE | None:
    """Of each candidate the cosine of the frame nearest to the query's vector.

    A minimum per group, for that needs no sort; which frame it was is looked up
    for the few clips of the page.
    """
    if meaning is None:
        return None
    near = (
        select(Embedding.clip_id, distance_to(meaning).label("distance"))
        .join(candidate, candidate.c.clip_id == Embedding.clip_id)
        .where(Embedding.encoder_id == meaning.encoder_id)
        .cte("near")
        # Else the vectors themselves are carried into the grouping, and spill to disk.
        .prefix_with("MATERIALIZED")
    )
    return (
        select(near.c.clip_id, (1 - func.min(near.c.distance)).label("cosine"))
        .group_by(near.c.clip_id)
        .cte("best")
    )


def shown_frame(page: CTE, meaning: Meaning | None) -> ScalarSelect[int]:
    """The clip's frame nearest to the query, or its first where nothing says which is nearer."""
    frame = aliased(Frame)
    found = select(frame.id).where(frame.clip_id == page.c.clip_id)
    order: list[SQLColumnExpression[Any]] = [frame.pts]
    if meaning is not None:
        found = found.outerjoin(
            Embedding,
            and_(Embedding.frame_id == frame.id, Embedding.encoder_id == meaning.encoder_id),
        )
        order = [distance_to(meaning).nulls_last(), frame.id]
    return found.order_by(*order).limit(1).correlate(page).scalar_subquery()
