"""How fast an encoder is here: batches of the dataset's own pictures and texts."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

import psutil
from PIL import Image

from catalog.encoders import Encoder
from catalog.encoders.memory import device_memory
from catalog.evaluate.results import Speed

_MEGA = 1 << 20
_QUERIES = 15
_LEAST_S, _MOST_ROUNDS = 0.5, 20


def resident_mb() -> float:
    """What this process holds in memory, in MiB."""
    return float(psutil.Process().memory_info().rss) / _MEGA


def speed_of(
    encoder: Encoder, pictures: Sequence[Image.Image], texts: Sequence[str], *, before_mb: float
) -> Speed:
    """Measure an encoder on some decoded pictures and texts, neither empty.

    A batch is encoded again for half a second, after once to warm up. ``before_mb`` is what
    the process held before the encoder was loaded.
    """
    images = _rate(lambda: encoder.encode_images(pictures), len(pictures))
    words = _rate(lambda: encoder.encode_texts(texts), len(texts))
    took = []
    for at in range(_QUERIES):
        began = time.perf_counter()
        encoder.encode_texts([texts[at % len(texts)]])
        took.append(time.perf_counter() - began)
    on_device = device_memory(encoder.device)
    return Speed(
        images_per_s=images,
        texts_per_s=words,
        query_ms=1000 * statistics.median(took),
        process_mb=max(0.0, resident_mb() - before_mb),
        device_mb=None if on_device is None else on_device / _MEGA,
    )


def _rate(work: Callable[[], object], count: int) -> float:
    work()
    rounds, spent, began = 0, 0.0, time.perf_counter()
    while spent < _LEAST_S and rounds < _MOST_ROUNDS:
        work()
        rounds, spent = rounds + 1, time.perf_counter() - began
    return rounds * count / spent
