"""Texts within files, read in a process of its own: the inside, and the catalogue's side."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from catalog.domain.sidecars import CutBy, Sidecar
from catalog.media.isolated import DecoderPool
from catalog.media.isolated_worker import Report
from catalog.media.probe import probe
from catalog.media.sidecars.embedded import MAX_SECONDS, read_embedded
from catalog.media.told_texts import as_values, no_texts, segment_told

_REASONS = frozenset(CutBy)


def read_texts(path: Path, _order: dict[str, Any], report: Report) -> None:
    """Tell a file's chapters and the cues of its text streams.

    Raises
    ------
    MediaError
        If it cannot be opened.
    """
    # Nothing is told on the way, so it must be over before the silence counts as a stall.
    seconds = min(MAX_SECONDS, report.limits.stall_s / 2)
    found = read_embedded(path, probe(path).origin, seconds=seconds)
    cut_by = None if found.cut_by is None else found.cut_by.value
    report.send("texts", as_values(found.segments), found.read_until, cut_by)


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
        match (kind, *values):
            case ("texts", [*told], None, None):
                until, cut_by = None, None
            case ("texts", [*told], Fraction() as until, str() as reason) if reason in _REASONS:
                cut_by = CutBy(reason)
            case _:
                raise no_texts(path)
        segments = tuple(segment_told(path, each) for each in told)
        talk.over = True
    return Sidecar(segments=segments, read_until=until, cut_by=cut_by)
