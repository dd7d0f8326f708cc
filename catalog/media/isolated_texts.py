"""Texts within files, read in a process of its own: the inside, and the catalogue's side."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from catalog.domain.paths import shown_path
from catalog.domain.sidecars import Segment, Sidecar
from catalog.errors import DecoderCrashedError
from catalog.media.isolated import DecoderPool
from catalog.media.isolated_worker import Report
from catalog.media.sidecars.embedded import MAX_SECONDS, read_embedded
from catalog.media.tags import clean_text


def read_texts(path: Path, _order: dict[str, Any], report: Report) -> None:
    """Tell a file's chapters and the cues of its text streams.

    Raises
    ------
    MediaError
        If it cannot be opened.
    """
    # Nothing is told on the way, so it must be over before the silence counts as a stall.
    found = read_embedded(path, seconds=min(MAX_SECONDS, report.limits.stall_s / 2))
    told = [(s.kind, s.start, s.end, s.text, s.language) for s in found.segments]
    report.send("texts", told)


def texts_of(pool: DecoderPool, path: Path) -> Sidecar:
    """The chapters and text streams of a file, as `read_embedded` reads them.

    Raises
    ------
    MediaError
        If it cannot be opened, or does not let its reader live.
    DecodersUnavailableError
        If there is no process to do it.
    """
    with pool.job("texts", path, {}) as talk:
        kind, *values = talk.hear()
        if kind != "texts":
            raise _no_texts(path)
        segments = tuple(_segment(path, each) for each in values[0])
        talk.over = True
    return Sidecar(segments=segments)


def _segment(path: Path, told: Any) -> Segment:  # noqa: ANN401  # whatever was said
    """A text as it was told, by a process that a file may have taken over."""
    match told:
        case (
            ("speech" | "subclip") as kind,
            Fraction() as start,
            Fraction() as end,
            str() as text,
            (str() | None) as language,
        ):
            return Segment(kind, start, end, clean_text(text), language and clean_text(language))
    raise _no_texts(path)


def _no_texts(path: Path) -> DecoderCrashedError:
    return DecoderCrashedError(
        f"The process that read the texts in {shown_path(path)} said what is no text;"
        " expected cues and chapters.",
        remedy="The file is damaged, or made to harm: look at where it comes from.",
        path=shown_path(path),
    )
