"""Where pictures lie in time: on one line that every pass over an asset agrees on."""

from __future__ import annotations

from fractions import Fraction
from typing import Self

from catalog.domain.media import Probe

_USUAL_RATE = Fraction(25)


class Clock:
    """Places pictures on one line that starts at 0 and never runs backwards."""

    def __init__(self, step: int, time_base: Fraction) -> None:
        self._step = step
        self._second = max(1, round(1 / time_base))
        self._origin: int | None = None
        self._last = -1
        self.end = 0

    @classmethod
    def of(cls, probe: Probe) -> Self:
        """The clock of an asset's pictures."""
        rate = (probe.video.frame_rate if probe.video else None) or _USUAL_RATE
        return cls(max(1, round(1 / (rate * probe.time_base))), probe.time_base)

    @property
    def origin(self) -> int | None:
        """The pts of the file that is 0 here, as of now; None before the first picture."""
        return self._origin

    def place(self, pts: int | None, duration: int) -> int | None:
        """The picture's time, or None for one that another already stands for."""
        at = self._on_line(pts)
        if at is None:
            return None
        self._last = at
        # Containers that keep no durations say "1" of every picture.
        self.end = at + (duration if duration > 1 else self._step)
        return at

    def _on_line(self, pts: int | None) -> int | None:
        following = self.end if self._last >= 0 else 0
        if pts is None:
            return following
        if self._origin is None:
            self._origin = pts
        at = pts - self._origin
        if at > self._last:
            return at
        if self._last - at < self._second:
            return None
        # The clock was set back, as where transport streams were joined: go on from here.
        self._origin = pts - following
        return following
