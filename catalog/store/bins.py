"""Bins: ordered selections of clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    cast,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from catalog.db.models import Asset, Bin, BinItem, Clip
from catalog.store.arrays import among
from catalog.store.clips import clip_columns
from catalog.store.visibility import actor_of, visible_to


@dataclass(frozen=True, slots=True)
class NewItem:
    """A clip that is put into a bin, and what there is to say of it; see `BinItem`."""

    clip_id: int
    note: str | None = None
    start_pts: int | None = None
    end_pts: int | None = None
    roll: str | None = None
    line: int | None = None


def item_columns() -> tuple[ColumnElement[Any] | Any, ...]:
    """What an item says of its clip."""
    return (
        *(BinItem.id.label("item_id"), BinItem.position, BinItem.note),
        *(BinItem.roll.label("item_roll"), BinItem.line),
        *(BinItem.start_pts.label("used_from"), BinItem.end_pts.label("used_to")),
    )


def list_bins(session: Session) -> list[dict[str, Any]]:
    """Every bin by name, with how many of its items this session sees."""
    counted = (
        select(BinItem.bin_id, func.count().label("number"))
        .join(Clip, Clip.id == BinItem.clip_id)
        .join(Asset, Asset.id == Clip.asset_id)
        .where(visible_to(actor_of(session)))
        .group_by(BinItem.bin_id)
        .subquery()
    )
    statement = (
        select(*_COLUMNS, func.coalesce(counted.c.number, 0).label("items"))
        .outerjoin(counted, counted.c.bin_id == Bin.id)
        .order_by(func.lower(Bin.name), Bin.id)
    )
    return [dict(row._mapping) for row in session.execute(statement)]


_COLUMNS = (Bin.id, Bin.name, Bin.note, Bin.created_at, Bin.changed_at)


def get_bin(session: Session, bin_id: int, *, lock: bool = False) -> dict[str, Any] | None:
    """A bin's row; with ``lock`` held to the end of the session."""
    statement = select(*_COLUMNS).where(Bin.id == bin_id)
    row = session.execute(statement.with_for_update() if lock else statement).one_or_none()
    return None if row is None else dict(row._mapping)


def find_bin(session: Session, name: str) -> int | None:
    """The bin of this name."""
    return session.execute(select(Bin.id).where(Bin.name == name)).scalar_one_or_none()


def add_bin(session: Session, name: str, note: str | None) -> int:
    """Enter a bin; its id."""
    made = insert(Bin).values(name=name, note=note).returning(Bin.id)
    return int(session.execute(made).scalar_one())


def change_bin(session: Session, bin_id: int, **values: Any) -> None:  # noqa: ANN401  # columns
    """Set columns of a bin, and that it was changed now."""
    session.execute(update(Bin).where(Bin.id == bin_id).values(**values, changed_at=func.now()))


def delete_bin(session: Session, bin_id: int) -> None:
    """Forget a bin; its clips stay."""
    session.execute(delete(Bin).where(Bin.id == bin_id))


def holds_unseen(session: Session, bin_id: int) -> bool:
    """Whether something in a bin is not for this session to see."""
    actor = actor_of(session)
    if not actor.limited:
        return False
    unseen = (
        select(BinItem.id)
        .join(Clip, Clip.id == BinItem.clip_id)
        .join(Asset, Asset.id == Clip.asset_id)
        .where(BinItem.bin_id == bin_id, ~visible_to(actor))
    )
    return bool(session.execute(select(exists(unseen))).scalar())


def items_of(
    session: Session, bin_id: int, *, limit: int | None = None, after: int = -1
) -> list[Any]:
    """The items that this session sees, in order: clip, asset and the frame that stands for it."""
    statement = _items(bin_id, visible_to(actor_of(session))).where(BinItem.position > after)
    return list(session.execute(statement.limit(limit)))


def _items(bin_id: int, visible: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    return (
        select(*item_columns(), *clip_columns())
        .join(Clip, Clip.id == BinItem.clip_id)
        .join(Asset, Asset.id == Clip.asset_id)
        .where(BinItem.bin_id == bin_id, visible)
        .order_by(BinItem.position)
    )


def add_items(session: Session, bin_id: int, items: Sequence[NewItem]) -> list[int]:
    """Put clips at the bin's end; the items' ids, in order."""
    last = session.execute(
        select(func.coalesce(func.max(BinItem.position), -1)).where(BinItem.bin_id == bin_id)
    ).scalar_one()
    rows = [
        {"bin_id": bin_id, "position": last + number, **asdict(item)}
        for number, item in enumerate(items, 1)
    ]
    if not rows:
        return []
    statement = insert(BinItem).returning(BinItem.id, sort_by_parameter_order=True)
    return list(session.execute(statement, rows).scalars())


def order_of(session: Session, bin_id: int) -> list[int]:
    """The ids of all items, in order."""
    statement = select(BinItem.id).where(BinItem.bin_id == bin_id).order_by(BinItem.position)
    return list(session.execute(statement).scalars())


def set_order(session: Session, items: Sequence[int]) -> None:
    """Number the items anew, from 0, in this order."""
    ids = cast(list(items), ARRAY(BigInteger))
    ordered = func.unnest(ids).table_valued("id", with_ordinality="n").render_derived()
    session.execute(
        update(BinItem).where(BinItem.id == ordered.c.id).values(position=ordered.c.n - 1)
    )


def change_item(session: Session, item_id: int, **values: Any) -> None:  # noqa: ANN401  # columns
    """Set what an item says of its clip."""
    session.execute(update(BinItem).where(BinItem.id == item_id).values(**values))


def clip_of(session: Session, item_id: int) -> int:
    """The clip of an item."""
    return int(session.execute(select(BinItem.clip_id).where(BinItem.id == item_id)).scalar_one())


def seen_items(session: Session, bin_id: int, items: Sequence[int]) -> set[int]:
    """Those of these items that are in the bin, and for this session to see."""
    statement = (
        select(BinItem.id)
        .join(Clip, Clip.id == BinItem.clip_id)
        .join(Asset, Asset.id == Clip.asset_id)
        .where(BinItem.bin_id == bin_id, among(BinItem.id, items), visible_to(actor_of(session)))
    )
    return set(session.execute(statement).scalars())


def remove_items(session: Session, items: Sequence[int]) -> None:
    """Take items out of their bin; the places of the rest stay."""
    session.execute(delete(BinItem).where(among(BinItem.id, items)))
