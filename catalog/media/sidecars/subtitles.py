"""Subtitle files of text as spoken segments: by pysubs2, but for what it does not read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

import pysubs2

from catalog.domain.sidecars import Segment, Sidecar
from catalog.media.sidecars.lyrics import timed_lines
from catalog.media.tags import clean_text

MOST_CUES = 20_000
# Subtitles are read by people; the patterns of readers are slow on a line of a megabyte.
_LONGEST_LINE = 10_000
# Without it pysubs2 would ask for the frame rate of a MicroDVD file that does not name its own.
_FRAMES_PER_SECOND = 25.0
_MARKUP = re.compile(r"<[^<>]{0,200}>|\{\\[^{}]{0,200}\}")
_SPACE = re.compile(r"[ \t]+")
# SubViewer's times, as YouTube writes them; all else is as in SubRip.
_SBV_TIMES = re.compile(r"^(\d+:\d\d:\d\d\.\d{3}),(\d+:\d\d:\d\d\.\d{3})$", re.MULTILINE)
_SPRUCE = re.compile(r"\s*" + r"(\d\d):(\d\d):(\d\d):(\d\d)\s*,\s*" * 2 + r"(.*)")
_LAST_LINE_S = Fraction(5)


def parse_subtitles(text: str, suffix: str, language: str | None) -> Sidecar:
    """The cues of SubRip, SubViewer, WebVTT, SubStation Alpha, SAMI, MicroDVD, Spruce or LRC text.

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
    match suffix:
        case ".stl":
            cues = _spruce(text)
        case ".lrc":
            cues = timed_lines(text, last=_LAST_LINE_S)
        case _:
            cues = _by_pysubs2(text, suffix)
    segments = tuple(
        Segment("speech", start, end, words, language)
        for start, end, said in cues
        if (words := plain(said)) and 0 <= start < end
    )[:MOST_CUES]
    if not segments:
        raise ValueError("it has no subtitle")
    return Sidecar(segments=segments)


def _by_pysubs2(text: str, suffix: str) -> Iterator[tuple[Fraction, Fraction, str]]:
    if suffix == ".sbv":
        suffix, text = ".srt", _SBV_TIMES.sub(r"\1 --> \2", text)
    kind = pysubs2.formats.get_format_identifier(".sami" if suffix == ".smi" else suffix)
    try:
        found = pysubs2.SSAFile.from_string(text, format_=kind, fps=_FRAMES_PER_SECOND)
    except Exception as error:
        # A parser of text met something it did not expect; which error that is, it does not say.
        raise ValueError(str(error)[:200] or type(error).__name__) from error
    for event in found:
        if not (event.is_comment or event.is_drawing):
            yield Fraction(event.start, 1000), Fraction(event.end, 1000), event.plaintext


def _spruce(text: str) -> Iterator[tuple[Fraction, Fraction, str]]:
    """Spruce STL: ``00:00:01:00 , 00:00:02:12 , Words | of two lines``; it names no frame rate."""
    lines = [found for line in text.split("\n") if (found := _SPRUCE.fullmatch(line))]
    frames = (int(line[group]) for line in lines for group in (4, 8))
    rate = 25 if max(frames, default=0) < 25 else 30  # PAL's frames, else NTSC's
    for line in lines:
        start, end = (
            Fraction(int(h) * 3600 + int(m) * 60 + int(s)) + Fraction(int(f), rate)
            for h, m, s, f in (line.group(1, 2, 3, 4), line.group(5, 6, 7, 8))
        )
        yield start, end, line[9].replace("|", "\n")


def plain(text: str) -> str:
    """Words without markup, each line without spaces around it."""
    text = _MARKUP.sub("", text.replace("\\N", "\n").replace("\\h", " "))
    lines = (_SPACE.sub(" ", line).strip() for line in clean_text(text).split("\n"))
    return "\n".join(line for line in lines if line)
