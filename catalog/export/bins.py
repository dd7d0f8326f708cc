"""Exporting a bin: its clips as a file that an editing program opens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from catalog.db.engine import Database
from catalog.domain.mapping import PathMap, parse_map
from catalog.domain.paths import shown_path
from catalog.domain.timeline import RATES, Timeline, lay, spell_rate
from catalog.errors import CatalogError, InvalidInputError
from catalog.export.chosen import chosen_from
from catalog.export.saving import save
from catalog.interchange.formats import Format, format_named
from catalog.interchange.written import Options, Written
from catalog.maintain.bins import BinReference, resolve_bin
from catalog.media.frame_store import FrameStore
from catalog.store import timelines

MOST_HANDLES = 10_000


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """How a bin is laid and written; see `catalog.api.Catalog.export`."""

    maps: Sequence[str] = ()
    relative: bool = False
    handles: int = 0
    rate: str | None = None
    start: str | None = None


@dataclass(frozen=True, slots=True)
class Exported:
    """A bin as a file: its bytes, and what is to be said of them."""

    format: Format
    data: bytes
    report: dict[str, Any] = field(default_factory=dict)


def export_bin(
    database: Database,
    store: FrameStore,
    reference: BinReference,
    options: ExportOptions,
    *,
    format_name: str,
) -> Exported:
    """The bin as a file of this format.

    Raises
    ------
    NotFoundError
        If there is no such bin.
    InvalidInputError
        If the format, a mapping, the rate, the start or the handles cannot be used, or
        nothing of the bin can be carried.
    """
    chosen_format = format_named(format_name)
    maps = [parse_map(text) for text in options.maps]
    timeline = _timeline(database, reference, maps, options, chosen_format.tracks)
    written = chosen_format.write(timeline, Options(options.relative, _pictures(store)))
    if not written.clips:
        raise _nothing(timeline, chosen_format, written)
    return Exported(chosen_format, written.data, _report(timeline, chosen_format, written, maps))


def export_to(
    database: Database,
    store: FrameStore,
    reference: BinReference,
    options: ExportOptions,
    *,
    format_name: str,
    file: Path | None,
    force: bool,
) -> dict[str, Any]:
    """Write the bin to a file; a file that is there is replaced only with ``force``.

    Without ``file`` it is called as the bin is, and lies in the working folder.

    Raises
    ------
    NotFoundError, InvalidInputError
        As `export_bin`; or if the file cannot be written.
    ConflictError
        If there is a file of that name.
    """
    suffix = format_named(format_name).suffix
    if file is None:
        with database.session() as session:
            file = Path(file_name(resolve_bin(session, reference)["name"]) + suffix)
    with save(file, force=force) as write:
        made = export_bin(database, store, reference, options, format_name=format_name)
        write(made.data)
    return {**made.report, "file": shown_path(file), "bytes": len(made.data)}


def file_name(name: str) -> str:
    """A bin's name as that of a file on any system."""
    kept = "".join(c if c.isalnum() or c in " ._-()" else "_" for c in name)
    return kept.strip(" .")[:80] or "bin"


def _timeline(
    database: Database,
    reference: BinReference,
    maps: Sequence[PathMap],
    options: ExportOptions,
    tracks: int | None,
) -> Timeline:
    if not 0 <= options.handles <= MOST_HANDLES:
        raise InvalidInputError(
            f"{options.handles} frames are no handles; expected 0 to {MOST_HANDLES}.",
            remedy="Leave --handles out for none.",
        )
    rate = None if options.rate is None else _rate(options.rate)
    with database.session() as session:
        found = resolve_bin(session, reference)
        rows = timelines.cuts_of_bin(session, found["id"])
        files = timelines.places_of(session, [row.asset_id for row in rows])
        frames = [row.frame_id for row in rows if row.frame_id is not None]
        pictures = timelines.pictures_of(session, frames)
    if not rows:
        raise InvalidInputError(
            f"The bin {found['name']!r} is empty: there is nothing to export.",
            remedy="Put clips into it with `catalog bin add`.",
        )
    chosen = chosen_from(rows, files, pictures, maps)
    return lay(
        found["name"],
        chosen,
        rate=rate,
        start=options.start,
        handles=options.handles,
        note=found.get("note"),
        tracks=tracks,
    )


def _rate(text: str) -> Fraction:
    spelt = text.strip().lower().removesuffix("fps").strip()
    rate = RATES.get({"23.98": "23.976", "47.95": "47.952"}.get(spelt, spelt))
    if rate is None:
        raise InvalidInputError(
            f"{text[:40]!r} is no frame rate of a timeline; expected one of {', '.join(RATES)}.",
            remedy="Leave --rate out for the rate that most clips have.",
        )
    return rate


def _pictures(store: FrameStore) -> Callable[[str], bytes | None]:
    def picture(key: str) -> bytes | None:
        with suppress(CatalogError):
            return store.get(key)
        return None  # a sheet with a hole tells more than no sheet

    return picture


def _nothing(timeline: Timeline, chosen: Format, written: Written) -> InvalidInputError:
    reasons = list(dict.fromkeys(left.reason for left in written.left_out if left.what == "clip"))
    return InvalidInputError(
        f"None of the {len(timeline.cuts)} clips of {timeline.name!r} can be written as "
        f"{chosen.name}: {'; '.join(reasons[:3])}.",
        remedy="Choose another format; otio, csv and pdf take everything.",
        left_out=[left.as_json() for left in written.left_out[:100]],
    )


def _report(
    timeline: Timeline, chosen: Format, written: Written, maps: Sequence[PathMap]
) -> dict[str, Any]:
    media = {cut.media.id: cut.media for cut in timeline.cuts}
    unmapped = [m.place.path for m in media.values() if m.place is not None and not m.place.mapped]
    return {
        "bin": timeline.name,
        "format": chosen.name,
        "clips": written.clips,
        "rate": spell_rate(timeline.rate),
        "drop_frame": timeline.start.drop,
        "start": str(timeline.start),
        "frames": timeline.length,
        "rates": timeline.rates,
        "offline": [m.name for m in media.values() if not m.online],
        "uneven": [m.name for m in media.values() if m.uneven],
        "unmapped": unmapped if maps else [],
        "left_out": [left.as_json() for left in written.left_out],
    }
