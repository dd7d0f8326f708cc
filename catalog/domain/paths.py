r"""File names as bytes, and as text that a database and a terminal can hold.

POSIX names are bytes without NUL or slash; nothing says they are UTF-8. The
bytes are the truth. What people are shown replaces bytes that are no UTF-8 by
``\xNN``, and control characters (a newline in a name is data, not layout).
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def full_path(path: Path) -> Path:
    """The absolute path without ``~``, ``.`` and ``..``; links are left as they are.

    A link is how people name their storage (``/media/rushes``), and following
    it would call every file by a name that nobody knows.
    """
    with suppress(RuntimeError):  # "~nobody" is a name like any other
        path = path.expanduser()
    return Path(os.path.abspath(path))  # noqa: PTH100  # Path.absolute() keeps ".."


def raw_path(path: Path) -> bytes:
    """The bytes of a path, as the operating system spells it."""
    return os.fsencode(path)


def path_from_raw(raw: bytes) -> Path:
    """The path those bytes name."""
    return Path(os.fsdecode(raw))


def shown_path(path: Path | bytes) -> str:
    """The path as valid UTF-8 text on one line; see the module for what is replaced."""
    raw = path if isinstance(path, bytes) else raw_path(path)
    text = raw.decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    # isprintable() is also false for spaces other than " " and for unassigned
    # or formatting characters; only what breaks lines or hides is escaped.
    code = ord(character)
    if code < 0x20 or 0x7F <= code < 0xA0:
        return f"\\x{code:02x}"
    if character in "\u2028\u2029" or 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069:
        return f"\\u{code:04x}"
    return character
