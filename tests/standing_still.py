"""Stand a proxy still in the middle: it has told how far it is, and goes on when it is let."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from catalog.ingest import proxies

PATIENCE_S = 240.0


class Halfway:
    """``reached`` is set when a proxy stands still; set ``go`` to let it, and all others, go on."""

    def __init__(self) -> None:
        self.reached, self.go = threading.Event(), threading.Event()

    def wait(self) -> None:
        """Wait until one stands still."""
        assert self.reached.wait(PATIENCE_S), "no proxy is made"


@contextmanager
def halfway() -> Iterator[Halfway]:
    """Proxies that are made in this process stand still when they have first told of progress."""
    held, tell = Halfway(), proxies._Noted.__call__

    def told(self: proxies._Noted, seconds: float) -> None:
        tell(self, seconds)
        held.reached.set()
        assert held.go.wait(PATIENCE_S)
        # What was told to it meanwhile (its asset is gone, the server ends) it hears now.
        self._next = 0.0
        tell(self, seconds)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(proxies._Noted, "__call__", told)
        try:
            yield held
        finally:
            held.go.set()
