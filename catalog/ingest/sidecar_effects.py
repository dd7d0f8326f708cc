"""From what sidecars say to what the catalogue shows: columns, tags, metadata and clips."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from catalog.db.models import Asset
from catalog.domain.paths import path_from_raw, shown_path
from catalog.domain.sidecars import (
    IN_THE_ASSET,
    PLACE,
    SHARED_FACTS,
    TEXTS_CUT,
    Description,
    Essence,
    Said,
    Segment,
    SidecarKind,
    merged,
    name_forms,
)
from catalog.domain.timecode import parse_timecode
from catalog.errors import InvalidInputError
from catalog.media.sidecars import Candidate
from catalog.store import assets, sidecars
from catalog.store.descriptions import SHARED_COLUMNS
from catalog.store.rolls import tell_rolls
from catalog.store.sidecars import SidecarRow

_KINDS = list(SidecarKind)
_REEL_KEYS = ("reel_name", "reel", "tape", "tape_name")
# Bytes of JSON kept of one sidecar: keyword text takes no more than 50,000 characters anyway.
_MOST_METADATA = 200_000
_COLUMNS = SHARED_COLUMNS
_PLAIN_COLUMNS = ("title", "description", "language", *SHARED_FACTS, *PLACE, "start_timecode")


@dataclass(frozen=True, slots=True)
class Spoken:
    """A sidecar's row as it is to be, and the segments that become its clips."""

    row: SidecarRow
    segments: Sequence[Segment] = ()


# --- an asset, as logs may know it ---------------------------------------------


def essence_of(asset: Asset, files: Iterable[str]) -> Essence:
    """What to know the asset by: its files' names, its reel, and where its timecode runs."""
    rate = None
    if asset.frame_rate_num and asset.frame_rate_den:
        rate = Fraction(asset.frame_rate_num, asset.frame_rate_den)
    base = _time_base(asset)
    return Essence(
        names=name_forms(asset.name, *files),
        reels=name_forms(*_reels(asset.metadata_), asset.reel or ""),
        duration=None if asset.duration_pts is None or base is None else asset.duration_pts * base,
        rate=rate,
        start=_start(asset, rate),
        drop=";" in (asset.start_timecode or ""),
    )


def with_timecode(essence: Essence, asset: Asset, spoken: Spoken) -> Essence:
    """The essence with the start timecode that a sidecar knows, where nobody else does."""
    said = _counted(asset, spoken.row.said.get("start_timecode"))
    if essence.start is not None or essence.rate is None or said is None:
        return essence
    start = Fraction(parse_timecode(said, essence.rate).frames) / essence.rate
    return replace(essence, start=start, drop=";" in said)


def _reels(metadata: Mapping[str, Any]) -> list[str]:
    places = [metadata, metadata.get("tags"), metadata.get("stream_tags")]
    tags = [place for place in places if isinstance(place, dict)]
    found = (place.get(key) for place in tags for key in _REEL_KEYS)
    return [value for value in found if isinstance(value, str)]


def _start(asset: Asset, rate: Fraction | None) -> Fraction | None:
    """The time of day of the first picture or sample."""
    if rate is not None and asset.start_timecode is not None:
        try:
            return Fraction(parse_timecode(asset.start_timecode, rate).frames) / rate
        except InvalidInputError:
            return None
    # Broadcast Wave counts samples since midnight (EBU Tech 3285).
    samples = (asset.metadata_.get("tags") or {}).get("time_reference")
    if asset.audio_sample_rate and isinstance(samples, str) and samples.isdigit():
        return Fraction(int(samples), asset.audio_sample_rate)
    return None


def _time_base(asset: Asset) -> Fraction | None:
    if not asset.time_base_num or not asset.time_base_den:
        return None
    return Fraction(asset.time_base_num, asset.time_base_den)


# --- what one sidecar says, as it is kept --------------------------------------


