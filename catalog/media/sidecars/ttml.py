"""Timed Text Markup Language as subtitles: TTML2 and its profiles (IMSC, EBU-TT-D, iTT), DFXP.

After the W3C's TTML2 recommendation, section 12 (timing) and appendix H (whose time expressions
in frames and ticks pysubs2 leaves out). How text looks is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from xml.etree.ElementTree import Element  # only a type; see `parse_xml`

from catalog.domain.languages import language_tag
from catalog.domain.sidecars import Segment, Sidecar
from catalog.domain.timecode import parse_timecode
from catalog.media.sidecars.subtitles import MOST_CUES, plain
from catalog.media.sidecars.text import parse_xml

_CLOCK = re.compile(r"(\d{2,3}):(\d\d):(\d\d)(?:(\.\d{1,9})|:(\d{1,3})(?:\.\d{1,3})?)?")
_OFFSET = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)(h|m|s|ms|f|t)")
_SECONDS = {"h": Fraction(3600), "m": Fraction(60), "s": Fraction(1), "ms": Fraction(1, 1000)}
_TIMES = ("begin", "end", "dur")
# Kana over their characters, and the signs around them, are no words of their own.
_RUBY = ("text", "textContainer", "delimiter")
_DEEPEST = 40


def parse_ttml(data: bytes, language: str | None) -> Sidecar:
    """The paragraphs of a document, each with its time.

    Where they count by SMPTE timecode that is the programme's; `said_of` sets it against the
    asset's. Entities and document types are refused.

    Parameters
    ----------
    language:
        BCP 47, as the file's name tells; else the document's own is taken.

    Raises
    ------
    ValueError
        If it is no XML, no TTML, or has no words.
    """
    root = parse_xml(data)
    if _name(root.tag) != "tt":
        raise ValueError("it is no TTML")
    clock = _clock_of(root)
    segments = [
        Segment("speech", start, end, words, language or own)
        for start, end, words, own in _paragraphs(root, clock, _Span(Fraction(0), None))
        if start < end
    ][:MOST_CUES]
    if not segments:
        raise ValueError("it has no subtitle")
    return Sidecar(segments=tuple(segments))


@dataclass(frozen=True, slots=True)
class _Span:
    """From when to when an element lasts, in seconds; ``end`` is None where nothing ends it."""

    start: Fraction
    end: Fraction | None


_Clock = Callable[[str], Fraction]
_Found = tuple[Fraction, Fraction, str, str | None]


def _paragraphs(element: Element, clock: _Clock, span: _Span, depth: int = 0) -> Iterator[_Found]:
    """What is said within an element that lasts so long."""
    if depth > _DEEPEST:
        raise ValueError("it is nested too deeply")
    name, own = _name(element.tag), _language(element)
    timed_parts = name == "p" and not _timed(element) and any(_timed(each) for each in element)
    if name in ("p", "span") and not timed_parts:
        words = plain("".join(_words(element)))
        if words and span.end is not None:
            yield span.start, span.end, words, own
        return
    one_after_another, follows = element.get("timeContainer") == "seq", span.start
    for child in element:
        if _name(child.tag) not in ("body", "div", "p", "span"):
            continue
        lasts = _lasts(child, clock, follows if one_after_another else span.start, span.end)
        if one_after_another and lasts.end is not None:
            follows = lasts.end
        for start, end, words, deeper in _paragraphs(child, clock, lasts, depth + 1):
            yield start, end, words, deeper or own


def _lasts(element: Element, clock: _Clock, since: Fraction, until: Fraction | None) -> _Span:
    """When an element is shown that lies in a container of these times."""
    begin, end, length = (clock(element.get(name) or "") for name in _TIMES)
    start = since + begin
    ends = [until] if until is not None else []
    if element.get("end"):
        ends.append(since + end)
    if element.get("dur"):
        ends.append(start + length)
    return _Span(start, min(ends) if ends else None)


def _clock_of(root: Element) -> _Clock:
    """How the document's time expressions are read: to seconds; the empty one is zero."""
    told = {_name(name): value for name, value in root.attrib.items()}
    nominal = Fraction(max(1, int(told.get("frameRate") or 30)))
    above, below, *_ = *re.split(r"[ :]+", told.get("frameRateMultiplier") or "1"), "1"
    rate = nominal * Fraction(int(above), int(below) or 1)
    if not 1 <= rate <= 1000:
        raise ValueError(f"its frame rate is {rate}")
    ticks = Fraction(int(told.get("tickRate") or (nominal if "frameRate" in told else 1)) or 1)
    units = {**_SECONDS, "f": 1 / rate, "t": 1 / ticks}
    smpte = told.get("timeBase") == "smpte"
    dropped = smpte and told.get("dropMode") == "dropNTSC"

    def seconds(text: str) -> Fraction:
        if not text:
            return Fraction(0)
        if found := _OFFSET.fullmatch(text.strip()):
            return Fraction(found[1]) * units[found[2]]
        if (found := _CLOCK.fullmatch(text.strip())) is None:
            raise ValueError(f"{text[:20]!r} is no time expression")
        hours, minutes, whole = (int(part) for part in found.group(1, 2, 3))
        frames = int(found[5] or 0)
        if dropped:
            code = f"{hours % 24:02d}:{minutes:02d}:{whole:02d};{frames:02d}"
            return Fraction(parse_timecode(code, rate).frames) / rate
        full = Fraction(hours * 3600 + minutes * 60 + whole)
        if smpte:  # a count of frames, spelled as a time
            return (full * nominal + frames) / rate
        return full + Fraction(found[4] or 0) + frames / rate

    return seconds


def _words(element: Element) -> Iterator[str]:
    """The text of an element; as in XML, line ends of the source are but spaces."""
    yield _one_line(element.text)
    for child in element:
        ruby = next((v for k, v in child.attrib.items() if _name(k) == "ruby"), None)
        if _name(child.tag) == "br":
            yield "\n"
        elif _name(child.tag) == "span" and ruby not in _RUBY:
            yield from _words(child)
        yield _one_line(child.tail)


def _one_line(text: str | None) -> str:
    return re.sub(r"\s+", " ", text or "")


def _timed(element: Element) -> bool:
    return any(element.get(name) for name in _TIMES)


def _name(tag: object) -> str:
    """Without its namespace: three of them were TTML's, and comments have no name."""
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _language(element: Element) -> str | None:
    return language_tag(element.get("{http://www.w3.org/XML/1998/namespace}lang") or "")
