"""Texts and their times as a decoding process tells them: plain values, each looked at."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

from catalog.domain.paths import shown_path
from catalog.domain.sidecars import Captioned, Segment
from catalog.errors import DecoderCrashedError
from catalog.media.tags import clean_text

_LONGEST_NAME = 20  # of a channel or service of captions


def as_values(segments: Iterable[Segment]) -> list[tuple[Any, ...]]:
    """Segments as they are told."""
    return [(s.kind, s.start, s.end, s.text, s.language) for s in segments]


def segment_told(path: Path, told: Any) -> Segment:  # noqa: ANN401  # whatever was said
    """A text as it was told, by a process that a file may have taken over.

    Raises
    ------
    DecoderCrashedError
        If it is none.
    """
    match told:
        case (
            ("speech" | "subclip") as kind,
            Fraction() as start,
            Fraction() as end,
            str() as text,
            (str() | None) as language,
        ):
            return Segment(kind, start, end, clean_text(text), language and clean_text(language))
    raise no_texts(path)


def captions_told(path: Path, told: Any) -> Captioned:  # noqa: ANN401  # whatever was said
    """Captions as they were told: their segments, and the names of channels and services.

    Raises
    ------
    DecoderCrashedError
        If it is none.
    """
    match told:
        case [[*segments], [*carried], [*read]] if all(
            isinstance(name, str) and len(name) <= _LONGEST_NAME for name in carried + read
        ):
            kept = tuple(segment_told(path, each) for each in segments)
            return Captioned(kept, tuple(map(clean_text, carried)), tuple(map(clean_text, read)))
    raise no_texts(path)


def no_texts(path: Path) -> DecoderCrashedError:
    """What is wrong with who tells something else."""
    return DecoderCrashedError(
        f"The process that read the texts in {shown_path(path)} said what is no text;"
        " expected cues and chapters.",
        remedy="The file is damaged, or made to harm: look at where it comes from.",
        path=shown_path(path),
    )
