"""A bin's rows as what a timeline is laid from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path, PurePath
from typing import Any

from catalog.domain.mapping import PathMap, Place, place_of
from catalog.domain.timecode import Timecode, start_timecode
from catalog.domain.timeline import Chosen, Media, standard_rate

STILL_SECONDS = Fraction(5)
_LONGEST_NAME = 120
_REEL_KEYS = ("reel_name", "reel", "tape", "tape_name")


def chosen_from(
    rows: Sequence[Any],
    files: Mapping[int, tuple[Path, Path, bool]],
    pictures: Mapping[int, str],
    maps: Sequence[PathMap],
) -> list[Chosen]:
    """What was chosen, in order; each asset is described once.

    Parameters
    ----------
    rows:
        Of `catalog.store.timelines.cuts_of_bin`.
    files:
        Of `catalog.store.timelines.places_of`.
    pictures:
        Keys in the frame store by frame.
    """
    media: dict[int, Media] = {}
    found = []
    for row in rows:
        if row.asset_id not in media:
            media[row.asset_id] = _media(row, files.get(row.asset_id), maps)
        found.append(_chosen(row, media[row.asset_id], pictures))
    return found


def _chosen(row: Any, media: Media, pictures: Mapping[int, str]) -> Chosen:  # noqa: ANN401  # a row
    base = _base(row)
    used = (row.used_from, row.used_to)
    start, end = (row.start_pts, row.end_pts) if row.used_from is None else used
    start, end = start * base, end * base
    seconds = (row.duration_pts or 0) * base
    if media.still:
        start, end, seconds = Fraction(0), STILL_SECONDS, STILL_SECONDS
    return Chosen(
        media,
        start,
        end,
        seconds,
        _name(row),
        clip_id=row.id,
        kind=row.kind,
        roll=row.item_roll or row.roll,
        note=row.note,
        text=row.text,
        picture=pictures.get(row.frame_id),
        # What shows it lies over what says it, and is not heard.
        track=2 if row.item_roll == "B" else 1,
        sound=row.item_roll != "B",
        line=row.line,
    )


def _name(row: Any) -> str:  # noqa: ANN401  # a row
    """What a person called it: the subclip's first line, else the asset's title or file."""
    own = (row.text or "").strip().split("\n")[0] if row.kind == "subclip" else ""
    return str(own or row.title or PurePath(row.asset_name).stem or row.asset_name)[:_LONGEST_NAME]


def _media(row: Any, file: tuple[Path, Path, bool] | None, maps: Sequence[PathMap]) -> Media:  # noqa: ANN401  # a row
    place: Place | None = None if file is None else place_of(file[0], file[1], maps)
    rate, start, frames = _counted(row)
    still = row.asset_kind == "still"
    return Media(
        id=row.asset_id,
        identity=row.fingerprint,
        name=row.asset_name if file is None else PurePath(place.relative if place else "").name,
        reel=_reel(row),
        rate=rate,
        start=start,
        frames=frames,
        place=place,
        video=row.asset_kind != "audio",
        channels=0 if still else row.audio_channels or 0,
        still=still,
        online=file is not None and file[2],
        uneven=bool(row.variable_frame_rate),
        width=row.width,
        height=row.height,
        sample_rate=row.audio_sample_rate,
        title=row.title,
        description=row.description,
        scene=row.scene,
        take=row.take,
        collection=row.collection,
        first_number=_first_number(row),
    )


def _first_number(row: Any) -> int | None:  # noqa: ANN401  # a row
    told = row.metadata_.get("sequence") if row.asset_kind == "video" else None
    number = told.get("first") if isinstance(told, dict) else None
    return number if isinstance(number, int) else None


def _counted(row: Any) -> tuple[Fraction, Timecode, int]:  # noqa: ANN401  # a row
    """In which frames the essence is counted, the first one's address, and how many there are.

    A sound counts its samples; what runs in no time at all counts one frame a second.
    """
    seconds = (row.duration_pts or 0) * _base(row)
    if row.asset_kind == "video" and row.frame_rate_num and row.frame_rate_den:
        rate = standard_rate(Fraction(row.frame_rate_num, row.frame_rate_den))
        frames = max(1, int(seconds * rate + Fraction(1, 2)))
        return rate, start_timecode(row.start_timecode, rate), frames
    if row.asset_kind == "audio" and row.audio_sample_rate:
        samples = (row.metadata_.get("tags") or {}).get("time_reference")
        # Broadcast Wave counts samples since midnight (EBU Tech 3285).
        first = int(samples) if isinstance(samples, str) and samples.isdigit() else 0
        rate = Fraction(row.audio_sample_rate)
        return rate, Timecode(first, row.audio_sample_rate), max(1, int(seconds * rate))
    return Fraction(1), Timecode(0, 1), 1


def _reel(row: Any) -> str:  # noqa: ANN401  # a row
    """The reel it was shot on: as the column says, as tags say, or by the name of its file."""
    metadata = row.metadata_
    places = [metadata, metadata.get("tags"), metadata.get("stream_tags")]
    tags = [place for place in places if isinstance(place, dict)]
    said = (place.get(key) for place in tags for key in _REEL_KEYS)
    named = next((value for value in said if isinstance(value, str) and value.strip()), None)
    return str(row.reel or named or PurePath(row.asset_name).stem).strip() or "reel"


def _base(row: Any) -> Fraction:  # noqa: ANN401  # a row
    return Fraction(row.time_base_num or 0, row.time_base_den or 1)
