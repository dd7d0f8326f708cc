"""MacCaption captions (``.mcc``): the ancillary data of each frame, by timecode.

A line is a timecode and a packet of SMPTE ST 334-1 in hexadecimal digits, in which letters from G
on stand for what comes often. Within is a caption distribution packet (SMPTE ST 334-2), and in
that the bytes of CEA-608 and CEA-708 that travel with one picture.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from catalog.domain.sidecars import Segment, Sidecar
from catalog.domain.timecode import parse_timecode
from catalog.errors import InvalidInputError
from catalog.media.dtvcc import Services
from catalog.media.line21 import Captions
from catalog.media.sidecars.subtitles import MOST_CUES

LARGEST = 60_000_000
"""Bytes: an hour has a hundred thousand packets."""
_HEAD = re.compile(r"\s*File Format\s*=\s*MacCaption_MCC", re.IGNORECASE)
_RATE = re.compile(r"^\s*Time Code Rate\s*=\s*(\d+)", re.IGNORECASE | re.MULTILINE)
_LINE = re.compile(r"(\d\d:\d\d:\d\d[:;.,]\d\d)(?:\.\d)?(?:,\d)?\s+([0-9A-Z]{4,2000})")
# From G to O: that many times FA 00 00, "nothing here".
_SHORT = {chr(ord("G") + at): "FA0000" * (at + 1) for at in range(9)}
_SHORT |= {"P": "FB8080", "Q": "FC8080", "R": "FD8080", "S": "9669", "T": "6101"}
_SHORT |= {"U": "E1000000", "Z": "00"}
_LETTERS = re.compile(r"[G-UZ]")
_CAPTIONS = b"\x61\x01"  # ST 334-1's identifiers of a packet of captions
_NTSC = {24: Fraction(24), 30: Fraction(30000, 1001), 60: Fraction(60000, 1001)}
# ST 334-2: a packet's own word for the rate, which tells 23.976 from 24.
_RATES = {
    **{1: Fraction(24000, 1001), 2: Fraction(24), 3: Fraction(25), 4: Fraction(30000, 1001)},
    **{5: Fraction(30), 6: Fraction(50), 7: Fraction(60000, 1001), 8: Fraction(60)},
}
_TIME, _DATA, _SERVICES = 0x71, 0x72, 0x73


def parse_mcc(text: str, language: str | None) -> Sidecar:
    """The captions of CEA-608, or where there are none those of CEA-708.

    Their timecodes are the programme's; `said_of` sets them against the asset's.

    Raises
    ------
    ValueError
        If it is no such file, or no caption is in it.
    """
    if not _HEAD.match(text.removeprefix("\ufeff")):
        raise ValueError("it is no MacCaption file")
    named = _RATE.search(text)
    count = int(named[1]) if named is not None else 30
    rate = _NTSC.get(count, Fraction(min(max(count, 1), 240)))
    segments = [
        Segment(said.kind, said.start, said.end, said.text, language)
        for said in _captions(text, rate)
    ]
    if not segments:
        raise ValueError("it has no caption")
    return Sidecar(segments=tuple(segments))


def _captions(text: str, rate: Fraction) -> list[Segment]:
    line21, services = Captions(), Services()
    found: tuple[list[Segment], list[Segment]] = ([], [])
    at = Fraction(0)
    for line in text.splitlines():
        if (parts := _LINE.fullmatch(line.strip())) is None:
            continue
        packet = _packet(parts[2])
        rate = _RATES.get(packet[3] >> 4, rate) if len(packet) > 3 else rate
        try:
            at = max(at, parse_timecode(parts[1], rate).frames / rate)
        except InvalidInputError:  # a frame that the rate does not have
            continue
        triplets = _triplets(packet)
        _keep(found[0], line21.add(at, triplets))
        _keep(found[1], services.add(at, triplets))
    _keep(found[0], line21.finish(at))
    _keep(found[1], services.finish(at))
    return found[0] or found[1]


def _keep(found: list[Segment], more: Iterator[Segment]) -> None:
    found += list(more)[: MOST_CUES - len(found)]


def _packet(digits: str) -> bytes:
    """A line's caption distribution packet; nothing if it is another packet, or broken."""
    try:
        content = bytes.fromhex(_LETTERS.sub(lambda letter: _SHORT[letter[0]], digits))
    except ValueError:
        return b""
    packet = content[3 : 3 + content[2]] if len(content) > 3 else b""
    return packet if content.startswith(_CAPTIONS) and packet.startswith(b"\x96\x69") else b""


def _triplets(packet: bytes) -> bytes:
    """The caption bytes of a packet; see `catalog.media.line21.Captions`."""
    at = 7
    while at + 2 <= len(packet):
        section, count = packet[at], packet[at + 1]
        if section == _DATA:
            return packet[at + 2 : at + 2 + 3 * (count & 0x1F)]
        if section == _TIME:
            at += 5
        elif section == _SERVICES:
            at += 2 + 7 * (count & 0x0F)
        else:
            return b""
    return b""
