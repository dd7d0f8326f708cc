"""How a query that cannot be read is reported: with the place, and the way out."""

from __future__ import annotations

import unicodedata

from catalog.errors import InvalidQueryError

MAX_LENGTH = 2_000
"""Characters a query may have. Far more than anybody types; little enough to be cheap."""

MAX_DEPTH = 20
"""Parentheses that may be open at once."""

_WINDOW = 72  # columns of the query shown around a mistake: what a terminal does not wrap
_SHOWN = 60  # characters of an offending value repeated in a message


class SpellingError(ValueError):
    """A value is not spelled as its field expects.

    ``str()`` is the particular reason, or empty when there is nothing to say
    beyond what the field expects.
    """


def mistake(
    query: str, message: str, *, remedy: str, start: int, end: int, meant: str | None = None
) -> InvalidQueryError:
    """The error for ``query[start:end]``; the caller raises it. ``meant``: all of it, put right."""
    known = {} if meant is None else {"meant": meant}
    return InvalidQueryError(
        message,
        remedy=remedy,
        position=start,
        length=max(end - start, 1),
        # A lone surrogate would break whatever prints or sends the error.
        query=query[:MAX_LENGTH].encode("utf-8", "replace").decode(),
        **known,
    )


def quoted(text: str) -> str:
    """``text`` in quotation marks for a message, shortened when it is long."""
    shown = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return f"“{shown}”"


def point_at(query: str, position: int, length: int = 1) -> str:
    """Two lines for a terminal: the query, and carets under the mistake.

    ``position`` and ``length`` are an :class:`InvalidQueryError`'s
    ``details["position"]`` and ``details["length"]``. Wide characters take two
    columns, combining ones none; a long query is shown around the mistake.

    >>> print(point_at("cat codec:", 4, 6))
    cat codec:
        ^^^^^^
    """
    line = "".join(" " if unicodedata.category(char) == "Cc" else char for char in query)
    position = min(max(position, 0), len(line))
    first = max(0, min(position - _WINDOW // 2, len(line) - _WINDOW))
    shown = line[first : first + _WINDOW]
    lead = "…" if first else ""
    tail = "…" if first + _WINDOW < len(line) else ""
    before = _columns(lead + line[first:position])
    under = line[position : min(position + length, first + _WINDOW)]
    return f"{lead}{shown}{tail}\n{' ' * before}{'^' * max(_columns(under), 1)}"


def _columns(text: str) -> int:
    """Terminal columns ``text`` takes."""
    return sum(map(_width, text))


def _width(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1
