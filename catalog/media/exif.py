"""What a camera and an editor wrote into a still: EXIF, IPTC and XMP."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from catalog.domain.media import Facts
from catalog.domain.sidecars import Description
from catalog.media.facts import (
    facts_of_tags,
    facts_of_xmp,
    first_of,
    read_xmp,
    telling,
    texts,
    with_place,
)
from catalog.media.picture_boxes import iptc_datasets
from catalog.media.place import Place, place
from catalog.media.sidecars.columns import joined, labels, moment
from catalog.media.sidecars.text import decode
from catalog.media.tags import clean_json, clean_text, find_recorded, find_title, parse_moment

if TYPE_CHECKING:
    from PIL import Image, ImageFile

_EXIF_BLOCK, _GPS_BLOCK = 0x8769, 0x8825
# (moment, offset) from the most to the least telling: taken, digitised, last changed.
_MOMENTS = (
    ("DateTimeOriginal", "OffsetTimeOriginal"),
    ("DateTimeDigitized", "OffsetTimeDigitized"),
    ("DateTime", "OffsetTime"),
)
_MACHINERY = frozenset({"ExifOffset", "GPSInfo", "MakerNote", "PrintImageMatching", "Padding"})
# IPTC-IIM 4.2, record 2.
_IPTC = {
    (2, 5): "title",
    (2, 25): "keywords",
    (2, 40): "special_instructions",
    (2, 55): "date_created",
    (2, 60): "time_created",
    (2, 80): "byline",
    (2, 85): "byline_title",
    (2, 90): "city",
    (2, 92): "sublocation",
    (2, 95): "province",
    (2, 100): "country_code",
    (2, 101): "country",
    (2, 103): "reference",
    (2, 105): "headline",
    (2, 110): "credit",
    (2, 115): "source",
    (2, 116): "copyright",
    (2, 120): "caption",
    (2, 122): "caption_writer",
}
_IPTC_UTF8 = b"\x1b%G"  # ISO 2022's escape, in 1:90
_MOST_KEYWORDS = 500
# Offsets between a place's clock and UTC: fourteen hours, in steps of a quarter.
_LARGEST_OFFSET, _QUARTER = 14 * 3600, 900
_LONGEST_LIST = 64


@dataclass(slots=True)
class Exif:
    """What was found: JSON-ready metadata, and what has a field of its own."""

    metadata: dict[str, Any] = field(default_factory=dict)
    recorded: datetime | None = None
    title: str | None = None
    facts: Facts = field(default_factory=Facts)


def read_exif(image: Image.Image, written: Mapping[str, str] | None = None) -> Exif:
    """Read an open picture's EXIF, IPTC and XMP; what is broken in them is left out.

    Of words the XMP comes first, then IPTC, then EXIF, then what is ``written`` in a PNG or GIF:
    editors write the former, cameras the latter. Of times, places and the camera EXIF comes first.
    """
    written = written or {}
    found, captions = read_block(image.getexif), _iptc(image)
    tags = found.metadata.get("exif", {})
    xmp = read_xmp(image.info.get("xmp") or image.info.get("XML:com.adobe.xmp"))
    told = xmp.description if xmp is not None else Description()
    title = told.title or captions.get("title") or captions.get("headline") or found.title
    title = title or find_title(written)
    keywords = [*told.tags, *texts(captions.get("keywords")), *_windows_tags(tags)]
    metadata = {
        **found.metadata,
        "iptc": captions,
        "xmp": told.metadata,
        "keywords": list(labels(iter(keywords))),
        "tags": dict(written),
    }
    recorded = found.recorded or told.recorded or moment(str(captions.get("date_created", "")))
    if recorded is None:
        recorded, metadata["recorded_note"] = find_recorded(written)
    words = [facts_of_xmp(xmp)] if xmp is not None else []
    shared = first_of([*words, _editors(captions), _photographers(tags), facts_of_tags(written)])
    return Exif(
        metadata={key: value for key, value in metadata.items() if value},
        recorded=recorded,
        title=title if isinstance(title, str) and title else None,
        facts=first_of([_camera_and_place(found.facts), shared]),
    )


def read_block(block: Callable[[], Image.Exif]) -> Exif:
    """Read EXIF alone; ``block`` gives it, and may fail: what is broken is left out."""
    tags, where = dict(_named_tags(block)), _position(block)
    recorded, note = _recorded(tags, _clock_of_satellites(block))
    title = tags.get("XPTitle")
    metadata = {
        "exif": tags,
        "gps": {k: v for k, v in asdict(where).items() if v is not None} if where else {},
        "recorded_note": note,
    }
    return Exif(
        metadata={key: value for key, value in metadata.items() if value},
        recorded=recorded,
        title=title if isinstance(title, str) and title else None,
        facts=first_of([with_place(_camera(tags), where), _photographers(tags)]),
    )


def _camera_and_place(facts: Facts) -> Facts:
    """Without the words, of which an editor's come first."""
    return replace(facts, description=None, rights=None, creator=None)


def _camera(tags: Mapping[str, Any]) -> Facts:
    return Facts(
        camera_make=_text(tags, "Make"),
        camera_model=_text(tags, "Model"),
        camera_serial=_text(tags, "BodySerialNumber"),
        lens=_text(tags, "LensModel"),
    )


def _photographers(tags: Mapping[str, Any]) -> Facts:
    return Facts(
        description=telling(
            _text(tags, "ImageDescription")
            or _text(tags, "UserComment")
            or _text(tags, "XPComment")
        ),
        rights=_text(tags, "Copyright"),
        creator=_text(tags, "Artist") or _text(tags, "XPAuthor"),
    )


