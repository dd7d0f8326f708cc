"""From tokens to the tree.

The grammar, loosest first::

    query  = [any]
    any    = all {"OR" all}
    all    = term {["AND"] term}
    term   = ["-"] (words | phrase | filter | "(" any ")")
    filter = field ":" (values | "(" value {("OR" | ",") value} ")")

``sort:…`` and ``sound:…`` may stand between any terms; they are taken out before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from catalog.domain.ordering import Sort
from catalog.domain.query.canonical import spell
from catalog.domain.query.characters import is_space
from catalog.domain.query.filters import read_filter
from catalog.domain.query.lexer import Kind, Token, tokenize
from catalog.domain.query.mistakes import MAX_DEPTH, MAX_LENGTH, mistake
from catalog.domain.query.nodes import (
    And,
    Filter,
    Node,
    Not,
    Or,
    Phrase,
    Span,
    Words,
    leaves,
)
from catalog.domain.query.order import Whole, refuse_sound, take_whole
from catalog.errors import InvalidQueryError

_BEGINNING = re.compile(r"(?<!\S)([^\s*]*\w)\*(?!\S)")


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query.

    Attributes
    ----------
    root:
        The tree; None when there was nothing but blanks.
    text:
        What was parsed. Queries that say the same are equal, whatever their text.
    whole:
        What is asked of all hits: ``sort`` and ``sound`` are of it.
    """

    root: Node | None
    text: str = field(default="", compare=False)
    whole: Whole = field(default_factory=Whole)

    @property
    def sort(self) -> Sort | None:
        """The order asked for by ``sort:…``; None where nothing is said."""
        return self.whole.sort

    @property
    def sound(self) -> str | None:
        """What is to be heard by ``sound:…``; None where nothing is said."""
        return self.whole.sound

    @property
    def words(self) -> str:
        """The text whose meaning is searched: words and phrases that are wanted, in order.

        The ``*`` of a word's beginning is left out: it speaks of keywords.
        """
        wanted = (
            _BEGINNING.sub(r"\1", leaf.text) if isinstance(leaf, Words) else leaf.text
            for leaf, negated in self._leaves()
            if not negated and not isinstance(leaf, Filter)
        )
        return " ".join(wanted)

    @property
    def has_free_words(self) -> bool:
        """Whether anything is sought by free words, which rank and do not filter."""
        return any(isinstance(leaf, Words) and not negated for leaf, negated in self._leaves())

    @property
    def filters(self) -> tuple[Filter, ...]:
        """Every filter in the order written, also the negated and the alternative ones."""
        return tuple(leaf for leaf, _ in self._leaves() if isinstance(leaf, Filter))

    def to_text(self) -> str:
        """The canonical text: it parses to an equal query (at the same ``now``)."""
        parts = [] if self.root is None else [spell(self.root)]
        return " ".join([*parts, *self.whole.parts])

    def _leaves(self) -> Iterator[tuple[Words | Phrase | Filter, bool]]:
        return iter(()) if self.root is None else leaves(self.root)


def parse(text: str, *, now: datetime | None = None, sounds: bool = False) -> Query:
    """Parse what stands in the query box.

    Parameters
    ----------
    text:
        At most :data:`MAX_LENGTH` characters.
    now:
        What ``today`` and ``7d`` are relative to; days are UTC's. Default: the clock.
    sounds:
        Whether ``sound:…`` is looked at; else it is refused.

    Raises
    ------
    InvalidQueryError
        With ``details``: ``position`` and ``length`` of the mistake in
        characters, and the ``query``. :func:`point_at` draws it.
    """
    _check_characters(text)
    tokens, whole = take_whole(text, tokenize(text))
    if not sounds:
        refuse_sound(text, whole)
    if not tokens:
        return Query(None, text, whole)
    moment = datetime.now(UTC) if now is None else now
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return Query(_Parser(text, tokens, moment).parse(), text, whole)


def _check_characters(text: str) -> None:
    if len(text) > MAX_LENGTH:
        raise mistake(
            text,
            f"The query has {len(text)} characters; at most {MAX_LENGTH} are read.",
            remedy="Search for the words that matter most.",
            start=MAX_LENGTH,
            end=MAX_LENGTH + 1,
        )
    for position, char in enumerate(text):
        # PostgreSQL stores neither in a text.
        if char == "\0" or "\ud800" <= char <= "\udfff":
            raise mistake(
                text,
                f"The character U+{ord(char):04X} cannot stand in a query.",
                remedy="Remove it.",
                start=position,
                end=position + 1,
            )


