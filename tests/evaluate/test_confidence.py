"""Confidences: the curve against what made the data, and what it is worth."""

from __future__ import annotations

import math

import numpy as np
import pytest

from catalog.domain.confidence import Logistic, standing_out
from catalog.evaluate.calibration import Hits, calibrate, fit, reliability

MEDIANS = (0.3, 0.1, 0.05)


def drawn(count: int, slope: float, intercept: float, seed: int = 1) -> Hits:
    """Hits that are right as often as a curve says."""
    random = np.random.default_rng(seed)
    lift = random.normal(0.1, 0.08, count)
    chance = 1 / (1 + np.exp(-(slope * lift + intercept)))
    return Hits(
        lift, random.random(count) < chance, np.repeat(np.arange(count // 10), 10), chance**4
    )


def test_the_curve_that_made_the_hits_is_found():
    hits = drawn(20_000, 40, -5)
    curve = fit(hits.height, hits.right)
    assert curve.slope == pytest.approx(40, rel=0.05)
    assert curve.intercept == pytest.approx(-5, rel=0.05)
    found = calibrate(hits, language="en", medians=MEDIANS, queries=2000)
    assert found.after.error < 0.015
    assert found.before.error > 0.1, "a confidence to the fourth power is too low"
    assert found.curve == curve


def test_right_and_wrong_told_apart_perfectly_make_no_step():
    lift = np.concatenate([np.linspace(0.0, 0.1, 90), np.linspace(0.3, 0.4, 10)])
    curve = fit(lift, lift > 0.2)
    assert 0.01 < curve.confidence(0.1) < 0.2
    assert 0.7 < curve.confidence(0.3) < 0.99
    assert curve.confidence(100) == 1
    assert curve.confidence(-100) == 0


def test_where_nothing_can_be_told_there_is_no_curve():
    flat = drawn(2000, 40, -5)
    assert fit(-flat.height, flat.right) is None, "it would fall with the cosine"
    assert fit(flat.height, np.zeros(2000, bool)) is None
    assert fit(flat.height, np.ones(2000, bool)) is None
    assert calibrate(flat, language="", medians=MEDIANS, queries=39) is None
    assert calibrate(flat, language="", medians=(0.1, 0.1, 0.05), queries=200) is None


def test_the_error_by_hand():
    # Four hits promised 0.95, of which 2 are right; six promised 0.25, of which 3 are.
    confidence = np.array([0.95] * 4 + [0.25] * 6)
    right = np.array([True, True, False, False] + [True, False] * 3)
    found = reliability(confidence, right)
    assert [(bin.hits, bin.right) for bin in found.bins] == [(6, 0.5), (4, 0.5)]
    assert found.error == pytest.approx((4 * 0.45 + 6 * 0.25) / 10)
    assert reliability(np.array([1.0]), np.array([True])).error == 0


def test_standing_out():
    """The probability that the best of n misses stays below."""
    assert standing_out(0.5, 0.1, 0.1, 100) == pytest.approx(
        (0.5 * math.erfc(-4 / math.sqrt(2))) ** 100
    )
    assert standing_out(0.1, 0.1, 0.1, 100) == pytest.approx(0.5**100)
    assert standing_out(0.5, 0.1, 0.0, 100) is None
    assert standing_out(0.5, 0.1, 0.1, 19) is None


def test_half_sure():
    assert Logistic(40, -8).confidence(0.2) == pytest.approx(0.5)
