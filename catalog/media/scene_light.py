"""Pictures whose numbers are light as they stand: OpenEXR's floats, of which 1 is only white.

FFmpeg's scaler takes floats for coded values and cuts off what is above 1; here they are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from catalog.media.exr_header import default_layer
from catalog.media.gamuts import BT709, Chromaticities
from catalog.media.log_curves import LogCurve, log_curve

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

# FFmpeg's formats: how many bytes a number has; grey, or planes of green, blue and red.
_BYTES = {
    **dict.fromkeys(("gbrpf32le", "gbrapf32le", "grayf32le"), 4),
    **dict.fromkeys(("gbrpf16le", "gbrapf16le", "grayf16le"), 2),
}
_PLANES = {True: (2, 0, 1), False: (0, 0, 0)}


@dataclass(frozen=True, slots=True)
class Looks:
    """How an asset's numbers are to be seen, as its metadata says.

    ``log`` is a curve that is undone; ``gamut`` the primaries of light; ``layer`` the one of
    an OpenEXR file that is shown, None where the picture has channels of its own.
    """

    log: LogCurve | None = None
    gamut: Chromaticities = BT709
    layer: str | None = None

    @classmethod
    def of(cls, metadata: Mapping[str, Any]) -> Self:
        """As a probe's metadata says."""
        exr = metadata.get("exr") or {}
        named = exr.get("chromaticities") or BT709
        gamut = (named[0], named[1], named[2], named[3], named[4], named[5], named[6], named[7])
        layer = default_layer(exr.get("channels") or [])
        return cls(log_curve(metadata.get("log")), gamut, layer)


def is_light(frame: VideoFrame) -> bool:
    """Whether a picture's numbers are floats of light."""
    return frame.format.name in _BYTES


def light_of(frame: VideoFrame, size: tuple[int, int]) -> NDArray[np.float32]:
    """The picture's light shrunk to a size (width, height): RGB, shape (height, width, 3)."""
    import cv2  # noqa: PLC0415  slow to import

    name = frame.format.name
    planes = [_plane(frame, number, _BYTES[name]) for number in _PLANES[name.startswith("gbr")]]
    # One bright spot that is no number must not spread over its neighbours.
    shrunk = [
        cv2.resize(
            np.nan_to_num(plane, nan=0.0, posinf=65504.0, neginf=0.0),
            size,
            interpolation=cv2.INTER_AREA,
        )
        for plane in planes
    ]
    return np.stack([np.asarray(each, np.float32) for each in shrunk], axis=-1)


def _plane(frame: VideoFrame, number: int, width: int) -> NDArray[np.float32]:
    plane = frame.planes[number]
    kind: Any = f"<f{width}"
    values: NDArray[Any] = np.frombuffer(memoryview(plane), dtype=kind)
    rows = values.reshape(plane.height, plane.line_size // width)
    return np.asarray(rows[:, : plane.width], np.float32)
