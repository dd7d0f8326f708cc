"""The size of batches: grows while that is quicker, and never back to what did not fit."""

from __future__ import annotations

import pytest

from catalog.encoders.batch_size import BatchSize


def run(batch: BatchSize, seconds_of: dict[int, float], batches: int = 40) -> list[int]:
    """The sizes that were tried, in order, on a device that takes so long for each."""
    sizes = []
    for _ in range(batches):
        sizes.append(batch.size)
        batch.took(batch.size, seconds_of[batch.size])
    return list(dict.fromkeys(sizes))


@pytest.mark.parametrize(
    ("seconds_of", "tried", "best"),
    [
        ({64: 1.0, 128: 1.2, 256: 1.5, 512: 2.0}, [64, 128, 256, 512], 512),
        ({64: 1.0, 128: 1.2, 256: 2.38, 512: 4.0}, [64, 128, 256], 128),
        ({64: 1.0, 128: 2.5}, [64, 128], 64),
    ],
)
def test_it_doubles_while_that_is_quicker(seconds_of, tried, best):
    batch = BatchSize(64, 512)
    assert run(batch, seconds_of) == tried
    assert batch.size == best


def test_the_quickest_of_three_full_batches_counts():
    batch = BatchSize(64, 128)
    for seconds in (9.0, 9.0, 1.0, 9.0, 9.0):
        batch.took(64 if batch.size == 64 else 128, seconds)
        batch.took(5, 0.0001)  # what is left over says nothing
    assert batch.size == 128
    batch.took(128, 1.0)
    assert batch.size == 128


def test_what_did_not_fit_is_not_tried_again():
    batch = BatchSize(64, 1024)
    run(batch, {64: 1.0, 128: 1.0}, batches=4)
    batch.too_large(128)
    assert run(batch, {64: 0.1}) == [64]
    batch.too_large(1)
    assert batch.size == 1
