"""What sketches tell of products, and how many are compared for it: numbers alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from catalog.domain.plan import Library, choose, compared_after_sketches
from catalog.store import sketches
from catalog.store.sketches import principal


def test_sketches_tell_products_and_how_far_off_they_are():
    rng = np.random.default_rng(1)
    scale = np.geomspace(1, 1e-3, 96)
    rows = rng.standard_normal((4000, 96)) * scale + 0.3
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    directions, moments, numbers = principal(rows)
    assert numbers in range(16, 49, 16)
    np.testing.assert_allclose(directions @ directions.T, np.eye(96), atol=1e-5)
    basis = sketches.Basis(1, directions, moments, 16)
    query = rng.standard_normal(96).astype(np.float32)
    query /= np.linalg.norm(query)
    sketch, error = basis.of_query(query)
    off = rows @ query - (rows @ directions[:16].T) @ sketch
    assert error == pytest.approx(np.sqrt(np.mean(off**2)), rel=1e-3)
    whole = replace(basis, numbers=96)
    assert whole.of_query(query)[1] == 0


@pytest.mark.parametrize("blur", [0.0, 0.1, 0.3, 0.5])
def test_as_many_are_compared_as_the_error_wants(blur: float):
    """Drawn as the formula has it, the nearest are among them."""
    rng = np.random.default_rng(2)
    kept, take = 20_000, 40
    wanted = compared_after_sketches(kept, take, blur)
    assert wanted >= 2 * take
    found = []
    for _ in range(20):
        seen = rng.standard_normal(kept) * np.sqrt(1 - blur**2)
        true = seen + blur * rng.standard_normal(kept)
        nearest = np.argsort(-true)[:take]
        found.append(np.isin(nearest, np.argsort(-seen)[:wanted]).mean())
    assert np.mean(found) >= 0.99
    assert wanted <= compared_after_sketches(kept, take, blur + 0.1)


def test_sketches_are_asked_of_only_where_they_may_be_quicker():
    asked = []

    def blur() -> float | None:
        asked.append(1)
        return 0.05

    large = Library(1_000_000, 100_000, graph=True)
    assert choose(large, kept=50_000, depth=11, nearby=0.5, blur=blur).kind == "graph"
    assert choose(large, kept=2_000, depth=11, nearby=0.5, blur=blur).kind != "sketches"
    assert not asked
    far = choose(large, kept=50_000, depth=11, nearby=0.01, blur=blur)
    assert far.kind == "sketches"
    assert far.sketched == 256
    assert "sketches" in far.reason
    assert choose(large, kept=50_000, depth=11, nearby=0.01).kind == "centres"
    dim = choose(large, kept=50_000, depth=11, nearby=0.01, blur=lambda: 0.9)
    assert dim.kind == "centres", "sketches that tell next to nothing"
