"""A set of numbers that holds a bit of each: which of a root's files a walk has met."""

from __future__ import annotations


class Bitmap:
    """Numbers from 0 up; memory goes by the largest."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def add(self, number: int) -> None:
        """Put a number in."""
        at, bit = divmod(number, 8)
        if at >= len(self._bytes):
            self._bytes.extend(bytes(max(4096, at + 1 - len(self._bytes))))
        self._bytes[at] |= 1 << bit

    def has(self, number: int) -> bool:
        """Whether it was put in."""
        at, bit = divmod(number, 8)
        return at < len(self._bytes) and bool(self._bytes[at] & (1 << bit))
