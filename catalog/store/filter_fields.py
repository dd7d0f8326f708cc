"""What each field of a filter means in SQL: its column or its condition, and how values compare.

`catalog.store.filters` puts these together along a query's tree.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    Numeric,
    SQLColumnExpression,
    Text,
    and_,
    any_,
    cast,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.orm import aliased

from catalog.db.models import Asset, AssetTag, Clip, Location, Root, Tag
from catalog.domain.media import FLAGS
from catalog.domain.query import (
    Circle,
    DateRange,
    Field,
    FieldType,
    NumberRange,
    TextMatch,
    Value,
)
from catalog.store.places import within
from catalog.store.said import said

Condition = ColumnElement[bool]
Column = SQLColumnExpression[Any]

FRAME_RATE: Column = cast(Asset.frame_rate_num, Double) / Asset.frame_rate_den
_FRAME_RATE_SLACK = 0.005  # 23.976, 23.98, 29.97 and 59.94 are all within it


def lowered(values: list[str]) -> ColumnElement[Any]:
    """In small letters, as a list that is looked into at once instead of value by value.

    Where every database makes small letters alike it is one parameter, however long.
    """
    if all(value.isascii() and "I" not in value for value in values):  # Turkish has two of that
        return literal([value.lower() for value in values], ARRAY(Text))
    return array([func.lower(literal(value, Text)) for value in values])


def metadata_value(key: str) -> ColumnElement[Any]:
    """The value under a key as it is written, else below the key's parts.

    ``com.apple.quicktime.make`` is one key with dots in it; ``exif.model`` is
    a key of a key.
    """
    path = func.string_to_array(key, ".")
    return func.coalesce(Asset.metadata_.op("->>")(key), Asset.metadata_.op("#>>")(path))


def compare(field: Field, column: Column, value: Value) -> Condition:
    """One value against the column of its field, as the field's type compares."""
    match value:
        case TextMatch():
            if field.type is FieldType.LANGUAGE:
                return _language(column, value)
            return matches(column, value)
        case NumberRange():
            return _between(column, value)
        case DateRange():
            return _during(column, value)
        case str():
            return column == value
        case Circle():
            return within(Asset.latitude, Asset.longitude, value)


def matches(column: Column, value: TextMatch) -> Condition:
    """A text against a column, in any case; ``*`` alone asks for anything at all."""
    if value.anything:
        return and_(column.is_not(None), column != "")
    if value.exact is not None:
        exact = spellings(value.exact)
        if len(exact) > 1:
            return func.lower(column) == any_(lowered(exact))
        return func.lower(column) == func.lower(literal(value.exact, Text))
    patterns = (func.lower(literal(each, Text)) for each in spellings(value.like()))
    return or_(*(func.lower(column).like(each, escape="\\") for each in patterns))


def spellings(text: str) -> list[str]:
    """The text as typed, composed (NFC) and taken apart (NFD, as file names from Macs are).

    Both forms are looked for, since what is stored is kept as it was found, and indexed so.
    """
    return list(dict.fromkeys((text, *(unicodedata.normalize(f, text) for f in ("NFC", "NFD")))))


def _between(column: Column, value: NumberRange) -> Condition:
    parts: list[Condition] = []
    if value.low is not None:
        low = _number(value.low)
        parts.append(column >= low if value.includes_low else column > low)
    if value.high is not None:
        high = _number(value.high)
        parts.append(column <= high if value.includes_high else column < high)
    return and_(*parts) if parts else column.is_not(None)


def _number(value: float) -> ColumnElement[Any]:
    """A number in a type of its own size: as an ``integer`` it could be out of range."""
    if isinstance(value, int):
        return literal(value, BigInteger if abs(value) < 2**63 else Numeric)
    return literal(value, Double)


def _during(column: Column, value: DateRange) -> Condition:
    parts: list[Condition] = []
    if value.start is not None:
        parts.append(column >= value.start)
    if value.end is not None:
        parts.append(column < value.end)
    return and_(*parts) if parts else column.is_not(None)


