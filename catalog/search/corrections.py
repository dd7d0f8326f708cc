"""Slips of the pen: words that stand in no text, and the nearest ones that names have.

Only free words are put right, never phrases, filters or what is negated; and
only as keywords: their meaning is searched as it was typed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from time import monotonic

from sqlalchemy.orm import Session

from catalog.domain.query import And, Node, Or, Words
from catalog.domain.query.nodes import leaves
from catalog.domain.recent import Recent
from catalog.store.search import Asked

_MOST_WORDS = 20
_REMEMBERED = 1024  # texts
_TRUSTED_S = 60.0
_LONG = 8  # letters from which on two slips are forgiven
# Whoever slips seldom slips on the first letter, and of few letters nearly all make a word of their
# own: rain is no slip of train, nor boat of coat.
_SHORTEST = 5

# A word is unknown if no form of it stands anywhere; both tests go by an index. They are made of
# words alone that something is like: reading a word as a query takes longer than all the rest.
_NEAREST = """
    WITH near AS MATERIALIZED (
        SELECT w.word, catalog.fold(w.word) AS folded, s.word AS near, s.assets
        FROM unnest(%(words)s::text[]) w(word), LATERAL catalog.similar_words(w.word) s
    ), typed AS MATERIALIZED (
        SELECT n.word, catalog.words_query(n.word) AS query
        FROM (SELECT DISTINCT word FROM near) n
    )
    SELECT near.word, near.folded, near.near, near.assets
    FROM near JOIN typed ON typed.word = near.word
    WHERE NOT EXISTS (SELECT 1 FROM catalog.asset a WHERE a.words @@ typed.query)
      AND NOT EXISTS (SELECT 1 FROM catalog.clip c WHERE c.words @@ typed.query)
"""


@dataclass(frozen=True, slots=True)
class Correction:
    """A word as it was typed, and the one searched for in its place."""

    typed: str
    searched: str

    def as_json(self) -> dict[str, str]:
        """JSON form: ``typed``, ``searched``."""
        return {"typed": self.typed, "searched": self.searched}


class Unmended:
    """Words for which nothing was found a moment ago; threads may share it.

    Whoever pages on, or tries other filters with the same words, would have them looked up each
    time. A name that is written meanwhile is found a minute later.
    """

    def __init__(self) -> None:
        self._since: Recent[tuple[str, ...], float] = Recent(_REMEMBERED)

    def has(self, words: Sequence[str]) -> bool:
        """Whether nothing was found for just these words within the last minute."""
        since = self._since.get(tuple(words))
        return since is not None and monotonic() - since < _TRUSTED_S

    def keep(self, words: Sequence[str]) -> None:
        """Remember that nothing was found."""
        self._since.keep(tuple(words), monotonic())


def corrections(session: Session, root: Node | None, unmended: Unmended) -> tuple[Correction, ...]:
    """What the unknown words of a query were most likely meant to be, by one statement."""
    words = _free_words(root)
    if not words or unmended.has(words):
        return ()
    best: dict[str, tuple[int, int, str]] = {}
    for word, folded, near, assets in map(tuple, Asked(_NEAREST, {"words": words}).rows(session)):
        slips = distance(folded, near)
        if slips <= (2 if len(folded) >= _LONG else 1) and begins_alike(folded, near):
            best[word] = min(best.get(word, (9, 0, "")), (slips, -assets, near))
    if not best:
        unmended.keep(words)
    return tuple(Correction(word, best[word][2]) for word in words if word in best)


def corrected(node: Node, meant: Mapping[str, str]) -> Node:
    """The tree with its free words put right; what is negated stays as it is."""
    match node:
        case Words(text=typed):
            return replace(node, text=" ".join(meant.get(w, w) for w in typed.split(" ")))
        case And(nodes=nodes) | Or(nodes=nodes):
            return replace(node, nodes=tuple(corrected(each, meant) for each in nodes))
        case _:
            return node


def distance(first: str, second: str) -> int:
    """Letters more, less, changed or swapped with their neighbour.

    Optimal string alignment, after Damerau, "A technique for computer detection
    and correction of spelling errors", CACM 1964.
    """
    last: list[int] = []
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, 1):
        older, last, row = last, row, [i]
        for j, b in enumerate(second, 1):
            least = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == second[j - 2] and first[i - 2] == b:
                least = min(least, older[j - 2] + 1)
            row.append(least)
    return row[-1]


def begins_alike(first: str, second: str) -> bool:
    """Whether both begin with the same letter, or the first two are swapped."""
    return first[:1] == second[:1] or first[:2] == second[1::-1]


def _free_words(root: Node | None) -> list[str]:
    if root is None:
        return []
    found = (
        word
        for leaf, negated in leaves(root)
        if isinstance(leaf, Words) and not negated
        for word in leaf.text.split(" ")
    )
    words = (word for word in dict.fromkeys(found) if word.isalpha() and len(word) >= _SHORTEST)
    return list(islice(words, _MOST_WORDS))
