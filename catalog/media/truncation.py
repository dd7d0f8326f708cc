"""Whether a file ends before its own structure says it does: a copy that was cut off."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from catalog.domain.paths import shown_path
from catalog.errors import UndecodableError

# SMPTE ST 377-1, 7.1: the key of a header partition pack, but for its last two bytes.
_HEADER_PARTITION = bytes.fromhex("060e2b34020501010d0102010102")
_KEY_BYTES = 16
_FOOTER_OFFSET = 24  # after versions (2+2), KAG size (4), this (8) and previous partition (8)
_LONG_BER = 0x80
_BOX_HEADER = 8
_MOST_BOXES = 10_000
_HEAD_BYTES = 4096
_EBML, _SEGMENT = b"\x1aE\xdf\xa3", b"\x18S\x80g"
_MOST_EBML_WIDTH = 8
_LARGEST_RIFF = 0xFFFFFF00
# Behind the header of the first frame and its side information, whose length is one of these.
_XING_AT = (13, 21, 36)
_XING_END = 36 + 16
_HAS_FRAMES, _HAS_BYTES = 0x01, 0x02
_TWO_FRAMES = 4096
_FIRST_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"})


class TruncatedError(UndecodableError):
    """The file is media, but its end is missing."""

    code = "truncated"


def missing_bytes(path: Path) -> int:
    """Bytes lacking before the end that a file's own structure names; 0 if it names none.

    Of MXF, MP4 and QuickTime, Matroska and WebM, AVI, WAV, and MP3 with a header of its own.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        size = os.fstat(file.fileno()).st_size
    if head.startswith(_HEADER_PARTITION):
        return mxf_missing_bytes(path)
    if head.startswith(_EBML):
        return max(0, _segment_end(head) - size)
    if head.startswith(b"RIFF"):
        length = int.from_bytes(head[4:8], "little")
        # Recorders that stream write no length, or the largest.
        return max(0, length + 8 - size) if length < _LARGEST_RIFF else 0
    if head[4:8] in _FIRST_BOXES:
        return iso_missing_bytes(path)
    return mp3_missing_bytes(path)


def _segment_end(head: bytes) -> int:
    """Where a Matroska's one segment ends; 0 where it is of unknown length."""
    header, _ = _ebml_length(head, len(_EBML))
    at = len(_EBML) + _ebml_width(head, len(_EBML)) + header
    if head[at : at + 4] != _SEGMENT:
        return 0
    length, known = _ebml_length(head, at + 4)
    return at + 4 + _ebml_width(head, at + 4) + length if known else 0


def _ebml_width(head: bytes, at: int) -> int:
    return 9 - head[at].bit_length() if at < len(head) and head[at] else 9


def _ebml_length(head: bytes, at: int) -> tuple[int, bool]:
    """A variable-length number (RFC 8794, 4), and whether it is not the one for "unknown"."""
    width = _ebml_width(head, at)
    if width > _MOST_EBML_WIDTH:
        return 0, False
    ones = (1 << (7 * width)) - 1
    value = int.from_bytes(head[at : at + width], "big") & ones
    return value, value != ones


def mxf_missing_bytes(path: Path) -> int:
    """Bytes lacking before the footer that an MXF's header names; 0 if it names none.

    An MXF that is still being written names no footer, and is not truncated.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if not file.read(_KEY_BYTES).startswith(_HEADER_PARTITION):
            return 0
        first = file.read(1)
        if first and first[0] & _LONG_BER:
            file.read(first[0] & ~_LONG_BER)
        file.seek(_FOOTER_OFFSET, os.SEEK_CUR)
        footer = int.from_bytes(file.read(8), "big")
    # The footer's own key and length are the least that must follow.
    return max(0, footer + _KEY_BYTES + 1 - size) if footer else 0


def iso_missing_bytes(path: Path) -> int:
    """Bytes lacking at the end of the last top-level box of an MP4 or QuickTime file."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        at = 0
        for _ in range(_MOST_BOXES):
            if at >= size:
                return at - size
            length = _box_length(file, at)
            if length is None:
                return 0
            at += length
    return 0


def _box_length(file: BinaryIO, at: int) -> int | None:
    """The box's length; None where it reaches to the end of the file or makes no sense."""
    file.seek(at)
    header = file.read(_BOX_HEADER)
    length = int.from_bytes(header[:4], "big")
    if length == 1:  # the length follows in 64 bits
        length = int.from_bytes(file.read(8), "big")
    return length if len(header) == _BOX_HEADER and length >= _BOX_HEADER else None


def mp3_missing_bytes(path: Path) -> int:
    """Bytes lacking of those that an MP3's Xing header counts; 0 if it has none."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        head = file.read(10)
        first = 0
        if head[:3] == b"ID3":
            first = 10 + sum((each & 0x7F) << 7 * (3 - at) for at, each in enumerate(head[6:10]))
        file.seek(first)
        frame = file.read(_XING_END)
    if len(frame) < _XING_END or frame[0] != 0xFF or frame[1] & 0xE0 != 0xE0:
        return 0
    at = next((at for at in _XING_AT if frame[at : at + 4] in (b"Xing", b"Info")), None)
    if at is None or not frame[at + 7] & _HAS_BYTES:
        return 0
    at += 12 if frame[at + 7] & _HAS_FRAMES else 8
    missing = first + int.from_bytes(frame[at : at + 4], "big") - size
    # Who wrote it may have counted what he did not write, of a frame or two.
    return missing if missing > _TWO_FRAMES else 0


def truncated(path: Path, form: str, missing: int) -> TruncatedError:
    """The error for a file that lacks its end."""
    size = path.stat().st_size
    return TruncatedError(
        f"{shown_path(path)} is {form}, but ends after {size} bytes, {missing} bytes or more"
        " before its own structure says; expected a complete file.",
        remedy="Copy it again from its source.",
        path=shown_path(path),
        format=form,
        size=size,
        missing=missing,
    )
