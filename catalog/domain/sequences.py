"""Image sequences by their names: ``shot.0001.dpx`` to ``shot.0240.dpx`` are one piece of media.

A sequence is called by a pattern as FFmpeg and compositing programs write it, ``shot.%04d.dpx``;
``%04d`` is a number of at least four digits, filled up with zeros. Names only: nothing is read.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

ALWAYS = frozenset({".dpx", ".exr", ".cin", ".ari"})
"""Formats of frames of film: two with consecutive names are a sequence."""
WHEN_TOLD = frozenset({".tif", ".tiff", ".png", ".jpg", ".jpeg", ".tga", ".jp2", ".j2k"})
"""Formats of photographs as well: frames only where the root says ``sequences: all``."""
POLICIES = ("auto", "all", "off")
"""What a root may say: `ALWAYS` alone, `WHEN_TOLD` as well, or each file an asset of its own."""
USUAL_RATE = 24.0
"""Pictures a second, where neither the frames nor the root say."""

_LEAST, _LEAST_WHEN_TOLD = 2, 12
# Files that are further apart than this, on average, are not frames of one thing.
_MOST_NUMBERS_PER_FRAME = 10
_NUMBERED = re.compile(r"(.*?)(\d{1,9})(\.[A-Za-z0-9]+)", re.DOTALL)
_PATTERN = re.compile(r"(.*)%0([1-9])d(\.[A-Za-z0-9]+)", re.DOTALL)
_RANGE = re.compile(r"^(.*?)\[?(\d{1,9})-\d{1,9}\]?(\.[A-Za-z0-9]+)$", re.DOTALL)
_HASHES = re.compile(r"(#{1,9})(\.[A-Za-z0-9]+)$")
_MOST_HOLES_NAMED = 100


@dataclass(frozen=True, slots=True)
class Pattern:
    """The name of a sequence, without its folder; ``width`` is the least number of digits."""

    prefix: str
    width: int
    suffix: str

    def __str__(self) -> str:
        return f"{self.prefix}%0{self.width}d{self.suffix}"

    def frame(self, number: int) -> str:
        """The name of one frame's file."""
        return f"{self.prefix}{number:0{self.width}d}{self.suffix}"

    def number_of(self, name: str) -> int | None:
        """Which frame a file of this name is; None if it is none of the sequence's."""
        if not (name.startswith(self.prefix) and name.endswith(self.suffix)):
            return None
        digits = name[len(self.prefix) : len(name) - len(self.suffix)]
        if not (self.width <= len(digits) <= 9 and digits.isascii() and digits.isdigit()):
            return None
        return int(digits) if len(digits) == self.width or digits[0] != "0" else None

    @property
    def stem(self) -> str:
        """The name without number and what sets it off: ``shot`` of ``shot.%04d.dpx``."""
        return self.prefix.rstrip("._- ")


def parse_pattern(name: str) -> Pattern | None:
    """The pattern that a name spells; None if it is no sequence's."""
    found = _PATTERN.fullmatch(name)
    if found is None or found[3].lower() not in ALWAYS | WHEN_TOLD:
        return None
    return Pattern(found[1], int(found[2]), found[3])


def split_number(name: str, policy: str) -> tuple[str, str, str] | None:
    """Prefix, digits and suffix of a name that may be a frame's under a policy; else None."""
    if policy == "off":
        return None
    dot = name.rfind(".")
    suffix = name[dot:].lower() if dot > 0 else ""
    if suffix not in ALWAYS and not (policy == "all" and suffix in WHEN_TOLD):
        return None
    found = _NUMBERED.fullmatch(name)
    return None if found is None else (found[1], found[2], found[3])


def possible_patterns(name: str, policy: str = "all") -> list[Pattern]:
    """The sequences that a name may be of: with its own number of digits, or with fewer."""
    parts = split_number(name, policy)
    if parts is None:
        return []
    prefix, digits, suffix = parts
    least = len(digits) if digits[0] == "0" else 1
    return [Pattern(prefix, width, suffix) for width in range(least, len(digits) + 1)]


def patterns_named(name: str) -> list[Pattern]:
    """The sequences that a name may speak of, as programs write one.

    By one of its frames (``shot.0001.exr``), by a range of them (``shot.[0001-0096].exr``,
    ``shot.0001-0096.exr``), or by ``#`` for each digit.
    """
    name = _RANGE.sub(r"\1\2\3", name)
    name = _HASHES.sub(lambda found: "0" * len(found[1]) + found[2], name)
    return possible_patterns(name)


def find_sequences(names: Iterable[str], policy: str) -> dict[Pattern, list[int]]:
    """The sequences among the names of one folder, with their numbers in order.

    Two frames suffice of formats that are `ALWAYS` frames, twelve of those that are so
    `WHEN_TOLD`; and one in ten of the numbers from first to last must be there.
    """
    families: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    names = list(names)
    for name in names:
        if (parts := split_number(name, policy)) is not None:
            prefix, digits, suffix = parts
            families[prefix, suffix].append(digits)
    taken = {name for name in names if "%" in name}
    found: dict[Pattern, list[int]] = {}
    for (prefix, suffix), written in families.items():
        for width, numbers in _by_width(written):
            pattern = Pattern(prefix, width, suffix)
            # A file may be called as the pattern is; it means itself then.
            if _is_sequence(numbers, suffix) and str(pattern) not in taken:
                found[pattern] = numbers
    return found


def _by_width(digits: Sequence[str]) -> Iterator[tuple[int, list[int]]]:
    """Numbers that were written in one way: with zeros to a width, or as they are."""
    filled = sorted({len(each) for each in digits if each[0] == "0" and len(each) > 1})
    groups: defaultdict[int, set[int]] = defaultdict(set)
    loose: list[str] = []
    for each in digits:
        if each[0] == "0" and len(each) > 1:
            groups[len(each)].add(int(each))
        elif widths := [width for width in filled if width <= len(each)]:
            groups[widths[-1]].add(int(each))
        else:
            loose.append(each)
    if loose:
        groups[min(map(len, loose))].update(map(int, loose))
    for width in sorted(groups):
        yield width, sorted(groups[width])


def _is_sequence(numbers: Sequence[int], suffix: str) -> bool:
    least = _LEAST if suffix.lower() in ALWAYS else _LEAST_WHEN_TOLD
    span = numbers[-1] - numbers[0] + 1
    return len(numbers) >= least and span <= _MOST_NUMBERS_PER_FRAME * len(numbers)


def holes(numbers: Sequence[int]) -> tuple[int, list[str]]:
    """How many numbers between the first and the last are missing, and which: ``17``, ``20-22``.

    A hundred holes are named at most; all are counted.
    """
    missing, named = 0, list[str]()
    for before, after in pairwise(numbers):
        gap = after - before - 1
        if gap > 0:
            missing += gap
            if len(named) < _MOST_HOLES_NAMED:
                named.append(str(before + 1) if gap == 1 else f"{before + 1}-{after - 1}")
    return missing, named


def sequence_name(pattern: Pattern, numbers: Sequence[int]) -> str:
    """A sequence as people read it: ``shot.[0001-0240].dpx``."""
    first, last = (f"{number:0{pattern.width}d}" for number in (numbers[0], numbers[-1]))
    return f"{pattern.prefix}[{first}-{last}]{pattern.suffix}"
