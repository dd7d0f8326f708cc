"""What every search asks first, in one statement: who answers, and how much there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy.orm import Session

from catalog.db.direct import rows_of
from catalog.store.centres import LINES, Held, Sizes, sizes_of
from catalog.store.vectors import ANSWERING, EncoderRow

# The encoders that answer, each beside what the server knows of its tables and graphs.
_OPENING = f"""
    SELECT answering.*, held.name AS held, held.rows, held.pages, held.pages_now, held.usable
    FROM (SELECT {{settings}}) AS begun
    LEFT JOIN ({ANSWERING.replace("{", "{{").replace("}", "}}")}) AS answering ON true
    LEFT JOIN LATERAL (
        SELECT c.relname AS name, c.reltuples AS rows, c.relpages AS pages,
               pg_relation_size(c.oid) / current_setting('block_size')::int AS pages_now,
               coalesce(i.indisvalid, false) AS usable
        FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid
        WHERE c.relnamespace = 'catalog'::regnamespace
          AND c.relname = ANY (ARRAY[
            'embedding_' || answering.id, 'centre_' || answering.id,
            '{LINES}_' || answering.id,
            'ix_centre_' || answering.id || '_hnsw',
            'ix_{LINES}_' || answering.id || '_hnsw'
          ]::name[])
    ) AS held ON true
"""  # noqa: S608  # of our own words alone
_ENCODER = len(EncoderRow.__slots__)


@dataclass(frozen=True, slots=True)
class Opening:
    """The encoder that answers, that which answers for speech, and how much the first holds."""

    active: EncoderRow | None
    hears: EncoderRow | None
    sizes: Sizes | None
    settings: Mapping[str, str]
    """What is set already, until the transaction ends."""


def opened(session: Session, settings: Mapping[str, str]) -> Opening:
    """Begin a search: with these settings for its transaction."""
    rows = rows_of(session.connection(), _opening(tuple(settings.items())), {})
    encoders = {row[0]: EncoderRow(*row[:_ENCODER]) for row in rows if row[0] is not None}
    active = next((each for each in encoders.values() if each.active), None)
    hears = next((each for each in encoders.values() if each.hears), active)
    sizes = None
    if active is not None and hears is not None:
        sizes = sizes_of(_held(rows), active.id, active.dimension, hears.id)
    return Opening(active, hears, sizes, settings)


@cache
def _opening(settings: tuple[tuple[str, str], ...]) -> str:
    """The statement, with settings of our own that hold until the transaction ends."""
    each = (f"set_config('{name}', '{value}', true) AS set_{n}"
            for n, (name, value) in enumerate(settings))  # fmt: skip
    return _OPENING.format(settings=", ".join(each))


def _held(rows: Sequence[Any]) -> dict[str, Held]:
    return {row[_ENCODER]: Held(*row[_ENCODER + 1 :]) for row in rows if row[_ENCODER] is not None}
