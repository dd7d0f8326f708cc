"""Queues that are nothing but what has no vector: how it is counted, claimed and given one.

``key`` and ``asset`` are a table's number and the asset's, ``missing`` says of its rows
whether one lacks a vector.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import InstrumentedAttribute, Session

from catalog.store.arrays import among

Column = InstrumentedAttribute[int]


class _Numbered(Protocol):
    @property
    def id(self) -> int: ...


_Claimed = TypeVar("_Claimed", bound=_Numbered)


def count(
    session: Session,
    asset: Column,
    missing: ColumnElement[bool],
    asset_ids: Sequence[int] | None = None,
) -> int:
    """How many rows (of these assets, or of all) have no vector."""
    statement = select(func.count()).select_from(asset.class_).where(missing)
    if asset_ids is not None:
        statement = statement.where(among(asset, asset_ids))
    return session.execute(statement).scalar_one()


def claim(
    session: Session,
    columns: Sequence[InstrumentedAttribute[Any]],
    asset: Column,
    missing: ColumnElement[bool],
    *,
    limit: int | None = None,
    after: int = 0,
    asset_ids: Sequence[int] | None = None,
    wait: bool = False,
) -> Sequence[tuple[Any, ...]]:
    """Up to ``limit`` rows without a vector, held by this session until it ends.

    Rows another session holds are skipped, so workers share without talking;
    or, with ``wait``, waited for, and then :func:`still_missing` must be asked.
    ``FOR NO KEY UPDATE`` is the weakest lock that excludes its own kind while
    letting the foreign keys of other encoders' vectors pass.

    Parameters
    ----------
    columns:
        What is wanted of each, the key first.
    """
    key = columns[0]
    statement = (
        select(*columns)
        .where(missing, key > after)
        .order_by(key)
        .limit(limit)
        .with_for_update(of=key.class_, skip_locked=not wait, key_share=True)
    )
    if asset_ids is not None:
        statement = statement.where(among(asset, asset_ids))
    return [tuple(row) for row in session.execute(statement)]


def still_missing(
    session: Session, key: Column, missing: ColumnElement[bool], claimed: Sequence[_Claimed]
) -> list[_Claimed]:
    """Those of the claimed that have no vector even now.

    PostgreSQL looks again at a row it had to wait for only if the row itself
    was changed, and a new vector changes nothing in its frame or line.
    """
    ids = among(key, [each.id for each in claimed])
    lacking = set(session.execute(select(key).where(ids, missing)).scalars())
    return [each for each in claimed if each.id in lacking]


def fill(session: Session, key: Column, rows: Sequence[Mapping[str, Any]]) -> int:
    """Write rows of vectors into the key's table, but those that are there; how many were new."""
    if not rows:
        return 0
    statement = insert(key.class_).on_conflict_do_nothing().returning(key)
    return len(session.execute(statement, rows).all())
