"""How many processor threads a model computes with, without loading torch to ask."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_STAT = Path("/proc/stat")
# Who waits for a disk or an answer at one moment computes at the next.
_LOOKS, _BETWEEN_S = 3, 0.002


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


def free_processors() -> int | None:
    """How many processors nobody else of this machine computes with just now; at least one.

    As the kernel counts what runs (``procs_running``, proc(5)), so whatever others are, and in
    whatever container. None where it does not say, or where not all processors are ours.
    """
    count = os.cpu_count() or 1
    if not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) != count:
        return None
    running = 0
    for look in range(_LOOKS):
        if look:
            time.sleep(_BETWEEN_S)
        seen = _running()
        if seen is None:
            return None
        running = max(running, seen)
    return max(1, count - (running - 1))  # who reads it runs as well


def _running() -> int | None:
    try:
        lines = _STAT.read_text("ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("procs_running"))
    except (OSError, ValueError, StopIteration, IndexError):
        return None


def settle_threads() -> None:
    """Have torch settle how many threads this thread computes with, where it is loaded.

    It takes that from whoever said it last; who begins beside others that are in `use_threads`
    would begin with theirs, and leave it behind.
    """
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.get_num_threads()
