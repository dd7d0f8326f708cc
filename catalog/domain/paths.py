r"""File names as bytes, and as text that a database and a terminal can hold.

POSIX names are bytes without NUL or slash; nothing says they are UTF-8. The
bytes are the truth. What people are shown replaces bytes that are no UTF-8 by
``\xNN``; control characters (a newline in a name is data, not layout) and those that
turn the direction of text are spelt as escapes.
"""

from __future__ import annotations

import os
import unicodedata
from contextlib import suppress
from pathlib import Path

from catalog.errors import InvalidInputError

# Direction marks that would let a file's name disguise itself in a message.
_TURNS_TEXT = frozenset(
    map(chr, (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)))
)

# Of these, what changes the order of what stands around it.
_REORDERS = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))


def given_path(path: str | os.PathLike[str]) -> Path:
    """The path that somebody named; ``""`` names none.

    To `pathlib` an empty text is the folder that one happens to stand in, and a variable
    that a script never set would have all of that catalogued.

    Raises
    ------
    InvalidInputError
        If it is empty.
    """
    if not os.fspath(path):
        raise InvalidInputError(
            "An empty path was given; expected a file or a folder.",
            remedy="For the folder you are in write a dot; else see whether a variable is unset.",
        )
    return Path(path)


def full_path(path: Path) -> Path:
    """The absolute path without ``~``, ``.`` and ``..``; links are left as they are.

    A link is how people name their storage (``/media/rushes``), and following
    it would call every file by a name that nobody knows.
    """
    with suppress(RuntimeError, ValueError):  # "~nobody" is a name like any other
        path = path.expanduser()
    return Path(os.path.abspath(path))  # noqa: PTH100  # Path.absolute() keeps ".."


def raw_path(path: Path) -> bytes:
    """The bytes of a path, as the operating system spells it."""
    return os.fsencode(path)


def path_from_raw(raw: bytes) -> Path:
    """The path those bytes name."""
    return Path(os.fsdecode(raw))


def shown_path(path: Path | str | bytes) -> str:
    """The path as valid UTF-8 text on one line; see the module for what is replaced."""
    try:
        text = os.fsencode(path).decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # half a character that no file's name can hold
        text = os.fsdecode(path).encode("utf-8", "backslashreplace").decode()
    return "".join(
        character.encode("unicode_escape").decode("ascii") if _breaks_line(character) else character
        for character in text
    )


def shown_text(text: str) -> str:
    """Somebody's text on a terminal: what would command it, or reorder its line, as escapes.

    Line ends and tabs stay, and so do marks that words of Arabic and Hebrew need.
    """
    if text.isprintable():
        return text
    return "".join(
        character.encode("unicode_escape").decode("ascii") if _commands(character) else character
        for character in text
    )


def _commands(character: str) -> bool:
    if character in "\n\t":
        return False
    return unicodedata.category(character) == "Cc" or character in _REORDERS


def _breaks_line(character: str) -> bool:
    # Other formatting characters stay: joiners shape words in Indic scripts and emoji.
    return unicodedata.category(character) in {"Cc", "Zl", "Zp"} or character in _TURNS_TEXT
