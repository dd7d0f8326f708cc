"""What cameras write of a clip as XML: Sony's NonRealTimeMeta, Panasonic's P2 and Canon's XF.

Read as the public descriptions of these formats have them; names of elements as `nested` spells
them, whatever namespace and version they are of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from fractions import Fraction
from typing import Any

from catalog.domain.sidecars import Description
from catalog.media.place import Place, place
from catalog.media.sidecars.columns import moment
from catalog.media.tags import parse_moment

Document = Mapping[str, Any]

TABLES = frozenset({"klvpackettable", "ltcchangetable"})
"""Of every packet and address, of which the first is enough."""
_RATE = re.compile(r"(\d{1,3}(?:\.\d{1,3})?)")
_LTC = re.compile(r"[0-9A-Fa-f]{8}")
_P2_TIMECODE = re.compile(r"(\d\d):(\d\d):(\d\d)[:;](\d\d)")
_P2_ANGLE = re.compile(r"([NSEW+-])\s*(\d{1,3}(?:\.\d{1,12})?)")
_EXIF_ANGLE = re.compile(r"(\d{1,3})[: ](\d{1,2}(?:\.\d{1,9})?)[: ](\d{1,2}(?:\.\d{1,9})?)")
_OFFSET = re.compile(r"(Z|[+-]\d\d:?\d\d)\s*$", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,9}(?:\.\d{1,9})?")
# Timecode counts no more than thirty addresses a second: twice as many pictures share them.
_MOST_ADDRESSES = 30


def described_by_camera(document: Document) -> Description | None:
    """What the camera says of the clip; None if this is none of the documents known here."""
    if "clipcontent" in document or "clipmetadata" in document:
        return _panasonic(document)
    if isinstance(document.get("device"), Mapping) or "ltcchangetable" in document:
        return _sony(document)
    return None


def recorded_by_camera(document: Document) -> tuple[datetime | None, str | None]:
    """When the camera says that it recorded, in UTC, and a note where it names no offset."""
    said = _under(document, "clipmetadata")
    texts = (
        _text(document.get("creationdate"), "value"),
        _text(_under(said, "shoot"), "startdate"),
        _text(_under(said, "access"), "creationdate"),
    )
    for text in filter(None, texts):
        if (found := moment(text)) is not None:
            note = parse_moment(text)[1] or "UTC assumed"
            return found, None if _OFFSET.search(text) else note
    return None, None


# --- Sony: XAVC, XDCAM, HDCAM SR --------------------------------------------------


def _sony(document: Document) -> Description:
    device, lens = _under(document, "device"), _under(document, "lens")
    groups = {
        str(g.get("name")): _items(g) for g in _each(_under(document, "acquisitionrecord"), "group")
    }
    title = document.get("title")
    kept = {key: value for key, value in document.items() if key not in TABLES}
    if groups:
        kept["acquisitionrecord"] = {name.casefold(): items for name, items in groups.items()}
    return Description(
        title=_text(title, "usascii") or _text(title, "text") or _plain(title),
        description=_plain(document.get("description"))
        or _text(document.get("description"), "text"),
        recorded=recorded_by_camera(document)[0],
        camera_make=_text(device, "manufacturer"),
        camera_model=_text(device, "modelname"),
        camera_serial=_text(device, "serialno"),
        lens=_text(lens, "modelname"),
        **_place(_exif_place(groups.get("ExifGPS", {}))),
        start_timecode=_ltc(document),
        metadata=kept,
    )


def _items(group: Document) -> dict[str, str]:
    return {
        str(item["name"]).casefold(): str(item["value"])
        for item in _each(group, "item")
        if "name" in item and "value" in item
    }


def _ltc(document: Document) -> str | None:
    """The timecode of the first picture: frames, seconds, minutes, hours in BCD, as on tape.

    SMPTE ST 12-1 keeps flags in the highest bits of each; one of the frames' is drop-frame.
    """
    table = _under(document, "ltcchangetable")
    first = next((c for c in _each(table, "ltcchange") if c.get("framecount") == "0"), None)
    value = _text(first, "value")
    if value is None or not _LTC.fullmatch(value):
        return None
    frames, seconds, minutes, hours = bytes.fromhex(value)
    fields = (hours & 0x3F, minutes & 0x7F, seconds & 0x7F, frames & 0x3F)
    # Each half byte is a digit; one that is no digit makes it no timecode.
    texts = [f"{field:02x}" for field in fields]
    if not all(text.isdigit() for text in texts):
        return None
    rate = _rate(_text(_under(_under(document, "videoformat"), "videoframe"), "formatfps"))
    counted = _text(table, "tcfps")
    twice = table.get("halfstep") == "true" or bool(
        rate and counted and counted.isdigit() and int(counted) and rate / int(counted) > 1.9
    )
    return _spelt(*map(int, texts), drop=bool(frames & 0x40), twice=twice)


def _exif_place(items: Mapping[str, str]) -> Place | None:
    if items.get("status", "A") != "A":
        return None  # V: the receiver had no fix
    angles = []
    for name, negative in (("latitude", "S"), ("longitude", "W")):
        found = _EXIF_ANGLE.fullmatch(items.get(name, ""))
        if found is None:
            return None
        angle = int(found[1]) + float(found[2]) / 60 + float(found[3]) / 3600
        angles.append(-angle if items.get(f"{name}ref") == negative else angle)
    height = _number(items.get("altitude"))
    below = items.get("altituderef") == "1"
    return place(angles[0], angles[1], -height if height is not None and below else height)


# --- Panasonic P2 and AVC-LongG, Canon XF -----------------------------------------


def _panasonic(document: Document) -> Description:
    content, said = _under(document, "clipcontent"), _under(document, "clipmetadata")
    device, shoot = _under(said, "device"), _under(said, "shoot")
    access, scenario = _under(said, "access"), _under(said, "scenario")
    memos = [t for m in _each(_under(said, "memolist"), "memo") if (t := _text(m, "text"))]
    return Description(
        title=_text(said, "userclipname") or _text(scenario, "programname"),
        description="\n".join(memos) or _text(_under(said, "news"), "object"),
        recorded=recorded_by_camera(document)[0],
        scene=_text(scenario, "sceneno"),
        take=_text(scenario, "takeno"),
        creator=_text(shoot, "shooter") or _text(access, "creator"),
        camera_make=_text(device, "manufacturer"),
        camera_model=_text(device, "modelname"),
        camera_serial=_text(device, "serialno"),
        lens=_text(said.get("lens"), "modelname"),
        **_place(_lettered_place(_under(shoot, "location"))),
        start_timecode=_p2_timecode(content),
        metadata=dict(document),
    )


def _p2_timecode(content: Document) -> str | None:
    video = next(_each(_under(content, "essencelist"), "video"), {})
    found = _P2_TIMECODE.fullmatch(_text(video, "starttimecode") or "")
    if found is None:
        return None
    rate = video.get("framerate")
    drop = _text(rate, "dropframeflag") == "true"
    spelt = _plain(rate) or _text(rate, "text") or ""
    progressive = spelt.endswith("p")
    speed = _rate(spelt)
    twice = progressive and speed is not None and speed > _MOST_ADDRESSES
    return _spelt(*(int(part) for part in found.groups()), drop=drop, twice=twice)


def _lettered_place(location: Document) -> Place | None:
    """``N35.7`` and ``E139.8``; north and east may be signs."""
    angles = []
    for name in ("latitude", "longitude"):
        found = _P2_ANGLE.fullmatch(_text(location, name) or "")
        if found is None:
            return None
        angles.append(-float(found[2]) if found[1] in "SW-" else float(found[2]))
    return place(angles[0], angles[1], _number(_text(location, "altitude")))


# --- values -----------------------------------------------------------------------


def _spelt(hours: int, minutes: int, seconds: int, frames: int, *, drop: bool, twice: bool) -> str:
    if twice and frames < _MOST_ADDRESSES:
        frames *= 2
    return f"{hours:02}:{minutes:02}:{seconds:02}{';' if drop else ':'}{frames:02}"


def _rate(text: str | None) -> Fraction | None:
    found = _RATE.match(text or "")
    return Fraction(found[1]) if found else None


def _number(text: str | None) -> float | None:
    return float(text) if text is not None and _NUMBER.fullmatch(text) else None


def _place(where: Place | None) -> dict[str, Any]:
    if where is None:
        return {}
    return {"latitude": where.latitude, "longitude": where.longitude, "altitude": where.altitude}


def _under(document: Any, key: str) -> Document:  # noqa: ANN401  # any JSON
    found = document.get(key) if isinstance(document, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _each(document: Document, key: str) -> Iterator[Document]:
    found = document.get(key)
    yield from (item for item in (found if isinstance(found, list) else [found])
                if isinstance(item, Mapping))  # fmt: skip


def _text(document: Any, key: str) -> str | None:  # noqa: ANN401  # any JSON
    return _plain(document.get(key)) if isinstance(document, Mapping) else None


def _plain(value: Any) -> str | None:  # noqa: ANN401  # any JSON
    return value if isinstance(value, str) and value else None
