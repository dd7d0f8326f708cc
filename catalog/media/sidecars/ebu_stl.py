"""EBU STL subtitles (EBU Tech 3264): broadcasters' binary files, which pysubs2 does not read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from fractions import Fraction

from catalog.domain.languages import language_tag
from catalog.domain.sidecars import Segment, Sidecar
from catalog.media.sidecars.subtitles import MOST_CUES, plain

_GSI, _TTI = 1024, 128  # bytes of the head and of each block of text
_DISK_FORMAT = re.compile(rb"STL(\d\d)\.01")
_EXTENDED = 0xFF  # the extension block number of a subtitle's last block
_COMMENT = 1
_TABLES = {b"01": "iso8859_5", b"02": "iso8859_6", b"03": "iso8859_7", b"04": "iso8859_8"}
# ISO 6937 writes an accent before its letter.
_ACCENTS = dict(
    zip(
        (0xC1, 0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7, 0xC8, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF),
        "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u0327\u030b\u0328\u030c",
        strict=True,
    )
)
_SIGNS = dict(
    zip(
        (*range(0xA1, 0xA9), 0xA9, 0xAA, *range(0xAB, 0xB0), *range(0xB0, 0xC0), 0xE1, 0xE2, 0xE8,
         0xE9, 0xEA, 0xF1, 0xF2, 0xF3, 0xF5, 0xF8, 0xF9, 0xFA, 0xFB, 0xFC),
        "¡¢£$¥#§¤‘“«←↑→↓°±²³×µ¶·÷’”»¼½¾¿ÆĐŁØŒæđðıłøœßþ",
        strict=True,
    )
)  # fmt: skip
# Annex: a few of the language codes of EBU Tech 3264, table 4.
_LANGUAGES = {
    b"01": "sq", b"02": "br", b"03": "ca", b"04": "hr", b"05": "cy", b"06": "cs", b"07": "da",
    b"08": "de", b"09": "en", b"0A": "es", b"0B": "eo", b"0C": "et", b"0D": "eu", b"0E": "fo",
    b"0F": "fr", b"11": "ga", b"14": "is", b"15": "it", b"17": "la", b"18": "lv", b"1A": "lt",
    b"1B": "hu", b"1C": "mt", b"1D": "nl", b"1E": "no", b"20": "pl", b"21": "pt", b"22": "ro",
    b"26": "sk", b"27": "sl", b"28": "fi", b"29": "sv", b"2A": "tr",
}  # fmt: skip


def is_ebu_stl(data: bytes) -> bool:
    """Whether it is one; Spruce's files of text have the same suffix."""
    return _DISK_FORMAT.fullmatch(data[3:11]) is not None


def parse_stl(data: bytes, language: str | None) -> Sidecar:
    """The cues of an EBU STL file.

    Their timecodes are the programme's; `said_of` sets them against the asset's.

    Raises
    ------
    ValueError
        If it is no EBU STL file or holds no cue.
    """
    form = _DISK_FORMAT.fullmatch(data[3:11])
    if form is None or len(data) < _GSI + _TTI:
        raise ValueError("it is no EBU STL file")
    rate = int(form[1]) or 25
    spoken = language or language_tag(_LANGUAGES.get(data[14:16].upper(), ""))
    table = _TABLES.get(data[12:14])
    segments: list[Segment] = []
    parts = b""
    for at in range(_GSI, len(data) - _TTI + 1, _TTI):
        block = data[at : at + _TTI]
        parts += block[16:].split(b"\x8f", 1)[0]
        if block[3] != _EXTENDED:
            continue
        words, parts = plain("".join(_decoded(parts, table))), b""
        start, end = _seconds(block[5:9], rate), _seconds(block[9:13], rate)
        if block[15] != _COMMENT and words and start < end and len(segments) < MOST_CUES:
            segments.append(Segment("speech", start, end, words, spoken))
    if not segments:
        raise ValueError("it has no subtitle")
    return Sidecar(segments=tuple(segments))


def _seconds(code: bytes, rate: int) -> Fraction:
    hours, minutes, seconds, frames = code
    return Fraction(hours * 3600 + minutes * 60 + seconds) + Fraction(frames, rate)


def _decoded(data: bytes, table: str | None) -> Iterator[str]:
    accent = ""
    for byte in data:
        if byte == 0x8A:
            yield "\n"
        elif byte < 0x20 or 0x7F <= byte < 0xA0:
            yield " "  # teletext colours and boxes
        elif table is not None and byte >= 0xA0:
            yield bytes([byte]).decode(table, "replace")
        elif byte in _ACCENTS:
            accent = _ACCENTS[byte]
        else:
            sign = chr(byte) if byte < 0x7F else _SIGNS.get(byte, "")
            yield unicodedata.normalize("NFC", sign + accent)
            accent = ""
