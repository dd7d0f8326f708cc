"""What waits between threads: bounded by its size, handed out in batches."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")

# At the end batches become smaller, but not so small that each item costs more.
_LEAST = 4


class Buffer(Generic[Item]):
    """Makes who fills it wait when it is full, until it is nearly empty.

    So that those who fill it and those who empty it take turns in using all
    processors, instead of getting into each other's way with every item.

    Parameters
    ----------
    high:
        Bytes that make it full.
    low:
        Bytes at which it may be filled again.
    """

    def __init__(self, *, high: int, low: int) -> None:
        self._high = high
        self._low = low
        self._items: deque[tuple[Item, int]] = deque()
        self._bytes = 0
        self._changed = threading.Condition()
        self._full = False
        self._closed = False
        self._waiting = 0
        self._out = 0

    @property
    def waiting(self) -> int:
        """How many threads wait to put something."""
        return self._waiting

    def put(self, item: Item, size: int) -> None:
        """Add an item of so many bytes; waits while the buffer is full."""
        with self._changed:
            self._full = self._full or self._bytes >= self._high
            self._waiting += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._full)
            self._waiting -= 1
            self._items.append((item, size))
            self._bytes += size
            self._changed.notify_all()

    def close(self) -> None:
        """Nothing more will be put."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def wake(self) -> None:
        """How many batches may be out has changed."""
        with self._changed:
            self._changed.notify_all()

    def take(self, count: int, at_once: Callable[[], int]) -> list[Item]:
        """The oldest items, so many, as one batch, which is out until `done`.

        Waits for that many, and until fewer batches are out than may be ``at_once``. Fewer come
        where no more fit, and at the end, when what is left is shared out; then none.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    (self._closed and not self._items)
                    or (
                        (self._closed or self._full or len(self._items) >= count)
                        and self._items
                        and self._out < at_once()
                    )
                )
            )
            if self._closed:  # who took the last alone would keep the others waiting
                count = min(count, max(_LEAST, -(-len(self._items) // max(1, at_once()))))
            taken = [self._items.popleft() for _ in range(min(len(self._items), count))]
            self._bytes -= sum(size for _, size in taken)
            self._out += bool(taken)
            if self._full and self._bytes <= self._low:
                self._full = False
            self._changed.notify_all()
            return [item for item, _ in taken]

    def done(self) -> None:
        """A batch is no longer out."""
        with self._changed:
            self._out -= 1
            self._changed.notify_all()
