"""The size and orientation that a film's pictures are brought to, and the views made of each."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.domain.media import VideoTrack
from catalog.media.color import UNSPECIFIED, is_standard_definition
from catalog.media.interlace import Combed, one_moment
from catalog.media.orientation import Orientation
from catalog.media.scene_light import Looks, is_light, light_of
from catalog.media.tone import for_display, scene_for_display
from catalog.media.views import SQUEEZED, Once, Picture, RgbPicture, squeeze

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

# PySceneDetect's thresholds were tuned on pictures of about this width.
DETECTOR_EDGE = 256
# A few pictures are held until it is known which are kept; larger ones than 4K only as shrunk.
_LARGEST_HELD = 4096 * 2304
# Of larger ones the detectors' view is made at once, so that a dozen need not be held for it.
_LARGEST_LAZY = 1920 * 1088


class Shape:
    """The size and orientation every picture of one asset is brought to."""

    def __init__(
        self, first: VideoFrame, track: VideoTrack, longest_edge: int, looks: Looks
    ) -> None:
        from av.video.reformatter import Interpolation, VideoReformatter  # noqa: PLC0415

        self._orientation = Orientation(track.rotation, track.mirrored)
        self._looks = looks
        # By what is stored: it may be decoded at an eighth of its size.
        sd = is_standard_definition(track.width, track.height)
        untagged = 5 if sd else 1  # SWS_CS_ITU601, SWS_CS_ITU709
        # Handing a small picture out to threads takes longer than shrinking it.
        self._tagged: dict[str, Any] = {"interpolation": Interpolation.AREA, "threads": 1}
        self._untagged = {**self._tagged, "src_colorspace": untagged}
        width, height = first.width * track.sample_aspect_ratio, Fraction(first.height)
        self._kept = _fitted(width, height, longest_edge)
        self._small = _fitted(width, height, DETECTOR_EDGE)
        # One scaler for each size: it sets itself up anew when the size changes.
        self._keeper, self._shrinker = VideoReformatter(), VideoReformatter()
        self._squeezer = VideoReformatter()

    def picture(self, pts: int, frame: VideoFrame) -> Picture:
        """The picture at a time, ready for whoever asks for its views."""
        shrunk, squeezed = Once(lambda: self.small(frame)), self.squeezed(frame)
        combed = Combed(frame)
        if frame.width * frame.height > _LARGEST_LAZY:
            shrunk()
        if frame.width * frame.height > _LARGEST_HELD:
            rgb = self._upright(frame, combed)
            return Picture(pts, squeezed, shrunk, lambda: rgb)
        return Picture(pts, squeezed, shrunk, lambda: self._upright(frame, combed), combed)

    def squeezed(self, frame: VideoFrame) -> RgbPicture:
        """The picture as every one is looked at."""
        if is_light(frame):
            return squeeze(self.small(frame))
        width, height = SQUEEZED
        scaling = self._scaling(frame)
        plane = self._squeezer.reformat(frame, width, height, "bgr24", **scaling).planes[0]
        lines: Any = np.frombuffer(memoryview(plane), np.uint8)
        if plane.line_size != 3 * width:
            lines = lines.reshape(height, plane.line_size)[:, : 3 * width]
        view: RgbPicture = lines.reshape(height, width, 3)
        return view

    def small(self, frame: VideoFrame) -> RgbPicture:
        """The picture as the detectors see it."""
        if is_light(frame):
            shown = scene_for_display(light_of(frame, self._small), self._looks.gamut)
            return np.ascontiguousarray(shown[:, :, ::-1])
        small = self._shrinker.reformat(frame, *self._small, "bgr24", **self._scaling(frame))
        return _pixels(small)

    def _upright(self, frame: VideoFrame, combed: Callable[[], bool]) -> RgbPicture:
        if is_light(frame):
            shown = scene_for_display(light_of(frame, self._kept), self._looks.gamut)
            return self._orientation.apply(shown)
        scaling = self._scaling(frame)
        kept = self._keeper.reformat(one_moment(frame, combed), *self._kept, "rgb24", **scaling)
        return self._orientation.apply(for_display(_pixels(kept), frame, self._looks.log))

    def _scaling(self, frame: VideoFrame) -> dict[str, Any]:
        return self._untagged if frame.colorspace == UNSPECIFIED else self._tagged


def _fitted(width: Fraction, height: Fraction, longest_edge: int) -> tuple[int, int]:
    """Width and height brought under a longest edge, never enlarged."""
    scale = min(Fraction(1), longest_edge / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _pixels(frame: VideoFrame) -> RgbPicture:
    pixels: Any = frame.to_ndarray()
    return np.asarray(pixels, dtype=np.uint8)
