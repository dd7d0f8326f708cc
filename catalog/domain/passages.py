"""Why words found something: the texts that hold them, with the words marked."""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass

WORD = re.compile(r"[^\W_]+")
_BEFORE, _IN_ALL = 60, 180


@dataclass(frozen=True, slots=True)
class Passage:
    """A text of an asset or shot that holds words of the query.

    ``field`` is ``name``, ``title``, ``tag``, ``collection``, ``description``, ``speech`` or
    ``subclip``; ``parts`` are the text in order, each with whether it is a word that matched.
    """

    field: str
    parts: tuple[tuple[str, bool], ...]

    @classmethod
    def of(cls, field: str, text: str, matched: Set[str]) -> Passage | None:
        """The text round the first word that matched; None if none did."""
        found = [each for each in WORD.finditer(text) if each[0] in matched]
        if not found:
            return None
        whole = field in ("name", "title", "tag", "collection")
        first = 0 if whole else _begin(text, found[0].start())
        last = len(text) if whole else min(len(text), first + _IN_ALL)
        parts: list[tuple[str, bool]] = [("…", False)] if first else []
        at = first
        for each in found:
            if each.start() < first or each.end() > last:
                continue
            parts += [(text[at : each.start()], False), (each[0], True)]
            at = each.end()
        parts.append((text[at:last] + ("…" if last < len(text) else ""), False))
        return cls(field, tuple(part for part in parts if part[0]))

    def as_json(self) -> dict[str, object]:
        """JSON form: ``field``, and ``parts`` with ``text`` and ``matched``."""
        parts = [{"text": text, "matched": matched} for text, matched in self.parts]
        return {"field": self.field, "parts": parts}


def _begin(text: str, at: int) -> int:
    """Where to begin so that some of what stands before is read as well, whole words."""
    if at <= _BEFORE:
        return 0
    blank = text.find(" ", at - _BEFORE, at)
    return at - _BEFORE if blank < 0 else blank + 1
