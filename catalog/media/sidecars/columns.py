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
from catalog.media.tags import clean_json, clean_text, parse_moment

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

_MOST_VALUES = 500
_MOST_TAGS = 100
_DEEPEST = 6
_SEPARATOR = re.compile(r"[;,|\n]")
_KEY_BREAKS = re.compile(r"[\s./\\:-]+")
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}|\d\d)")
_FORMATS = ("%Y%m%d", "%Y:%m:%d %H:%M:%S", "%Y/%m/%d", "%d.%m.%Y", "%Y-%m-%d %H:%M:%S %z")
_FIRST_PLAUSIBLE_YEAR = 1971
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
        tags=labels(value for name in TAGS for value in _several(values.get(name))),
        metadata=values,
    )


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
    text = text.strip()
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
        return found if found.year >= _FIRST_PLAUSIBLE_YEAR else None
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
