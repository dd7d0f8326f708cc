"""What recorders and playout write into sound: Broadcast Wave, AES46's cart chunk, ADM's names.

FFmpeg mixes a Broadcast Wave's header with the list of the same file (LIST INFO), which other
programs write over it; so the header is read by itself. EBU Tech 3285 with its supplements,
AES46-2002, ITU-R BS.2076.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from typing import Any

from catalog.media.sidecars.nested_xml import parse_nested
from catalog.media.tags import clean_text

_FIXED = 602  # bytes of the header before its coding history
_TEXTS = (
    ("description", 0, 256), ("originator", 256, 32), ("originator_reference", 288, 32),
    ("origination_date", 320, 10), ("origination_time", 330, 8),
)  # fmt: skip
_UMID = slice(348, 412)
_LOUDNESS = (
    "integrated_loudness", "loudness_range", "max_true_peak", "max_momentary_loudness",
    "max_short_term_loudness",
)  # fmt: skip
_UNKNOWN_LOUDNESS = 0x7FFF
_LONGEST_HISTORY = 10_000
_CART = (
    ("title", 4, 64), ("artist", 68, 64), ("cut_id", 132, 64), ("client_id", 196, 64),
    ("category", 260, 64), ("classification", 324, 64), ("out_cue", 388, 64),
    ("start_date", 452, 10), ("start_time", 462, 8), ("end_date", 470, 10), ("end_time", 480, 8),
    ("producer_app", 488, 64), ("user_definition", 616, 64),
)  # fmt: skip
_CART_URL = slice(1024, 2048)
# What is named in an Audio Definition Model, and by which attribute.
_ADM = {
    "audioprogramme": "audioprogrammename", "audiocontent": "audiocontentname",
    "audioobject": "audioobjectname",
}  # fmt: skip
_DATE = re.compile(r"(\d{4})[-_:. /](\d\d)[-_:. /](\d\d)", re.ASCII)
_CLOCK = re.compile(r"(\d\d)[-_:. /](\d\d)[-_:. /](\d\d)", re.ASCII)
_FOREIGN = re.compile(r"[^\x00-\x7f]")
_MOST_NAMES = 200
_DEEPEST = 6


def read_bext(chunk: bytes) -> dict[str, Any]:
    """The header of a Broadcast Wave; ``time_reference`` is samples since midnight."""
    if len(chunk) < _FIXED:
        return {}
    found: dict[str, Any] = {key: text for key, text in _fixed(chunk, _TEXTS) if text}
    found["time_reference"] = struct.unpack_from("<Q", chunk, 338)[0]
    version = struct.unpack_from("<H", chunk, 346)[0]
    umid = chunk[_UMID]
    if 1 <= version <= 2 and any(umid):
        # A basic UMID is half as long as an extended one.
        found["umid"] = (umid if any(umid[32:]) else umid[:32]).hex()
    if version == 2:
        levels = struct.unpack_from("<5h", chunk, 412)
        found |= {
            name: level / 100
            for name, level in zip(_LOUDNESS, levels, strict=True)
            if level not in (_UNKNOWN_LOUDNESS, 0)
        }
    if history := _text(chunk[_FIXED : _FIXED + _LONGEST_HISTORY]):
        found["coding_history"] = history
    return found


def read_cart(chunk: bytes) -> dict[str, str]:
    """A radio station's label for a piece of sound."""
    found = {key: text for key, text in _fixed(chunk, _CART) if text}
    if url := _text(chunk[_CART_URL]):
        found["url"] = url
    return found


def read_adm(chunk: bytes) -> dict[str, list[str]]:
    """The names of programmes, contents and objects of an Audio Definition Model."""
    found: dict[str, list[str]] = {}
    _names(parse_nested(chunk), found, 0)
    return {key: list(dict.fromkeys(names))[:_MOST_NAMES] for key, names in found.items()}


def with_bext(tags: Mapping[str, str], header: Mapping[str, Any]) -> dict[str, str]:
    """FFmpeg's tags with the header's own values for what a list beside it may have changed.

    They are called as FFmpeg calls them. A list's comment is kept as ``list_comment``, its date
    as ``list_date``; FFmpeg's reading of the header itself is none.
    """
    if not header:
        return dict(tags)
    merged = dict(tags)
    said = {
        "comment": header.get("description"),
        "encoded_by": header.get("originator"),
        "date": _marked(header.get("origination_date"), _DATE, "-"),
        "creation_time": _marked(header.get("origination_time"), _CLOCK, ":"),
        "time_reference": str(header["time_reference"]),
    }
    own = {"comment": header.get("description"), "date": header.get("origination_date")}
    for name, value in said.items():
        if not value:
            continue
        listed = clean_text(merged.get(name, ""))
        if name in own and listed and not (_same(listed, value) or _same(listed, own[name] or "")):
            merged[f"list_{name}"] = listed
        merged[name] = value
    return merged


def _same(listed: str, own: str) -> bool:
    """Whether FFmpeg's text is the header's: what is no UTF-8 has replacement characters there."""
    if "\ufffd" in listed:
        return _FOREIGN.sub("", listed) == _FOREIGN.sub("", own)
    return listed == own


def _marked(text: str | None, numbers: re.Pattern[str], mark: str) -> str | None:
    """A date or time with the usual mark; the standard lets a recorder take one of many."""
    found = numbers.fullmatch(text or "")
    return mark.join(found.groups()) if found else text


def _fixed(chunk: bytes, fields: tuple[tuple[str, int, int], ...]) -> Iterator[tuple[str, str]]:
    for key, at, size in fields:
        yield key, _text(chunk[at : at + size])


def _text(data: bytes) -> str:
    """Text up to the first zero: ASCII by the standards, anything in practice."""
    data = data.partition(b"\0")[0]
    try:
        return clean_text(data.decode("utf-8"))
    except UnicodeDecodeError:
        return clean_text(data.decode("cp1252", "replace"))


def _names(value: Any, found: dict[str, list[str]], depth: int) -> None:  # noqa: ANN401  # JSON
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for item in value:
            _names(item, found, depth)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            name = _ADM.get(key)
            for item in (inner if isinstance(inner, list) else [inner]) if name else ():
                if isinstance(item, Mapping) and isinstance(text := item.get(name), str):
                    found.setdefault(key, []).append(text)
            _names(inner, found, depth + 1)
