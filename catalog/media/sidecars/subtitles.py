"""Subtitle files as spoken segments, by pysubs2."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

import pysubs2

from catalog.domain.sidecars import Segment, Sidecar
from catalog.media.tags import clean_text

MOST_CUES = 20_000
# Subtitles are read by people; the patterns of readers are slow on a line of a megabyte.
_LONGEST_LINE = 10_000
# Without it pysubs2 would ask for the frame rate of a MicroDVD file that does not name its own.
_FRAMES_PER_SECOND = 25.0
_MARKUP = re.compile(r"<[^<>]{0,200}>|\{\\[^{}]{0,200}\}")
_SPACE = re.compile(r"[ \t]+")


def parse_subtitles(text: str, suffix: str, language: str | None) -> Sidecar:
    """The cues of SubRip, WebVTT, SubStation Alpha or MicroDVD text.

    Parameters
    ----------
    suffix:
        Of the file's name, in lower case with its dot.
    language:
        BCP 47, as the file's name tells.

    Raises
    ------
    ValueError
        If there is no cue in it, or it cannot be subtitles.
    """
    if any(len(line) > _LONGEST_LINE for line in text.split("\n")):
        raise ValueError(f"a line is longer than {_LONGEST_LINE} characters")
    kind = pysubs2.formats.get_format_identifier(suffix)
    try:
        found = pysubs2.SSAFile.from_string(text, format_=kind, fps=_FRAMES_PER_SECOND)
    except Exception as error:
        # A parser of text met something it did not expect; which error that is, it does not say.
        raise ValueError(str(error)[:200] or type(error).__name__) from error
    segments = tuple(_segments(found, language))
    if not segments:
        raise ValueError("it has no subtitle")
    return Sidecar(segments=segments)


def _segments(file: pysubs2.SSAFile, language: str | None) -> Iterator[Segment]:
    number = 0
    for event in file:
        words = None if event.is_comment or event.is_drawing else plain(event.plaintext)
        if words and 0 <= event.start < event.end and number < MOST_CUES:
            number += 1
            start, end = Fraction(event.start, 1000), Fraction(event.end, 1000)
            yield Segment("speech", start, end, words, language)


def plain(text: str) -> str:
    """Words without markup, each line without spaces around it."""
    text = _MARKUP.sub("", text.replace("\\N", "\n").replace("\\h", " "))
    lines = (_SPACE.sub(" ", line).strip() for line in clean_text(text).split("\n"))
    return "\n".join(line for line in lines if line)