class _Parser:
    """Recursive descent; as deep as the parentheses, which are counted."""

    def __init__(self, text: str, tokens: list[Token], now: datetime) -> None:
        self._text = text
        self._tokens = tokens
        self._now = now
        self._next = 0
        self._opened: list[Token] = []

    def parse(self) -> Node:
        root = self._any()
        if self._next < len(self._tokens):
            raise self._error(
                self._tokens[self._next],
                "This parenthesis closes nothing.",
                'Leave it out, or quote text that has one: "(like this)".',
            )
        return root

    # --- the grammar ---------------------------------------------------------

    def _any(self) -> Node:
        nodes = [self._all()]
        while self._peek() is Kind.OR:
            self._next += 1
            nodes.append(self._all())
        return _disjunction(nodes)

    def _all(self) -> Node:
        nodes = [self._term()]
        while (kind := self._peek()) not in (None, Kind.OR, Kind.CLOSE):
            if kind is Kind.AND:
                self._next += 1
            nodes.append(self._term())
        return _conjunction(nodes)

    def _term(self) -> Node:
        if self._peek() in (None, Kind.OR, Kind.AND, Kind.CLOSE):
            raise self._missing_term()
        token = self._tokens[self._next]
        self._next += 1
        span = Span(token.start, token.end)
        match token.kind:
            case Kind.MINUS:
                node = self._term()
                return Not(node, Span(token.start, self._tokens[self._next - 1].end))
            case Kind.OPEN:
                return self._group(token)
            case Kind.FILTER:
                return read_filter(token, self._text, self._now)
            case Kind.PHRASE:
                return self._phrase(token)
            case _:
                return Words(token.text, span)

    def _group(self, opening: Token) -> Node:
        if len(self._opened) >= MAX_DEPTH:
            raise self._error(
                opening,
                f"More than {MAX_DEPTH} parentheses are open here.",
                "Take out those that are not needed.",
            )
        self._opened.append(opening)
        node = self._any()
        if self._peek() is not Kind.CLOSE:
            raise self._unclosed()
        self._next += 1
        self._opened.pop()
        return node

    def _phrase(self, token: Token) -> Phrase:
        plain = "".join(" " if is_space(char) else char for char in token.text)
        text = " ".join(plain.split())
        if not text:
            raise self._error(
                token,
                "There is nothing between these quotation marks.",
                'Write the phrase between them, like "late news", or leave them out.',
            )
        return Phrase(text, Span(token.start, token.end))

    # --- what can be missing ---------------------------------------------------

    def _peek(self) -> Kind | None:
        return self._tokens[self._next].kind if self._next < len(self._tokens) else None

    def _missing_term(self) -> InvalidQueryError:
        """Nothing stands where a term should: say which neighbour is to blame."""
        before = self._tokens[self._next - 1] if self._next else None
        here = self._tokens[self._next] if self._next < len(self._tokens) else None
        if before is not None and before.kind in (Kind.OR, Kind.AND):
            return self._dangling(before, "after")
        if here is not None and here.kind in (Kind.OR, Kind.AND):
            return self._dangling(here, "before")
        if here is None:
            return self._unclosed()
        if before is None:
            return self._error(
                here,
                "This parenthesis closes nothing.",
                'Leave it out, or quote text that has one: "(like this)".',
            )
        return mistake(
            self._text,
            "There is nothing between these parentheses.",
            remedy="Write something between them, or leave them out.",
            start=before.start,
            end=here.end,
        )

    def _dangling(self, operator: Token, side: str) -> InvalidQueryError:
        return self._error(
            operator,
            f"{operator.text} has nothing {side} it.",
            f"Write a term on both sides; to search for the word itself, quote it: "
            f'"{operator.text}".',
        )

    def _unclosed(self) -> InvalidQueryError:
        return self._error(
            self._opened[-1],
            "This parenthesis is never closed.",
            'Close it, or quote text that has one: "(like this)".',
        )

    def _error(self, token: Token, message: str, remedy: str) -> InvalidQueryError:
        return mistake(self._text, message, remedy=remedy, start=token.start, end=token.end)


# --- one shape for what means the same --------------------------------------------


def _disjunction(nodes: list[Node]) -> Node:
    flat = [each for node in nodes for each in (node.nodes if isinstance(node, Or) else (node,))]
    return flat[0] if len(flat) == 1 else Or(tuple(flat), _cover(flat))


def _conjunction(nodes: list[Node]) -> Node:
    flat: list[Node] = []
    for node in nodes:
        for each in node.nodes if isinstance(node, And) else (node,):
            previous = flat[-1] if flat else None
            if isinstance(each, Words) and isinstance(previous, Words):
                flat[-1] = Words(f"{previous.text} {each.text}", _cover((previous, each)))
            else:
                flat.append(each)
    return flat[0] if len(flat) == 1 else And(tuple(flat), _cover(flat))


def _cover(nodes: Iterable[Node]) -> Span:
    spans = [node.span for node in nodes]
    return Span(spans[0].start, spans[-1].end)