def _language(column: Column, value: TextMatch) -> Condition:
    if value.exact is None:
        return matches(column, value)
    return or_(matches(column, value), matches(column, TextMatch((value.exact + "-", ""))))


def text_of(value: Value) -> TextMatch:
    """A value of a field whose values are all texts."""
    assert isinstance(value, TextMatch)  # noqa: S101  # the parser types each field's values
    return value


def _tag(value: Value) -> Condition:
    # The tags are found once, not anew for every asset that is looked at.
    named = select(Tag.id).where(matches(Tag.name, text_of(value))).scalar_subquery()
    wanted = func.array(named, type_=ARRAY(BigInteger))
    return exists(
        select(1)
        .where(AssetTag.asset_id == Asset.id, AssetTag.tag_id == any_(wanted))
        .correlate(Asset)
    )


def _path(value: Value) -> Condition:
    """Whole names anywhere in a file's absolute path; a folder stands for all below it."""
    wanted = text_of(value).like().strip("/")
    whole = func.lower(Root.path.concat("/").concat(Location.path))
    patterns = [f"%/{each}{below}" for each in spellings(wanted) for below in ("", "/%")]
    found = or_(*(whole.like(func.lower(literal(each, Text)), escape="\\") for each in patterns))
    return exists(
        select(1)
        .select_from(Location)
        .join(Root, Root.id == Location.root_id)
        .where(Location.asset_id == Asset.id, found)
        .correlate(Asset)
    )


def _timecode(value: Value) -> Condition:
    match = text_of(value)
    return matches(func.translate(Asset.start_timecode, ";,.", ":::"), match)


def _container(value: Value) -> Condition:
    """FFmpeg calls MP4 and its kin ``mov,mp4,m4a,3gp,3g2,mj2``: any of the names will do."""
    names = func.unnest(func.string_to_array(Asset.container, ",")).table_valued("name")
    found = select(1).select_from(names).where(matches(names.c.name, text_of(value)))
    return exists(found.correlate(Asset))


def _clip_kind(value: Value) -> Condition:
    other = aliased(Clip)
    return exists(select(1).where(other.asset_id == Asset.id, other.kind == value).correlate(Asset))


def _clip_language(value: Value) -> Condition:
    # Another clip of the asset than the one the candidate row stands for.
    spoken = aliased(Clip)
    return or_(
        _language(Asset.language, text_of(value)),
        exists(
            select(1)
            .where(spoken.asset_id == Asset.id, _language(spoken.language, text_of(value)))
            .correlate(Asset)
        ),
    )


def _frame_rate(value: Value) -> Condition:
    """Rates are spoken of in few digits: 30000/1001 is what 29.97 means, and no more than it."""
    assert isinstance(value, NumberRange)  # noqa: S101  # the parser types each field's values
    if value.single is None:
        value = replace(
            value,
            low=_widened(value.low, outwards=-1 if value.includes_low else 1),
            high=_widened(value.high, outwards=1 if value.includes_high else -1),
        )
    return _between(FRAME_RATE, value)


def _widened(bound: float | None, *, outwards: int) -> float | None:
    return None if bound is None else bound + outwards * _FRAME_RATE_SLACK


def _camera(value: Value) -> Condition:
    match = text_of(value)
    both = Asset.camera_make.concat(" ").concat(Asset.camera_model)
    return or_(*(matches(c, match) for c in (Asset.camera_model, Asset.camera_make, both)))


def _color(value: Value) -> Condition:
    columns = (Asset.color_primaries, Asset.color_transfer, Asset.color_space)
    return or_(*(matches(column, text_of(value)) for column in columns))


def _audio_language(value: Value) -> Condition:
    spoken = func.unnest(Asset.audio_languages).table_valued("tag").render_derived()
    found = select(1).select_from(spoken).where(_language(spoken.c.tag, text_of(value)))
    return exists(found.correlate(Asset))


