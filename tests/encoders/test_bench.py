"""What each precision gains and costs, measured on drawn pictures."""

from __future__ import annotations

import numpy as np
import pytest

from catalog.domain.progress import Silent
from catalog.encoders import load_encoder
from catalog.encoders.null import NullEncoder
from catalog.errors import EncoderUnavailableError, InvalidInputError
from catalog.maintain.bench import bench


class Degraded(NullEncoder):
    """The null encoder, whose every vector is turned a little in a lower precision."""

    def __init__(self, precision: str) -> None:
        super().__init__(64)
        self.precision = precision

    def encode_images(self, pictures):
        made = super().encode_images(pictures)
        if self.precision == "fp32":
            return made
        # Every picture's vector with a tenth of the next one's: cosines fall, and some ranks.
        turned = made + 0.1 * np.roll(made, 1, axis=0)
        return turned / (turned**2).sum(axis=1, keepdims=True) ** 0.5


def test_a_precision_stands_beside_fp32_whichever_was_asked_for():
    def load(precision):
        if precision == "int8":
            raise EncoderUnavailableError("A layer does not compute in int8.")
        return Degraded(precision)

    body = bench(load, precisions=("bf16", "int8"), pictures=12, progress=Silent())
    assert (body["encoder"], body["pictures"]) == ("null:64", 12)
    assert body["texts"] == 12 * body["languages"]
    full, lower, refused = body["rows"]
    assert (full["precision"], full["faster"], full["cosine_min"]) == ("fp32", 1.0, 1.0)
    assert full["recall_change"] == 0.0
    assert 0.9 < lower["cosine_min"] < 0.9999
    assert lower["cosine_median"] == 1.0, "most are texts, which are the same"
    change = lower["recall_at_1"] - full["recall_at_1"]
    assert lower["recall_change"] == pytest.approx(change, abs=1.1e-4)
    assert refused == {"precision": "int8", "error": "A layer does not compute in int8."}
    with pytest.raises(InvalidInputError, match="1 pictures"):
        bench(load, precisions=(), pictures=1, progress=Silent())


def test_the_demonstrations_encoder_loses_nothing_in_int8():
    body = bench(
        lambda precision: load_encoder("demo", device="cpu", precision=precision),
        precisions=("int8",), pictures=8, progress=Silent(),
    )  # fmt: skip
    full, lower = body["rows"]
    assert full["recall_at_1"] > 0.9
    assert lower["recall_at_1"] > 0.9
    assert 0.999 < lower["cosine_min"] < 1.0
