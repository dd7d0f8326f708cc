"""A query's background: its cosines with an even sample of the library, whatever filters keep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    ColumnElement,
    Double,
    any_,
    cast,
    func,
    not_,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from catalog.db.models import Embedding, SpeechEmbedding
from catalog.store.search.nearest import distance_to
from catalog.store.search.parts import Meaning

SAMPLE = 1024
# Below this, the evenly spaced numbers have met too many gaps.
_WELL_DRAWN = SAMPLE // 8


@dataclass(frozen=True, slots=True)
class Sampled:
    """What is drawn: a table of vectors, and the column whose numbers are evenly spaced."""

    table: type[Embedding] | type[SpeechEmbedding]
    number: str
    prefix: str


PICTURES = Sampled(Embedding, "frame_id", "")
LINES = Sampled(SpeechEmbedding, "clip_id", "line_")


def evenly_drawn(meaning: Meaning, of: Sampled = PICTURES) -> CTE:
    """The ``cosine`` of each of the pictures, or of what else, that are `_drawn`."""
    return _drawn(
        meaning.encoder_id,
        of,
        lambda vector: (1 - distance_to(meaning, vector)).label("cosine"),
    )


def drawn_vectors(session: Session, encoder_id: int) -> np.ndarray:
    """The vectors of the pictures that `evenly_drawn` compares: ``(n, dimension)``, single."""
    drawn = _drawn(encoder_id, PICTURES, lambda vector: vector.label("vector"))
    rows = session.execute(select(drawn.c.vector)).scalars().all()
    return np.array([np.asarray(row, np.float32) for row in rows], np.float32)


def _drawn(
    encoder_id: int | ColumnElement[int],
    of: Sampled,
    shown: Callable[[Any], ColumnElement[Any]],
) -> CTE:
    """What is shown of the vectors of those whose numbers are evenly spaced.

    The spacing is a power of two, so that the sample stays the same while
    pictures are added. They are met in one pass of the index. Where the numbers
    have such gaps that few are met, those next after them are taken instead.
    """
    table: Any = of.table
    number = getattr(table, of.number)
    ends = (
        select(func.min(number).label("first"), func.max(number).label("last"))
        .where(table.encoder_id == encoder_id)
        .cte(f"{of.prefix}ends")
    )
    apart = func.greatest(1.0, (ends.c.last - ends.c.first + 1) / cast(SAMPLE, Double))
    step = cast(func.power(2.0, func.ceil(func.ln(apart) / func.ln(2.0))), BigInteger)
    steps = select(ends.c.first, ends.c.last, step.label("step")).cte(f"{of.prefix}steps")
    places = func.generate_series(
        steps.c.first - steps.c.first % steps.c.step, steps.c.last, steps.c.step
    )
    met: Any = aliased(table)
    numbers = func.array(select(places).scalar_subquery(), type_=ARRAY(BigInteger))
    drawn = (
        select(shown(met.vector))
        .where(met.encoder_id == encoder_id, getattr(met, of.number) == any_(numbers))
        .cte(f"{of.prefix}drawn")
    )
    enough = select(func.count() >= _WELL_DRAWN).select_from(drawn).scalar_subquery()
    at = places.table_valued("at", name=f"{of.prefix}place").render_derived()
    next_one: Any = aliased(table)
    following_number = getattr(next_one, of.number)
    following = (
        select(shown(next_one.vector))
        .where(
            next_one.encoder_id == encoder_id,
            following_number >= at.c.at,
            following_number < at.c.at + steps.c.step,
        )
        .order_by(following_number)
        .limit(1)
        .lateral(f"{of.prefix}following")
    )
    instead = (
        select(*following.c)
        .select_from(steps)
        .join(at, true())
        .join(following, true())
        .where(not_(enough))
    )
    return union_all(select(*drawn.c).where(enough), instead).cte(f"{of.prefix}sample")
