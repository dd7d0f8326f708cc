"""The colours of subjects, and what each light does to a picture."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.demo.canvas import Colour, mix

_MAIN: dict[str, Colour] = {
    "red": (216, 30, 40),
    "orange": (250, 128, 14),
    "yellow": (252, 214, 26),
    "green": (34, 152, 62),
    "blue": (34, 92, 220),
    "purple": (126, 52, 172),
    "pink": (252, 128, 184),
    "brown": (122, 72, 38),
    "black": (34, 34, 40),
    "white": (246, 246, 244),
}
_DARK = {"white": (190, 194, 206), "black": (12, 12, 16)}
_BRIGHT = {"black": (84, 86, 98), "white": (255, 255, 255)}

INK: Colour = (38, 38, 46)
GLASS: Colour = (186, 222, 240)
METAL: Colour = (150, 156, 166)
CREAM: Colour = (244, 228, 196)


@dataclass(frozen=True, slots=True)
class Paint:
    """The three tones a subject is painted in."""

    main: Colour
    dark: Colour
    bright: Colour

    @classmethod
    def of(cls, colour: str) -> Paint:
        """The tones of one of :data:`catalog.demo.world.COLOURS`."""
        main = _MAIN[colour]
        dark = _DARK.get(colour, mix(main, (0, 0, 0), 0.32))
        return cls(main, dark, _BRIGHT.get(colour, mix(main, (255, 255, 255), 0.34)))


@dataclass(frozen=True, slots=True)
class Grade:
    """How one light changes a picture, as a colourist would set it."""

    sky: tuple[Colour, Colour]
    """Colours of the sky, at the top and at the horizon."""
    land: tuple[float, float, float]
    """Factors for red, green and blue of everything behind the subject."""
    subject: tuple[float, float, float]
    """The same for the subject, far milder: a blue car must not turn black at night."""
    veil: Colour
    """Colour of the air between the camera and the land."""
    veil_share: float
    """How much of the land the air hides, 0 to 1."""
    grey: float = 0.0
    """Share of colour taken out of the land, 0 to 1."""


GRADES: dict[str, Grade] = {
    "day": Grade(
        ((64, 148, 232), (198, 230, 250)), (1.0, 1.0, 1.0), (1.0, 1.0, 1.0), (206, 230, 248), 0.05
    ),
    "sunset": Grade(
        ((92, 58, 130), (255, 158, 72)), (0.86, 0.56, 0.50), (1.0, 0.94, 0.88), (255, 140, 80), 0.16
    ),
    "night": Grade(
        ((6, 8, 30), (30, 42, 92)), (0.28, 0.34, 0.55), (0.88, 0.90, 0.98), (16, 22, 60), 0.08
    ),
    "rain": Grade(
        ((92, 104, 118), (150, 162, 174)),
        (0.60, 0.66, 0.72),
        (0.92, 0.94, 0.97),
        (128, 140, 154),
        0.18,
        0.4,
    ),
    "fog": Grade(
        ((208, 212, 216), (222, 225, 228)),
        (1.0, 1.0, 1.0),
        (0.98, 0.98, 0.98),
        (216, 220, 224),
        0.66,
        0.5,
    ),
}
