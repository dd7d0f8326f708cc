"""From characters to tokens.

Free text comes in any script, with any punctuation. So a character only means
something special where a term begins: ``-`` in *B-roll*, a quote in *5"* or
*צה"ל* and a colon in *12:30* are just characters.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum, auto

from catalog.domain.query.fields import Field, find_field, nearest_field
from catalog.domain.query.mistakes import mistake, quoted
from catalog.errors import InvalidQueryError

# An opening quotation mark and what may close it. Word processors and phones put
# typographic ones where a plain one was typed, each language in its own way.
QUOTES = {
    '"': '"',
    "“": "”“",
    "„": "“”",
    "”": "”",
    "«": "»",
    "»": "«»",
    "＂": "＂",
}
_OPEN, _CLOSE = "(（", ")）"
# A byte-order mark and the marks that turn the direction of writing come along
# with pasted text; they separate, and are never part of a word.
_INVISIBLE = "\ufeff\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_FIELD = re.compile(r"([^\W\d_][\w-]*)((?:\.[\w-]+)*\.?)([:：])")
_KEYWORDS = ("OR", "AND")


class Kind(Enum):
    """What a token is."""

    WORD = auto()
    PHRASE = auto()
    FILTER = auto()
    MINUS = auto()
    OPEN = auto()
    CLOSE = auto()
    OR = auto()
    AND = auto()


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a filter's value: bare, where ``*`` is a wildcard, or from within quotes."""

    text: str
    bare: bool


