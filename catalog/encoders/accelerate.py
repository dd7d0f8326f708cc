"""What makes a model's image tower faster without changing what it computes in.

Channels last in memory, for networks of convolutions; on an NVIDIA GPU a CUDA graph, which
launches a batch's hundreds of kernels as one ("Getting Started with CUDA Graphs", NVIDIA, 2019);
and torch.compile where it was asked for. Each is kept if it is faster and the vectors stay.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Protocol

import numpy as np
import torch

from catalog.encoders.precision import FIDELITY, Trial, race

Tower = Callable[[torch.Tensor], torch.Tensor]
# A graph saves launches only; where those are not what takes the time, it is memory for nothing.
_GAIN = 1.05
# Batches of one shape before it is recorded (while its size is sought it is tried three times),
# and shapes that are recorded: each takes as much memory as a batch does.
_SEEN, _MOST_GRAPHS = 5, 3
# A transformer has one convolution, which cuts the picture into patches.
_CONVOLUTIONS = 4


class Accelerated(Trial, Protocol):
    """An encoder whose image tower can be exchanged."""

    model: torch.nn.Module
    tower: Tower


def accelerate(encoder: Accelerated, device: torch.device, *, compiled: bool) -> list[str]:
    """Try what may help, keep what does; the names of what was kept."""
    kept = []
    if convolutions(encoder.model) >= _CONVOLUTIONS and _last(encoder):
        kept.append("channels_last")
    if compiled:
        encoder.tower = torch.compile(encoder.tower)
        kept.append("compile")
    elif device.type == "cuda":
        encoder.tower = Graphed(encoder.tower)
        kept.append("cuda_graph")
    return kept


def convolutions(model: torch.nn.Module) -> int:
    """How many layers convolve."""
    return sum(isinstance(module, torch.nn.Conv2d) for module in model.modules())


def _last(encoder: Accelerated) -> bool:
    """Lay the weights out with channels last, unless that is slower."""
    before, after = (_Laid(encoder, how) for how in (torch.contiguous_format, torch.channels_last))
    faster = race(before, after)
    (after if faster > 1 else before).lay()
    return faster > 1


class _Laid:
    """The encoder with its weights laid out in one way."""

    def __init__(self, encoder: Accelerated, how: torch.memory_format) -> None:
        self._encoder, self._how = encoder, how

    def lay(self) -> None:
        self._encoder.model.to(memory_format=self._how)

    def run(self) -> None:
        self.lay()
        self._encoder.run()

    def probe(self) -> np.ndarray:
        self.lay()
        return self._encoder.probe()


class Graphed:
    """A tower whose full batches are replayed from a CUDA graph, where that is faster.

    A graph is of one shape. A shape that has come a few times is recorded, raced and compared
    with the tower as it is, and kept or given up; all others run as ever. Threads may share one.
    """

    def __init__(self, tower: Tower) -> None:
        self._tower = tower
        self._lock = threading.Lock()  # a graph has one place for what goes in and comes out
        self._seen: Counter[torch.Size] = Counter()
        self._recorded: dict[torch.Size, Tower | None] = {}

    def __call__(self, batch: torch.Tensor) -> torch.Tensor:
        """The tower's output of a batch."""
        with self._lock:
            shape = batch.shape
            self._seen[shape] += 1
            if self._seen[shape] == _SEEN and len(self._recorded) < _MOST_GRAPHS:
                self._recorded[shape] = _recorded(self._tower, batch)
            replay = self._recorded.get(shape)
            if replay is not None:
                return replay(batch)
        return self._tower(batch)


def _recorded(tower: Tower, batch: torch.Tensor) -> Tower | None:
    """The tower as a graph over batches of this shape; None where that brings nothing."""
    try:
        replay = _record(tower, batch)
    except RuntimeError:  # the model asks the device something in between, or memory is short
        torch.cuda.empty_cache()
        return None
    truth, made = tower(batch).float(), replay(batch).float()
    cosines = torch.nn.functional.cosine_similarity(truth, made)
    if not bool((cosines >= FIDELITY).all()):
        return None
    return replay if _seconds(tower, batch) >= _GAIN * _seconds(replay, batch) else None


def _record(tower: Tower, batch: torch.Tensor) -> Tower:
    static = batch.clone()
    beside: torch.cuda.Stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    beside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(beside):
        for _ in range(3):  # libraries allocate at first use, which a graph cannot record
            tower(static)
    torch.cuda.current_stream().wait_stream(beside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        out = tower(static)

    def replay(given: torch.Tensor) -> torch.Tensor:
        static.copy_(given)
        graph.replay()
        return out.clone()

    return replay


def _seconds(tower: Tower, batch: torch.Tensor) -> float:
    best = float("inf")
    for _ in range(3):
        torch.cuda.synchronize()
        began = time.perf_counter()
        tower(batch)
        torch.cuda.synchronize()
        best = min(best, time.perf_counter() - began)
    return best
