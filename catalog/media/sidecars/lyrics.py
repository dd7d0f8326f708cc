"""Lyrics embedded in a sound: line by line where they are timed (LRC), else as one text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from catalog.domain.sidecars import Segment

_MOST_LINES = 5000
_TIMED = re.compile(r"\s*((?:\[\d{1,3}:\d{1,2}(?:[.:]\d{1,3})?\])+)(.*)")
_TIME = re.compile(r"\[(\d{1,3}):(\d{1,2})(?:[.:](\d{1,3}))?\]")


def lyrics(text: str, duration: Fraction | None) -> Iterator[Segment]:
    """The words as speech; a timed line lasts until the next one begins."""
    if not duration:
        return
    timed = False
    for start, end, words in timed_lines(text, last=duration):
        timed = True
        if words and start < min(end, duration):
            yield Segment("speech", start, min(end, duration), words)
    if not timed:
        yield Segment("speech", Fraction(0), duration, text)


def timed_lines(text: str, *, last: Fraction) -> Iterator[tuple[Fraction, Fraction, str]]:
    """From when, until when, and what; nothing is known of how long the ``last`` one lasts."""
    lines = sorted(_timed(text), key=lambda line: line[0])[:_MOST_LINES]
    ends = [start for start, _ in lines[1:]] + [start + last for start, _ in lines[-1:]]
    for (start, words), end in zip(lines, ends, strict=True):
        yield start, end, words


def _timed(text: str) -> Iterator[tuple[Fraction, str]]:
    for line in text.splitlines():
        if found := _TIMED.fullmatch(line):
            for minutes, seconds, rest in _TIME.findall(found[1]):
                part = Fraction(int(rest), 10 ** len(rest)) if rest else Fraction(0)
                yield 60 * int(minutes) + int(seconds) + part, found[2].strip()
