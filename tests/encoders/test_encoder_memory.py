"""A device whose memory is too small for a batch gets smaller ones; nothing is lost."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from catalog.encoders import load_encoder

PICTURES = [Image.new("RGB", (40, 40), (n * 3, 255 - n * 3, n)) for n in range(75)]


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory."),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
    ],
    ids=["python", "cuda", "cpu"],
)
def test_out_of_memory_halves_the_batch_and_goes_on(tiny_folder, monkeypatch, error):
    encoder = load_encoder(str(tiny_folder), device="cpu", precision="fp32")
    expected = encoder.encode_images(PICTURES)
    real, sizes = encoder.tower, []

    def small(pixels):
        sizes.append(len(pixels))
        if len(pixels) > 5:
            raise error
        return real(pixels)

    monkeypatch.setattr(encoder, "tower", small)
    made = encoder.encode_images(PICTURES)
    np.testing.assert_allclose(made, expected, atol=1e-6)
    assert encoder.batch_size <= 5
    sizes.clear()
    encoder.encode_images(PICTURES)
    assert max(sizes) <= 5, "it is not tried again and again"


def test_other_errors_are_not_mistaken_for_it(tiny_folder, monkeypatch):
    encoder = load_encoder(str(tiny_folder), device="cpu", precision="fp32")

    def fail(pixels):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    monkeypatch.setattr(encoder, "tower", fail)
    with pytest.raises(RuntimeError, match="shapes"):
        encoder.encode_images(PICTURES)
