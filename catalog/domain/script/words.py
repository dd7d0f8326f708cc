"""Of a line, the words that can be looked up, and which of them are names."""

from __future__ import annotations

import re
from dataclasses import dataclass

from catalog.domain.script.sentences import ABBREVIATIONS

MOST_WORDS = 60
"""Words of one line that are looked up; the rest of a very long one is left to its meaning."""

_NAME_WEIGHT = 3.0
# As `catalog.tokens()` in the database has them: written without spaces between words.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
)
_WORD = re.compile(rf"[{_UNSPACED}]+|[^\W_](?:[^\W_{_UNSPACED}]|[\u0300-\u036f\u0900-\u0dff'’])*")
_RUN = re.compile(rf"[{_UNSPACED}]")
# Of alphabets a letter alone, and of numbers a digit, is in every text; a syllable may be a word.
_ALONE = re.compile("[0-9a-z\u00df-\u024f\u0370-\u052f]")
_SENTENCE_END = re.compile(r"[.!?…:;\"“”«»¡¿(\[—–-]\s*$|^\s*$")
# What stands in the middle of names, in small letters.
_PARTICLES = frozenset(
    {
        *("al", "bin", "da", "das", "de", "del", "della", "den", "der", "des", "di", "do", "dos"),
        *("du", "el", "ibn", "la", "le", "of", "ter", "van", "von", "zu", "y"),
    }
)


@dataclass(frozen=True, slots=True)
class Term:
    """A word to look up, and how much a hit of it counts."""

    text: str
    weight: float = 1.0

    @property
    def of_name(self) -> bool:
        """Whether it is part of a name."""
        return self.weight > 1


def terms_of(text: str, names: tuple[str, ...]) -> tuple[Term, ...]:
    """The distinct words of a text; those of names weigh more.

    A run of a script written without spaces gives its pairs of characters, as the
    catalogue's own words do.
    """
    named = {word for name in names for word in _folded(name)}
    found: dict[str, Term] = {}
    for word in [*_folded(" ".join(names)), *_folded(text)]:
        weight = _NAME_WEIGHT if word in named else 1.0
        found.setdefault(word, Term(word, weight))
    return tuple(found.values())[:MOST_WORDS]


def names_of(text: str) -> tuple[str, ...]:
    """What looks like names: words with a capital that do not merely begin a sentence.

    Two or more such words in a row are one name, wherever they stand, and so is a word in
    capitals throughout. Scripts without capitals have no such sign, and text that is
    all in capitals neither.
    """
    letters = [c for c in text if c.isalpha()]
    if sum(c.isupper() for c in letters) * 2 > len(letters):
        return ()
    groups: list[list[re.Match[str]]] = []
    for word in _WORD.finditer(text):
        joined = groups and _goes_with(text, groups[-1][-1], word)
        if word.group()[0].isupper() and joined:
            groups[-1].append(word)
        elif word.group()[0].isupper():
            groups.append([word])
        elif joined and word.group() in _PARTICLES:
            groups[-1].append(word)
    return tuple(dict.fromkeys(name for group in groups if (name := _name(text, group))))


def _goes_with(text: str, last: re.Match[str], word: re.Match[str]) -> bool:
    """Whether two words stand side by side, or the first is an initial or a title cut short."""
    between = text[last.end() : word.start()]
    short = len(last.group()) == 1 or last.group().casefold() in ABBREVIATIONS
    return between == " " or (short and between in (". ", "."))


def _name(text: str, group: list[re.Match[str]]) -> str | None:
    while group and group[-1].group() in _PARTICLES:
        group = group[:-1]
    first = group[0]
    word = first.group()
    begins = _SENTENCE_END.search(text[max(0, first.start() - 8) : first.start()]) is not None
    initials = len(word) > 1 and word.isupper()
    if len(group) == 1 and ((begins and not initials) or len(word) == 1):
        return None
    return text[first.start() : group[-1].end()]


def _folded(text: str) -> list[str]:
    words: list[str] = []
    for found in _WORD.finditer(text):
        word = found.group().strip("'’").casefold()
        if _RUN.match(word):
            words += [word[at : at + 2] for at in range(max(1, len(word) - 1))]
        elif word and not _ALONE.fullmatch(word):
            words.append(word)
    return words