def _editors(captions: Mapping[str, Any]) -> Facts:
    return Facts(
        description=_text(captions, "caption"),
        rights=joined([_text(captions, "copyright"), _text(captions, "special_instructions")]),
        creator=joined(texts(captions.get("byline"))),
        credit=joined([_text(captions, "credit"), _text(captions, "source")]),
    )


def _text(tags: Mapping[str, Any], name: str) -> str | None:
    value = tags.get(name)
    return value if isinstance(value, str) and value else None


def _named_tags(block: Callable[[], Image.Exif]) -> Iterator[tuple[str, Any]]:
    from PIL import ExifTags  # noqa: PLC0415  only stills need it

    with suppress(Exception):  # a broken block yields what was readable before the break
        exif = block()
        for directory in (exif, exif.get_ifd(_EXIF_BLOCK)):
            for number, value in directory.items():
                name = ExifTags.TAGS.get(number)
                if name is None or name in _MACHINERY:
                    continue
                cleaned = _clean(name, value)
                if cleaned not in (None, "", []):
                    yield name, cleaned


def _clean(name: str, value: Any) -> Any:  # noqa: ANN401  EXIF holds anything
    if isinstance(value, bytes):
        if name.startswith("XP"):  # Windows' own tags are UTF-16
            return clean_text(value.decode("utf-16-le", "replace").rstrip("\0"))
        if name == "UserComment":
            return clean_text(_comment(value[:8], value[8:]))
        return None
    if isinstance(value, (list, tuple)) and len(value) > _LONGEST_LIST:
        return None
    return clean_json(value)


def _windows_tags(tags: Mapping[str, Any]) -> list[str]:
    """What Explorer shows as tags."""
    return [each.strip() for each in (_text(tags, "XPKeywords") or "").split(";") if each.strip()]


def _comment(code: bytes, text: bytes) -> str:
    """A comment by the character code that its first eight bytes name."""
    if code.startswith(b"JIS"):
        return text.decode("iso2022_jp", "replace")
    if not code.startswith(b"UNICODE"):
        return text.decode("utf-8", "ignore")
    if text[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
        return text.decode("utf-16", "replace")
    # Some write the block's byte order, some always one: a script's upper bytes are few.
    upper, lower = set(text[::2]), set(text[1::2])
    return text.decode("utf-16-be" if len(upper) <= len(lower) else "utf-16-le", "replace")


def _recorded(
    tags: Mapping[str, Any], satellites: datetime | None
) -> tuple[datetime | None, str | None]:
    """When the picture was taken; the satellites' clock tells an offset the camera does not."""
    for name, offset_name in _MOMENTS:
        text, offset = str(tags.get(name, "")), str(tags.get(offset_name, ""))
        # EXIF writes 2024:05:01 10:00:00; some editors write ISO 8601 instead.
        day, _, clock = text.partition(" ")
        iso = f"{day.replace(':', '-')}T{clock}{offset}" if clock else text
        moment, note = parse_moment(iso)
        if moment is None:
            continue
        if note == "UTC assumed" and satellites is not None:
            ahead = round((moment - satellites).total_seconds() / _QUARTER) * _QUARTER
            if abs(ahead) <= _LARGEST_OFFSET:
                return moment - timedelta(seconds=ahead), None
        return moment, note
    return None, None


def _clock_of_satellites(block: Callable[[], Image.Exif]) -> datetime | None:
    """The moment GPS told, in UTC."""
    with suppress(Exception):
        gps = block().get_ifd(_GPS_BLOCK)
        hour, minute, second = (int(float(part)) for part in gps[7])
        day = str(gps[29]).strip("\0 ").replace(":", "-")
        return parse_moment(f"{day}T{hour:02}:{minute:02}:{second:02}+00:00")[0]
    return None


def _position(block: Callable[[], Image.Exif]) -> Place | None:
    with suppress(Exception):
        gps = block().get_ifd(_GPS_BLOCK)
        angles = []
        for value_tag, sign_tag, negative in ((2, 1, "S"), (4, 3, "W")):
            degrees, minutes, seconds = (float(part) for part in gps[value_tag])
            angle = degrees + minutes / 60 + seconds / 3600
            west = str(gps.get(sign_tag, "")).strip("\0 ").upper() == negative
            angles.append(-angle if west else angle)
        return place(angles[0], angles[1], _altitude(gps))
    return None


def _altitude(gps: Mapping[int, Any]) -> float | None:
    with suppress(Exception):  # a position without a height is one all the same
        return float(gps[6]) * (-1 if gps.get(5) in (1, b"\x01") else 1)
    return None


def _iptc(image: Image.Image) -> dict[str, Any]:
    from PIL import IptcImagePlugin  # noqa: PLC0415

    found: dict[str, Any] = {}
    with suppress(Exception):
        boxed = image.info.get("iptc")
        info: Mapping[tuple[int, int], Any] = (
            iptc_datasets(boxed)
            if isinstance(boxed, bytes)
            else IptcImagePlugin.getiptcinfo(cast("ImageFile.ImageFile", image)) or {}
        )
        utf8 = info.get((1, 90)) in (_IPTC_UTF8, [_IPTC_UTF8])
        for number, name in _IPTC.items():
            value = info.get(number)
            if isinstance(value, bytes):
                found[name] = _legacy_text(value, utf8=utf8)
            elif isinstance(value, list) and len(value) == 1:
                found[name] = _legacy_text(value[0], utf8=utf8)
            elif isinstance(value, list):
                found[name] = [_legacy_text(v, utf8=utf8) for v in value[:_MOST_KEYWORDS]]
    return {name: value for name, value in found.items() if value}


def _legacy_text(value: bytes, *, utf8: bool) -> str:
    """IPTC text: UTF-8 where it says so, or is; else what Windows wrote."""
    text = value.decode("utf-8", "replace") if utf8 else decode(value)
    return clean_text(text or "")