@dataclass(frozen=True, slots=True)
class Item:
    """One of a filter's comma-separated values, and where it stands."""

    pieces: tuple[Piece, ...]
    start: int
    end: int

    @property
    def text(self) -> str:
        """The value without its quotes."""
        return "".join(piece.text for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Token:
    """One token; ``field``, ``key`` and ``items`` are a filter's."""

    kind: Kind
    text: str
    start: int
    end: int
    field: Field | None = None
    key: str = ""
    items: tuple[Item, ...] = ()


def is_space(char: str) -> bool:
    """Whether the character separates words."""
    return char.isspace() or char in _INVISIBLE


def needs_quotes(text: str) -> bool:
    """Whether ``text`` as part of a filter's value only reads back from within quotes."""
    return (
        not text
        or text[0] in "<>="
        or any(
            is_space(char) or char in QUOTES or char in _OPEN or char in _CLOSE or char in ",*"
            for char in text
        )
    )


def enquote(text: str) -> str:
    """``text`` in plain quotation marks, escaped."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def tokenize(text: str) -> list[Token]:
    """The tokens of a query; raises :class:`InvalidQueryError`."""
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        if is_space(text[position]):
            position += 1
            continue
        after_minus = bool(tokens) and tokens[-1].kind is Kind.MINUS
        token = _token_at(text, position, after_minus=after_minus)
        tokens.append(token)
        position = token.end
    return tokens


def _token_at(text: str, start: int, *, after_minus: bool) -> Token:
    char = text[start]
    if char in _OPEN or char in _CLOSE:
        return Token(Kind.OPEN if char in _OPEN else Kind.CLOSE, char, start, start + 1)
    if char in QUOTES:
        phrase, end = _read_quoted(text, start)
        return Token(Kind.PHRASE, phrase, start, end)
    if char == "-" and not after_minus and _begins_term(text, start + 1):
        return Token(Kind.MINUS, char, start, start + 1)
    return _filter_at(text, start) or _word_at(text, start, after_minus=after_minus)


def _begins_term(text: str, position: int) -> bool:
    """Whether what follows a ``-`` can be negated; else the ``-`` is punctuation."""
    following = text[position : position + 1]
    return bool(following) and not is_space(following) and following not in _CLOSE + "-"


def _word_at(text: str, start: int, *, after_minus: bool) -> Token:
    end = start
    while end < len(text) and not is_space(text[end]) and text[end] not in _OPEN + _CLOSE:
        if text[end] == '"' and not _is_within_word(text, end):
            raise _stray_quote(text, end)
        end += 1
    word = text[start:end]
    # "-OR" can only mean the word: an operator is nothing one could leave out.
    kind = Kind[word] if word in _KEYWORDS and not after_minus else Kind.WORD
    return Token(kind, word, start, end)


def _is_within_word(text: str, position: int) -> bool:
    """Whether the plain quote there belongs to a word: inches, or between two letters."""
    before, after = text[position - 1], text[position + 1 : position + 2]
    return before.isdigit() or (_is_letter(before) and _is_letter(after))


def _is_letter(char: str) -> bool:
    """Whether the character makes up words: a letter, a digit, or a mark upon one."""
    return bool(char) and unicodedata.category(char)[0] in "LMN"


def _stray_quote(text: str, position: int) -> InvalidQueryError:
    return mistake(
        text,
        "This quotation mark closes nothing.",
        remedy='Put one at the beginning of the phrase too, like "late news", or leave it out.',
        start=position,
        end=position + 1,
    )


def _read_quoted(text: str, start: int) -> tuple[str, int]:
    """What stands between the quotes that open at ``start``, and where they have ended."""
    closers = QUOTES[text[start]]
    content: list[str] = []
    position = start + 1
    while position < len(text):
        char = text[position]
        following = text[position + 1 : position + 2]
        if char == "\\" and following and following in closers + '"\\':
            content.append(following)
            position += 2
        elif char in closers:
            return "".join(content), position + 1
        else:
            content.append(char)
            position += 1
    raise mistake(
        text,
        f"The quotation mark {text[start]} is never closed.",
        remedy=f"Close it with {closers[0]} at the end of the phrase, or leave it out.",
        start=start,
        end=start + 1,
    )


# --- filters --------------------------------------------------------------------


def _filter_at(text: str, start: int) -> Token | None:
    """The ``field:value`` that begins there; None when it is a word with a colon in it."""
    found = _FIELD.match(text, start)
    if found is None:
        return None
    name, dotted, colon = found.groups()
    field, key = find_field(name), dotted[1:]
    if field is None or field.keyed != bool(key) or (dotted and not field.keyed):
        if colon == ":" and _looks_like_filter(text, found.end()):
            raise _unknown_field(text, start, found.end() - 1)
        return None
    items, end = _ValueReader(text, found.end(), name + dotted).read()
    if not items:
        raise _empty_value(text, field, start, found.end())
    return Token(Kind.FILTER, text[start:end], start, end, field, key, items)


def _looks_like_filter(text: str, position: int) -> bool:
    """Whether an unknown name before a colon was meant as a field.

    Not in *note: something*, *http://…* or *std::vector*. A full-width colon is
    everyday punctuation in Chinese and Japanese and is never held against anybody.
    """
    following = text[position : position + 1]
    return (
        bool(following)
        and not is_space(following)
        and following not in _CLOSE + ":"
        and not text.startswith("//", position)
    )


def _unknown_field(text: str, start: int, colon: int) -> InvalidQueryError:
    name = text[start:colon]
    end = colon
    while end < len(text) and not is_space(text[end]) and text[end] not in '()"':
        end += 1
    if name.lower().rstrip(".") == "meta":
        hint = "Name the metadata's key, like meta.camera:FX6."
    elif near := nearest_field(name):
        hint = f"Did you mean {near}{text[colon:end]}?"
    else:
        hint = "catalog search --fields lists them."
    return mistake(
        text,
        f"There is no field {quoted(name)}.",
        remedy=f"{hint} To search for the text itself, quote it: {enquote(text[start:end])}.",
        start=start,
        end=colon,
    )


def _empty_value(text: str, field: Field, start: int, end: int) -> InvalidQueryError:
    return mistake(
        text,
        f"{quoted(text[start:end])} has no value after the colon: expected {field.expected}.",
        remedy=f"Write the value right after the colon, like {field.example}, "
        f"or quote the text to search for it: {enquote(text[start:end])}.",
        start=start,
        end=end,
    )


class _ValueReader:
    """Reads a filter's value: items apart by commas, each of bare and quoted pieces."""

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
        self._refuse_group()
        start = self._position
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
        if is_space(char) or (char in _CLOSE and not self._open):
            return False
        if char in QUOTES and self._may_open_quote(char):
            self._end_piece()
            content, self._position = _read_quoted(self._text, self._position)
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
        if char == '"' and not _is_within_word(self._text, self._position):
            raise _stray_quote(self._text, self._position)
        return False

    def _count_parenthesis(self, char: str) -> None:
        if char in _OPEN:
            self._open.append(self._position)
        elif char in _CLOSE:
            self._open.pop()

    def _end_piece(self) -> None:
        if self._bare:
            self._pieces.append(Piece(self._bare, bare=True))
            self._bare = ""

    def _end_item(self) -> None:
        self._end_piece()
        self._items.append(Item(tuple(self._pieces), self._item_start, self._position))
        self._pieces = []

    def _refuse_group(self) -> None:
        following = self._text[self._position : self._position + 1]
        if following and following in _OPEN:
            raise mistake(
                self._text,
                f"A value of {self._name} cannot begin with a parenthesis.",
                remedy=f"For any of several values write {self._name}:one,two; "
                f'quote a value that has one: {self._name}:"(…)".',
                start=self._position,
                end=self._position + 1,
            )

    def _unclosed(self) -> InvalidQueryError:
        return mistake(
            self._text,
            f"The parenthesis in the value of {self._name} is never closed.",
            remedy=f'Quote a value with spaces or parentheses: {self._name}:"…".',
            start=self._open[-1],
            end=self._open[-1] + 1,
        )
