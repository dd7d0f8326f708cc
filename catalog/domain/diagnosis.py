"""What `catalog doctor` finds: checks, each with its state, what was seen and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """How a part stands: it works; it works, but look at it; it does not work."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One part looked at.

    ``found`` says what was seen, and why, where something is wrong; ``remedy``
    what to do about it. A failed ``service`` stops all work.
    """

    name: str
    state: State
    found: str
    remedy: str = ""
    service: bool = False


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All checks, in the order they were made."""

    checks: Sequence[Check]

    @property
    def state(self) -> State:
        """The worst state of all."""
        worst = (State.FAIL, State.WARN)
        return next((s for s in worst if any(c.state is s for c in self.checks)), State.OK)

    @property
    def exit_code(self) -> int:
        """0: all works (a warning is no failure); 1: some part does not; 3: a service is away."""
        failed = [check for check in self.checks if check.state is State.FAIL]
        if any(check.service for check in failed):
            return 3
        return 1 if failed else 0

    def as_json(self) -> dict[str, Any]:
        """For programs: the worst state, and every check by its fields."""
        return {"state": self.state.value, "checks": [asdict(check) for check in self.checks]}
