"""Pictures brought to a model's size: on the processor as open_clip does it, or on a GPU."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image

from catalog.encoders.pictures import tame

Fit = Callable[[Image.Image], Image.Image]
Pixels = NDArray[np.uint8]
# At a time on a GPU: as floats of three colours 800 MB.
_MOST_PIXELS = 1 << 26
_FILTERS = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}


@dataclass(frozen=True, slots=True)
class Part:
    """What of a picture the model is shown: a box ``(left, top, right, bottom)`` of its pixels."""

    left: float
    top: float
    right: float
    bottom: float


def square_side(config: PreprocessCfg) -> int | None:
    """The side of the square that pictures are scaled to and cut; None where it is no such."""
    sizes = {config.size} if isinstance(config.size, int) else set(config.size)
    usual = config.resize_mode == "shortest" and config.interpolation in _FILTERS
    return sizes.pop() if usual and len(sizes) == 1 else None


def middle(width: int, height: int, side: int) -> Part:
    """The part that is left of a picture once its short side is ``side`` and the ends are cut.

    Lengths and the cut are rounded to whole pixels where torchvision rounds them.
    """
    short, long = min(width, height), max(width, height)
    scaled = int(side * long / short)
    cut = round((scaled - side) / 2.0)
    begin, end = cut * long / scaled, (cut + side) * long / scaled
    return Part(begin, 0, end, height) if width >= height else Part(0, begin, width, end)


def fitting(preprocessing: dict[str, Any]) -> Fit:
    """The step that brings an RGB picture to the model's size.

    Scaling and cutting are one step where that can be: pixels that would be cut off are
    not computed (a quarter to a half of 4:3 and 16:9). The others are at most one of 255
    away from open_clip's own, and seldom.
    """
    config = PreprocessCfg(**preprocessing)
    side = square_side(config)
    if side is not None:
        resampling = _FILTERS[config.interpolation]

        def fit(picture: Image.Image) -> Image.Image:
            picture = tame(picture, config.resize_mode)
            part = middle(*picture.size, side)
            box = (part.left, part.top, part.right, part.bottom)
            return picture.resize((side, side), resampling, box)

        return fit
    # open_clip's own steps but the last three, to RGB, to tensor, normalise: RGB it is already, and
    # the others are quicker for a whole batch.
    steps = image_transform_v2(config, is_train=False).transforms[:-3]

    def steps_of(picture: Image.Image) -> Image.Image:
        picture = tame(picture, config.resize_mode)
        for step in steps:
            picture = step(picture)
        return picture

    return steps_of


def scale_on(
    device: torch.device, pictures: Sequence[Pixels], side: int, interpolation: str
) -> torch.Tensor:
    """Pictures of any sizes ``(h, w, 3)`` as ``(n, 3, side, side)``, float32 of 0 to 255.

    Pictures of one size, as frames of one film are, go together. Like `fitting`, but for
    what rounding between two passes makes: a mean of 0.3 of 255.
    """
    made = torch.empty(len(pictures), 3, side, side, device=device)
    by_size: dict[tuple[int, ...], list[int]] = {}
    for at, pixels in enumerate(pictures):
        by_size.setdefault(pixels.shape, []).append(at)
    for (height, width, _), places in by_size.items():
        most = max(1, _MOST_PIXELS // (height * width))
        for start in range(0, len(places), most):
            several = places[start : start + most]
            batch = to_device(np.stack([pictures[at] for at in several]), device)
            squares = _squares(batch.permute(0, 3, 1, 2).float(), side, interpolation)
            made[torch.tensor(several, device=device)] = squares
    return made


def _squares(batch: torch.Tensor, side: int, interpolation: str) -> torch.Tensor:
    height, width = batch.shape[2:]
    short, long = min(width, height), max(width, height)
    scaled, across = int(side * long / short), width >= height
    size = (side, scaled) if across else (scaled, side)
    whole = torch.nn.functional.interpolate(batch, size, mode=interpolation, antialias=True)
    square = whole.narrow(3 if across else 2, round((scaled - side) / 2.0), side)
    return square.round().clamp(0, 255)


def to_device(pixels: Pixels, device: torch.device) -> torch.Tensor:
    """An array as a tensor there; to a GPU from pinned memory, while the processor goes on."""
    tensor = torch.from_numpy(pixels)
    if device.type != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)
