"""The strip: small pictures at even steps through a film, on one sheet, for looking it over.

The pictures are those the decode pass makes for the detectors anyway. When
there are too many, every second one goes and the step doubles, so memory does
not depend on the film's length, nor does the length have to be known.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from catalog.domain.media import VideoTrack
from catalog.domain.renditions import RenditionKind
from catalog.media.orientation import Orientation

RgbPicture = npt.NDArray[np.uint8]

MOST_TILES = 128
_FIRST_STEP = Fraction(1, 4)  # seconds
_TILE_EDGE = 160
_COLUMNS = 10
_QUALITY = 75
_EFFORT = 1  # of 6; the usual 4 takes four times as long for a fifth fewer bytes


@dataclass(frozen=True, slots=True)
class Strip:
    """A finished strip: the sheet as WebP with its size in pixels, and its index as WebVTT."""

    sheet: bytes
    width: int
    height: int
    index: str
    tiles: int
    step: float


class StripMaker:
    """Gathers a film's tiles; `add` every picture, then `finish`.

    ``duration`` is how many seconds the container promises, if it does. It saves tiles that would
    go again; half of it is believed, so that a film that ends before is not left with a few.
    """

    def __init__(
        self, track: VideoTrack, time_base: Fraction, duration: Fraction | None = None
    ) -> None:
        self._orientation = Orientation(track.rotation, track.mirrored)
        self._base = time_base
        self._step = _FIRST_STEP
        while duration is not None and duration / 2 > MOST_TILES * self._step:
            self._step *= 2
        self._due = 0  # the pts from which on a picture is kept
        self._times: list[int] = []
        # Five megabytes at most. As JPEG they would be a tenth, for a third of the sheet's work.
        self._tiles: list[RgbPicture] = []

    def add(self, pts: int, small: Callable[[], RgbPicture]) -> None:
        """What makes a picture as it is stored, BGR; it is made if a step has gone by."""
        if self._times and pts < self._due:
            return
        self._times.append(pts)
        self._tiles.append(_tile(small()))
        if len(self._tiles) > MOST_TILES:
            self._thin()
        following = (self._step_of(self._times[-1]) + 1) * self._step
        self._due = math.ceil(following / self._base)

    def _step_of(self, pts: int) -> int:
        return int(pts * self._base // self._step)

    def _thin(self) -> None:
        """Double the step; the first tile in each stays."""
        self._step *= 2
        kept: dict[int, int] = {}
        for number, pts in enumerate(self._times):
            kept.setdefault(self._step_of(pts), number)
        self._times = [self._times[number] for number in kept.values()]
        self._tiles = [self._tiles[number] for number in kept.values()]

    def finish(self, end_pts: int) -> Strip | None:
        """The strip of a film that ends at ``end_pts``; None if it has no picture."""
        import cv2  # noqa: PLC0415  slow to import
        from PIL import Image  # noqa: PLC0415  slow to import

        if not self._tiles:
            return None
        upright = [self._orientation.apply(tile) for tile in self._tiles]
        height, width = upright[0].shape[:2]
        columns = min(_COLUMNS, len(upright))
        rows = -(-len(upright) // columns)
        sheet = np.zeros((rows * height, columns * width, 3), np.uint8)
        places = []
        for number, tile in enumerate(upright):
            y, x = number // columns * height, number % columns * width
            sheet[y : y + height, x : x + width] = tile[:height, :width]
            places.append((x, y, width, height))
        kept = io.BytesIO()
        drawn: Any = cv2.cvtColor(sheet, cv2.COLOR_BGR2RGB)
        Image.fromarray(drawn).save(kept, "WEBP", quality=_QUALITY, method=_EFFORT)
        index = self._index(places, end_pts)
        size = sheet.shape[1], sheet.shape[0]
        return Strip(kept.getvalue(), *size, index, len(upright), float(self._step))

    def _index(self, places: list[tuple[int, int, int, int]], end_pts: int) -> str:
        """WebVTT whose cues name a part of the sheet (Media Fragments URI 1.0, 4.2.2)."""
        ends = [*self._times[1:], max(end_pts, self._times[-1] + 1)]
        starts = [0, *self._times[1:]]
        cues = ["WEBVTT"]
        for start, end, place in zip(starts, ends, places, strict=True):
            times = f"{_clock(start * self._base)} --> {_clock(end * self._base)}"
            where = ",".join(map(str, place))
            cues.append(f"{times}\n{RenditionKind.STRIP.file_name}#xywh={where}")
        return "\n\n".join(cues) + "\n"


def _tile(small: RgbPicture) -> RgbPicture:
    import cv2  # noqa: PLC0415  slow to import

    height, width = small.shape[:2]
    scale = min(1.0, _TILE_EDGE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    # From 256 to 160 pixels nothing fine is left to flicker, and area takes ten times as long.
    shrunk = cv2.resize(small, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(shrunk, dtype=np.uint8)


def _clock(seconds: Fraction) -> str:
    """``hours:minutes:seconds.thousandths``; rounded up, so that no cue shows what comes later."""
    thousandths = -(-seconds.numerator * 1000 // seconds.denominator)
    minutes, rest = divmod(thousandths, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
