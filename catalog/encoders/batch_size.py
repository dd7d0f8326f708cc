"""How many pictures a model is shown at once: found by trying, and never more than fits."""

from __future__ import annotations

import threading

_TRIALS = 3
_WORTH_IT = 1.05  # what a batch of twice the size must be faster by


class BatchSize:
    """A size that doubles while that makes a picture quicker, and halves for want of memory.

    Every size is tried with three full batches, of which the quickest counts: the
    first also sets up the device, and others may be at work beside it. Once doubling brought
    nothing, or memory was too small, the size stays. Threads may share one.
    """

    def __init__(self, first: int, most: int) -> None:
        self._size, self._most = first, most
        self._growing = first < most
        self._best_before = 0.0
        self._rates: list[float] = []
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """So many now."""
        return self._size

    def took(self, pictures: int, seconds: float) -> None:
        """A batch of so many pictures went through the model in so many seconds."""
        with self._lock:
            if not self._growing or pictures != self._size:
                return
            self._rates.append(pictures / max(seconds, 1e-9))
            if len(self._rates) == _TRIALS:
                self._decide(max(self._rates))

    def _decide(self, rate: float) -> None:
        self._rates = []
        if rate < _WORTH_IT * self._best_before:
            self._size //= 2
            self._growing = False
        elif 2 * self._size > self._most:
            self._growing = False
        else:
            self._best_before = rate
            self._size *= 2

    def too_large(self, pictures: int) -> None:
        """A batch of so many pictures did not fit the memory: half of it from now on, at most."""
        with self._lock:
            self._size = min(self._size, max(1, pictures // 2))
            self._growing = False
