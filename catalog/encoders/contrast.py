"""What a step of teaching looks at: cross entropy among what belongs together and what does not."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from catalog.encoders.protocol import Vectors

Hidden = NDArray[np.bool_]
_WARM_UP = 0.1
# What looks most like a captioned picture may show the same: nobody said that it does not.
_MAYBE_SAME = 0.02


def contrast(
    rows: torch.Tensor,
    columns: torch.Tensor,
    others: torch.Tensor,
    *,
    same: torch.Tensor,
    hidden: torch.Tensor,
    scale: float,
) -> torch.Tensor:
    """Cross entropy of each row's own columns among all columns and others.

    Parameters
    ----------
    rows, columns
        Unit vectors ``(n, d)``; row *i* belongs to column *i*.
    others
        Unit vectors ``(m, d)`` that belong to no row.
    same
        ``(n, n)``: columns that are as right for a row as its own; they share its probability.
    hidden
        ``(n, m)``: others that are not counted against a row.
    scale
        By which cosines are multiplied: the inverse temperature.
    """
    inner = rows @ columns.T
    outer = (rows @ others.T).masked_fill(hidden.to(rows.device), -math.inf)
    logged = functional.log_softmax(scale * torch.cat([inner, outer], dim=1), dim=1)
    wanted = same.float() / same.sum(dim=1, keepdim=True)
    return -(wanted * logged[:, : len(columns)]).sum(dim=1).mean()


def most_alike(own: Vectors, others: Vectors) -> Hidden:
    """The fiftieth of others nearest to each of our own, ``(n, m)``."""
    cosines = own @ others.T
    count = round(_MAYBE_SAME * len(others))
    if not count:
        return np.zeros_like(cosines, dtype=bool)
    least = np.partition(cosines, -count, axis=1)[:, -count, None]
    hidden: Hidden = cosines >= least
    return hidden


def share_of_rate(step: int, steps: int) -> float:
    """Of the highest rate: up from nothing, then down along a cosine."""
    warm = max(1, round(_WARM_UP * steps))
    if step <= warm:
        return step / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))
