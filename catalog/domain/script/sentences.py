"""Paragraphs to sentences, in whatever script they are written."""

from __future__ import annotations

import re

from catalog.domain.script.pace import reading_seconds

LONGEST = 1_000
"""Characters of one line; a longer sentence is cut at a word."""

# Sooner than this no picture is changed: what is shorter goes with the sentence beside it.
_TOO_SHORT = 1.5
_CLOSING = r"[\"'”’»)\]」』）】]*"
# Full stops of scripts with spaces behind them, and of those without.
_END = re.compile(rf"[.!?…؟۔।॥։።]+{_CLOSING}(?=\s|$)|[。！？｡]+{_CLOSING}")
# After these a full stop ends no sentence.
ABBREVIATIONS = frozenset(
    {
        *("abs", "bzw", "ca", "capt", "col", "dr", "d.h", "e.g", "etc", "ev", "ff", "fig", "gen"),
        *("gov", "hr", "i.e", "inc", "jr", "lt", "ltd", "m", "mme", "mlle", "mr", "mrs", "ms"),
        *("mt", "nr", "no", "o.ä", "p", "p.ej", "pág", "pres", "prof", "pvt", "rep", "rev", "s.a"),
        *("sen", "sgt", "sig", "sr", "sra", "sta", "ste", "st", "u.a", "usw", "u.s", "u.k", "v"),
        *("vgl", "vol", "vs", "z.b", "zb", "г", "гр", "др", "ім", "рр", "см", "т.д", "т.п"),
        *("тис", "ул", "ст"),
    }
)
_WITHOUT_SPACE = "。！？｡」』】）"
_LAST_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|\.(?=[^\W\d_]))*$")


def sentences(paragraph: str) -> list[str]:
    """A paragraph's sentences, single spaces within; very short ones go with a neighbour."""
    text = " ".join(paragraph.split())
    parts, begin = [], 0
    for end in _END.finditer(text):
        if _ends(text, end):
            parts.append(text[begin : end.end()].strip())
            begin = end.end()
    parts.append(text[begin:].strip())
    return [piece for part in _joined([p for p in parts if p]) for piece in _cut(part)]


def _ends(text: str, end: re.Match[str]) -> bool:
    mark = end.group()
    behind = text[end.end() :].lstrip()
    if behind[:1].islower():
        return False
    if not mark.startswith(".") or mark.startswith(".."):
        return True
    word = _LAST_WORD.search(text[max(0, end.start() - 12) : end.start()])
    if word is None:
        return not (text[: end.start()][-1:].isdigit() and behind[:1].isdigit())
    # A letter alone is somebody's initial.
    one = len(word.group()) == 1 and word.group().isupper()
    return not (behind and (one or word.group().casefold() in ABBREVIATIONS))


def _joined(parts: list[str]) -> list[str]:
    kept: list[str] = []
    for part in parts:
        short = kept and reading_seconds(kept[-1]) < _TOO_SHORT
        last_is_short = kept and part is parts[-1] and reading_seconds(part) < _TOO_SHORT
        if (short or last_is_short) and len(kept[-1]) + len(part) < LONGEST:
            space = "" if kept[-1][-1] in _WITHOUT_SPACE else " "
            kept[-1] = f"{kept[-1]}{space}{part}"
        else:
            kept.append(part)
    return kept


def _cut(text: str) -> list[str]:
    pieces = []
    while len(text) > LONGEST:
        at = text.rfind(" ", LONGEST // 2, LONGEST)
        at = LONGEST if at < 0 else at
        pieces.append(text[:at].strip())
        text = text[at:].strip()
    return [*pieces, text] if text else pieces
