"""How many processors the products of matrices take."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from threadpoolctl import ThreadpoolController


@contextmanager
def one_each() -> Iterator[None]:
    """Have every thread multiply by itself, while this lasts; it is so in the whole process.

    Speech and shots are looked for side by side, and the server is at work beside them. A second
    thread of BLAS waits between two products by turning a processor that both want: on two of
    them, planning took up to twice as long.
    """
    with _controller().limit(limits=1, user_api="blas"):
        yield


@lru_cache(maxsize=1)
def _controller() -> ThreadpoolController:
    # It looks through all libraries that are loaded, which takes some milliseconds.
    return ThreadpoolController()
