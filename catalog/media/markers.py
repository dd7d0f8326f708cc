"""Markers within a sound, each up to the next: where FFmpeg makes no chapters of them."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.media.aiff import Marker, aiff_markers

if TYPE_CHECKING:
    from av.container import InputContainer


def markers_of(path: Path, container: InputContainer) -> Iterator[tuple[Fraction, Fraction, str]]:
    """Start and end (seconds) and name of each marker of an AIFF file; none where it ends."""
    if container.format.name != "aiff" or not container.streams.audio:
        return
    stream = container.streams.audio[0]
    rate, base = stream.codec_context.sample_rate, stream.time_base
    if not rate or not base or not stream.duration:
        return
    length = round(stream.duration * base * rate)
    found = [each for each in aiff_markers(path) if each.at < length]
    for marker, following in pairwise([*found, Marker(length, "")]):
        if following.at > marker.at:
            yield Fraction(marker.at, rate), Fraction(following.at, rate), marker.name
