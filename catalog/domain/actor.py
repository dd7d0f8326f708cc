"""Who does something, and how much of the catalogue they may see."""

from __future__ import annotations

import getpass
import socket
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who uses the catalogue.

    ``collections`` are all that they see, in any case of letters; None is everything.
    ``token_id`` is the token by which they came, if they came by one.
    """

    name: str
    token_id: int | None = None
    collections: frozenset[str] | None = None

    @property
    def limited(self) -> bool:
        """Whether there is anything they may not see."""
        return self.collections is not None

    def sees(self, collection: str | None) -> bool:
        """Whether they see what is in this collection; None is in none."""
        if self.collections is None:
            return True
        mine = {name.lower() for name in self.collections}
        return collection is not None and collection.lower() in mine


def whoever_runs_this() -> Actor:
    """The system's user, who sees everything."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        user = "unknown"
    return Actor(f"{user}@{socket.gethostname()}")
