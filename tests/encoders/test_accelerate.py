"""What is recorded and replayed, and when; the recording itself needs a card."""

from __future__ import annotations

import torch

from catalog.encoders import accelerate


def test_a_shape_that_comes_again_is_recorded_once_and_then_replayed(monkeypatch):
    recorded: list[int] = []

    def record(_tower, batch):
        recorded.append(len(batch))
        return None if len(batch) == 8 else (lambda given: given * 2)

    monkeypatch.setattr(accelerate, "_recorded", record)
    tower = accelerate.Graphed(lambda batch: batch)

    def outcomes(size: int, times: int) -> list[float]:
        return [float(tower(torch.ones(size, 1))[0, 0]) for _ in range(times)]

    assert outcomes(4, 6) == [1, 1, 1, 1, 2, 2], "a batch whose size is sought runs as it is"
    assert outcomes(3, 4) == [1, 1, 1, 1], "what is left at the end comes seldom"
    assert outcomes(4, 1) == [2]
    assert outcomes(8, 6) == [1] * 6, "given up, and not tried again"
    assert outcomes(16, 5)[-1] == 2
    assert outcomes(32, 9) == [1] * 9, "memory is not without end"
    assert recorded == [4, 8, 16]


def test_compiled_is_what_was_asked_for(monkeypatch):
    """Compiling takes a minute; here it is seen that it is asked for, and of what."""
    monkeypatch.setattr(torch, "compile", lambda tower: lambda batch: tower(batch) + 1)

    class Encoder:
        model = torch.nn.Linear(2, 2)
        tower = staticmethod(lambda batch: batch)

    encoder = Encoder()
    assert accelerate.accelerate(encoder, torch.device("cpu"), compiled=True) == ["compile"]
    assert float(encoder.tower(torch.zeros(1))) == 1
    assert accelerate.accelerate(Encoder(), torch.device("cpu"), compiled=False) == []
