"""Named values of a list, a log or a JSON file as what is said of an asset."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from catalog.domain.labels import MAX_KEY, clean_label
from catalog.domain.languages import language_tag
from catalog.domain.sidecars import Description
from catalog.errors import InvalidInputError
from catalog.media.place import parse_xmp_angle, place
from catalog.media.tags import clean_json, clean_text, is_old_day, parse_moment

TITLES = ("title", "headline", "object_name")
DESCRIPTIONS = (
    "description", "descript", "caption", "synopsis", "abstract", "comments", "comment", "notes",
    "log_note", "log_notes", "vendor_asset_description",
)  # fmt: skip
LANGUAGES = ("language", "lang")
MOMENTS = (
    "recorded", "recording_date", "record_date", "shoot_date", "shot_date", "date_created",
    "creation_date", "created", "date_time_original", "datetimeoriginal", "date",
)  # fmt: skip
TAGS = ("tags", "keywords", "keyword", "subjects", "subject", "vendor_asset_keywords")

REELS = ("reel", "reel_name", "tape", "tape_name", "tape_id", "camera_roll", "source_tape")
SCENES = ("scene", "scene_number")
TAKES = ("take", "take_number")
RIGHTS = ("copyright", "copyright_notice", "rights", "usage_terms", "usage_rights", "license",
          "licence")  # fmt: skip
CREATORS = ("creator", "byline", "by_line", "photographer", "author", "artist", "director")
CREDITS = ("credit", "credit_line", "source")
# ARRI's and RED's logs, and what people call such columns; a mere "model" may be anything.
MAKES = ("camera_make", "camera_manufacturer", "cameramanufacturer")
MODELS = ("camera_model", "cameramodel", "camera_model_name", "camera_type")
SERIALS = ("camera_serial", "camera_sn", "camera_serial_number", "cameraserialnumber", "camera_pin")
LENSES = ("lens_model", "lensmodel", "lens", "lens_type", "lenstype", "lens_name")
LATITUDES = ("latitude", "gps_latitude", "gpslatitude", "lat")
LONGITUDES = ("longitude", "gps_longitude", "gpslongitude", "lon", "lng")
ALTITUDES = ("altitude", "gps_altitude", "gpsaltitude")

_MOST_VALUES = 500
_MOST_TAGS = 100
_DEEPEST = 6
_SEPARATOR = re.compile(r"[;,|\n]")
_KEY_BREAKS = re.compile(r"[\s./\\:-]+")
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}|\d\d)")
_DECIMAL = re.compile(r"[+-]?\d{1,6}(\.\d{1,12})?")
_FORMATS = (
    "%Y%m%d",
    "%Y:%m:%d %H:%M:%S",
    "%Y:%m:%d",
    "%Y/%m/%d",
    "%d.%m.%Y",
    "%Y-%m-%d %H:%M:%S %z",
)
_FIRST_PLAUSIBLE_YEAR = 1971
_MIDNIGHT = re.compile(r"[T ]00:00(:00(\.0{1,6})?)?(Z|[+-]00:?00)?$")
_CENTURY = 2000  # two-digit years are of this one: logs began in the last, files did not


def key_name(text: str) -> str:
    """A column's name as a metadata key: ``Shoot Date`` is ``shoot_date``, without dots."""
    spelt = _KEY_BREAKS.sub("_", clean_text(text).casefold().replace("#", " number"))
    return spelt.strip("_")[:MAX_KEY]


def keyed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values under their keys, cleaned as JSON, without empty ones."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        key, clean = key_name(str(name)), _clean(value)
        if key and clean not in (None, "", [], {}) and len(found) < _MOST_VALUES:
            found.setdefault(key, clean)
    return found


def _clean(value: Any, depth: int = 0) -> Any:  # noqa: ANN401  # any JSON
    if depth > _DEEPEST:
        return None
    if isinstance(value, Mapping):
        pairs = list(value.items())[:_MOST_VALUES]
        return {key_name(str(k)): _clean(v, depth + 1) for k, v in pairs if key_name(str(k))}
    if isinstance(value, list | tuple):
        return [_clean(item, depth + 1) for item in value[:_MOST_VALUES]]
    return clean_json(value)


