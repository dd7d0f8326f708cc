"""What a camera and an editor wrote into a still: EXIF and IPTC, as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from catalog.media.tags import clean_json, clean_text, parse_moment

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
_IPTC = {
    (2, 5): "title",
    (2, 25): "keywords",
    (2, 55): "date_created",
    (2, 80): "byline",
    (2, 90): "city",
    (2, 101): "country",
    (2, 105): "headline",
    (2, 116): "copyright",
    (2, 120): "caption",
}
_LONGEST_LIST = 64


@dataclass(slots=True)
class Exif:
    """What was found: JSON-ready metadata, and the two facts with a field of their own."""

    metadata: dict[str, Any] = field(default_factory=dict)
    recorded: datetime | None = None
    title: str | None = None


def read_exif(image: Image.Image) -> Exif:
    """Read an open picture's EXIF and IPTC; what is broken in them is left out."""
    found = Exif()
    tags = dict(_named_tags(image))
    if tags:
        found.metadata["exif"] = tags
        found.recorded, note = _recorded(tags)
        if note:
            found.metadata["recorded_note"] = note
    position = _position(image)
    if position:
        found.metadata["gps"] = position
    captions = _iptc(image)
    if captions:
        found.metadata["iptc"] = captions
    title = captions.get("title") or captions.get("headline") or tags.get("XPTitle")
    found.title = title if isinstance(title, str) and title else None
    return found


def _named_tags(image: Image.Image) -> Iterator[tuple[str, Any]]:
    from PIL import ExifTags  # noqa: PLC0415  only stills need it

    with suppress(Exception):  # a broken block yields what was readable before the break
        exif = image.getexif()
        for block in (exif, exif.get_ifd(_EXIF_BLOCK)):
            for number, value in block.items():
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
        if name == "UserComment":  # eight bytes name the character code
            return clean_text(value[8:].decode("utf-8", "ignore"))
        return None
    if isinstance(value, (list, tuple)) and len(value) > _LONGEST_LIST:
        return None
    return clean_json(value)


def _recorded(tags: Mapping[str, Any]) -> tuple[datetime | None, str | None]:
    for name, offset_name in _MOMENTS:
        text, offset = str(tags.get(name, "")), str(tags.get(offset_name, ""))
        # EXIF writes 2024:05:01 10:00:00; some editors write ISO 8601 instead.
        day, _, clock = text.partition(" ")
        iso = f"{day.replace(':', '-')}T{clock}{offset}" if clock else text
        moment, note = parse_moment(iso)
        if moment is not None:
            return moment, note
    return None, None


def _position(image: Image.Image) -> dict[str, float]:
    """Latitude, longitude (degrees, north and east positive) and altitude (metres)."""
    found: dict[str, float] = {}
    with suppress(Exception):
        gps = image.getexif().get_ifd(_GPS_BLOCK)
        for name, value_tag, sign_tag, negative in (
            ("latitude", 2, 1, "S"),
            ("longitude", 4, 3, "W"),
        ):
            degrees, minutes, seconds = (float(part) for part in gps[value_tag])
            angle = degrees + minutes / 60 + seconds / 3600
            signed = (
                -angle if str(gps.get(sign_tag, "")).strip("\0 ").upper() == negative else angle
            )
            if clean_json(signed) is not None:
                found[name] = round(signed, 7)
        if 6 in gps:
            below = gps.get(5) in (1, b"\x01")
            found["altitude"] = round(float(gps[6]) * (-1 if below else 1), 2)
    return found


def _iptc(image: Image.Image) -> dict[str, Any]:
    from PIL import IptcImagePlugin  # noqa: PLC0415

    found: dict[str, Any] = {}
    with suppress(Exception):
        info = IptcImagePlugin.getiptcinfo(cast("ImageFile.ImageFile", image)) or {}
        for number, name in _IPTC.items():
            value = info.get(number)
            if isinstance(value, bytes):
                found[name] = clean_text(value.decode("utf-8", "replace"))
            elif isinstance(value, list):
                found[name] = [clean_text(item.decode("utf-8", "replace")) for item in value]
    return {name: value for name, value in found.items() if value}
