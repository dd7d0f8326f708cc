"""Animated WebP, which FFmpeg does not decode: its description, and its pictures by Pillow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from catalog.domain.media import AssetKind, Probe
from catalog.media.exif import read_exif
from catalog.media.still_color import embedded_profile, in_srgb
from catalog.media.stills import open_still, still_track
from catalog.media.timing import is_variable

if TYPE_CHECKING:
    from PIL import Image

TIME_BASE = Fraction(1, 1000)  # WebP's durations are whole milliseconds
_CHUNK_HEADER = 8
_FIRST_CHUNK = 12
_DURATION = slice(12, 15)  # 24 bits, little endian, in an ANMF chunk
# Browsers show what asks for less than 11 ms at ten pictures a second.
_SHORTEST_MS, _USUAL_MS = 11, 100


def probe_animation(path: Path, image: Image.Image) -> Probe:
    """Everything known of an open WebP animation without decoding its pictures."""
    durations = list(_durations(path))
    total = sum(durations)
    exif = read_exif(image)
    track = replace(
        still_track(image),
        frame_rate=Fraction(1000 * len(durations), total) if total else None,
        variable_frame_rate=len(durations) > 1 and is_variable(durations[:-1]),
        frame_count=len(durations),
    )
    return Probe(
        kind=AssetKind.VIDEO,
        container="webp",
        duration=total * TIME_BASE if total else None,
        time_base=TIME_BASE,
        video=track,
        audio=(),
        timecode=None,
        recorded=exif.recorded,
        title=exif.title,
        metadata=exif.metadata,
        facts=exif.facts,
    )


def _durations(path: Path) -> Iterator[int]:
    """Milliseconds of each picture, from the chunks' headers alone."""
    with path.open("rb") as file:
        file.seek(_FIRST_CHUNK)
        while len(header := file.read(_CHUNK_HEADER)) == _CHUNK_HEADER:
            size = int.from_bytes(header[4:], "little")
            start = file.tell()
            if header[:4] == b"ANMF":
                yield _shown(int.from_bytes(file.read(_DURATION.stop)[_DURATION], "little"))
            file.seek(start + size + size % 2)


def _shown(milliseconds: int) -> int:
    return milliseconds if milliseconds >= _SHORTEST_MS else _USUAL_MS


def animation_pictures(path: Path) -> Iterator[tuple[int, int, npt.NDArray[np.uint8]]]:
    """The pictures of an animation: time, duration (in `TIME_BASE`) and RGB pixels, of sRGB.

    Raises
    ------
    MediaError
        As `open_still`.
    """
    at = 0
    with open_still(path) as image:
        colours = embedded_profile(image)
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            shown = image.convert("RGB")
            converted = in_srgb(shown, colours)
            picture = np.asarray(shown if converted is None else converted, dtype=np.uint8)
            duration = _shown(int(image.info.get("duration") or 0))
            yield at, duration, picture
            at += duration
