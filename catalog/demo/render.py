"""Draws a scene: any size, any moment, the same picture for the same seed.

A :class:`Stage` builds what does not move once (sky, land, the cut-out subject), so that a frame
costs little more than pasting the subject where it is at that moment and the weather over it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from catalog.demo.backdrops import BACKDROPS
from catalog.demo.canvas import Canvas, Colour
from catalog.demo.light import Pixels, Weather, graded, sky
from catalog.demo.palette import GRADES
from catalog.demo.subjects import BOX_TOP, BOX_WIDTH, FLYING, cut_out
from catalog.demo.world import Scene

_EDGES: dict[str, Colour] = {"night": (176, 192, 232)}
_EDGE: Colour = (30, 30, 40)


@dataclass(frozen=True, slots=True)
class Framing:
    """Where the camera puts the subject. All lengths are shares of the picture's height."""

    half_height: float
    """Half the height of the subject's box."""
    ground: float
    """How far down the picture the ground under the subject lies."""
    x: float
    """Where the subject's middle is, as a share of the picture's width, in mid-shot."""
    travel: float
    """How far it travels in one shot, as a share of the picture's width (sideways) or height
    (rising).
    """
    looks_left: bool

    @classmethod
    def chosen(cls, scene: Scene, rng: np.random.Generator) -> Framing:
        """A framing that always keeps the whole subject and the marks of its motion in view."""
        sideways = scene.motion in ("left", "right")
        half_height = rng.uniform(0.24, 0.31)
        looks_left = bool(rng.integers(2)) if not sideways else scene.motion == "left"
        travel = rng.uniform(0.22, 0.34) if sideways else rng.uniform(0.12, 0.18)
        spread = 0.04 if sideways else 0.14
        return cls(
            half_height,
            rng.uniform(0.87, 0.94),
            0.5 + rng.uniform(-spread, spread),
            travel,
            looks_left,
        )


