"""Subtitle files of text as spoken segments: by pysubs2, but for what it does not read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from html import unescape

import pysubs2

from catalog.domain.languages import language_tag
from catalog.domain.sidecars import Segment, Sidecar
from catalog.media.sidecars.lyrics import timed_lines
from catalog.media.sidecars.sami import sami_segments
from catalog.media.tags import clean_text

MOST_CUES = 20_000
# Subtitles are read by people; the patterns of readers are slow on a line of a megabyte.
_LONGEST_LINE = 10_000
# What a MicroDVD file is counted at that does not tell its frame rate, until the film's is known.
_FRAMES_PER_SECOND = 25.0
_MICRODVD_RATE = re.compile(r"\s*\{[01]\}\{[01]\}\s*(\d{1,3}(?:[.,]\d{1,6})?)\s*(?:\n|$)")
_SLOWEST, _FASTEST = 5, 240
_VTT_LANGUAGE = re.compile(r"^Language:[ \t]*([\w-]{1,35})", re.MULTILINE)
_MOMENT = Fraction(1, 20)
# SubRip has none by right, but is often made of WebVTT.
_WITH_ENTITIES = {".vtt", ".srt", ".sbv"}
_MARKUP = re.compile(r"<[^<>]{0,200}>|\{\\[^{}]{0,200}\}")
_SPACE = re.compile(r"[ \t\xa0]+")
# With its semicolon: an address's "&copy=2" is none.
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
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
    counted_at = None
    match suffix:
        case ".smi":
            return _sidecar(sami_segments(text, language), None)
        case ".sub":
            rate, text = _rate_of_microdvd(text)
            counted_at = None if rate else Fraction(_FRAMES_PER_SECOND)
            cues = _by_pysubs2(text, suffix, rate or _FRAMES_PER_SECOND)
        case ".vtt":
            language = language or _language_of_vtt(text)
            cues = _unrolled(_by_pysubs2(text, suffix))
        case ".stl":
            cues = _spruce(text)
        case ".lrc":
            cues = timed_lines(text, last=_LAST_LINE_S)
        case _:
            cues = _by_pysubs2(text, suffix)
    entities = suffix in _WITH_ENTITIES
    segments = (
        Segment("speech", start, end, words, language)
        for start, end, said in cues
        if (words := _unescaped(plain(said)) if entities else plain(said)) and 0 <= start < end
    )
    return _sidecar(segments, counted_at)


def _sidecar(segments: Iterable[Segment], counted_at: Fraction | None) -> Sidecar:
    found = tuple(
        replace(each, text=words) for each in segments if (words := clean_text(each.text or ""))
    )[:MOST_CUES]
    if not found:
        raise ValueError("it has no subtitle")
    return Sidecar(segments=found, counted_at=counted_at)


def _unescaped(words: str) -> str:
    said = _ENTITY.sub(lambda entity: unescape(entity[0]), words)
    return _SPACE.sub(" ", said).strip()


def _rate_of_microdvd(text: str) -> tuple[float | None, str]:
    """Frames a second, where the first line is nothing but them; and what is said."""
    first = _MICRODVD_RATE.match(text)
    rate = float(first[1].replace(",", ".")) if first is not None else 0.0
    if first is None or not _SLOWEST <= rate <= _FASTEST:
        return None, text
    return rate, text[first.end() :]


def _language_of_vtt(text: str) -> str | None:
    """What the header says, as YouTube and others write it."""
    said = _VTT_LANGUAGE.search(text.partition("\n\n")[0])
    return None if said is None else language_tag(said[1])


def _unrolled(
    cues: Iterable[tuple[Fraction, Fraction, str]],
) -> Iterator[tuple[Fraction, Fraction, str]]:
    """Captions that roll up, each line said once.

    YouTube's show a line as it is said, then for a hundredth of a second alone, and then over the
    next: every other cue is such a moment, which is how they are known.
    """
    known = list(cues)
    moments = sum(end - start <= _MOMENT for start, end, _ in known)
    if moments * 3 < len(known):
        yield from known
        return
    before = ""
    for start, end, said in known:
        lines = list(filter(None, plain(said).split("\n")))
        if lines and lines[0] == before:
            lines = lines[1:]
        if lines:
            before = lines[-1]
            yield start, end, "\n".join(lines)


def _by_pysubs2(
    text: str, suffix: str, rate: float = _FRAMES_PER_SECOND
) -> Iterator[tuple[Fraction, Fraction, str]]:
    if suffix == ".sbv":
        suffix, text = ".srt", _SBV_TIMES.sub(r"\1 --> \2", text)
    kind = pysubs2.formats.get_format_identifier(suffix)
    try:
        found = pysubs2.SSAFile.from_string(text, format_=kind, fps=rate)
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
