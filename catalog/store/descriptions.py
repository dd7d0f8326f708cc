"""What files say of themselves, into the columns of their assets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from typing import cast as cast_to

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Numeric,
    Row,
    Table,
    Text,
    bindparam,
    cast,
    func,
    inspect,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, Range
from sqlalchemy.orm import Session

from catalog.db.models import Asset
from catalog.domain.media import Loudness, Probe
from catalog.domain.sidecars import PLACE, SHARED_FACTS
from catalog.store.arrays import among

_MOST = 2**63 - 1
_LOST = "undecodable_video"
# Keys of metadata that only decoding tells (`Decoded.found`).
_DECODED_KEYS = ("claimed_duration", "pulldown")
# What the clips' times hang on, and what decoding has corrected.
_OF_THE_ANALYSIS = ("time_base_num", "time_base_den", "duration_pts", "variable_frame_rate")


def describe(
    session: Session,
    asset_id: int,
    probe: Probe,
    *,
    again: bool = False,
    errors: int | None = None,
) -> None:
    """Write what the probe found into the asset's columns.

    What a person has written, in columns and in metadata, wins over what the
    file says; what an earlier probe read from the file does not. ``again``
    leaves alone what the asset's analysis, which is done, has found. ``errors`` is in how many
    places a still could not be decoded; of everything else `update_decoded` tells.
    """
    before = session.execute(_BEFORE, {"asset_id": asset_id}).one()
    values = {
        **_common(probe),
        **_words(before, probe, _DECODED_KEYS if again else ()),
        **_picture(probe),
        **_sound(probe),
    }
    if again:
        values = {name: v for name, v in values.items() if name not in _OF_THE_ANALYSIS}
    if errors is not None:
        values |= _damage(errors)
    # Sixty values built into a statement take five times as long as the same as parameters.
    columns = {_COLUMN_OF[name]: value for name, value in values.items()}
    session.execute(_DESCRIBED, {"asset_id": asset_id, **columns})


def frame_rate_of(row: Asset) -> float | None:
    """Pictures a second of an asset; None if it has none, or no rate."""
    if row.frame_rate_num is None or not row.frame_rate_den:
        return None
    return row.frame_rate_num / row.frame_rate_den


# What sidecars and people may say as well (see `catalog.ingest.sidecar_effects`).
SHARED_COLUMNS = (
    *("title", "description", "language", "recorded"),
    *SHARED_FACTS,
    *PLACE,
    "start_timecode",
)


# What is described is written over: only what others have a word in is looked at before.
_BEFORE = (
    select(
        *(getattr(Asset, name) for name in SHARED_COLUMNS),
        *(Asset.sidecars, Asset.metadata_, Asset.file_keys),
    )
    .where(Asset.id == bindparam("asset_id"))
    .with_for_update(key_share=True)
)
_COLUMN_OF = {each.key: each.columns[0].name for each in inspect(Asset).column_attrs}
_TABLE = cast_to(Table, Asset.__table__)
_DESCRIBED = update(_TABLE).where(_TABLE.c.id == bindparam("asset_id"))


def _words(before: Row[*tuple[Any, ...]], probe: Probe, stay: Sequence[str]) -> dict[str, Any]:
    """The columns and metadata that others than the file have a word in.

    Of what the file said before, the keys that ``stay`` are kept.
    """
    own = file_says(probe)
    last: Mapping[str, Any] = (before.sidecars or {}).get("own") or {}
    changed: dict[str, Any] = {}
    for name, value in own.items():
        current = getattr(before, name)
        # What was noted before sidecars had a word in a column lacks it: the file's it was.
        unknown = bool(last) and name not in last
        if current is None or unknown or current == _from_plain(name, last.get(name)):
            changed[name] = value
    theirs = {k: v for k, v in before.metadata_.items() if k not in before.file_keys}
    ours = {k: v for k, v in before.metadata_.items() if k in stay and k in before.file_keys}
    ours |= probe.metadata
    # What sidecars say of these columns has to be said again: no "seen".
    said = {name: _plain(value) for name, value in own.items()}
    return {
        **changed,
        "sidecars": {"own": said},
        "metadata_": {**ours, **theirs},
        "file_keys": sorted(set(ours) - set(theirs)),
    }


def file_says(probe: Probe) -> dict[str, Any]:
    """What the file says in the columns that others have a word in."""
    sound = probe.main_sound
    return {
        "title": probe.title,
        "description": probe.facts.description,
        "language": sound.language if sound is not None else None,
        "recorded": probe.recorded,
        **{name: getattr(probe.facts, name) for name in (*SHARED_FACTS, *PLACE)},
        "start_timecode": probe.timecode,
    }


def _from_plain(name: str, value: Any) -> Any:  # noqa: ANN401
    return datetime.fromisoformat(value) if name == "recorded" and value else value


def _plain(value: Any) -> Any:  # noqa: ANN401  # a column's value
    return value.isoformat() if isinstance(value, datetime) else value


def _common(probe: Probe) -> dict[str, Any]:
    base = probe.time_base
    pts = None if probe.duration is None else round(probe.duration / base)
    return {
        "kind": probe.kind.value,
        "container": probe.container,
        "time_base_num": base.numerator,
        "time_base_den": base.denominator,
        "duration_pts": pts,
        "bit_rate": probe.bit_rate,
    }


def _picture(probe: Probe) -> dict[str, Any]:
    video = probe.video
    if video is None:
        return {}
    rate = video.frame_rate
    return {
        "codec": video.codec,
        "profile": video.profile,
        "level": video.level,
        "chroma": video.chroma,
        "hdr": list(video.hdr) or None,
        "width": video.display_width,
        "height": video.display_height,
        "coded_width": video.width,
        "coded_height": video.height,
        "rotation": video.rotation,
        "sar_num": video.sample_aspect_ratio.numerator,
        "sar_den": video.sample_aspect_ratio.denominator,
        "pixel_format": video.pixel_format,
        "bit_depth": video.bit_depth,
        "color_primaries": video.color_primaries,
        "color_transfer": video.color_transfer,
        "color_space": video.color_space,
        "color_range": video.color_range,
        "field_order": video.field_order,
        "frame_rate_num": None if rate is None else rate.numerator,
        "frame_rate_den": None if rate is None else rate.denominator,
        "variable_frame_rate": video.variable_frame_rate,
    }


def _sound(probe: Probe) -> dict[str, Any]:
    first = probe.main_sound
    if first is None:
        return {}
    return {
        "audio_codec": first.codec,
        "audio_channels": first.channels,
        "audio_sample_rate": first.sample_rate,
        "audio_layout": first.layout,
        "audio_bit_depth": first.bit_depth,
        "audio_tracks": len(probe.audio),
        "audio_languages": sorted({t.language for t in probe.audio if t.language}) or None,
    }


@dataclass(frozen=True, slots=True)
class Decoded:
    """What only decoding tells of a film or a sound.

    Attributes
    ----------
    duration_pts:
        How long it is; None keeps what the container says.
    variable_frame_rate:
        Sound has no pictures whose rate could vary: None.
    loudness:
        None if it has no sound that could be measured.
    speaking:
        Where somebody speaks (`catalog.store.speech.ranges_of`); None: nobody has listened.
    found:
        Metadata by its keys, of `_DECODED_KEYS`. What a person wrote there wins.
    """

    duration_pts: int | None
    variable_frame_rate: bool | None
    loudness: Loudness | None
    speaking: list[Range[int]] | None
    found: Mapping[str, Any] = field(default_factory=dict)


def update_decoded(session: Session, asset_id: int, errors: int, told: Decoded) -> None:
    """Write what only decoding tells, in one statement: each makes the row's index entries anew.

    ``errors`` is in how many places it could not be decoded, 0 if it is whole. What an earlier
    analysis found, `describe` has taken away with the file's other keys.
    """
    values: dict[str, Any] = {
        **_damage(errors),
        "variable_frame_rate": told.variable_frame_rate,
        **_loudness(told.loudness),
        "speaking": told.speaking,
    }
    if told.found:
        values |= _with_keys(told.found)
    if told.duration_pts is not None:
        values["duration_pts"] = told.duration_pts
        if told.duration_pts:
            values["bit_rate"] = _bits_in(told.duration_pts)
    session.execute(update(Asset).where(Asset.id == asset_id).values(**values))


def _damage(errors: int) -> dict[str, Any]:
    return {"damaged": errors > 0, "decode_errors": errors}


def _with_keys(found: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata and ``file_keys`` with what the file turned out to be; a person's keys stay."""
    key = func.unnest(literal(list(found), ARRAY(Text))).table_valued("key").render_derived()
    fresh = select(key.c.key).where(~Asset.metadata_.has_key(key.c.key)).correlate(Asset)
    return {
        "metadata_": cast(literal(dict(found), JSONB), JSONB).concat(Asset.metadata_),
        "file_keys": func.array_cat(Asset.file_keys, func.array(fresh.scalar_subquery())),
    }