def describe(values: Mapping[str, Any]) -> Description:
    """What these values say: the columns they name, and all of them as metadata.

    Parameters
    ----------
    values:
        As `keyed` leaves them.
    """
    return Description(
        title=_first(values, TITLES),
        description=_first(values, DESCRIPTIONS),
        language=next((t for t in map(language_tag, _texts(values, LANGUAGES)) if t), None),
        recorded=next((m for m in map(moment, _texts(values, MOMENTS)) if m), None),
        reel=_first(values, REELS),
        scene=_first(values, SCENES),
        take=_first(values, TAKES),
        rights=joined(_texts(values, RIGHTS)),
        creator=_first(values, CREATORS),
        credit=joined(_texts(values, CREDITS)),
        **_camera(values),
        **_place(values),
        tags=labels(value for name in TAGS for value in _several(values.get(name))),
        metadata=values,
    )


def _camera(values: Mapping[str, Any]) -> dict[str, Any]:
    model = _first(values, MODELS)
    # A manufacturer is the camera's where a camera is named.
    makes = (*MAKES, "manufacturer") if model else MAKES
    return {
        "camera_make": _first(values, makes),
        "camera_model": model,
        "camera_serial": _first(values, SERIALS),
        "lens": _first(values, LENSES),
    }


def _place(values: Mapping[str, Any]) -> dict[str, Any]:
    latitude, longitude, altitude = (
        next((n for name in names if (n := _degrees(values.get(name))) is not None), None)
        for names in (LATITUDES, LONGITUDES, ALTITUDES)
    )
    where = None
    if latitude is not None and longitude is not None:
        where = place(latitude, longitude, altitude)
    if where is None:
        return {}
    return {"latitude": where.latitude, "longitude": where.longitude, "altitude": where.altitude}


def _degrees(value: Any) -> float | None:  # noqa: ANN401  # any JSON
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    text = value.strip() if isinstance(value, str) else ""
    return float(text) if _DECIMAL.fullmatch(text) else parse_xmp_angle(text)


def joined(texts: Iterable[str | None]) -> str | None:
    """Notices and terms as one text, each once."""
    return "; ".join(dict.fromkeys(text for text in texts if text)) or None


def _first(values: Mapping[str, Any], names: Sequence[str]) -> str | None:
    return next(_texts(values, names), None)


def _texts(values: Mapping[str, Any], names: Sequence[str]) -> Iterator[str]:
    for name in names:
        value = values.get(name)
        if isinstance(value, str) and value:
            yield value
        elif isinstance(value, int) and not isinstance(value, bool):
            yield str(value)


def _several(value: Any) -> Iterator[str]:  # noqa: ANN401  # any JSON
    if isinstance(value, str):
        yield from _SEPARATOR.split(value)
    elif isinstance(value, list):
        yield from (item for item in value if isinstance(item, str))


def labels(texts: Iterator[str]) -> tuple[str, ...]:
    """Those of the texts that can be tags, each once, a hundred at most."""
    found: dict[str, str] = {}
    for text in texts:
        try:
            label = clean_label(text, "tag")
        except InvalidInputError:
            continue
        found.setdefault(label.casefold(), label)
        if len(found) >= _MOST_TAGS:
            break
    return tuple(found.values())


def moment(text: str) -> datetime | None:
    """A moment in UTC as logs spell it; None where day and month could be either."""
    text = _MIDNIGHT.sub("", text.strip())
    found = None if text.isdigit() and len(text) != len("20190501") else parse_moment(text)[0]
    if found is not None:
        return found
    if slashed := _SLASHED.fullmatch(text.partition(" ")[0]):
        return _slashed(*(int(part) for part in slashed.groups()))
    for form in _FORMATS:
        try:
            found = datetime.strptime(text, form)  # noqa: DTZ007  # UTC is put in below
        except ValueError:
            continue
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        return found if found.year >= _FIRST_PLAUSIBLE_YEAR or is_old_day(found) else None
    return None


def _slashed(first: int, second: int, year: int) -> datetime | None:
    """07/21/14 is the American order, 21/07/2014 the other; 05/06/14 may be either."""
    if first <= 12 and second <= 12 and first != second:
        return None
    month, day = (second, first) if first > 12 else (first, second)
    try:
        return datetime(year if year > 99 else _CENTURY + year, month, day, tzinfo=UTC)
    except ValueError:
        return None
