"""Pictures made ready for a model: to RGB, then to the model's size. No torch."""

from __future__ import annotations

import numpy as np
from PIL import Image

from catalog.errors import UndecodableError

STRIP = 32


def readable_rgb(picture: Image.Image, index: int) -> Image.Image:
    """``picture`` as 8-bit RGB, whatever its mode.

    Raises
    ------
    UndecodableError
        If its file is truncated or it has no pixels; ``index`` goes into the details.
    """
    try:
        if 0 in picture.size:
            raise ValueError("it has no pixels")  # noqa: TRY301  # one place names the picture
        return _as_rgb(picture)
    except (OSError, ValueError, SyntaxError) as error:
        raise UndecodableError(
            f"Picture {index} ({picture.mode}, {picture.width}x{picture.height}) cannot be read: "
            f"{error}.",
            remedy="Replace the picture, or leave it out.",
            index=index,
        ) from error


def _as_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode == "RGB":
        picture.load()
        return picture
    if picture.mode[0] in "IF":
        return _from_deep(picture)
    if picture.has_transparency_data:
        # What lies under transparent pixels is arbitrary. White, because the models learned from
        # pictures flattened so (img2dataset's resizer, which made LAION's training sets).
        layered = picture.convert("RGBA")
        ground = Image.new("RGBA", layered.size, "white")
        return Image.alpha_composite(ground, layered).convert("RGB")
    return picture.convert("RGB")


def _from_deep(picture: Image.Image) -> Image.Image:
    """Grey of 16 or 32 bits scaled to 8; Pillow's own conversion would clip it to white."""
    values = np.nan_to_num(np.asarray(picture, dtype=np.float64))
    top = float(values.max(initial=0.0))
    if picture.mode.startswith("I;16") or (picture.mode == "I" and top > 255):
        values = values / 257.0
    elif picture.mode == "F" and top <= 1.0:
        values = values * 255.0
    grey = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")


def tame(picture: Image.Image, resize_mode: str) -> Image.Image:
    """A strip more than ``STRIP`` times as long as wide, made shorter; any other picture as it is.

    Scaling a strip's short side to a model's size would take gigabytes, and scaling its
    long side would leave no pixel of the other. open_clip's ``shortest`` cuts the ends off
    anyway; its ``longest`` and ``squash`` show them, so there the strip is squeezed.
    """
    width, height = picture.size
    limit = STRIP * min(width, height)
    if max(width, height) <= limit:
        return picture
    size = (min(width, limit), min(height, limit))
    if resize_mode != "shortest":
        return picture.resize(size, Image.Resampling.BOX)
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    return picture.crop((left, top, left + size[0], top + size[1]))
