"""A vision transformer's first step, from squares of a picture to tokens, as one product.

It is written as a convolution whose stride is its own size, so no two squares share a pixel
(Dosovitskiy et al. 2021, section 3.1). On a processor a product of two matrices makes the same
numbers, but for rounding, sooner than the convolution does.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812  # as everybody calls it


def patches_as_product(convolution: nn.Conv2d) -> nn.Module:
    """The same step, sharing the weights, for inference; itself where that would gain nothing."""
    size = convolution.kernel_size
    whole = convolution.stride == size and convolution.padding in {(0, 0), "valid"}
    plain = convolution.groups == 1 and convolution.dilation == (1, 1)
    if not (whole and plain) or convolution.weight.device.type != "cpu":
        return convolution
    return _Patches(convolution)


class _Patches(nn.Module):
    """From ``(n, channels, h, w)`` to ``(n, width, rows, columns)``."""

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.convolution = convolution

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        weight = self.convolution.weight
        n, channels = x.shape[:2]
        height, width = weight.shape[2:]
        rows, columns = x.shape[2] // height, x.shape[3] // width
        squares = x[:, :, : rows * height, : columns * width]
        squares = squares.reshape(n, channels, rows, height, columns, width)
        squares = squares.permute(0, 2, 4, 1, 3, 5).reshape(
            n, rows * columns, channels * height * width
        )
        tokens = F.linear(squares, weight.flatten(1), self.convolution.bias)
        return tokens.transpose(1, 2).view(n, weight.shape[0], rows, columns)
