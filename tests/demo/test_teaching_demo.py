"""An encoder that has never seen a windmill learns it from 30 captions and forgets nothing.

The larger form, with its figures, is ``python -m benchmarks.teaching``.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from catalog import Catalog
from catalog.demo import newcomer, world
from catalog.demo.measure import photographed, ranks, recall
from catalog.encoders import Encoder, load_encoder
from catalog.errors import ConflictError
from catalog.settings import Settings

DESCRIBED = newcomer.newcomers(60, 1)[:30]
FRESH = newcomer.newcomers(60, 1)[40:]
REST = world.sample(world.held_out(), 50, 29)


@pytest.fixture
def catalog(settings: Settings, tmp_path: Path):
    """A catalogue of the drawn world in which somebody has described 30 windmills."""
    scenes = [*DESCRIBED, *world.sample(world.training(), 60, 3)]
    (tmp_path / "stills").mkdir()
    for at, picture in enumerate(photographed(scenes, seed=4, size=(192, 108))):
        picture.save(tmp_path / "stills" / f"{at:03d}.jpg", quality=90)
    with Catalog.open(dataclasses.replace(settings, encoder="demo")) as opened:
        opened.ingest(tmp_path / "stills")
        for at, scene in enumerate(DESCRIBED):
            opened.edit([f"{at:03d}.jpg"], description=newcomer.caption(scene, "en", at))
        yield opened


def figures(encoder: Encoder) -> tuple[float, float]:
    """Recall@1 of fresh windmills, and of scenes the parent was never trained on, the lower of two
    languages; both among all pictures.
    """
    pictures = [*photographed(REST, seed=7, size=(192, 108)),
                *photographed(FRESH, seed=8, size=(192, 108))]  # fmt: skip
    vectors = encoder.encode_images(pictures)
    texts = encoder.encode_texts([newcomer.caption(scene) for scene in FRESH])
    own = len(REST) + np.arange(len(FRESH))
    rest = recall(ranks(encoder, REST, vectors, codes=["en", "uk"]))
    return float(((texts @ vectors.T).argmax(axis=1) == own).mean()), min(rest.values())


def test_a_subject_is_learned_from_thirty_captions_and_the_rest_is_kept(catalog: Catalog):
    taught = catalog.train(name="windmills", steps=40, batch=16, library=60)
    new, rest = figures(load_encoder("demo"))
    new_after, rest_after = figures(load_encoder(taught.name))
    assert new <= 0.3
    assert new_after >= new + 0.4
    assert rest >= 0.95
    assert rest_after >= rest - 0.02

    assert (taught.method, taught.amounts.learn, taught.amounts.held) == ("lora", 24, 6)
    assert taught.amounts.library == 60
    assert taught.evaluation is not None
    parent, child = taught.evaluation.encoders
    assert (parent.label, child.label) == ("demo", "windmills")
    assert child.text_to_image[0].value > parent.text_to_image[0].value
    assert any("rather too good" in note for note in taught.notes)

    # It is an encoder like any other, that answers nothing until it is told to.
    rows = {row["name"]: row for row in catalog.encoder.list()}
    assert rows["demo"]["state"] == "active"
    assert (rows[taught.name]["state"], rows[taught.name]["vectors"]) == ("kept", 0)
    assert rows[taught.name]["weights"] == taught.weights
    folder = Path(taught.folder)
    assert folder == catalog.settings.home / "encoders" / "windmills"
    record = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    assert record["weights"] == taught.weights
    assert record["alpha"] == taught.chosen.alpha
    page = (folder / "training.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 2
    assert "http" not in page.replace("http-equiv", "")
    assert (folder / "evaluation.html").stat().st_size > 1000

    assert catalog.search("a windmill", limit=5).encoder == "demo"
    assert catalog.encoder.add(taught.name)["state"] == "filling"
    with pytest.raises(ConflictError, match="already"):
        catalog.train(name="windmills", steps=1)