def undecodable_video(
    session: Session, asset_ids: Sequence[int]
) -> dict[int, list[Mapping[str, Any]]]:
    """Of these assets those of which only the sound is known, with what is known of the rest.

    A person may have written anything under that name: only the file's own word counts.
    """
    lost = Asset.metadata_[_LOST]
    found = session.execute(
        select(Asset.id, lost).where(
            among(Asset.id, asset_ids),
            func.jsonb_typeof(lost) == "array",
            Asset.file_keys.contains([_LOST]),
        )
    )
    told = {
        asset_id: [p for p in pictures if isinstance(p, Mapping)] for asset_id, pictures in found
    }
    return {asset_id: pictures for asset_id, pictures in told.items() if pictures}


def _bits_in(pts: int) -> ColumnElement[int]:
    """Bits per second of the whole file, if it lasts so long; a bigint at most."""
    bits = cast(8 * Asset.size_bytes, Numeric) * Asset.time_base_den
    return cast(func.least(bits / (cast(pts, Numeric) * Asset.time_base_num), _MOST), BigInteger)


def set_loudness(session: Session, asset_id: int, found: Loudness | None) -> None:
    """Write how loud the asset's sound is; None if it has none that could be measured."""
    session.execute(update(Asset).where(Asset.id == asset_id).values(**_loudness(found)))


def _loudness(found: Loudness | None) -> dict[str, Any]:
    return {
        "loudness": found and found.integrated,
        "loudness_range": found and found.range,
        "true_peak": found and found.true_peak,
    }
