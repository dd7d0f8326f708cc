"""What a supervisor tells: every change of state, and every line its children write."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

ALL = "up"
"""The name under which the supervisor speaks of itself."""


@dataclass(frozen=True, slots=True)
class Change:
    """A part of the service changed its state.

    ``state`` is ``starting``, ``ready``, ``exited`` (it was not asked to),
    ``stopping`` or ``stopped``; ``service`` is ``up`` for all together.
    """

    service: str
    state: str
    pid: int | None = None
    detail: str = ""

    def as_json(self) -> dict[str, Any]:
        """For programs, with the present time."""
        return {
            "at": datetime.now(UTC).isoformat(),
            "service": self.service,
            "state": self.state,
            "pid": self.pid,
            "detail": self.detail,
        }

    def __str__(self) -> str:
        pid = "" if self.pid is None else f" (process {self.pid})"
        return f"{self.state}{pid}{': ' if self.detail else ''}{self.detail}"


class Tell(Protocol):
    """Is told what happens; called from several threads, one at a time."""

    def changed(self, change: Change) -> None:
        """A part changed its state."""

    def line(self, service: str, line: str) -> None:
        """A child wrote this line; it is in its log as well."""
