"""What the file of a film frame says in its header: of DPX, Cineon and OpenEXR alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from catalog.domain.media import Facts, Probe
from catalog.media.cineon import read_cineon
from catalog.media.dpx_header import read_dpx
from catalog.media.exr_header import read_exr
from catalog.media.facts import first_of

_MOST_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class FilmHeader:
    """One frame's header.

    Attributes
    ----------
    metadata:
        Everything else it says, under ``dpx``, ``cineon`` or ``exr``; ``log`` where its numbers
        are no light.
    timecode, rate:
        Of this very frame, and pictures a second; None where it does not say.
    """

    metadata: Mapping[str, Any] = field(default_factory=dict)
    timecode: str | None = None
    rate: Fraction | None = None
    recorded: datetime | None = None
    facts: Facts = field(default_factory=Facts)

    @property
    def deep(self) -> bool:
        """Whether it is an OpenEXR file of deep data, which nobody here shows."""
        return bool((self.metadata.get("exr") or {}).get("deep"))


def read_film_header(path: Path) -> FilmHeader | None:
    """The header of a DPX, Cineon or OpenEXR file; None of any other file.

    What is broken is left out.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(_MOST_BYTES)
    for reader in (read_dpx, read_exr, read_cineon):
        if (said := reader(head)) is not None:
            return FilmHeader(**said)
    return None


def with_film_header(probe: Probe, header: FilmHeader | None) -> Probe:
    """The probe of a frame with what its header says, which FFmpeg passes over."""
    if header is None:
        return probe
    if "cineon" in header.metadata and probe.video is not None:
        # It is read as what it is not.
        probe = replace(probe, container="cineon", video=replace(probe.video, codec="cineon"))
    return replace(
        probe,
        timecode=header.timecode or probe.timecode,
        recorded=header.recorded or probe.recorded,
        facts=first_of([header.facts, probe.facts]),
        metadata={**probe.metadata, **header.metadata},
    )
