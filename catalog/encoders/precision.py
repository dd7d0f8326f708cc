"""Where a model runs and what it computes in."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from catalog.encoders.protocol import Vectors
from catalog.errors import InvalidSettingError

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
# Lowest cosine between vectors of two precisions that still lets them be searched together.
FIDELITY = 0.999
# Below this many parameters a model is quick in fp32 and not worth a decision.
SMALL = 30_000_000
# bf16 must promise more than noise on the machine can explain.
GAIN = 1.3


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


def check_precision(wanted: str) -> None:
    """Raise InvalidSettingError unless ``wanted`` is ``auto`` or a precision there is."""
    if wanted != "auto" and wanted not in DTYPES:
        raise InvalidSettingError(
            f"The precision {wanted!r} does not exist.",
            remedy=f"Set CATALOG_PRECISION to auto, {', '.join(DTYPES)}.",
            precision=wanted,
        )


def settle_precision(
    model: torch.nn.Module,
    wanted: str,
    device: torch.device,
    probe: Callable[[torch.nn.Module], Vectors],
) -> tuple[torch.nn.Module, str]:
    """Move ``model`` to ``device`` in the precision ``wanted``; returns it and the precision.

    For ``auto``, ``probe`` (a few unit vectors ``(n, d)`` of a model) is run in
    both precisions and the lower one is kept if every cosine is ``FIDELITY``.
    """
    model = model.to(device)
    if wanted != "auto":
        return model.to(DTYPES[wanted]), wanted
    candidate = _worth_trying(model, device)
    if candidate is None:
        return model, "fp32"
    lower = copy.deepcopy(model).to(DTYPES[candidate])
    cosines = np.sum(probe(model) * probe(lower), axis=1)
    # NaN, from an overflow, fails the comparison as it should.
    return (lower, candidate) if bool(np.all(cosines >= FIDELITY)) else (model, "fp32")


def _worth_trying(model: torch.nn.Module, device: torch.device) -> str | None:
    if sum(parameter.numel() for parameter in model.parameters()) < SMALL:
        return None
    if device.type == "cuda":
        return "bf16" if torch.cuda.get_device_capability(device) >= (8, 0) else "fp16"
    if device.type == "cpu" and _has_bf16_instructions() and _bf16_gain() >= GAIN:
        return "bf16"
    return None


def _has_bf16_instructions() -> bool:
    """Whether Linux lists them; elsewhere no, which costs speed but is never wrong."""
    try:
        flags = set(Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").split())
    except OSError:
        return False
    return bool(flags & {"avx512_bf16", "amx_bf16", "bf16"})


def _bf16_gain() -> float:
    """How many times faster a layer of ViT-B runs in bf16 than in fp32; takes about 0.2 s.

    The instructions alone say little: on one Xeon that lists avx512_bf16 but
    hides AMX from its guests, bf16 was half as fast as fp32.
    """
    wide = torch.rand(400, 768)
    narrow = wide.bfloat16()
    full = torch.nn.Linear(768, 3072)
    lower = copy.deepcopy(full).bfloat16()

    def best(layer: torch.nn.Module, batch: torch.Tensor) -> float:
        took = []
        for _ in range(4):  # the first compiles kernels; the best is the least disturbed
            started = time.perf_counter()
            layer(batch)
            took.append(time.perf_counter() - started)
        return min(took)

    with torch.inference_mode():
        return best(full, wide) / best(lower, narrow)
