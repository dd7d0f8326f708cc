"""Every subject as a cut-out: drawn, shaded and edged, ready to be laid over a backdrop.

A subject is drawn in a box 2.6 units wide and 2.2 high around (0, 0), standing on y = 1, looking to
the right.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter

from catalog.demo import animals, things, vehicles
from catalog.demo.canvas import Canvas, Colour
from catalog.demo.palette import Paint

BOX_WIDTH, BOX_HEIGHT, BOX_TOP = 2.6, 2.5, -1.4
FLYING = frozenset({"aeroplane", "balloon", "butterfly", "fish"})
"""Subjects that hang in the air over their shadow even when they are still."""

_DRAWINGS: dict[str, Callable[[Canvas, Paint], None]] = {
    "car": vehicles.car,
    "bus": vehicles.bus,
    "train": vehicles.train,
    "bicycle": vehicles.bicycle,
    "aeroplane": vehicles.aeroplane,
    "rocket": vehicles.rocket,
    "boat": vehicles.boat,
    "balloon": vehicles.balloon,
    "house": things.house,
    "tree": things.tree,
    "cat": animals.cat,
    "elephant": animals.elephant,
    "fish": animals.fish,
    "duck": animals.duck,
    "butterfly": animals.butterfly,
    "snail": animals.snail,
    "umbrella": things.umbrella,
    "chair": things.chair,
    "guitar": things.guitar,
    "cup": things.cup,
    # No subject of the world: catalog.demo.newcomer.
    "windmill": things.windmill,
}


def cut_out(
    subject: str,
    colour: str,
    *,
    unit: float,
    mirrored: bool,
    tint: tuple[float, float, float],
    edge: Colour,
) -> Image.Image:
    """One subject as an RGBA picture of 2.6 x 2.5 units, whose ground line lies at 2.4 units.

    Parameters
    ----------
    subject, colour
        Entries of :data:`catalog.demo.world.SUBJECTS` and :data:`~catalog.demo.world.COLOURS`.
    unit
        Pixels per unit (half the height of the subject).
    mirrored
        Whether the subject looks to the left.
    tint
        Factors for red, green and blue.
    edge
        Colour of the thin line around the silhouette, which keeps a black cat visible at night.
    """
    oversampling = 2
    canvas = Canvas(
        BOX_WIDTH, BOX_HEIGHT, unit=unit * oversampling, origin=(-BOX_WIDTH / 2, BOX_TOP)
    )
    _DRAWINGS[subject](canvas, Paint.of(colour))
    picture = canvas.image
    if mirrored:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    size = (max(2, round(BOX_WIDTH * unit)), max(2, round(BOX_HEIGHT * unit)))
    picture = picture.resize(size, Image.Resampling.BOX)
    return _edged(_shaded(picture, tint), edge, max(0.6, unit * 0.022))


def _shaded(picture: Image.Image, tint: tuple[float, float, float]) -> Image.Image:
    """Light from above: a little brighter at the top, a little darker at the bottom."""
    pixels = np.asarray(picture, dtype=np.float32).copy()
    falloff = np.linspace(1.12, 0.86, pixels.shape[0], dtype=np.float32)[:, None, None]
    pixels[..., :3] = np.clip(
        pixels[..., :3] * falloff * np.asarray(tint, dtype=np.float32), 0, 255
    )
    return Image.fromarray(pixels.astype(np.uint8), "RGBA")


def _edged(picture: Image.Image, edge: Colour, width: float) -> Image.Image:
    alpha = picture.getchannel("A")
    spread = alpha.filter(ImageFilter.GaussianBlur(width)).point(lambda value: min(255, value * 3))
    under = Image.new("RGBA", picture.size, (*edge[:3], 0))
    under.putalpha(spread)
    return Image.alpha_composite(under, picture)
