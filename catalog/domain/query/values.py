"""The text of a filter's values, as it stands after the colon."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.domain.query.characters import (
    CLOSE,
    OPEN,
    OPERATORS,
    QUOTES,
    is_space,
    is_within_word,
    read_quoted,
    stray_quote,
)
from catalog.domain.query.mistakes import mistake
from catalog.domain.query.nodes import Span
from catalog.errors import InvalidQueryError


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a filter's value: bare, where ``*`` is a wildcard, or from within quotes."""

    text: str
    bare: bool


@dataclass(frozen=True, slots=True)
class Item:
    """One of a filter's values, and where it stands; ``after_or``: not after a comma, after OR."""

    pieces: tuple[Piece, ...]
    start: int
    end: int
    after_or: bool = False

    @property
    def text(self) -> str:
        """The value without its quotes."""
        return "".join(piece.text for piece in self.pieces)


class ValueReader:
    """Reads a filter's value: items apart by commas, each of bare and quoted pieces.

    In parentheses, ``(one OR two)``, they may be apart by ``OR`` too, and have blanks around them.
    """

    def __init__(self, text: str, start: int, name: str) -> None:
        self._text = text
        self._position = start
        self._name = name
        self._items: list[Item] = []
        self._pieces: list[Piece] = []
        self._bare = ""
        self._item_start = start
        self._open: list[int] = []  # parentheses inside the value, as in clip(1).mov

    def read(self) -> tuple[tuple[Item, ...], int]:
        """The items (none if there is no value at all), and where the value ends."""
        start = self._position
        if self._char() and self._char() in OPEN:
            self._read_list()
            return tuple(self._items), self._position
        while self._position < len(self._text) and self._take(self._text[self._position]):
            pass
        if self._position == start:
            return (), start
        if self._open:
            raise self._unclosed()
        self._end_item()
        return tuple(self._items), self._position

    def _take(self, char: str) -> bool:
        """Take one character (or all that is quoted) into the value; False if it has ended."""
        if is_space(char) or (char in CLOSE and not self._open):
            return False
        if char in QUOTES and self._may_open_quote(char):
            self._end_piece()
            content, self._position = read_quoted(self._text, self._position)
            self._pieces.append(Piece(content, bare=False))
            return True
        if char == "," and not self._open:
            self._end_item()
            self._item_start = self._position + 1
        else:
            self._count_parenthesis(char)
            self._bare += char
        self._position += 1
        return True

    def _may_open_quote(self, char: str) -> bool:
        if not self._bare or self._bare[-1] in "*<>=" or self._bare.endswith(".."):
            return True
        if char == '"' and not is_within_word(self._text, self._position):
            raise stray_quote(self._text, self._position)
        return False

    def _count_parenthesis(self, char: str) -> None:
        if char in OPEN:
            self._open.append(self._position)
        elif char in CLOSE:
            self._open.pop()

    def _end_piece(self) -> None:
        if self._bare:
            self._pieces.append(Piece(self._bare, bare=True))
            self._bare = ""

    def _end_item(self, *, after_or: bool = False) -> None:
        self._end_piece()
        self._items.append(Item(tuple(self._pieces), self._item_start, self._position, after_or))
        self._pieces = []

    # --- values in parentheses ---------------------------------------------------

    def _char(self) -> str:
        return self._text[self._position : self._position + 1]

    def _read_list(self) -> None:
        opening = self._position
        separator: Span | None = Span(opening, opening + 1)
        self._position += 1
        while separator is not None:
            self._read_listed(separator)
            separator = self._read_separator(opening)
        if self._char() and not is_space(self._char()) and self._char() not in CLOSE:
            raise self._error(
                Span(self._position, self._position + 1),
                f"The values of {self._name} end with the parenthesis before this.",
                "Put a blank between, or the value inside.",
            )

    def _read_listed(self, separator: Span) -> None:
        """One value, which stands after ``separator``: the parenthesis, a comma, or ``OR``."""
        self._skip_blanks()
        self._item_start = self._position
        if self._char() and self._char() in OPEN:
            raise self._error(
                Span(self._position, self._position + 1),
                f"A value of {self._name} cannot begin with a parenthesis.",
                f'Quote a value that has one: {self._name}:"(…)".',
            )
        while (char := self._char()) and not (char == "," and not self._open):
            if not self._take(char):
                break
        if self._open:
            raise self._unclosed()
        word = self._text[self._item_start : self._position]
        if not word:
            raise self._missing_value(separator)
        if word in OPERATORS:
            raise self._dangling(Span(self._item_start, self._position), "before")
        self._end_item(after_or=self._text[separator.start : separator.end] == "OR")

    def _read_separator(self, opening: int) -> Span | None:
        """What stands before the next value; None where the parenthesis has closed."""
        self._skip_blanks()
        start, char = self._position, self._char()
        if not char:
            raise self._error(
                Span(opening, opening + 1),
                "This parenthesis is never closed.",
                f'Close it, or quote a value that has one: {self._name}:"(…)".',
            )
        if char in CLOSE or char == ",":
            self._position += 1
            return None if char in CLOSE else Span(start, start + 1)
        while (char := self._char()) and not is_space(char) and char not in CLOSE + ",":
            self._position += 1
        found = Span(start, self._position)
        if self._text[found.start : found.end] == "OR":
            return found
        raise self._error(
            found,
            f"Between two values of {self._name} stands OR, or a comma.",
            f"Write {self._name}:(one OR two); quote a value with blanks; "
            f"for what must be both write the filter twice.",
        )

    def _skip_blanks(self) -> None:
        while self._char() and is_space(self._char()):
            self._position += 1

    def _missing_value(self, separator: Span) -> InvalidQueryError:
        word = self._text[separator.start : separator.end]
        if word in OPERATORS:
            return self._dangling(separator, "after")
        end = self._position + 1 if word in OPEN and self._char() else separator.end
        return self._error(
            Span(separator.start, end),
            f"A value of {self._name} is missing here.",
            f"Write it like {self._name}:(one OR two), or leave the list out.",
        )

    def _dangling(self, operator: Span, side: str) -> InvalidQueryError:
        word = self._text[operator.start : operator.end]
        return self._error(
            operator,
            f"{word} has nothing {side} it.",
            f'Write a value on both sides of OR; quote a value that is the word itself: "{word}".',
        )

    def _error(self, place: Span, message: str, remedy: str) -> InvalidQueryError:
        return mistake(self._text, message, remedy=remedy, start=place.start, end=place.end)

    def _unclosed(self) -> InvalidQueryError:
        return mistake(
            self._text,
            f"The parenthesis in the value of {self._name} is never closed.",
            remedy=f'Quote a value with spaces or parentheses: {self._name}:"…".',
            start=self._open[-1],
            end=self._open[-1] + 1,
        )
