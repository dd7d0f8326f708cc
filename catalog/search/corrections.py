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
from catalog.store.visibility import actor_of

# Words, and the collections that were looked at; None: all.
_Sought = tuple[tuple[str, ...], frozenset[str] | None]

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

# The same for who sees some collections alone, as if there was nothing else: neither is a name put
# forward that only others may know, nor a slip left as it is since such a name is written so. A
# word is of their names where one of their assets is found by the same spellings and has it.
_NEAREST_SEEN = """
    WITH seen AS MATERIALIZED (
        SELECT lower(name) AS collection FROM unnest(%(seen)s::text[]) name
    ), near AS MATERIALIZED (
        SELECT w.word, catalog.fold(w.word) AS folded, s.word AS near, 0 AS assets
        FROM unnest(%(words)s::text[]) w(word), LATERAL catalog.similar_words(w.word) s
        WHERE EXISTS (
            SELECT 1 FROM catalog.asset a, unnest(ts_filter(a.words, '{a,b}')) named
            WHERE a.spellings && catalog.spelling_keys(catalog.fold(w.word))
              AND named.lexeme = s.word AND lower(a.collection) IN (SELECT collection FROM seen))
    ), typed AS MATERIALIZED (
        SELECT n.word, catalog.words_query(n.word) AS query
        FROM (SELECT DISTINCT word FROM near) n
    )
    SELECT near.word, near.folded, near.near, near.assets
    FROM near JOIN typed ON typed.word = near.word
    WHERE NOT EXISTS (
        SELECT 1 FROM catalog.asset a
        WHERE a.words @@ typed.query AND lower(a.collection) IN (SELECT collection FROM seen))
      AND NOT EXISTS (
        SELECT 1 FROM catalog.clip c JOIN catalog.asset a ON a.id = c.asset_id
        WHERE c.words @@ typed.query AND lower(a.collection) IN (SELECT collection FROM seen))
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
        self._since: Recent[_Sought, float] = Recent(_REMEMBERED)

    def has(self, words: Sequence[str], seen: frozenset[str] | None) -> bool:
        """Whether nothing was found for just these words within the last minute.

        ``seen``: the collections that who asks may see; None is everything.
        """
        since = self._since.get((tuple(words), seen))
        return since is not None and monotonic() - since < _TRUSTED_S

    def keep(self, words: Sequence[str], seen: frozenset[str] | None) -> None:
        """Remember that nothing was found."""
        self._since.keep((tuple(words), seen), monotonic())


def corrections(session: Session, root: Node | None, unmended: Unmended) -> tuple[Correction, ...]:
    """What the unknown words of a query were most likely meant to be, by one statement.

    Of names that the session's actor may see.
    """
    words, seen = _free_words(root), actor_of(session).collections
    if not words or unmended.has(words, seen):
        return ()
    asked = Asked(_NEAREST, {"words": words})
    if seen is not None:
        asked = Asked(_NEAREST_SEEN, {"words": words, "seen": sorted(seen)})
    best: dict[str, tuple[int, int, str]] = {}
    for word, folded, near, assets in map(tuple, asked.rows(session)):
        slips = distance(folded, near)
        if slips <= (2 if len(folded) >= _LONG else 1) and begins_alike(folded, near):
            best[word] = min(best.get(word, (9, 0, "")), (slips, -assets, near))
    if not best:
        unmended.keep(words, seen)
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
