"""Roots: what is set for a folder tree holds for what lies in it; forgetting one loses nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from small_footage import still, video
from sqlalchemy import text

from catalog import Catalog
from catalog.domain.media import SamplingPolicy
from catalog.domain.root_settings import sampling_at
from catalog.errors import InvalidInputError, NotFoundError, PathNotFoundError
from catalog.ingest.register import Registrar


def places(catalog: Catalog) -> set[tuple[str, str]]:
    """Root (its name) and path below it of every location, as shown and as bytes."""
    with catalog.database.session() as session:
        rows = session.execute(
            text(
                "SELECT r.path, l.path, l.raw_path FROM catalog.location l"
                " JOIN catalog.root r ON r.id = l.root_id"
            )
        ).all()
    assert all(bytes(raw).decode() == shown for _, shown, raw in rows)
    return {(Path(root).name, shown) for root, shown, _ in rows}


def test_each_setting_is_that_of_the_deepest_root_that_says_it():
    said = [
        (Path("/a/b"), {"similarity": 2.0}),
        (Path("/a"), {"interval": 3.0, "similarity": 9.0}),
        (Path("/a/bc"), {"min_shot": 5.0}),
    ]
    assert sampling_at(Path("/a/b/c.mp4"), said) == SamplingPolicy(interval=3.0, similarity=2.0)
    assert sampling_at(Path("/a/x.mp4"), said) == SamplingPolicy(interval=3.0, similarity=9.0)
    assert sampling_at(Path("/elsewhere/x.mp4"), said) == SamplingPolicy()


def test_ingest_and_workers_sample_as_the_root_says(catalog: Catalog, tmp_path: Path):
    video(tmp_path / "out" / "a.mp4", frames=100, mark=1)
    video(tmp_path / "out" / "in" / "b.mp4", frames=100, mark=2)
    catalog.root.add(tmp_path / "out", picture_edge=64, similarity=0)
    catalog.root.add(tmp_path / "out" / "in", sampling_interval=2)
    catalog.ingest(tmp_path / "out" / "a.mp4")
    asset = catalog.register(tmp_path / "out" / "in" / "b.mp4").asset_id
    found = catalog.analyse(asset)  # as a worker does
    assert found is not None
    # Nothing is near-identical under similarity 0: a picture at 0, 1, 2, 3 s and one at 0, 2 s.
    frames = [catalog.show(name)["clips"][0]["frames"] for name in ("a.mp4", "b.mp4")]
    assert frames == [4, 2]
    [outer, inner] = catalog.root.list()
    assert inner["set"] == {"interval": 2.0}
    assert inner["sampling"]["picture_edge"] == 64
    assert (outer["files"], inner["files"]) == (1, 1)


def test_set_and_unset(catalog: Catalog, tmp_path: Path):
    catalog.root.add(tmp_path, similarity=2, min_shot=1)
    assert catalog.root.add(tmp_path, picture_edge=320)["new"] is False
    body = catalog.root.set(
        tmp_path, sampling_interval=5, decode="full", unset=["similarity", "min-shot"]
    )
    assert body["set"] == {"interval": 5.0, "picture_edge": 320, "decode": "full"}
    assert body["sampling"]["decode"] == "full"
    with pytest.raises(NotFoundError, match="root list"):
        catalog.root.set(tmp_path / "no root", similarity=1)


def test_what_cannot_be_set_is_refused_by_name(catalog: Catalog, tmp_path: Path):
    catalog.root.add(tmp_path)
    wrong: list[dict[str, Any]] = [
        {"similarity": -1},
        {"similarity": float("nan")},
        {"sampling_interval": 0},
        {"picture_edge": 99.5},
        {"picture_edge": 10**9},
        {"min_shot": "long"},
        {"decode": "some"},
        {"decode": 1},
        {"similarity": True},
        {},
        {"unset": ["colour"]},
    ]
    for settings in wrong:
        with pytest.raises(InvalidInputError, match="expected"):
            catalog.root.set(tmp_path, **settings)
    assert catalog.root.list()[0]["set"] == {}


def test_a_root_must_be_a_folder(catalog: Catalog, tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(InvalidInputError, match="no folder"):
        catalog.root.add(tmp_path / "file")
    for missing in (tmp_path / "none", "a\0b", "x" * 5000):
        with pytest.raises(PathNotFoundError):
            catalog.root.add(missing)
    assert catalog.root.list() == []


def test_files_change_roots_and_none_is_held_twice(catalog: Catalog, tmp_path: Path):
    out = tmp_path / "out"
    still(out / "a.png", mark=1)
    still(out / "in" / "deep" / "b.png", mark=2)
    still(out / "inn" / "c.png", mark=3)
    catalog.ingest(out)
    before = catalog.search("red").total_candidates
    assert catalog.root.add(out / "in")["files_taken_over"] == 1
    whole = {("out", "a.png"), ("in", "deep/b.png"), ("out", "inn/c.png")}
    assert places(catalog) == whole
    assert catalog.ingest(out).known == 3
    assert places(catalog) == whole
    body = catalog.root.remove(out / "in")
    assert (body["files_given"], body["assets_without_file"], body["assets_forgotten"]) == (1, 0, 0)
    assert places(catalog) == {("out", "a.png"), ("out", "in/deep/b.png"), ("out", "inn/c.png")}
    assert catalog.search("red").total_candidates == before == 3


def test_removing_a_root_asks_what_becomes_of_its_assets(catalog: Catalog, tmp_path: Path):
    still(tmp_path / "one" / "a.png", mark=1)
    still(tmp_path / "one" / "b.png", mark=2)
    still(tmp_path / "two" / "b.png", mark=2)
    catalog.ingest(tmp_path / "one", tmp_path / "two")
    with pytest.raises(InvalidInputError, match=r"1 asset\(s\) have no file but in") as refused:
        catalog.root.remove(tmp_path / "one")
    assert refused.value.details == {"assets": 1}
    assert len(catalog.root.list()) == 2
    body = catalog.root.remove(tmp_path / "one", assets="keep")
    assert body["assets_without_file"] == 1
    assert catalog.search("red").total_candidates == 2
    assert catalog.show("a.png")["locations"] == []
    # The content is recognised where it is met again.
    assert catalog.ingest(tmp_path / "one").registered == 0
    assert catalog.root.remove(tmp_path / "one", assets="forget")["assets_forgotten"] == 1
    assert [row["name"] for row in catalog.assets()["assets"]] == ["b.png"]
    assert len([each for each in catalog.settings.frames_dir.rglob("*") if each.is_file()]) == 1
    assert (tmp_path / "one" / "a.png").exists()


def test_a_registrar_that_did_not_know_a_root_yet_holds_nothing_twice(
    catalog: Catalog, tmp_path: Path
):
    file = still(tmp_path / "out" / "in" / "a.png")
    catalog.root.add(tmp_path / "out")
    earlier = Registrar(catalog.database, [])
    catalog.root.add(tmp_path / "out" / "in")
    catalog.register(file)
    earlier.register(file)
    catalog.root.remove(tmp_path / "out" / "in")
    assert places(catalog) == {("out", "in/a.png")}


def test_how_many_samples_were_collapsed_is_told(catalog: Catalog, tmp_path: Path):
    video(tmp_path / "in" / "a.mp4", frames=125)
    assert catalog.ingest(tmp_path / "in").collapsed == 4
    assert [clip["collapsed"] for clip in catalog.show("a.mp4")["clips"]] == [4]
    assert catalog.stats()["collapsed"] == 4
