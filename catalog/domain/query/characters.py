"""The characters that mean something in a query: blanks, quotation marks, parentheses."""

from __future__ import annotations

import unicodedata

from catalog.domain.query.mistakes import mistake
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
OPEN, CLOSE = "(（", ")）"
OPERATORS = ("OR", "AND")
# A byte-order mark and the marks that turn the direction of writing come along
# with pasted text; they separate, and are never part of a word.
_INVISIBLE = "\ufeff\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def is_space(char: str) -> bool:
    """Whether the character separates words."""
    return char.isspace() or char in _INVISIBLE


def needs_quotes(text: str) -> bool:
    """Whether ``text`` as part of a filter's value only reads back from within quotes."""
    return (
        not text
        or text[0] in "<>="
        or any(
            is_space(char) or char in QUOTES or char in OPEN or char in CLOSE or char in ",*"
            for char in text
        )
    )


def enquote(text: str) -> str:
    """``text`` in plain quotation marks, escaped."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def is_within_word(text: str, position: int) -> bool:
    """Whether the plain quote there belongs to a word: inches, or between two letters."""
    before, after = text[position - 1], text[position + 1 : position + 2]
    return before.isdigit() or (_is_letter(before) and _is_letter(after))


def _is_letter(char: str) -> bool:
    """Whether the character makes up words: a letter, a digit, or a mark upon one."""
    return bool(char) and unicodedata.category(char)[0] in "LMN"


def stray_quote(text: str, position: int) -> InvalidQueryError:
    """The error for a quotation mark that closes nothing; the caller raises it."""
    return mistake(
        text,
        "This quotation mark closes nothing.",
        remedy='Put one at the beginning of the phrase too, like "late news", or leave it out.',
        start=position,
        end=position + 1,
    )


def read_quoted(text: str, start: int) -> tuple[str, int]:
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
