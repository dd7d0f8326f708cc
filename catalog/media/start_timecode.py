"""Start timecode where no track holds one: in the pictures themselves, or from a sound's clock."""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from catalog.domain.timecode import can_drop, frames_to_timecode, is_timecode, nominal_rate
from catalog.media.facts import slate_lines
from catalog.media.timing import nearest_rate

_WRITTEN = re.compile(r"(\d\d)[:;.](\d\d)[:;.](\d\d)([:;.])(\d\d)", re.ASCII)
_FIELDS_FROM = 30  # frames a second above which SMPTE ST 12-3 counts pairs of them


def timecode_in_picture(sides: Mapping[str, bytes], rate: Fraction | None) -> str | None:
    """The timecode of a decoded picture: H.264's and HEVC's SEI, MPEG's group of pictures.

    An MPEG encoder writes zeros where nobody told it a time; so they are none.
    """
    for name, read in (("S12M_TIMECODE", _smpte), ("GOP_TIMECODE", _group)):
        if name in sides and (found := read(sides[name], rate)) is not None:
            return found
    return None


def _smpte(data: bytes, rate: Fraction | None) -> str | None:
    """FFmpeg's S12M side data: a count, and words as in SMPTE ST 12-1."""
    if len(data) < 8 or not struct.unpack_from("=I", data)[0]:
        return None
    word = struct.unpack_from("=I", data, 4)[0]
    frames = _decimal(word >> 24 & 0x3F)
    if rate is not None and rate > _FIELDS_FROM:
        frames = 2 * frames + (word >> (7 if rate == 50 else 23) & 1)
    hours, minutes, seconds = (
        _decimal(word >> at & m) for at, m in ((0, 0x3F), (8, 0x7F), (16, 0x7F))
    )
    return _spelt(hours, minutes, seconds, frames, drop=bool(word & 1 << 30), rate=rate)


def timecode_of_word(word: int, rate: Fraction | None) -> str | None:
    """SMPTE ST 12-1's 32 bits of time as OpenEXR keeps them: frames lowest; zero is a time, too."""
    parts = (_decimal(word >> at & m) for at, m in ((24, 0x3F), (16, 0x7F), (8, 0x7F), (0, 0x3F)))
    return _spelt(*parts, drop=bool(word & 1 << 6), rate=rate)


def _decimal(coded: int) -> int:
    return (coded >> 4) * 10 + (coded & 0xF)


def _group(data: bytes, rate: Fraction | None) -> str | None:
    """The 25 bits of ISO/IEC 13818-2's time_code."""
    if len(data) < 8:
        return None
    bits = struct.unpack_from("=q", data)[0]
    parts = bits >> 19 & 0x1F, bits >> 13 & 0x3F, bits >> 6 & 0x3F, bits & 0x3F
    return _spelt(*parts, drop=bool(bits & 1 << 24), rate=rate) if any(parts) else None


def _spelt(
    hours: int, minutes: int, seconds: int, frames: int, *, drop: bool, rate: Fraction | None
) -> str | None:
    most = 60 if rate is None else nominal_rate(rate)
    if hours > 23 or minutes > 59 or seconds > 59 or frames >= most:
        return None
    mark = ";" if drop and (rate is None or can_drop(rate)) else ":"
    return f"{hours:02}:{minutes:02}:{seconds:02}{mark}{frames:02}"


def timecode_of_xmp(document: Mapping[str, Any]) -> str | None:
    """The timecode that an editing program gave a file in its XMP, else the file's own in it."""
    dynamic = document.get("xmpdm")
    for name in ("alttimecode", "starttimecode"):
        said = dynamic.get(name) if isinstance(dynamic, Mapping) else None
        if not isinstance(said, Mapping):
            continue
        drop = "drop" in str(said.get("timeformat", "")).replace("NonDrop", "").casefold()
        if (found := timecode_of_text(str(said.get("timevalue", "")), drop=drop)) is not None:
            return found
    return None


def timecode_of_text(text: str, *, drop: bool = False) -> str | None:
    """A timecode with any marks between its numbers; zero is what programs write of none."""
    found = _WRITTEN.fullmatch(text.strip())
    if found is None or not any(map(int, found.group(1, 2, 3, 5))):
        return None
    hours, minutes, seconds, mark, frames = found.groups()
    dropped = drop or mark == ";"
    spelt = f"{hours}:{minutes}:{seconds}{';' if dropped else ':'}{frames}"
    return spelt if is_timecode(spelt) else None


def _speed(tags: Mapping[str, str], document: Mapping[str, Any]) -> tuple[str, str]:
    """Frames a second, and whether they are dropped (``DF``), as a recorder wrote them."""
    speed = document.get("speed")
    if isinstance(speed, Mapping):
        return str(speed.get("timecode_rate", "")), str(speed.get("timecode_flag", ""))
    number, _, flag = slate_lines(tags.get("comment", "")).get("SPEED", "").partition("-")
    return number, flag


def timecode_of_wave(tags: Mapping[str, str], rate: int, document: Mapping[str, Any]) -> str | None:
    """A Broadcast Wave's time reference as timecode at the rate that it names; else None.

    The rate is iXML's, or that of a line such as ``sSPEED=023.976-NDF`` of its description.
    """
    samples = tags.get("time_reference", "")
    if not (samples.isascii() and samples.isdigit()) or not rate:
        return None
    named, flag = _speed(tags, document)
    try:
        frames = nearest_rate(Fraction(named))
    except (ValueError, ZeroDivisionError):
        return None
    if not 1 <= frames <= 240 or len(samples) > 18:
        return None
    drop = flag.upper() == "DF"
    count = int(Fraction(int(samples), rate) * frames)
    return frames_to_timecode(count, frames, drop=drop and can_drop(frames))
