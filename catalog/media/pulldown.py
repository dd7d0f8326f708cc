"""Telecined film: 24 pictures a second spread over 60 fields, three and two in turn.

Coded field by field and put together again as frames, two of every five show
lines of two film pictures. Where that can be seen, in things that move, its
rhythm tells it from interlaced video, of which every frame is woven.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from catalog.media.views import Picture

_CYCLE = 5
_RUN = 10
# Runs of pictures are looked at here and there, not all pictures.
_BETWEEN, _MOST_RUNS = Fraction(1), 40
_LEAST_RUNS, _AGREEING = 2, 0.7
_RATE, _NEAR = Fraction(30000, 1001), Fraction(1, 50)


class PulldownWatch:
    """Looks at runs of ten pictures for the rhythm of 3:2 pulldown.

    Parameters
    ----------
    time_base:
        Seconds per unit of the pictures' ``pts``.
    frame_rate:
        Pictures per second; of other rates than about 29.97 nothing is looked at.
    """

    def __init__(self, time_base: Fraction, frame_rate: Fraction | None) -> None:
        fits = frame_rate is not None and abs(frame_rate - _RATE) < _NEAR
        self._runs_left = _MOST_RUNS if fits else 0
        self._between = _BETWEEN / time_base
        self._next: int | Fraction = 0
        self._run: list[bool] = []
        self._agreed = self._woven = 0

    def look(self, picture: Picture) -> None:
        """Look at the next picture, if it is one of a run."""
        if not self._runs_left or picture.pts < self._next:
            return
        self._run.append(picture.combed())
        if len(self._run) == _RUN:
            if any(self._run):
                self._woven += 1
                self._agreed += _has_rhythm(self._run)
            self._runs_left -= 1
            self._run, self._next = [], picture.pts + self._between

    @property
    def found(self) -> str | None:
        """``3:2`` if the film was telecined, as far as was seen."""
        enough = self._agreed >= _LEAST_RUNS and self._agreed >= _AGREEING * self._woven
        return "3:2" if enough else None


def _has_rhythm(run: list[bool]) -> bool:
    """Whether two pictures in turn of every five are combed, and no other is."""
    for first in range(_CYCLE):
        may = [(at - first) % _CYCLE < 2 for at in range(_RUN)]
        if all(not combed or there for combed, there in zip(run, may, strict=True)):
            # One of the four may not show it, where nothing moved.
            return sum(run) >= 3
    return False
