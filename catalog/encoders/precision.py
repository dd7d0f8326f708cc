"""Where a model runs and what it computes in, found out by trying."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from catalog.encoders.int8 import can_quantise, quantised
from catalog.encoders.protocol import Vectors
from catalog.errors import InvalidSettingError

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
PRECISIONS = (*DTYPES, "int8")
COMPILED = "+compile"
"""Behind a precision: the model is also compiled, which takes a minute at its first batch."""
# Lowest cosine between vectors of two precisions that still lets them be searched together.
FIDELITY = 0.999
# Below this many parameters a model is quick in fp32 and not worth a decision.
SMALL = 30_000_000
# What is kept must be faster than what was kept before by more than noise can explain.
GAIN = 1.15
# Converting to int8 takes seconds, and no processor computes twice as fast in it again.
ENOUGH = 2.0
BUDGET_S = 8.0
_ROUNDS = 2


class Trial(Protocol):
    """A model that is tried out."""

    def run(self) -> None:
        """Encode a batch of pictures, and wait for the result."""

    def probe(self) -> Vectors:
        """Unit vectors ``(n, d)`` of a few pictures and texts, the same for every trial."""


# What torch and timm raise where a layer cannot take its input, or memory is short.
CANNOT = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError,
          ValueError)  # fmt: skip
TryOut = Callable[[torch.nn.Module], Trial]


def resolve_device(wanted: str) -> torch.device:
    """The device called ``wanted``; for ``auto`` CUDA, else Apple's GPU, else the CPU.

    Raises
    ------
    InvalidSettingError
        If torch does not know it or it is not there.
    """
    if wanted == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda", torch.cuda.current_device())
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(wanted)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise InvalidSettingError(
            f"The device {wanted!r} cannot be used: {str(error).splitlines()[0].rstrip('.')}.",
            remedy="Set CATALOG_DEVICE to auto, cpu, or a device this machine has (cuda:0).",
            device=wanted,
        ) from error
    return device


def check_precision(wanted: str, device: torch.device) -> None:
    """Raise InvalidSettingError unless ``wanted`` is ``auto`` or a precision the device has."""
    base = wanted.removesuffix(COMPILED)
    if base not in {"auto", *PRECISIONS}:
        raise InvalidSettingError(
            f"The precision {wanted!r} does not exist.",
            remedy=f"Set CATALOG_PRECISION to auto, {', '.join(PRECISIONS)}, "
            f"or one of them with {COMPILED} behind it.",
            precision=wanted,
        )
    if base == "int8" and (device.type != "cpu" or not can_quantise()):
        raise InvalidSettingError(
            f"The precision int8 is not to be had on {device.type} here.",
            remedy="Set CATALOG_PRECISION to auto, or CATALOG_DEVICE to cpu.",
            precision=wanted,
        )


def settle_precision(
    model: torch.nn.Module, wanted: str, device: torch.device, try_out: TryOut
) -> tuple[torch.nn.Module, str]:
    """Move ``model`` to ``device`` in the precision ``wanted``; returns it and the precision.

    For ``auto`` the precisions that the device may gain by are raced against fp32, a few
    batches each in turn, and the fastest of those whose vectors keep a cosine of
    ``FIDELITY`` with fp32's is taken. That takes seconds.
    """
    model = model.to(device)
    if wanted != "auto":
        return lowered(model, wanted), wanted
    kept, chosen, gain = model, "fp32", 1.0
    full, truth, until = try_out(model), None, time.monotonic() + BUDGET_S
    for precision in candidates(model, device):
        if time.monotonic() > until or (precision == "int8" and gain >= ENOUGH):
            break
        lower = lowered(copy.deepcopy(model), precision)
        try:
            trial = try_out(lower)
            faster = race(full, trial)
            if faster < GAIN * gain:
                continue
            truth = full.probe() if truth is None else truth
            # NaN, from an overflow, fails the comparison as it should.
            faithful = bool(np.all(np.sum(truth * trial.probe(), axis=1) >= FIDELITY))
        except CANNOT:  # its architecture has a layer that does not compute in it
            continue
        if faithful:
            kept, chosen, gain = lower, precision, faster
    return kept, chosen


def lowered(model: torch.nn.Module, precision: str) -> torch.nn.Module:
    """The model in a precision; it is changed itself, but where int8 makes a copy."""
    if precision == "int8":
        return quantised(model)
    return model.to(DTYPES[precision])


def is_worth_trying(model: torch.nn.Module) -> bool:
    """Whether a model is so large that its speed matters."""
    return sum(parameter.numel() for parameter in model.parameters()) >= SMALL


def candidates(model: torch.nn.Module, device: torch.device) -> list[str]:
    """What may be faster than fp32 there, the likeliest first."""
    if not is_worth_trying(model):
        return []
    if device.type == "cuda":
        # Before Ampere bf16 is only imitated.
        new = torch.cuda.get_device_capability(device) >= (8, 0)
        return ["bf16", "fp16"] if new else ["fp16"]
    if device.type != "cpu":
        return []
    narrow = ["bf16"] if _has_bf16_instructions() else []
    return [*narrow, "int8"] if can_quantise() else narrow


def race(one: Trial, other: Trial) -> float:
    """How many times faster ``other`` is; they take turns, so that load hits both alike.

    Instructions alone say little: on one Xeon that lists avx512_bf16 but hides AMX from
    its guests, bf16 was half as fast as fp32.
    """
    best = [float("inf"), float("inf")]
    for at in range(1 + _ROUNDS):
        for lane, trial in enumerate((one, other)):
            began = time.perf_counter()
            trial.run()
            took = time.perf_counter() - began
            if at:  # the first compiles kernels
                best[lane] = min(best[lane], took)
    return best[0] / best[1]


def _has_bf16_instructions() -> bool:
    """Whether Linux lists them; elsewhere no, which costs speed but is never wrong."""
    try:
        flags = set(Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").split())
    except OSError:
        return False
    return bool(flags & {"avx512_bf16", "amx_bf16", "bf16"})