class Stage:
    """One scene set up for the camera."""

    def __init__(
        self,
        scene: Scene,
        *,
        size: tuple[int, int] = (640, 360),
        seed: int = 0,
        shot_seconds: float = 3.0,
    ) -> None:
        """Set the scene up.

        Parameters
        ----------
        scene
            What to draw.
        size
            Width and height of the pictures in pixels.
        seed
            Decides everything the scene leaves open: the shape of the hills, the place of the sun,
            the framing.
        shot_seconds
            How long the shot lasts; sets how fast the rain falls in terms of :meth:`frame`'s time.
        """
        self.scene = scene
        self.size = size
        self._seconds = shot_seconds
        self._unit = float(size[1])
        self._width = size[0] / size[1]
        rng = np.random.default_rng([seed, *scene.name.encode()])
        self.framing = Framing.chosen(scene, rng)
        self._backdrop = self._build_backdrop(rng)
        self._weather = Weather(scene.light, self._width, self._unit, rng)
        self._subject = self._build_subject()
        self._marks = self._build_marks(rng)
        self._shadow = self._build_shadow()

    def frame(self, time: float) -> Pixels:
        """The picture at ``time``, 0 being the shot's start, 1 its end; height x width x 3."""
        time = min(max(time, 0.0), 1.0)
        picture = self._backdrop.copy()
        x, lift = self._place(time)
        shadow, spread = self._shadow, 1.0 - 0.5 * min(1.0, lift / 0.4)
        shadow = shadow.resize(
            (max(1, round(shadow.width * spread)), max(1, round(shadow.height * spread)))
        )
        self._paste(picture, shadow, x, self.framing.ground)
        foot = self.framing.ground - lift
        if self._marks is not None:
            self._paste_marks(picture, self._marks, x, foot)
        top = foot - self.framing.half_height * (1.0 - BOX_TOP)
        self._paste(picture, self._subject, x, top + self._subject.height / self._unit / 2)
        self._weather.over(picture, time * self._seconds)
        return np.asarray(picture, dtype=np.uint8)

    def _place(self, time: float) -> tuple[float, float]:
        """The subject's middle and its height over the ground, both in picture heights."""
        framing, motion = self.framing, self.scene.motion
        x = framing.x * self._width
        hover = 0.09 if self.scene.subject in FLYING else 0.0
        if motion == "rising":
            return x, 0.15 + framing.travel * time
        if motion == "still":
            return x, hover
        direction = -1.0 if motion == "left" else 1.0
        bob = 0.012 * abs(math.sin(time * 5 * math.pi))
        return x + direction * framing.travel * self._width * (time - 0.5), hover + bob

    def _paste(self, picture: Image.Image, layer: Image.Image, x: float, y: float) -> None:
        """Lay a layer over the picture, its middle at (x, y)."""
        corner = (round(x * self._unit - layer.width / 2), round(y * self._unit - layer.height / 2))
        picture.paste(layer, corner, layer)

    def _paste_marks(self, picture: Image.Image, marks: Image.Image, x: float, foot: float) -> None:
        half = self.framing.half_height
        if self.scene.motion == "rising":
            self._paste(picture, marks, x, foot + marks.height / self._unit / 2 + 0.01)
            return
        behind = 1.0 if self.scene.motion == "left" else -1.0
        self._paste(
            picture, marks, x + behind * (1.2 * half + marks.width / self._unit / 2), foot - half
        )

    def _build_backdrop(self, rng: np.random.Generator) -> Image.Image:
        oversampling = 2
        unit = self._unit * oversampling
        land, glow = (Canvas(self._width, 1.0, unit=unit) for _ in range(2))
        BACKDROPS[self.scene.setting](land, glow, self._width, rng)
        picture = sky(self.scene.light, self._width, unit, rng)
        picture = picture.resize(self.size, Image.Resampling.BOX)
        layers = [graded(land.image.resize(self.size, Image.Resampling.BOX), self.scene.light)]
        if self.scene.light == "night":
            layers.append(glow.image.resize(self.size, Image.Resampling.BOX))
        for layer in layers:
            picture.paste(layer, (0, 0), layer)
        return picture

    def _build_subject(self) -> Image.Image:
        return cut_out(
            self.scene.subject,
            self.scene.colour,
            unit=self.framing.half_height * self._unit,
            mirrored=self.framing.looks_left,
            tint=GRADES[self.scene.light].subject,
            edge=_EDGES.get(self.scene.light, _EDGE),
        )

    def _build_shadow(self) -> Image.Image:
        half = self.framing.half_height * self._unit
        wide, high = round(BOX_WIDTH * half * 0.92), max(4, round(half * 0.34))
        alpha = Canvas(wide, high, unit=1.0)
        strength = {"day": 110, "sunset": 105, "night": 130}.get(self.scene.light, 75)
        alpha.ellipse(wide / 2, high / 2, wide * 0.42, high * 0.32, (10, 12, 24, strength))
        return alpha.image.filter(ImageFilter.GaussianBlur(max(0.5, half * 0.035)))

    def _build_marks(self, rng: np.random.Generator) -> Image.Image | None:
        """Streaks of air behind a moving subject: sideways, or under it when it rises."""
        motion = self.scene.motion
        if motion == "still":
            return None
        half = self.framing.half_height
        sideways = motion != "rising"
        long, across = (0.3, 1.5 * half) if sideways else (0.15, 1.5 * half)
        size = (long, across) if sideways else (across, long)
        canvas = Canvas(*size, unit=self._unit * 2)
        for k in range(5):
            place = (k + 0.5) / 5 * across
            length = long * (1.0 if k % 2 == 0 else 0.66) * rng.uniform(0.85, 1.0)
            for width, tone in ((0.018, (40, 44, 60, 150)), (0.012, (255, 255, 255, 240))):
                streak = [(0.0, place - width), (length, place), (0.0, place + width)]
                canvas.poly(streak if sideways else [(y, x) for x, y in streak], tone)
        marks = canvas.image.resize(
            (max(1, canvas.image.width // 2), max(1, canvas.image.height // 2)),
            Image.Resampling.BOX,
        )
        return marks.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if motion == "right" else marks


def render(
    scene: Scene, *, size: tuple[int, int] = (640, 360), time: float = 0.5, seed: int = 0
) -> Pixels:
    """One picture of a scene: height x width x 3, RGB, 8 bits.

    Parameters
    ----------
    scene
        What to draw.
    size
        Width and height in pixels.
    time
        The moment of the scene's motion, 0 to 1.
    seed
        Decides what the scene leaves open. Equal arguments give equal pixels.
    """
    return Stage(scene, size=size, seed=seed).frame(time)
