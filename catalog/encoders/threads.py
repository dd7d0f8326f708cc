"""How many processor threads a model computes with, without loading torch to ask."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def use_threads(count: int | None) -> Iterator[None]:
    """Within the block, models used by this thread compute with at most ``count`` threads.

    None changes nothing, and so it does where torch is not loaded. Where other
    work wants the processors too, fewer are quicker: torch's threads wait for
    each other busily, and one that has lost its processor holds up all.
    """
    torch = sys.modules.get("torch")
    if count is None or torch is None:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(min(count, before))
    try:
        yield
    finally:
        torch.set_num_threads(before)