def _any_location(online: bool) -> Condition:
    found = exists(
        select(1)
        .select_from(Location)
        .where(Location.asset_id == Asset.id, Location.online)
        .correlate(Asset)
    )
    return found if online else not_(found)


def _unverified() -> Condition:
    found = select(1).where(Location.asset_id == Asset.id, Location.verified.is_(false()))
    return exists(found.correlate(Asset))


def _has(value: Value) -> Condition:
    conditions: dict[str, Callable[[], Condition]] = {
        "audio": lambda: Asset.audio_codec.is_not(None),
        "camera": lambda: or_(Asset.camera_model.is_not(None), Asset.camera_make.is_not(None)),
        "chapters": lambda: Asset.metadata_.has_key("chapters"),
        "collection": lambda: Asset.collection.is_not(None),
        "flag": lambda: Clip.flag.is_not(None),
        "gps": lambda: Asset.latitude.is_not(None),
        "hdr": lambda: Asset.hdr.is_not(None),
        "recorded": lambda: Asset.recorded.is_not(None),
        "reel": lambda: Asset.reel.is_not(None),
        "rights": lambda: Asset.rights.is_not(None),
        "timecode": lambda: Asset.start_timecode.is_not(None),
        "speech": lambda: _clip_kind("speech"),
        "subclip": lambda: _clip_kind("subclip"),
        "tag": lambda: exists(select(1).where(AssetTag.asset_id == Asset.id).correlate(Asset)),
    }
    return conditions[str(value)]()


def _is(value: Value) -> Condition:
    if value in FLAGS:
        return Clip.flag == value
    conditions: dict[str, Callable[[], Condition]] = {
        "damaged": lambda: Asset.damaged.is_(true()),
        "dropframe": lambda: Asset.start_timecode.regexp_match("[;.,][0-9]+$"),
        "interlaced": lambda: Asset.field_order.in_(("tt", "bb", "tb", "bt")),
        "vfr": lambda: func.coalesce(Asset.variable_frame_rate, false()),
        "online": lambda: _any_location(online=True),
        "missing": lambda: _any_location(online=False),
        "superseded": lambda: Asset.superseded_by.is_not(None),
        "unverified": _unverified,
    }
    return conditions[str(value)]()


SPECIAL: dict[str, Callable[[Value], Condition]] = {
    "fps": _frame_rate,
    "camera": _camera,
    "color": _color,
    "audiolang": _audio_language,
    "hdr": lambda value: literal(str(value), Text) == any_(Asset.hdr),
    "tag": _tag,
    "path": _path,
    "timecode": _timecode,
    "container": _container,
    "clip": _clip_kind,
    "lang": _clip_language,
    "said": said,
    "has": _has,
    "is": _is,
}

COLUMNS: dict[str, Column] = {
    "id": Asset.id,
    "name": Asset.name,
    "kind": Asset.kind,
    "collection": Asset.collection,
    "codec": Asset.codec,
    "recorded": Asset.recorded,
    "added": Asset.created_at,
    "duration": Asset.duration,
    "width": Asset.width,
    "height": Asset.height,
    "fps": FRAME_RATE,
    "size": Asset.size_bytes,
    "audio": Asset.audio_codec,
    "channels": Asset.audio_channels,
    "roll": Clip.roll,
    "profile": Asset.profile,
    "level": Asset.level,
    "chroma": Asset.chroma,
    "bits": Asset.bit_depth,
    "bitrate": (Asset.bit_rate + 500) // 1000,  # to the nearest: whoever types it sees no more
    "serial": Asset.camera_serial,
    "lens": Asset.lens,
    "near": Asset.latitude,
    "reel": Asset.reel,
    "scene": Asset.scene,
    "take": Asset.take,
    "rights": Asset.rights,
    "creator": Asset.creator,
    "credit": Asset.credit,
    "tracks": Asset.audio_tracks,
    "samplerate": Asset.audio_sample_rate,
    "loudness": Asset.loudness,
    "lra": Asset.loudness_range,
    "truepeak": Asset.true_peak,
    "audiobits": Asset.audio_bit_depth,
}
