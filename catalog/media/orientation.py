"""How a stored picture must be turned and mirrored to be seen upright."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from PIL import Image

# EXIF 2.32, tag 0x0112: value -> (clockwise degrees, mirrored before turning).
_EXIF = {
    1: (0, False),
    2: (0, True),
    3: (180, False),
    4: (180, True),
    5: (270, True),
    6: (90, False),
    7: (90, True),
    8: (270, False),
}
_QUARTER = 90
_MATRIX_BYTES = 36


@dataclass(frozen=True, slots=True)
class Orientation:
    """First mirror left to right if ``mirrored``, then turn clockwise by ``rotation`` degrees."""

    rotation: int = 0
    mirrored: bool = False

    @classmethod
    def from_exif(cls, value: object) -> Orientation:
        """From EXIF's orientation 1 to 8; anything else turns nothing."""
        return cls(*_EXIF.get(value if isinstance(value, int) else 1, (0, False)))

    @classmethod
    def from_display_matrix(cls, matrix: bytes) -> Orientation:
        """From FFmpeg's display matrix: nine 32-bit integers in the machine's order.

        The matrix maps a picture's point (x, y) to (a x + c y, b x + d y), y
        downwards, as in QuickTime's track header. Angles are rounded to quarters.
        """
        if len(matrix) < _MATRIX_BYTES:
            return cls()
        a, b, _, c, d, *_ = struct.unpack("=9i", matrix[:_MATRIX_BYTES])
        mirrored = a * d - b * c < 0
        if mirrored:  # take the mirror away: it turned x round before everything else
            a, b = -a, -b
        # A turn by t clockwise (y downwards) is a = d = cos t, b = -c = sin t.
        degrees = np.degrees(np.arctan2(b - c, a + d))
        return cls(round(float(degrees) / _QUARTER) * _QUARTER % 360, mirrored)

    @property
    def swaps_sides(self) -> bool:
        """Whether width and height change places."""
        return self.rotation % 180 == _QUARTER

    def apply(self, picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """The picture, shape (height, width, 3), upright; a contiguous array."""
        if self.mirrored:
            picture = picture[:, ::-1]
        if self.rotation:
            picture = np.rot90(picture, -(self.rotation // _QUARTER))
        return np.ascontiguousarray(picture)

    def apply_to_image(self, image: Image.Image) -> Image.Image:
        """The same for a Pillow image; its ``info`` is kept."""
        from PIL import Image as PillowImage  # noqa: PLC0415  only stills need it

        info: dict[Any, Any] = image.info
        turn = PillowImage.Transpose
        if self.mirrored:
            image = image.transpose(turn.FLIP_LEFT_RIGHT)
        if self.rotation:
            # Pillow turns counter-clockwise.
            turns = {90: turn.ROTATE_270, 180: turn.ROTATE_180, 270: turn.ROTATE_90}
            image = image.transpose(turns[self.rotation])
        image.info = info
        return image
