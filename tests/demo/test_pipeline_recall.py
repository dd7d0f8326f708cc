"""Recall through the whole way: video file, shots, frames, JPEG, vectors, SQL."""

from __future__ import annotations

from pathlib import Path

import pytest
from own_databases import count_rows

from benchmarks.pipeline_recall import recall_by_language
from catalog import Catalog
from catalog.demo.footage import heldout_footage
from catalog.settings import DEMO_ENCODER, Settings

SCENES = 60


@pytest.mark.timeout(1200)
def test_a_caption_finds_its_shot_in_every_language(tmp_path: Path, database_url: str) -> None:
    # Half the demonstration's size, and fewer and shorter scenes than `benchmarks.pipeline_recall`
    # has. Each shot is among all others; each language asks for every other one.
    footage = heldout_footage(tmp_path / "footage", count=SCENES, size=(320, 180), seconds=1.0)
    settings = Settings(home=tmp_path / "home", database_url=database_url, encoder=DEMO_ENCODER)
    with Catalog.open(settings) as catalog:
        report = catalog.ingest(tmp_path / "footage")
        assert report.failures == []
        assert catalog.stats()["clips"] == SCENES
        count_rows(catalog)
        recall = recall_by_language(catalog, footage, share=2)
    assert len(recall) >= 12
    assert {code: share for code, share in recall.items() if share < 0.9} == {}
