"""What `catalog doctor` finds: checks, each with its state, what was seen and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from catalog.errors import InvalidInputError


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

    @property
    def strict_exit_code(self) -> int:
        """As `exit_code`, but what is to be looked at counts as not working."""
        return self.exit_code or int(self.state is not State.OK)

    def only(self, names: Sequence[str]) -> Diagnosis:
        """The checks of these names.

        Raises
        ------
        InvalidInputError
            If there is none of a name.
        """
        known = {check.name for check in self.checks}
        for name in names:
            if name not in known:
                raise InvalidInputError(
                    f"The doctor has no check called {name!r}.",
                    remedy=f"Choose among {', '.join(sorted(known))}.",
                )
        return Diagnosis(tuple(check for check in self.checks if check.name in names))

    def as_json(self) -> dict[str, Any]:
        """For programs: the worst state, and every check by its fields."""
        return {"state": self.state.value, "checks": [asdict(check) for check in self.checks]}
