"""How much of the learned weights is taken."""

from __future__ import annotations

import numpy as np
import pytest

from catalog.errors import NothingLearntError
from catalog.teach.blending import Blend, Known, choose

PARENT = Blend(0.0, 5.0, 0.1, 1.0)


def test_the_best_of_those_that_keep_what_was_known():
    blends = [
        PARENT,
        Blend(0.3, 3.0, 0.5, 1.0),
        Blend(0.6, 1.0, 0.9, 0.985),
        Blend(1.0, 0.5, 1.0, 0.9),
    ]
    assert choose(blends, 0.02).alpha == 0.6
    assert choose(blends, 0.0).alpha == 0.3
    assert choose(blends, 0.5).alpha == 1.0
    # Who names one has it, whatever it costs.
    assert choose(blends, 0.0, wanted=1.0).alpha == 1.0


def test_nothing_learned_and_too_much_forgotten_are_told_apart():
    with pytest.raises(NothingLearntError, match="no better than before") as caught:
        choose([PARENT, Blend(0.5, 5.5, 0.1, 1.0)], 0.02)
    assert caught.value.exit_code == 1
    with pytest.raises(NothingLearntError, match=r"98.0% was to stay, and at most 90.0% does"):
        choose([PARENT, Blend(0.5, 1.0, 0.9, 0.9), Blend(1.0, 0.5, 0.9, 0.8)], 0.02)
    with pytest.raises(NothingLearntError, match="no better"):
        choose([PARENT, Blend(0.5, 1.0, 0.9, 1.0), Blend(1.0, 6.0, 0.1, 1.0)], 0.02, wanted=1.0)


def test_what_was_known_is_what_still_comes_among_the_first_three():
    pictures = np.eye(6, dtype=np.float32)
    known = Known.of(pictures, pictures)
    assert known.kept(pictures, pictures) == 1
    # Each text now finds its neighbour first and its own second: still among three.
    near = pictures + 2 * np.roll(pictures, 1, axis=1)
    assert known.kept(pictures, near) == 1
    # Three others come before the own one of the first text.
    far = pictures.copy()
    far[0] = [0.1, 1, 1, 1, 0, 0]
    assert known.kept(pictures, far) == pytest.approx((5 / 6 + 1) / 2)


def test_where_there_is_nothing_to_look_at_all_is_kept():
    nothing = np.empty((0, 4), dtype=np.float32)
    texts = np.eye(4, dtype=np.float32)
    assert Known.of(nothing, texts).kept(nothing, texts) == 1
