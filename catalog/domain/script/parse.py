"""Texts and cues as scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from catalog.domain.script.fountain import fountain_beats, looks_like_fountain
from catalog.domain.script.line import MOST_CHARACTERS, Beat, Script, ScriptKind, numbered
from catalog.domain.script.pace import WORDS_A_MINUTE
from catalog.domain.script.sentences import LONGEST, sentences
from catalog.errors import TooLargeError

Cue = tuple[float, float, str]
"""Seconds from, seconds to, and what is said meanwhile."""

# "ANNA: …" and "Anna Meyer: …", with the name's words each in capitals.
_SPEAKER = re.compile(r"^([^\W\d_][^\s:]*(?: [^\W\d_][^\s:]*){0,3}): +(?=\S)")
_FIRST_CUE = re.compile(r"\s*\d+\s*\n\d\d:\d\d:\d\d,\d{3} --> ")
_DIRECTION = re.compile(r"^[\[(].*[\])]$")
# "B-ROLL: …", "GFX: …": what kind of picture, which is nothing that it shows.
_LABEL = re.compile(r"^[A-Z][A-Z0-9/ -]{0,19}: *(?=\S)")
# A list's marks, and the dash before what is said; a number with a stop may begin a date.
_MARK = re.compile(r"^(?:[-*+•▪◦‣–—]|\d{1,3}\)) +(?=\S)")
_SECTION = re.compile(r"^#{1,6} ")
# Lines of a text that was broken to a width are about as long as each other, and longer than this.
_WRAPPED = 55
_STOPS = '.!?…:;؟۔।。！？"”»)'
# Cues are cut where they fit on a screen; those of one sentence belong together, up to here.
_LONGEST_CUES = 10.0
_GAP = 0.6


def guess_kind(text: str) -> ScriptKind:
    """Whether a text is a screenplay or a plain text."""
    return "fountain" if looks_like_fountain(text) else "text"


def cue_suffix(text: str) -> str | None:
    """Which subtitles a text is, by the suffix of their files; None: it is none."""
    if text.lstrip("\ufeff").startswith("WEBVTT"):
        return ".vtt"
    return ".srt" if _FIRST_CUE.match(text.lstrip("\ufeff")) else None


def text_script(
    text: str, kind: ScriptKind = "text", *, words_a_minute: float = WORDS_A_MINUTE
) -> Script:
    """A plain text, or one in Fountain, as a script.

    Of plain text every paragraph is cut into its sentences; ``NAME: …`` says who speaks, and a
    paragraph in brackets, or that is a direction in parentheses, what is to be seen. Marks of
    lists, headings (``# …``) and labels in capitals (``[B-ROLL: …]``) are left out.

    Raises
    ------
    TooLargeError, InvalidInputError
        If it is too long, or has no line.
    """
    if len(text) > MOST_CHARACTERS:
        raise TooLargeError(
            f"The script has {len(text)} characters; expected {MOST_CHARACTERS} at most.",
            remedy="Give it in parts.",
            limit=MOST_CHARACTERS,
        )
    text = text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff")
    beats = fountain_beats(text) if kind == "fountain" else list(_plain_beats(text))
    return numbered(kind, beats, words_a_minute, source=text)


def _plain_beats(text: str) -> Iterator[Beat]:
    for marked in _paragraphs(text):
        if _SECTION.match(marked):
            continue
        paragraph = _MARK.sub("", marked)
        speaker = _speaker(paragraph)
        if speaker is None and _DIRECTION.match(paragraph):
            for sentence in sentences(_LABEL.sub("", paragraph[1:-1].strip())):
                yield Beat(sentence, said=False)
            continue
        said = paragraph if speaker is None else paragraph[len(speaker) + 1 :]
        for sentence in sentences(said):
            yield Beat(sentence, speaker=speaker)


def _paragraphs(text: str) -> Iterator[str]:
    """Lines, but where a paragraph was broken to a width its lines together."""
    held = last = ""
    for raw in text.split("\n"):
        line = raw.strip()
        broken = len(last) >= _WRAPPED and last[-1] not in _STOPS and not _begins(line)
        if held and line and broken:
            held = f"{held} {line}"
        else:
            if held:
                yield held
            held = line
        last = line
    if held:
        yield held


def _begins(line: str) -> bool:
    """Whether a line begins something new, whatever stands before it."""
    if _MARK.match(line) or _SECTION.match(line) or line[:1] in "[(":
        return True
    speaker = _speaker(line)
    return speaker is not None and speaker.isupper()


def _speaker(paragraph: str) -> str | None:
    found = _SPEAKER.match(paragraph)
    if found is None:
        return None
    words = found.group(1).split()
    capitals = all(word[0].isupper() or not word[0].islower() for word in words)
    return found.group(1) if capitals else None


def cue_script(cues: Sequence[Cue], source: str = "") -> Script:
    """The cues of a voice-over as a script: each line as long as its cues last.

    Cues of one sentence that follow each other closely are one line, up to ten seconds.

    Raises
    ------
    InvalidInputError
        If there is no cue, or there are too many.
    """
    beats: list[Beat] = []
    held: list[Cue] = []
    for cue in cues:
        if held and not _goes_on(held, cue):
            beats.append(_beat(held))
            held = []
        held.append(cue)
    if held:
        beats.append(_beat(held))
    return numbered("srt", beats, source=source)


def _goes_on(held: Sequence[Cue], cue: Cue) -> bool:
    (begin, _, _), (_, end, text) = held[0], held[-1]
    open_sentence = text.rstrip()[-1:] not in _STOPS
    close = cue[0] - end <= _GAP and cue[1] - begin <= _LONGEST_CUES
    return open_sentence and close


def _beat(held: Sequence[Cue]) -> Beat:
    text = " ".join(" ".join(cue[2].split()) for cue in held)[:LONGEST]
    return Beat(text, seconds=max(held[-1][1] - held[0][0], 0.04))
