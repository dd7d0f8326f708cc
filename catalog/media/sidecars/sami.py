"""SAMI: one file of captions in several languages, each a class of its style sheet.

Microsoft, Understanding SAMI 1.0.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from fractions import Fraction

from catalog.domain.languages import language_tag
from catalog.domain.sidecars import Segment

_SYNC = re.compile(r"<sync\b[^<>]{0,200}?\bstart\s*=\s*[\"']?(\d{1,9})[^<>]{0,200}>", re.IGNORECASE)
_PARAGRAPH = re.compile(r"<p\b([^<>]{0,500})>", re.IGNORECASE)
_CLASS = re.compile(r"\bclass\s*=\s*[\"']?([\w-]{1,100})", re.IGNORECASE)
_LANGUAGE = re.compile(
    r"\.([\w-]{1,100})\s*\{[^{}]{0,500}?\blang\s*:\s*[\"']?([\w-]{1,35})", re.IGNORECASE
)
_END = re.compile(r"</?(?:body|sami|sync|p)\b[^<>]{0,200}>.*", re.IGNORECASE | re.DOTALL)
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]{0,500}>")
# The last says no end: half a second, and fifteen characters a second.
_LEAST_MS, _CHARACTER_MS = 500, 67


def sami_segments(text: str, language: str | None) -> Iterator[Segment]:
    """Each class's captions, up to that class's next; the style sheet tells its language.

    Parameters
    ----------
    language:
        BCP 47, as the file's name tells; of classes that tell none.
    """
    languages = {name.lower(): language_tag(said) for name, said in _LANGUAGE.findall(text)}
    shown: dict[str, list[tuple[int, list[str]]]] = {}
    for at, name, words in _captions(text):
        captions = shown.setdefault(name, [])
        if not captions or captions[-1][0] != at:
            captions.append((at, []))
        captions[-1][1].append(words)
    for name, captions in shown.items():
        said = [(at, "\n".join(filter(None, lines))) for at, lines in captions]
        last = (said[-1][0] + _LEAST_MS + _CHARACTER_MS * len(said[-1][1]), "")
        for (start, words), (end, _) in zip(said, [*said[1:], last], strict=True):
            if words and start < end:
                tag = languages.get(name) or language
                yield Segment("speech", Fraction(start, 1000), Fraction(end, 1000), words, tag)


def _captions(text: str) -> Iterator[tuple[int, str, str]]:
    """Milliseconds, class and words of each paragraph, empty ones among them."""
    marks = list(_SYNC.finditer(text))
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        body = text[mark.end() : following.start() if following else None]
        parts = _PARAGRAPH.split(body)
        if len(parts) == 1:  # no paragraph: the words stand bare
            parts = ["", "", *parts]
        for told, words in zip(parts[1::2], parts[2::2], strict=True):
            named = _CLASS.search(told)
            yield int(mark[1]), named[1].lower() if named else "", _words(words)


def _words(markup: str) -> str:
    text = _TAG.sub("", _BREAK.sub("\n", _END.sub("", markup.replace("\n", " "))))
    lines = (" ".join(html.unescape(line).split()) for line in text.split("\n"))
    return "\n".join(filter(None, lines))
