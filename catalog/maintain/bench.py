"""What each precision of an encoder gains and costs on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.domain.progress import Progress
from catalog.encoders import Encoder, Vectors
from catalog.errors import EncoderUnavailableError, InvalidInputError, InvalidSettingError

if TYPE_CHECKING:
    from PIL import Image

Load = Callable[[str], Encoder]
"""Loads the encoder in a precision."""
REFERENCE = "fp32"
USUAL = (REFERENCE, "bf16", "fp16", "int8")
MOST_PICTURES = 2000


def bench(
    load: Load, *, precisions: Sequence[str], pictures: int, progress: Progress
) -> dict[str, Any]:
    """Throughput, fidelity and Recall@1 of an encoder in each precision, beside fp32.

    The pictures are drawn scenes of the demonstration that its encoder never saw, the
    texts their captions in all its languages. A precision that device or model have not is told
    with its ``error``, and the rest goes on.

    Returns
    -------
    dict
        ``encoder``, ``pictures``, ``texts``, ``languages``, and ``rows``: each with ``precision``,
        ``device``, ``speedups`` kept, ``pictures_per_s`` (decoded pictures to vectors),
        ``texts_per_s``, ``faster`` (of pictures, beside fp32), ``cosine_median`` and ``cosine_min``
        with fp32's vectors of pictures and texts, ``recall_at_1`` (mean of the languages, text to
        picture) and ``recall_change``; or with ``error``.

    Raises
    ------
    InvalidInputError
        If the number of pictures cannot be drawn.
    UnknownEncoderError, EncoderUnavailableError
        If there is no such encoder, or its weights are not to be had.
    """
    # Of the demonstration, which those who measure nothing need not import.
    from catalog.demo import world  # noqa: PLC0415
    from catalog.demo.captions import caption, languages  # noqa: PLC0415
    from catalog.demo.measure import photographed  # noqa: PLC0415

    if not 2 <= pictures <= MOST_PICTURES:
        raise InvalidInputError(
            f"{pictures} pictures were asked for; expected 2 to {MOST_PICTURES}.",
            remedy="Give --pictures 200.",
        )
    wanted = [REFERENCE, *(each for each in dict.fromkeys(precisions) if each != REFERENCE)]
    progress.begin("bench", 1 + len(wanted), "precisions")
    scenes = world.sample(world.held_out(), pictures, 0)
    drawn = photographed(scenes, seed=0)
    texts = [caption(scene, code) for code in languages() for scene in scenes]
    progress.advance("bench", 1, "drawn")
    rows: list[dict[str, Any]] = []
    reference: _Measured | None = None
    for precision in wanted:
        try:
            measured = _measured(load(precision), drawn, texts)
        except (EncoderUnavailableError, InvalidSettingError) as error:
            if reference is None:
                raise
            rows.append({"precision": precision, "error": error.message})
        else:
            reference = reference or measured
            rows.append(_row(measured, reference))
        progress.advance("bench", 1, precision)
    progress.end("bench")
    assert reference is not None  # noqa: S101  # raised otherwise
    return {
        "encoder": reference.encoder.name,
        "pictures": pictures,
        "texts": len(texts),
        "languages": len(languages()),
        "rows": rows,
    }


@dataclass(frozen=True, slots=True)
class _Measured:
    encoder: Encoder
    pictures_per_s: float
    texts_per_s: float
    vectors: Vectors
    recall: float


def _measured(encoder: Encoder, drawn: Sequence[Image.Image], texts: Sequence[str]) -> _Measured:
    pictures_per_s, seen = _timed(encoder.encode_images, drawn)
    texts_per_s, read = _timed(encoder.encode_texts, texts, rounds=1)
    found = _recall(seen, read)
    return _Measured(encoder, pictures_per_s, texts_per_s, np.concatenate([seen, read]), found)


def _recall(pictures: Vectors, texts: Vectors) -> float:
    """How often a text's own picture is the first: texts go language by language.

    Ties count against the encoder, as in the demonstration's own figures.
    """
    cosines = texts @ pictures.T
    own = np.tile(np.arange(len(pictures)), len(texts) // len(pictures))
    least = np.take_along_axis(cosines, own[:, None], axis=1)
    return float(((cosines >= least).sum(axis=1) == 1).mean())


def _row(measured: _Measured, reference: _Measured) -> dict[str, Any]:
    cosines = np.sum(measured.vectors * reference.vectors, axis=1)
    return {
        "precision": measured.encoder.precision,
        "device": measured.encoder.device,
        "speedups": list(getattr(measured.encoder, "speedups", [])),
        "pictures_per_s": round(measured.pictures_per_s, 1),
        "texts_per_s": round(measured.texts_per_s, 1),
        "faster": round(measured.pictures_per_s / reference.pictures_per_s, 2),
        "cosine_median": round(float(np.median(cosines)), 6),
        "cosine_min": round(float(cosines.min()), 6),
        "recall_at_1": round(measured.recall, 4),
        "recall_change": round(measured.recall - reference.recall, 4),
    }


def _timed(
    encode: Callable[[Sequence[Any]], Vectors], items: Sequence[Any], rounds: int = 2
) -> tuple[float, Vectors]:
    """Items per second in the best round, and the vectors; a first few warm up."""
    made = encode(items[:8])
    best = float("inf")
    for _ in range(rounds):
        began = time.perf_counter()
        made = encode(items)
        best = min(best, time.perf_counter() - began)
    return len(items) / best, made
