"""Fountain, the plain-text form of screenplays (fountain.io, syntax of version 1.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from catalog.domain.script.line import Beat
from catalog.domain.script.sentences import sentences

_BONEYARD = re.compile(r"/\*.*?\*/", re.DOTALL)
_NOTE = re.compile(r"\[\[.*?\]\]", re.DOTALL)
_EMPHASIS = re.compile(r"(\*{1,3}|_)(?=\S)(.+?)(?<=\S)\1")
_HEADING = re.compile(r"(?i)^(int|ext|est|int\./ext|int/ext|i/e)[. ]")
_TITLE_KEY = re.compile(r"^[A-Za-z][A-Za-z ]{0,30}:")
_SCENE_NUMBER = re.compile(r"\s*#[^#]+#\s*$")
_EXTENSION = re.compile(r"\s*\([^()]*\)\s*$")
_TRANSITION = re.compile(r"^[^a-zа-яà-ÿ]*TO:$")


def looks_like_fountain(text: str) -> bool:
    """Whether a text without a telling name has scene headings, as only screenplays do."""
    return any(_HEADING.match(line) and line.isupper() for line in text.split("\n"))


def fountain_beats(text: str) -> list[Beat]:
    """What is said, each with who says it, and what is to be seen, in the script's order.

    Headings of scenes go with the lines that follow; title page, notes, sections, synopses
    and transitions are left out, and what stands in parentheses within dialogue.
    """
    text = _NOTE.sub("", _BONEYARD.sub("", text))
    return list(_Reader(_without_title_page(text).split("\n")).beats())


def _without_title_page(text: str) -> str:
    head, gap, rest = text.lstrip("\n").partition("\n\n")
    return rest if gap and _TITLE_KEY.match(head) and not _HEADING.match(head) else text


@dataclass
class _Reader:
    lines: list[str]
    scene: str | None = None
    speaker: str | None = None
    held: list[str] = field(default_factory=list)

    def beats(self) -> Iterator[Beat]:
        blank = True
        for at, raw in enumerate(self.lines):
            line = raw.strip()
            after = self.lines[at + 1].strip() if at + 1 < len(self.lines) else ""
            if not line:
                yield from self._flush()
                self.speaker = None
            elif self.speaker is None and (heading := _heading(line, alone=blank)):
                yield from self._flush()
                self.scene = heading
            elif self.speaker is None and blank and after and (who := _character(line)):
                yield from self._flush()
                self.speaker = who
            elif not _left_out(line, dialogue=self.speaker is not None):
                self.held.append(line.lstrip("!~") if line[0] in "!~" else line)
            blank = not line
        yield from self._flush()

    def _flush(self) -> Iterator[Beat]:
        text = _EMPHASIS.sub(r"\2", " ".join(self.held)).strip()
        self.held = []
        for sentence in sentences(text):
            yield Beat(
                sentence, said=self.speaker is not None, speaker=self.speaker, scene=self.scene
            )


def _heading(line: str, *, alone: bool) -> str | None:
    forced = line.startswith(".") and not line.startswith("..")
    if forced or (alone and _HEADING.match(line)):
        return _SCENE_NUMBER.sub("", line.lstrip(".")).strip() or None
    return None


def _character(line: str) -> str | None:
    """Who speaks next: a line in capitals, or one that begins with @."""
    forced = line.startswith("@")
    name = _EXTENSION.sub("", line.lstrip("@").rstrip("^").strip())
    if _TRANSITION.match(line) or line[0] in "><!.=#~":
        return None
    upper = name.isupper() and len(name) <= 60
    return name if name and (forced or upper) else None


def _left_out(line: str, *, dialogue: bool) -> bool:
    if dialogue:
        return line.startswith("(") and line.endswith(")")
    return bool(line[0] in "#=>" or _TRANSITION.match(line))
