"""Parts of MXF files that FFmpeg passes over: descriptive metadata, XML and XMP, ancillary data.

SMPTE ST 377-1 (keys, lengths, partitions, local sets), ST 410 (generic streams, in which RP 2057
puts XML), ST 436 (ancillary packets), RDD 18 (acquisition metadata among them). Nothing is
believed: lengths beyond the file end the walk, and so do too many parts.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from typing import BinaryIO
from unicodedata import category

from catalog.domain.media import Facts
from catalog.domain.sidecars import Description
from catalog.domain.timecode import can_drop, frames_to_timecode
from catalog.media.sidecars.columns import joined, labels
from catalog.media.tags import clean_text

MXF_KEY = bytes.fromhex("060e2b34")
_PARTITION = bytes.fromhex("060e2b34020501010d010201 01")
_GENERIC = 0x11  # the fifteenth byte of the key of a partition of a generic stream
_RANDOM_INDEX = _PARTITION + b"\x11\x01\0"
_PRIMER = _PARTITION + b"\x05\x01\0"
_LOCAL_SET = bytes.fromhex("060e2b34025301")
# Sets of these describe files, tracks and what is in them; FFmpeg reads them.
_STRUCTURAL = bytes.fromhex("0d010101")
_TIMECODE = bytes.fromhex("0d010101010114")
_TIMES = (0x1501, 0x1502, 0x1503)  # start, base, drop-frame
_FASTEST, _DAY, _MOST_TIMECODES = 240, 86_400, 20
_FILLING = bytes.fromhex("0301021001")  # of the key of what only takes up space
_ANCILLARY = bytes.fromhex("060e2b34010201010d01030117")
_RDD_18 = (0x43, 0x05)  # identifiers of an ancillary packet
_LARGEST_HEADER, _LARGEST = 8_000_000, 2_000_000
_MOST_PARTITIONS, _MOST_ELEMENTS, _MOST_SETS, _MOST_ITEMS = 256, 60, 20_000, 500
_MOST_LINES, _MOST_TEXTS, _LONGEST_TEXT = 64, 200, 4000
_SCANNED = 2_000_000
# Wide spaces, joiners and marks of direction: in texts of many languages, and never printable.
_UNSEEN = ("Zs", "Cf")
# Where they lie is not written anywhere: XMP's own specification has packets searched for.
_WRITTEN = {
    "xmp": (b"<x:xmpmeta", b"</x:xmpmeta>"),
    "xml": (b"<NonRealTimeMeta", b"</NonRealTimeMeta>"),
}
_CAMERA_MAKERS = re.compile(r"(ARRI|Canon|Sony|Panasonic|JVC|Ikegami|RED|FUJIFILM)", re.IGNORECASE)
_CAMERAS = re.compile(
    r"(EOS|ALEXA|AMIRA|VENICE|VariCam)\b.*|[A-Z]{2,4}-?[A-Z]{0,4}\d{1,4}[A-Z]{0,3}", re.IGNORECASE
)
# Elements' labels from their ninth byte: SMPTE ST 335, AS-11, AS-03.
_NAMES = {
    "0105020100000000": "main_title", "0105030100000000": "secondary_title",
    "0105040100000000": "series_number", "0105050100000000": "episode_number",
    "0105060100000000": "scene", "01050a0100000000": "working_title",
    "01050b0100000000": "original_title", "01050c0100000000": "clip_number",
    "0105080100000000": "version_title", "0205010201000000": "copyright_owner",
    "0205010101000000": "copyright_status", "0205030101000000": "rights_holder",
    "0205040301000000": "rights_condition", "0210010101010000": "broadcaster",
    "0230050101000000": "job", "0230050201000000": "role", "0230060301010100": "family_name",
    "0230060301020100": "given_name", "0230060302010100": "name",
    "0230060303010100": "organisation", "0302010103010000": "genre",
    "0302010203010000": "theme", "0302010204020000": "subject",
    "0302010205010000": "keywords", "0302010601010000": "abstract",
    "0302010602010000": "purpose", "0302010603010000": "description",
    "0302030202010000": "comment", "0701200101010100": "place_keyword",
    "0701200104010501": "city", "0701200104010801": "country",
    "0d0b060800000000": "synopsis", "0d0b0a0100000000": "director",
    "0d0b0a0200000000": "producer", "0d0b0a0500000000": "presenter",
    "0d01040103010100": "program_identifier",
    "0d01040103010600": "slate_title", "0d01040103010300": "shim",
    "0d0107010b010101": "series_title", "0d0107010b010102": "programme_title",
    "0d0107010b010103": "episode_title", "0d0107010b010104": "shim",
    "0d0107010b010106": "audio_language", "0d0c010101010100": "production_number",
    "0d0c010101010200": "synopsis", "0d0c010101010300": "originator",
    "0d0c010101010500": "other_identifier", "0d0c010101010700": "genre",
    "0d0c010101010800": "distributor", "0d0c010101011000": "video_comments",
    "0d0c010101011400": "audio_comments", "0d0c010101012400": "contact_email",
}  # fmt: skip


def mxf_parts(file: BinaryIO, size: int) -> Iterator[tuple[str, bytes]]:
    """``mxf`` (the header's metadata), ``acquisition``, ``xmp`` and ``xml`` of a file."""
    with suppress(struct.error):
        after = 0
        for at, header in _headers(file, size):
            yield "mxf", header
            after = after or at + len(header)
        yield from _first_ancillary(file, after, size)
    with suppress(struct.error):
        yield from _generic_streams(file, size)
    yield from _scanned(file, size)


def camera_of(tags: Mapping[str, str]) -> Facts:
    """The camera that wrote a file by its own identification; nothing of programs."""
    maker, product = tags.get("company_name", ""), tags.get("product_name", "")
    if not _CAMERA_MAKERS.match(maker) or not _CAMERAS.fullmatch(product):
        return Facts()
    return Facts(camera_make=maker, camera_model=product)


def described_in(texts: Mapping[str, Sequence[str]]) -> Description:
    """What descriptive metadata say of the whole."""

    def first(*names: str) -> str | None:
        return next((texts[name][0] for name in names if texts.get(name)), None)

    series, part = first("series_title"), first("programme_title", "main_title", "slate_title")
    return Description(
        title=part or series or first("working_title", "original_title", "episode_title"),
        description=first("synopsis", "abstract", "description"),
        scene=first("scene"),
        rights=joined([first("copyright_owner", "rights_holder"), first("rights_condition")]),
        creator=first("director", "originator"),
        tags=labels(word for text in texts.get("keywords", ()) for word in text.split(",")),
    )


def mxf_texts(header: bytes) -> dict[str, list[str]]:
    """Texts of descriptive metadata by what they are; those of unknown elements are ``other``."""
    found: dict[str, list[str]] = {}
    labels: Mapping[int, str] = {}
    count = 0
    for key, start, end in _elements(header, _MOST_SETS):
        if key == _PRIMER:
            labels = _primer(header[start:end])
        elif key[:7] == _LOCAL_SET and key[8:12] != _STRUCTURAL:
            for tag, value in _items(header[start:end]):
                name = _NAMES.get(labels.get(tag, ""))
                text = _text(value, known=name is not None)
                if text and count < _MOST_TEXTS:
                    texts = found.setdefault(name or "other", [])
                    count += text not in texts
                    texts += [text] * (text not in texts)
    return found


def mxf_timecodes(header: bytes) -> list[str]:
    """The start timecodes of all packages and tracks, each once."""
    found: dict[str, None] = {}
    for key, start, end in _elements(header, _MOST_SETS):
        if key[:7] == _LOCAL_SET and key[8:15] == _TIMECODE:
            items = dict(_items(header[start:end]))
            count, base, drop = (int.from_bytes(items.get(t, b"\xff" * 8), "big") for t in _TIMES)
            if 0 < base <= _FASTEST and count < _DAY * base:
                rate = Fraction(base * 1000, 1001) if drop == 1 else Fraction(base)
                dropped = drop == 1 and can_drop(rate)
                found[frames_to_timecode(count, rate, drop=dropped)] = None
    return list(found)[:_MOST_TIMECODES]


# --- keys and lengths -------------------------------------------------------------


def _length(data: bytes, at: int) -> tuple[int, int]:
    """A length by BER's rules, and where what it counts begins."""
    first = data[at] if at < len(data) else 0
    if not first & 0x80:
        return first, at + 1
    count = first & 0x7F
    return int.from_bytes(data[at + 1 : at + 1 + count], "big"), at + 1 + count


def _elements(data: bytes, most: int) -> Iterator[tuple[bytes, int, int]]:
    """The key of each element, and where its value begins and ends."""
    at = 0
    for _ in range(most):
        key = data[at : at + 16]
        if len(key) < 16 or not key.startswith(MXF_KEY):
            return
        length, start = _length(data, at + 16)
        if start + length > len(data):
            return
        yield key, start, start + length
        at = start + length


def _walk(file: BinaryIO, at: int, size: int, most: int) -> Iterator[tuple[bytes, int, int]]:
    """The same in a file, without reading the values."""
    for _ in range(most):
        file.seek(at)
        head = file.read(25)
        if len(head) < 17 or not head.startswith(MXF_KEY):
            return
        length, start = _length(head, 16)
        if at + start + length > size:
            return
        yield head[:16], at + start, at + start + length
        at += start + length


def _items(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    for _ in range(_MOST_ITEMS):
        if at + 4 > len(data):
            return
        tag, length = struct.unpack_from(">2H", data, at)
        yield tag, data[at + 4 : at + 4 + length]
        at += 4 + length


def _primer(data: bytes) -> dict[int, str]:
    """What the local tags of this file's sets stand for: the end of each element's label."""
    count, size = struct.unpack_from(">2I", data.ljust(8, b"\0"))
    entries = (data[8 + 18 * n : 26 + 18 * n] for n in range(min(count, len(data) // 18)))
    if size != 18:
        return {}
    return {int.from_bytes(e[:2], "big"): e[10:].hex() for e in entries if len(e) == 18}


def _text(value: bytes, *, known: bool) -> str | None:
    """A text of UTF-16; None for other values. Of unknown elements nobody says which are texts."""
    if len(value) % 2:
        return None
    # The cut may halve a pair of surrogates.
    errors = "ignore" if len(value) > _LONGEST_TEXT else "strict"
    try:
        text = value[:_LONGEST_TEXT].decode("utf-16-be", errors).rstrip("\0")
    except UnicodeDecodeError:
        return None
    if not all(c in "\n\r\t" or c.isprintable() or category(c) in _UNSEEN for c in text):
        return None
    return clean_text(text) or None if known or _is_of_one_sort(text) else None


def _is_of_one_sort(text: str) -> bool:
    """Numbers and identifiers, too, are characters of some sort, but seldom all of one."""
    alike = all(c < "\u0600" or "\u2000" <= c < "\u2070" for c in text)
    eastern = len(text) > 3 and all("\u3000" <= c <= "\u9fff" or c >= "\uac00" for c in text)
    return len(text) > 1 and (alike or eastern)


# --- partitions -------------------------------------------------------------------


def _headers(file: BinaryIO, size: int) -> Iterator[tuple[int, bytes]]:
    """The metadata behind the first partition's pack, and behind the footer's; where they lie."""
    first = _header(file, 0, size)
    if first is None:
        return
    footer, at, content = first
    yield at, content
    if 0 < footer < size and (last := _header(file, footer, size)) is not None:
        yield last[1:]


def _header(file: BinaryIO, at: int, size: int) -> tuple[int, int, bytes] | None:
    """A partition's word on where the footer is; where its metadata lie, and they."""
    key, start, end = next(_walk(file, at, size, 1), (b"", 0, 0))
    if key[:13] != _PARTITION or end - start < 64:
        return None
    file.seek(start)
    footer, length = struct.unpack_from(">2Q", file.read(64), 24)
    if not 0 <= length <= min(_LARGEST_HEADER, size - end):
        return None
    filling = next(_walk(file, end, size, 1), (b"", 0, 0))
    at = filling[2] if filling[0][8:13] == _FILLING else end
    file.seek(at)
    return footer, at, file.read(length)


def _first_ancillary(file: BinaryIO, at: int, size: int) -> Iterator[tuple[str, bytes]]:
    """The acquisition metadata of the first picture, whose packets lie beside it."""
    for key, start, end in _walk(file, at, size, _MOST_ELEMENTS) if at else ():
        if key[:13] == _ANCILLARY and key[14] == 2 and end - start <= _LARGEST:
            file.seek(start)
            if packets := b"".join(_packets(file.read(end - start))):
                yield "acquisition", packets
            return


def _packets(data: bytes) -> Iterator[bytes]:
    """The user data of RDD 18's packets: the first of their bytes counts them."""
    at = 2
    for _ in range(min(int.from_bytes(data[:2], "big"), _MOST_LINES)):
        if at + 14 > len(data):
            return
        samples, count, size = struct.unpack_from(">HII", data, at + 4)
        packet = data[at + 14 : at + 14 + min(samples, count * size)]
        if tuple(packet[:2]) == _RDD_18 and len(packet) > 4:
            yield packet[4 : 3 + packet[2]]
        at += 14 + count * size


def _generic_streams(file: BinaryIO, size: int) -> Iterator[tuple[str, bytes]]:
    for at in _partitions(file, size):
        elements = _walk(file, at, size, 4)
        key = next(elements, (b"", 0, 0))[0]
        if key[:13] != _PARTITION or key[14] != _GENERIC:
            continue
        for _, start, end in elements:
            file.seek(start)
            data = file.read(min(end - start, _LARGEST))
            if b"<" in data[:8]:
                name = "xmp" if b"xmpmeta" in data or b"rdf:RDF" in data else "xml"
                yield name, data


def _partitions(file: BinaryIO, size: int) -> Iterator[int]:
    """Where each partition begins, as the list at the end of a file has it."""
    file.seek(max(0, size - 4))
    length = int.from_bytes(file.read(4), "big")
    if not 16 < length <= min(size, 64_000):
        return
    file.seek(size - length)
    data = file.read(length)
    if data[:16] != _RANDOM_INDEX:
        return
    _, start = _length(data, 16)
    for at in range(start, min(len(data) - 12, start + 12 * _MOST_PARTITIONS), 12):
        offset = struct.unpack_from(">Q", data, at + 4)[0]
        if offset < size:
            yield offset


def _scanned(file: BinaryIO, size: int) -> Iterator[tuple[str, bytes]]:
    """XMP, and Sony's XML, anywhere in the beginning or the end of a file."""
    for at in dict.fromkeys((0, max(0, size - _SCANNED))):
        file.seek(at)
        data = file.read(_SCANNED)
        for name, (begin, end) in _WRITTEN.items():
            start = data.find(begin)
            stop = data.find(end, start)
            if 0 <= start < stop:
                yield name, data[start : stop + len(end)]
