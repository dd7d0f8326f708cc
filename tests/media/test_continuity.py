"""What two pictures have in common, and what blended ones lose."""

from __future__ import annotations

import numpy as np
import pytest
from media_essence import scene

from catalog.media.continuity import continuity, dip_of_detail
from catalog.media.views import squeeze


def seen(seed: int, moved: int = 0) -> np.ndarray:
    return squeeze(np.roll(scene(seed), moved, axis=1))


def grey(picture: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(picture[:, :, 1])


def test_what_moved_a_little_goes_on_and_what_was_replaced_does_not():
    still = continuity(seen(1), seen(1, 4))
    assert min(still.left, still.arrived) > 0.8
    other = continuity(seen(1), seen(2))
    assert max(other.left, other.arrived) < 0.2
    assert other.shown > 0.5


def test_what_is_laid_over_covers_its_share():
    covered = seen(1)
    covered[24:] = seen(2)[24:]
    assert continuity(seen(1), covered).left == pytest.approx(0.5, abs=0.1)
    nothing = continuity(np.zeros((48, 64, 3), np.uint8), seen(1))
    assert (nothing.left, nothing.shown) == (0.0, 0.0)


def test_a_blend_keeps_half_of_the_detail_a_pan_all_and_a_blur_hardly_any():
    import cv2

    along = np.linspace(0, 1, 9, dtype=np.float32)
    one, other = seen(1), seen(2)
    blend = [grey((one * (1 - a) + other * a).astype(np.uint8)) for a in along]
    assert dip_of_detail(blend, along) == pytest.approx(0.5, abs=0.15)
    pan = [grey(seen(1, round(24 * a))) for a in along]
    assert dip_of_detail(pan, along) > 0.85
    sharpened = [grey(cv2.GaussianBlur(one, (0, 0), 0.01 + 6 * float(1 - a))) for a in along]
    assert dip_of_detail(sharpened, along) < 0.2
    assert dip_of_detail([np.full((48, 64), 90, np.uint8)] * 9, along) is None
