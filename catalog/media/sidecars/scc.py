"""Scenarist captions (``.scc``): the bytes of CEA-608, two to a frame of 29.97, by timecode."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from catalog.domain.sidecars import Segment, Sidecar
from catalog.domain.timecode import parse_timecode
from catalog.media.line21 import Captions
from catalog.media.sidecars.subtitles import MOST_CUES

_HEAD = "Scenarist_SCC"
_LINE = re.compile(r"(\d\d:\d\d:\d\d[:;.,]\d\d)\s+((?:[0-9a-fA-F]{4}\s*)+)")
_RATE = Fraction(30000, 1001)
_FIELD_ONE = 0x04  # a valid pair of the first field, as CTA-708 marks it


def parse_scc(text: str, language: str | None) -> Sidecar:
    """The captions of the first channel.

    Their timecodes are the programme's; `said_of` sets them against the asset's.

    Raises
    ------
    ValueError
        If it is no such file, or no caption is in it.
    """
    if not text.lstrip("\ufeff \n").startswith(_HEAD):
        raise ValueError("it is no Scenarist caption file")
    segments = [
        Segment(said.kind, said.start, said.end, said.text, language)
        for _, said in zip(range(MOST_CUES), _captions(text), strict=False)
    ]
    if not segments:
        raise ValueError("it has no caption")
    return Sidecar(segments=tuple(segments))


def _captions(text: str) -> Iterator[Segment]:
    captions, at = Captions(), Fraction(0)
    for line in text.split("\n"):
        if (found := _LINE.fullmatch(line.strip())) is None:
            continue
        at = max(at, Fraction(parse_timecode(found[1], _RATE).frames) / _RATE)
        for pair in found[2].split():
            yield from captions.add(at, bytes([_FIELD_ONE]) + bytes.fromhex(pair))
            at += 1 / _RATE
    yield from captions.finish(at)
