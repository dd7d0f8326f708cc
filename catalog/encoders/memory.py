"""What an encoder takes of its device's own memory."""

from __future__ import annotations

import importlib

from catalog.encoders.spec import Kind, parse_spec


def load_libraries(name: str) -> None:
    """Import what the encoder of that name is computed with, so that it alone is measured."""
    if parse_spec(name).kind is not Kind.NULL:
        importlib.import_module("catalog.encoders.open_clip_encoder")


def device_memory(device: str) -> int | None:
    """Most bytes that were in use on a CUDA device since it was last asked; None elsewhere."""
    if not device.startswith("cuda"):
        return None
    import torch  # noqa: PLC0415  # whoever asks of a GPU has loaded it

    most = int(torch.cuda.max_memory_allocated(device))
    torch.cuda.reset_peak_memory_stats(device)
    return most