def as_json(said: Said, file: Candidate) -> dict[str, Any]:
    """A description as it is kept with its sidecar."""
    told = said.description
    metadata = told.metadata
    if file.kind is SidecarKind.SUBTITLES:
        metadata = {
            "file": shown_path(Path(file.path.name)),
            "language": file.language or next((s.language for s in said.segments), None),
            "cues": len(said.segments),
        }
    return plain_description(told, metadata)


def plain_description(told: Description, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """A description as JSON, with this metadata of it."""
    kept = {
        "recorded": None if told.recorded is None else told.recorded.isoformat(),
        **{name: getattr(told, name) for name in _PLAIN_COLUMNS},
        "tags": list(told.tags),
        "metadata": _bounded(metadata),
    }
    # The equator is a place, and no nothing.
    return {key: value for key, value in kept.items() if value not in (None, "", [], {})}


def _bounded(metadata: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    left = _MOST_METADATA
    for key, value in metadata.items():
        size = len(key) + len(json.dumps(value))
        if size <= left:
            left -= size
            kept[key] = value
    return kept


def _description(said: Mapping[str, Any]) -> Description:
    recorded = said.get("recorded")
    return Description(
        recorded=datetime.fromisoformat(recorded) if recorded else None,
        **{name: said.get(name) for name in _PLAIN_COLUMNS},
        tags=tuple(said.get("tags", ())),
        metadata=said.get("metadata", {}),
    )


# --- and what becomes of it ----------------------------------------------------


def settle_asset(
    session: Session,
    asset_id: int,
    spoken: Sequence[Spoken],
    listed: frozenset[Path],
    seen: str | None,
    *,
    taken_back: bytes | None = None,
) -> None:
    """Make the asset what its sidecars, its file and people say of it.

    Parameters
    ----------
    spoken:
        The sidecars that were read now.
    listed:
        The folders that were looked through: a sidecar missing there is gone,
        one elsewhere may only be out of reach.
    seen:
        The mark of what lay beside the files, to know it again.
    taken_back:
        The path of one that says nothing any more, though it was imported.
    """
    assets.lock_assets(session, [asset_id])
    asset = assets.get_asset(session, asset_id)
    if asset is None:
        return  # removed since
    known = sidecars.rows_of(session, asset_id)
    fresh = {each.row.raw_path: each for each in spoken}
    gone = [
        row
        for row in known
        if row.raw_path not in fresh
        and (row.raw_path == taken_back or _is_gone(row, spoken, listed))
    ]
    told = any(segment.kind == "speech" for each in spoken for segment in each.segments)
    # Words that somebody has written take the place of those that were recognised.
    gone += [row for row in known if told and row.kind == SidecarKind.RECOGNISED]
    kept = [row for row in known if row.raw_path not in fresh and row not in gone]
    sidecars.remove(session, [row.id for row in gone])
    _write_clips(session, asset, spoken, [row.id for row in kept])
    old = _merged([(row.kind, row.path, row.said) for row in known])
    rows = [(r.kind, r.path, r.said, r.error_code, r.error_message) for r in kept]
    rows += [
        (r.kind, r.path, r.said, r.error_code, r.error_message) for r in (s.row for s in spoken)
    ]
    rows.sort(key=lambda row: (_KINDS.index(SidecarKind(row[0])), row[1]))
    new = _merged([row[:3] for row in rows])
    _change_tags(session, asset_id, old.tags, new.tags)
    # A state of before a column was shared has not noted it: what is in it is the file's.
    noted = (asset.sidecars or {}).get("own") or {}
    own = {c: noted[c] if c in noted else _plain(getattr(asset, c)) for c in _COLUMNS}
    sidecars.describe(
        session,
        asset_id,
        _columns(asset, own, old, new),
        metadata=_metadata(rows),
        state={"seen": seen, "own": own},
    )
    tell_rolls(session, [asset_id], held=True)


def _is_gone(row: Any, spoken: Sequence[Spoken], listed: frozenset[Path]) -> bool:  # noqa: ANN401
    if row.kind in IN_THE_ASSET or row.imported:
        return False  # it lies in the asset itself, or a person took it in
    path = path_from_raw(row.raw_path)
    moved = any(
        path_from_raw(each.row.raw_path).name == path.name and each.row.size == row.size_bytes
        for each in spoken
    )
    if path.parent in listed or (moved and not path.exists()):
        return True
    return path.parent.is_dir() and not path.exists()


def _write_clips(
    session: Session, asset: Asset, spoken: Sequence[Spoken], kept: Sequence[int]
) -> None:
    base = _time_base(asset)
    # What two sidecars say alike is said once: copies of one file lie in many places.
    taken = sidecars.clips_of(session, kept)
    order = sorted(spoken, key=lambda s: (_KINDS.index(SidecarKind(s.row.kind)), s.row.raw_path))
    for each in order:
        sidecar_id = sidecars.save(session, asset.id, each.row)
        clips = [] if base is None else sidecars.in_pts(each.segments, base)
        wanted = [clip for clip in clips if clip not in taken]
        taken |= set(wanted)
        sidecars.replace_clips(session, asset.id, sidecar_id, wanted)


def _merged(rows: Sequence[tuple[str, str, Mapping[str, Any]]]) -> Description:
    order = sorted(rows, key=lambda row: (_KINDS.index(SidecarKind(row[0])), row[1]))
    return merged([_description(said) for _, _, said in order])


def _columns(
    asset: Asset, own: Mapping[str, Any], old: Description, new: Description
) -> dict[str, Any]:
    """The columns sidecars decide: those that hold what they, or the file, said before.

    Anything else in a column was written by a person, and stays.
    """
    changed = {}
    for name in _COLUMNS:
        current, before = getattr(asset, name), own.get(name)
        if name == "recorded" and before:
            before = datetime.fromisoformat(before)
        wanted = _wanted(asset, name, before, new)
        if current in (None, before, getattr(old, name)) and current != wanted:
            changed[name] = wanted
    return changed


def _wanted(asset: Asset, name: str, before: Any, new: Description) -> Any:  # noqa: ANN401
    """What a column is to hold: the sidecars' word, else the file's, ``before``."""
    if name in PLACE:  # one fact: the height of one place is none of another
        return before if new.latitude is None else getattr(new, name)
    if name == "start_timecode":
        # Timecode is counted where pictures are: the file knows its own better.
        return before or _counted(asset, new.start_timecode)
    return getattr(new, name) or before


def _counted(asset: Asset, timecode: str | None) -> str | None:
    """The timecode, if the asset's rate has such an address."""
    if timecode is None or not asset.frame_rate_num or not asset.frame_rate_den:
        return None
    try:
        parse_timecode(timecode, Fraction(asset.frame_rate_num, asset.frame_rate_den))
    except InvalidInputError:
        return None
    return timecode


def _plain(value: Any) -> Any:  # noqa: ANN401  # a column's value
    return value.isoformat() if isinstance(value, datetime) else value


def _change_tags(session: Session, asset_id: int, old: Sequence[str], new: Sequence[str]) -> None:
    had, has = {tag.lower(): tag for tag in old}, {tag.lower(): tag for tag in new}
    sidecars.change_tags(
        session,
        asset_id,
        gone=[tag for key, tag in had.items() if key not in has],
        # A tag that a person has taken off again is not put on by a sidecar that says nothing new.
        new=[tag for key, tag in has.items() if key not in had],
    )


def _metadata(
    rows: Sequence[tuple[str, str, Mapping[str, Any], str | None, str | None]],
) -> dict[str, Any]:
    """``metadata["sidecar"]``: values by kind of file, subtitles and warnings as lists."""
    told: dict[str, Any] = {}
    whole_beside = any(row[0] == SidecarKind.SUBTITLES and row[3] is None for row in rows)
    for kind, path, said, code, reason in rows:
        if code == TEXTS_CUT and whole_beside:
            continue  # what is cut off within the file lies beside it
        values = said.get("metadata", {})
        if code is not None:
            name = Path(path).name
            told.setdefault("warnings", []).append({"file": name, "code": code, "reason": reason})
        elif kind == SidecarKind.SUBTITLES:
            told.setdefault(kind, []).append(values)
        elif values:
            told[kind] = {**values, **told.get(kind, {})}
    return told
