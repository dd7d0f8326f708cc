"""How long work tells what it is doing, without knowing who listens."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Listener to long work. Calls come in order, from one thread."""

    def begin(self, stage: str, total: float | None, unit: str) -> None:
        """A stage starts; ``total`` is in ``unit`` or None where it is not known yet."""

    def advance(self, stage: str, amount: float, note: str = "") -> None:
        """So much more of the stage is done; ``note`` names what is at hand."""

    def end(self, stage: str) -> None:
        """The stage is over."""


class Silent:
    """A listener that does nothing."""

    def begin(self, stage: str, total: float | None, unit: str) -> None:
        """Ignore."""

    def advance(self, stage: str, amount: float, note: str = "") -> None:
        """Ignore."""

    def end(self, stage: str) -> None:
        """Ignore."""


class SoFar:
    """Tells a listener of one item that counts from its own beginning, which may begin anew."""

    def __init__(self, progress: Progress, stage: str, note: str) -> None:
        self._progress = progress
        self._stage = stage
        self._note = note
        self._told = 0.0

    def __call__(self, so_far: float) -> None:
        """So much of the item is done; what was told before is not told again."""
        if so_far > self._told:
            self._progress.advance(self._stage, so_far - self._told, self._note)
            self._told = so_far
