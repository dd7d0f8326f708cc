"""What one round of the reconciler did."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

LEASE_S = 300.0
"""How long a message counts as on its way, unless it is known to be lost."""
GRACE_S = 5.0
"""Who makes work due also tells workers of it; a round does not come between the two."""
MOST_WAITING = 1000
"""A queue is filled up to this: what is due beyond it is sent when there is room."""
LOOKS_SHARE = 100
"""How many times as long as a look through all the catalogue took there is none after it."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """One round: what was sent again, and why nothing was.

    ``sent`` are the assets per stage of which workers were told; of encoding
    they are told as a whole (``encode``). ``tried_again`` are failed stages
    that became due, as (asset, stage). ``idle`` says why the round did nothing. ``rolls``
    counts assets whose A- and B-roll was told anew, ``swept`` the unfinished files of killed
    writers that were deleted from the frame store. ``verifies`` is whether a worker was sent to
    read files through.
    """

    sent: dict[str, list[int]] = field(default_factory=dict)
    encode: bool = False
    tried_again: list[tuple[int, str]] = field(default_factory=list)
    idle: str | None = None
    rolls: int = 0
    swept: int = 0
    verifies: bool = False

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "sent": self.sent,
            "encode": self.encode,
            "tried_again": [{"asset": a, "stage": stage} for a, stage in self.tried_again],
            "idle": self.idle,
            "rolls": self.rolls,
            "swept": self.swept,
            "verifies": self.verifies,
        }

    def __str__(self) -> str:
        if self.idle:
            return f"nothing: {self.idle}"
        said = [f"{len(ids)} to {stage}" for stage, ids in self.sent.items() if ids]
        said += ["encoding"] if self.encode else []
        told = f"sent again: {', '.join(said)}" if said else "nothing to send again"
        if self.rolls:
            told += f"; rolls of {self.rolls} assets told anew"
        if self.swept:
            told += f"; {self.swept} unfinished files deleted"
        again = len(self.tried_again)
        return f"{told}; {again} failed are tried again" if again else told
