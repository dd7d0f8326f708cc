"""What people say of assets (tags, collections, metadata), in a form every part can hold."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from typing import Any

from catalog.errors import InvalidInputError

MAX_LABEL = 200
MAX_KEY = 200
_MAX_DEPTH = 20
# Control characters, lone surrogates, line and paragraph separators. Joiners (Cf) stay:
# Persian, Hindi and half of all emoji are written with them.
_REFUSED = frozenset({"Cc", "Cs", "Zl", "Zp"})


def clean_label(name: str, what: str) -> str:
    """A tag's or a collection's name: one line, single spaces.

    Raises
    ------
    InvalidInputError
        If nothing is left, it is too long, or no terminal and no database could show it.
    """
    clean = " ".join(name.split())
    if not clean or len(clean) > MAX_LABEL or not _is_text(clean):
        raise InvalidInputError(
            f"{name[: MAX_LABEL + 1]!r} cannot be a {what}; expected 1 to {MAX_LABEL} printable "
            "characters.",
            remedy=f"Give the {what} a name.",
        )
    return clean


def clean_text(text: str, what: str, most: int) -> str | None:
    """Free text of people, lines kept; None if nothing is left.

    Raises
    ------
    InvalidInputError
        If it is too long, or holds a control character or half a character.
    """
    clean = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    kept = clean.replace("\n", " ").replace("\t", " ")
    if len(clean) > most or not _is_text(kept):
        raise InvalidInputError(
            f"{clean[:40]!r}… cannot be a {what}; expected at most {most} printable characters.",
            remedy="Shorten it, or take out what cannot be shown.",
        )
    return clean or None


def clean_metadata(values: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata as JSON that PostgreSQL takes.

    Raises
    ------
    InvalidInputError
        If a key is empty or too long, or a value is no JSON or holds what no text may.
    """
    clean: dict[str, Any] = {}
    for key, value in values.items():
        if not isinstance(key, str) or not key.strip() or len(key) > MAX_KEY or not _is_text(key):
            raise InvalidInputError(
                f"{str(key)[: MAX_KEY + 1]!r} cannot be a metadata key; expected 1 to {MAX_KEY} "
                "printable characters.",
                remedy="Write --meta reel=A012.",
            )
        if not _is_json(value):
            raise InvalidInputError(
                f"The metadata {key!r} cannot be stored: {repr(value)[:80]} is no JSON value, or "
                "holds a NUL or half a character.",
                remedy="Give text, numbers, true, false, null, lists and objects of them.",
            )
        clean[key.strip()] = value
    return clean


def _is_text(text: str) -> bool:
    return not any(unicodedata.category(char) in _REFUSED for char in text)


def _is_json(value: Any, depth: int = 0) -> bool:  # noqa: ANN401  # that is the question
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= char <= "\udfff" for char in value)
    if isinstance(value, float):
        return math.isfinite(value)
    if depth > _MAX_DEPTH:
        return False
    if isinstance(value, dict):
        return all(
            isinstance(key, str) and _is_json(key) and _is_json(inner, depth + 1)
            for key, inner in value.items()
        )
    if isinstance(value, list | tuple):
        return all(_is_json(inner, depth + 1) for inner in value)
    return value is None or isinstance(value, bool | int)
