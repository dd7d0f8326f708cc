"""Scripts from files and texts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePath

from catalog.domain.paths import shown_path
from catalog.domain.script import (
    Script,
    ScriptKind,
    cue_script,
    cue_suffix,
    guess_kind,
    text_script,
)
from catalog.domain.script.pace import WORDS_A_MINUTE
from catalog.errors import InvalidInputError, PathNotFoundError, UnreadableFileError
from catalog.interchange.script_file import MOST_BYTES, SUFFIXES, read_script

SLOWEST, FASTEST = 40.0, 400.0
_TEXTS = ("text", "fountain")


def script_from(
    file: str | Path | None,
    text: str | None,
    content: tuple[str, bytes] | None,
    *,
    kind: str | None,
    words_a_minute: float | None,
) -> Script:
    """The script of a file, of a text, or of a file's content under its name.

    Raises
    ------
    InvalidInputError
        If not exactly one is given, it cannot be read, or has no line.
    PathNotFoundError, UnreadableFileError
        If there is no such file, or it may not be read.
    """
    given = [each for each in (file, text, content) if each is not None]
    if len(given) != 1:
        raise InvalidInputError(
            f"{len(given)} scripts were given; expected one.",
            remedy="Name a file, or give a text.",
        )
    pace = _pace(words_a_minute)
    if text is not None and kind is None and (suffix := cue_suffix(text)) is not None:
        content = (f"script{suffix}", text.encode("utf-8", "replace"))
    elif text is not None:
        return text_script(text, _text_kind(kind, text), words_a_minute=pace)
    if content is None:
        assert file is not None  # noqa: S101  # one of the three is given
        content = _content_of(Path(file))
    return _script_of(*content, kind=kind, pace=pace)


def _script_of(name: str, data: bytes, *, kind: str | None, pace: float) -> Script:
    suffix = PurePath(name).suffix.lower()
    try:
        found = read_script(data, suffix)
    except ValueError as error:
        raise InvalidInputError(
            f"{shown_path(Path(PurePath(name).name))[:200]} cannot be read: {error}; expected a "
            "script.",
            remedy=f"Give one of {', '.join(SUFFIXES)}.",
        ) from error
    if found.kind == "srt":
        return cue_script(found.cues, found.text)
    own: ScriptKind = found.kind
    if own == "docx" or kind is not None:
        own = _text_kind(kind, found.text)
    script = text_script(found.text, own, words_a_minute=pace)
    return replace(script, kind="docx") if found.kind == "docx" and kind is None else script


def _content_of(file: Path) -> tuple[str, bytes]:
    if not file.exists():
        raise PathNotFoundError(
            f"There is no file {shown_path(file)}.", remedy="Name the script's file."
        )
    try:
        with file.open("rb") as opened:
            return file.name, opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise UnreadableFileError(
            f"{shown_path(file)} cannot be read: {error.strerror}.",
            remedy="Name a file that may be read.",
        ) from error


def _text_kind(kind: str | None, text: str) -> ScriptKind:
    if kind is None:
        return guess_kind(text)
    if kind not in _TEXTS:
        raise InvalidInputError(
            f"{kind[:40]!r} is no kind of text; expected {' or '.join(_TEXTS)}.",
            remedy="Leave it out, and the text itself tells.",
        )
    return "fountain" if kind == "fountain" else "text"


def _pace(words_a_minute: float | None) -> float:
    if words_a_minute is None:
        return WORDS_A_MINUTE
    if not SLOWEST <= words_a_minute <= FASTEST:
        raise InvalidInputError(
            f"Nobody reads {words_a_minute:g} words a minute; expected {SLOWEST:g} to {FASTEST:g}.",
            remedy=f"Leave it out for {WORDS_A_MINUTE}.",
        )
    return words_a_minute
