"""Texts among a film's user data that FFmpeg passes over: QuickTime's, 3GPP's and cameras' own.

QuickTime file format ("User data atoms", and Apple's list of keys), 3GPP TS 26.244 ("asset
information"). Boxes that hold texts of cameras are those that ExifTool's documentation lists.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping

from catalog.media.tags import clean_text

_MOST_BOXES = 500
_MACINTOSH = 0x400  # languages below are of the classic Macintosh, and so is their script
_LONGEST = 65_535
# What a text is called here: as FFmpeg calls it, where it knows others of the kind.
_QUICKTIME = {
    b"nam": "title", b"des": "description", b"cmt": "comment", b"inf": "information",
    b"aut": "author", b"ART": "artist", b"dir": "director", b"prd": "producer",
    b"wrt": "composer", b"prf": "performers", b"cpy": "copyright", b"day": "date",
    b"key": "keywords", b"gen": "genre", b"alb": "album", b"src": "credits", b"dis": "disclaimer",
    b"wrn": "warning", b"mak": "make", b"mod": "model", b"mdl": "model", b"swr": "encoder",
    b"fmt": "original_format", b"snm": "serial_number", b"sn ": "serial_number",
    b"TIM": "start_timecode", b"TSC": "start_time_scale", b"TSZ": "start_time_sample_size",
}  # fmt: skip
_3GPP = {
    b"titl": "title", b"dscp": "description", b"cprt": "copyright", b"perf": "artist",
    b"auth": "author", b"gnre": "genre", b"albm": "album",
}  # fmt: skip
_PLAIN = {
    b"CNMN": "model", b"CNFV": "firmware", b"cmnm": "model", b"cmid": "camera_id",
    b"slno": "serial_number", b"SNum": "serial_number", b"FIRM": "firmware",
    b"LENS": "lens_serial_number", b"reel": "reel", b"scen": "scene", b"shot": "shot_name",
    b"angl": "camera_angle", b"clfn": "clip_file_name", b"clid": "clip_id",
    b"date": "recording_date",
}  # fmt: skip
_MAKERS = {b"manu": "make", b"modl": "model"}
_CANONS_OWN = re.compile(rb"\0{4}..", re.DOTALL)  # before the text
_KEYWORDS, _YEAR = b"kywd", b"yrrc"


def read_user_data(box: bytes) -> dict[str, str]:
    """What the texts of a ``udta`` box say, by name; what is broken is left out."""
    found: dict[str, str] = {}
    for name, data in user_boxes(box):
        for key, text in _texts(name, data):
            if value := clean_text(text):
                found.setdefault(key, value)
    return found


def with_user_data(tags: Mapping[str, str], user: Mapping[str, str]) -> dict[str, str]:
    """FFmpeg's tags and those it passed over; its comment may be another box's."""
    own = {"comment": user["comment"]} if "comment" in user else {}
    return {**user, **{name: value for name, value in tags.items() if value}, **own}


def user_boxes(box: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and content of each box within one; as far as their lengths can be believed."""
    at = 0
    for _ in range(_MOST_BOXES):
        if at + 8 > len(box):
            return
        length, name = struct.unpack_from(">I4s", box, at)
        if length < 8 or at + length > len(box):
            return
        yield name, box[at + 8 : at + length]
        at += length


def _texts(name: bytes, data: bytes) -> Iterator[tuple[str, str]]:
    if name[:1] == b"\xa9" and (key := _QUICKTIME.get(name[1:])) is not None:
        yield key, _quicktime(data)
    elif name in _3GPP and len(data) > 6 and not any(data[:4]):
        yield _3GPP[name], _unicode(data[6:])
    elif name == _KEYWORDS and len(data) > 7 and not any(data[:4]):
        yield "keywords", ",".join(_keywords(data[6:]))
    elif name == _YEAR and len(data) >= 6:
        yield "date", str(struct.unpack_from(">H", data, 4)[0])
    elif name in _PLAIN:
        yield _PLAIN[name], _unicode(data)
    elif name in _MAKERS:
        yield _MAKERS[name], _unicode(_CANONS_OWN.sub(b"", data, count=1))


def _quicktime(data: bytes) -> str:
    """The first of the texts, each with its length and language; iTunes' have a box of their own.

    Some cameras leave out both.
    """
    if data[4:8] == b"data":
        return _unicode(data[16:])
    if len(data) < 4:
        return ""
    length, language = struct.unpack_from(">2H", data)
    if 4 + length > len(data):
        return _unicode(data)
    text = data[4 : 4 + length]
    return _unicode(text) if language >= _MACINTOSH else _classic(text)


def _classic(text: bytes) -> str:
    """Said to be the Macintosh's own characters; programs write UTF-8 all the same."""
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("mac_roman")


def _unicode(data: bytes) -> str:
    """UTF-8, or UTF-16 with a mark, as far as the first zero."""
    data = data[:_LONGEST]
    if data[:2] in (b"\xfe\xff", b"\xff\xfe"):
        return data[: len(data) // 2 * 2].decode("utf-16", "replace").partition("\0")[0]
    return data.partition(b"\0")[0].decode("utf-8", "replace")


def _keywords(data: bytes) -> Iterator[str]:
    at = 1
    for _ in range(data[0]):
        if at >= len(data):
            return
        yield _unicode(data[at + 1 : at + 1 + data[at]])
        at += 1 + data[at]
