"""Bins by id or name: make, rename, fill, put in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from catalog.db.engine import Database
from catalog.domain.labels import clean_label, clean_text
from catalog.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from catalog.maintain.clips import Moment, clip_body, range_of, times_body
from catalog.store import assets, audit, bins, clips
from catalog.store.bins import NewItem

BinReference = int | str
MOST_ITEMS = 10_000
MOST_NOTE = 2_000
MOST_LINE = 1_000_000
_NOT_GIVEN = object()


def resolve_bin(session: Session, reference: BinReference, *, lock: bool = False) -> dict[str, Any]:
    """The bin a person means, by id or by name.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    text = str(reference)
    found = None
    if text.isascii() and text.isdigit() and len(text) < 19:
        found = bins.get_bin(session, int(text), lock=lock)
    if found is None and isinstance(reference, str) and "\0" not in text:
        named = bins.find_bin(session, text)
        found = None if named is None else bins.get_bin(session, named, lock=lock)
    if found is None:
        raise NotFoundError(
            f"There is no bin {text[:200]!r}.", remedy="List them with `catalog bin list`."
        )
    return found


def list_all(database: Database) -> list[dict[str, Any]]:
    """Every bin by name, with how many items it has."""
    with database.session() as session:
        return [_plain(row) for row in bins.list_bins(session)]


