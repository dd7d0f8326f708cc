"""A short queue between threads, in which a full one is emptied well before it is filled again."""

from __future__ import annotations

import threading
from collections import deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Buffer(Generic[Item]):
    """A queue that makes who fills it wait when it is full, until it is nearly empty.

    So that those who fill it and the one who empties it take turns in using all
    processors, instead of getting into each other's way with every item.

    Parameters
    ----------
    high:
        Items that make it full.
    low:
        Items at which it may be filled again.
    """

    def __init__(self, *, high: int, low: int) -> None:
        self._high = high
        self._low = low
        self._items: deque[Item] = deque()
        self._changed = threading.Condition()
        self._full = False
        self._waiting = 0

    @property
    def waiting(self) -> int:
        """How many threads wait to put something."""
        return self._waiting

    def put(self, item: Item) -> None:
        """Add an item; waits while the buffer is full."""
        with self._changed:
            self._full = self._full or len(self._items) >= self._high
            self._waiting += 1
            self._changed.wait_for(lambda: not self._full)
            self._waiting -= 1
            self._add(item)

    def put_at_once(self, item: Item) -> None:
        """Add an item that takes no room."""
        with self._changed:
            self._add(item)

    def _add(self, item: Item) -> None:
        self._items.append(item)
        self._changed.notify_all()

    def get(self) -> Item:
        """The oldest item; waits for one."""
        with self._changed:
            self._changed.wait_for(lambda: self._items)
            item = self._items.popleft()
            if self._full and len(self._items) <= self._low:
                self._full = False
                self._changed.notify_all()
            return item
