"""A script as the lines that pictures are sought for. Pure: text in, lines out."""

from __future__ import annotations

from catalog.domain.script.line import (
    MOST_CHARACTERS,
    MOST_LINES,
    Beat,
    Line,
    Script,
    ScriptKind,
    numbered,
)
from catalog.domain.script.parse import cue_script, cue_suffix, guess_kind, text_script

__all__ = [
    "MOST_CHARACTERS",
    "MOST_LINES",
    "Beat",
    "Line",
    "Script",
    "ScriptKind",
    "cue_script",
    "cue_suffix",
    "guess_kind",
    "numbered",
    "text_script",
]