def create(
    database: Database, name: str, note: str | None, items: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Make a bin, with these clips in it.

    Raises
    ------
    ConflictError
        If there is one of that name.
    InvalidInputError, NotFoundError
        If the name or note cannot be kept, or a clip is not there.
    """
    clean = clean_label(name, "bin")
    with database.session() as session:
        _check_free(session, clean)
        bin_id = bins.add_bin(session, clean, _note(note))
        audit.note(session, "bin.create", bin=bin_id, now={"name": clean})
        _add(session, bin_id, items)
        return _shown(session, bin_id)


def show(
    database: Database, reference: BinReference, *, limit: int | None, after: int
) -> dict[str, Any]:
    """A bin and its items, those behind position ``after``; ``next`` is where to go on."""
    with database.session() as session:
        return _shown(session, resolve_bin(session, reference)["id"], limit=limit, after=after)


def rename(
    database: Database, reference: BinReference, name: str | None, note: object = _NOT_GIVEN
) -> dict[str, Any]:
    """Give a bin another name or note.

    Raises
    ------
    ConflictError
        If there is one of that name.
    NotFoundError, InvalidInputError
        If there is no such bin, or name or note cannot be kept.
    """
    with database.session() as session:
        before = resolve_bin(session, reference, lock=True)
        values: dict[str, Any] = {}
        if name is not None:
            values["name"] = clean_label(name, "bin")
            _check_free(session, values["name"], but=before["id"])
        if note is not _NOT_GIVEN:
            values["note"] = _note(None if note is None else str(note))
        bins.change_bin(session, before["id"], **values)
        was = {key: before[key] for key in values}
        audit.note(session, "bin.change", bin=before["id"], before=was, now=values)
        return _shown(session, before["id"])


def delete(database: Database, reference: BinReference) -> int:
    """Forget a bin; the clips stay. Its id.

    Raises
    ------
    NotFoundError
        If there is no such bin.
    ForbiddenError
        If something in it is not for this actor to see.
    """
    with database.session() as session:
        before = resolve_bin(session, reference, lock=True)
        if bins.holds_unseen(session, before["id"]):
            raise ForbiddenError(
                f"The bin {before['name']!r} holds clips that you do not see.",
                remedy="Take your own out of it, or ask an administrator.",
            )
        bins.delete_bin(session, before["id"])
        audit.note(session, "bin.delete", bin=before["id"], before={"name": before["name"]})
        return int(before["id"])


def add(
    database: Database, reference: BinReference, items: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Put clips at a bin's end.

    Each is ``{"clip": id}``, with ``note``, ``roll``, ``line``, ``start`` and ``end`` (what of
    the asset is used) where there is anything to say of it.

    Returns
    -------
    dict
        ``bin``, its id, and ``items``, the ids of the new items.

    Raises
    ------
    NotFoundError, InvalidInputError
        If bin or clip is not there, a note cannot be kept, or the bin would get too large.
    """
    with database.session() as session:
        bin_id = resolve_bin(session, reference, lock=True)["id"]
        return {"bin": bin_id, "items": _add(session, bin_id, items)}


def move(
    database: Database, reference: BinReference, items: Sequence[int], before: int | None
) -> dict[str, Any]:
    """Put items of a bin, in this order, before another one, or (None) at its end.

    Raises
    ------
    NotFoundError
        If the bin is not there, or an item is none of its.
    """
    with database.session() as session:
        bin_id = resolve_bin(session, reference, lock=True)["id"]
        moved = list(dict.fromkeys(items))
        _check_items(session, bin_id, [*moved, *([] if before is None else [before])])
        order = bins.order_of(session, bin_id)
        place = len(order) if before is None else order.index(before)
        first = [each for each in order[:place] if each not in moved]
        last = [each for each in order[place:] if each not in moved]
        bins.set_order(session, [*first, *moved, *last])
        bins.change_bin(session, bin_id)
        audit.note(session, "bin.move", bin=bin_id, items=moved, before_item=before)
        return _shown(session, bin_id)


def remark(
    database: Database, reference: BinReference, item: int, note: str | None
) -> dict[str, Any]:
    """Set what an item of a bin remarks.

    Raises
    ------
    NotFoundError, InvalidInputError
        If bin or item is not there, or the note cannot be kept.
    """
    with database.session() as session:
        bin_id = resolve_bin(session, reference, lock=True)["id"]
        _check_items(session, bin_id, [item])
        bins.change_item(session, item, note=_note(note))
        bins.change_bin(session, bin_id)
        audit.note(session, "bin.note", bin=bin_id, item=item, now=_note(note))
        return _shown(session, bin_id)


def trim(
    database: Database,
    reference: BinReference,
    item: int,
    start: Moment | None,
    end: Moment | None,
) -> dict[str, Any]:
    """Set what of its asset an item uses; None is the clip's own end, both None the clip as it is.

    Raises
    ------
    NotFoundError
        If bin or item is not there.
    InvalidInputError
        If the range is not within the asset, or no range.
    """
    with database.session() as session:
        bin_id = resolve_bin(session, reference, lock=True)["id"]
        _check_items(session, bin_id, [item])
        clip = bins.clip_of(session, item)
        row = clips.get_clips(session, [clip])[clip]
        first, last = _used(session, row, start, end)
        bins.change_item(session, item, start_pts=first, end_pts=last)
        bins.change_bin(session, bin_id)
        now = None if first is None or last is None else times_body(row, first, last)
        audit.note(session, "bin.trim", [row.asset_id], bin=bin_id, item=item, now=now)
        return _shown(session, bin_id)


def take_out(database: Database, reference: BinReference, items: Sequence[int]) -> dict[str, Any]:
    """Take items out of a bin.

    Raises
    ------
    NotFoundError
        If the bin is not there, or an item is none of its.
    """
    with database.session() as session:
        bin_id = resolve_bin(session, reference, lock=True)["id"]
        _check_items(session, bin_id, items)
        bins.remove_items(session, items)
        bins.set_order(session, bins.order_of(session, bin_id))
        bins.change_bin(session, bin_id)
        audit.note(session, "bin.remove", bin=bin_id, items=list(items))
        return _shown(session, bin_id)


def _add(session: Session, bin_id: int, items: Sequence[Mapping[str, Any]]) -> list[int]:
    wanted = [int(each["clip"]) for each in items]
    rows = clips.get_clips(session, wanted)
    missing = [clip for clip in wanted if clip not in rows]
    if missing:
        raise NotFoundError(
            f"There is no clip {', '.join(map(str, missing[:20]))}.",
            remedy="Take the number from a search's hits: clip.id.",
            ids=missing[:100],
        )
    if len(bins.order_of(session, bin_id)) + len(wanted) > MOST_ITEMS:
        raise InvalidInputError(
            f"A bin holds {MOST_ITEMS} clips at most.", remedy="Make another bin."
        )
    made = bins.add_items(
        session, bin_id, [_new_item(session, rows[int(each["clip"])], each) for each in items]
    )
    if made:
        bins.change_bin(session, bin_id)
        touched = [row.asset_id for row in rows.values()]
        audit.note(session, "bin.add", touched, bin=bin_id, clips=wanted)
    return made


def _new_item(session: Session, row: Row[Any], said: Mapping[str, Any]) -> NewItem:
    roll, line = said.get("roll"), said.get("line")
    if roll not in (None, "A", "B"):
        raise InvalidInputError(
            f"{str(roll)[:40]!r} is no roll; expected A or B.",
            remedy="A lies on V1 with its sound, B on V2 without; leave it out for V1.",
        )
    if line is not None and not 1 <= int(line) <= MOST_LINE:
        raise InvalidInputError(
            f"{line} is no line of a script; expected 1 to {MOST_LINE}.",
            remedy="Leave it out for a clip that belongs to no script.",
        )
    first, last = _used(session, row, said.get("start"), said.get("end"))
    return NewItem(row.id, _note(said.get("note")), first, last, roll, line)


def _used(
    session: Session, row: Row[Any], start: Moment | None, end: Moment | None
) -> tuple[int | None, int | None]:
    """What of the asset is used, in pts; two None are the clip as it is."""
    if start is None and end is None:
        return None, None
    asset = assets.get_asset(session, row.asset_id)
    assert asset is not None  # noqa: S101  # the clip is its
    own = times_body(row, row.start_pts, row.end_pts)
    first, last = range_of(
        asset, own["start"] if start is None else start, own["end"] if end is None else end
    )
    return first, last


def _check_items(session: Session, bin_id: int, items: Sequence[int]) -> None:
    found = bins.seen_items(session, bin_id, items)
    missing = [each for each in items if each not in found]
    if missing:
        raise NotFoundError(
            f"The bin has no item {', '.join(map(str, missing[:20]))}.",
            remedy="List its items with `catalog bin show`.",
            ids=missing[:100],
        )


def _check_free(session: Session, name: str, *, but: int | None = None) -> None:
    taken = bins.find_bin(session, name)
    if taken is not None and taken != but:
        raise ConflictError(
            f"There is a bin called {name!r} already.",
            remedy="Choose another name, or add to that one.",
            bin=taken,
        )


def _note(text: object) -> str | None:
    return None if text is None else clean_text(str(text), "note", MOST_NOTE)


def _shown(
    session: Session, bin_id: int, *, limit: int | None = None, after: int = -1
) -> dict[str, Any]:
    row = bins.get_bin(session, bin_id)
    assert row is not None  # noqa: S101  # the caller has it
    asked = None if limit is None else limit + 1
    found = bins.items_of(session, bin_id, limit=asked, after=after)
    page = found[:limit]
    items = [_item(each) for each in page]
    more = limit is not None and len(found) > limit
    return {**_plain(row), "items": items, "next": page[-1].position if more else None}


def _item(row: Row[Any]) -> dict[str, Any]:
    trimmed = row.used_from is not None
    used = (row.used_from, row.used_to) if trimmed else (row.start_pts, row.end_pts)
    return {
        "id": row.item_id,
        "position": row.position,
        "note": row.note,
        "roll": row.item_roll,
        "line": row.line,
        "trimmed": trimmed,
        **times_body(row, *used),
        "clip": clip_body(row),
    }


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    moments = {key: row[key].isoformat() for key in ("created_at", "changed_at")}
    return {**row, **moments}
