"""Versions of the same essence are found; other takes are not."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from catalog import Catalog
from catalog.maintain.candidates import Shots, find_candidates
from catalog.media.writer import write_video
from catalog.settings import Settings

RATE = Fraction(25)


def shot(seed: int, frames: int, *, size: tuple[int, int] = (96, 64), at: float = 0.0) -> list:
    """A ball before a blurred backdrop; ``at`` is where on its way it begins."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (4, 6, 3), dtype=np.uint8)
    backdrop = Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)
    down, across = np.mgrid[: size[1], : size[0]]
    pictures = []
    for number in range(frames):
        picture = np.asarray(backdrop).copy()
        x = (0.2 + at + 0.3 * number / frames) % 1 * size[0]
        y = (0.3 + at / 2) * size[1]
        picture[(across - x) ** 2 + (down - y) ** 2 < (size[1] / 3) ** 2] = coarse[0, 0] ^ 255
        pictures.append(picture)
    return pictures


def film(path: Path, pictures: list, **options: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_video(path, pictures, frame_rate=RATE, **options)


@pytest.fixture(scope="module")
def filled(shared_settings: Settings, tmp_path_factory: pytest.TempPathFactory):
    media = tmp_path_factory.mktemp("media")
    cut = shot(1, 40) + shot(2, 30) + shot(3, 55) + shot(4, 35)
    film(media / "master.mov", cut, start_timecode="10:00:00:00")
    small = [np.asarray(Image.fromarray(p).resize((64, 42))) for p in cut]
    film(media / "proxy.mp4", small, options={"crf": "35"})
    film(media / "trimmed.mkv", cut[20:140])
    film(media / "recut.mp4", shot(1, 25) + shot(2, 60) + shot(3, 20) + shot(4, 50))
    film(media / "take1.mp4", shot(9, 75))
    film(media / "take2.mp4", shot(9, 75, at=0.35))
    film(media / "other.mp4", shot(5, 40) + shot(6, 30))
    Image.fromarray(shot(7, 1)[0]).save(media / "still.png")
    Image.fromarray(shot(7, 1)[0]).resize((48, 32)).save(media / "small.jpg", quality=60)
    with Catalog.open(shared_settings) as catalog:
        catalog.ingest(media)
        yield catalog


def groups(catalog: Catalog, *arguments: str, **options: bool) -> set[frozenset[str]]:
    found = catalog.duplicates(*arguments, **options)["groups"]
    return {frozenset(asset["name"] for asset in group["assets"]) for group in found}


def test_other_encodings_are_duplicates(filled: Catalog):
    assert groups(filled) == {
        frozenset({"master.mov", "proxy.mp4"}),
        frozenset({"still.png", "small.jpg"}),
    }


def test_trimmed_versions_are_near(filled: Catalog):
    assert groups(filled, near=True) == {
        frozenset({"master.mov", "proxy.mp4", "trimmed.mkv"}),
        frozenset({"still.png", "small.jpg"}),
    }, "and other takes and other cuts are none"


def test_a_group_says_what_differs(filled: Catalog):
    [group] = filled.duplicates("kind:video")["groups"]
    assert [asset["name"] for asset in group["assets"]] == ["master.mov", "proxy.mp4"]
    assert {"width", "height", "size_bytes", "start_timecode"} <= set(group["differs"])
    assert "duration" not in group["differs"]
    assert group["kind"] == "duplicate"
    assert 0.9 < group["score"] <= 1


def test_a_query_chooses_among_what(filled: Catalog):
    assert groups(filled, "kind:still") == {frozenset({"still.png", "small.jpg"})}
    assert groups(filled, "name:take*", near=True) == set()
    assert filled.duplicates("name:nothing") == {
        "groups": [],
        "compared": 0,
        "left_out": 0,
    }


def parts_of(many: np.ndarray, lengths: np.ndarray, shots_each: int = 1):
    """As the catalogue gives them: some at a time."""
    frames = np.arange(len(many))
    for at in range(0, len(many), 700):
        some = frames[at : at + 700]
        starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])[some].astype(np.float32)
        yield Shots(some // shots_each, some, starts, lengths[some], many[some])


def test_candidates_of_many_are_those_alike():
    rng = np.random.default_rng(3)
    many = rng.standard_normal((2000, 64)).astype(np.float32) + 2.0
    many[1500:1600] = many[:100] + 0.1 * rng.standard_normal((100, 64))
    many /= np.linalg.norm(many, axis=1, keepdims=True)
    alike = {(int(a), int(b)) for a, b in np.argwhere(np.triu(many @ many.T >= 0.93, 1))}
    lengths = rng.uniform(1, 10, 2000).astype(np.float32)
    found = find_candidates(parts_of(many, lengths), lambda ids: many[ids])
    assert {(at, 1500 + at) for at in range(100)} <= set(found.pairs) <= alike
    assert found.left_out == 0


def test_versions_are_found_among_many_that_share_one_look():
    """One presenter in 500 films of five shots: only those of the same lengths are candidates."""
    rng = np.random.default_rng(4)
    presenter = rng.standard_normal(64) + 2.0
    many = (presenter + 0.1 * rng.standard_normal((2500, 64))).astype(np.float32)
    lengths = rng.uniform(1, 600, 2500).astype(np.float32)
    many[2250:] = many[:250] + 0.02 * rng.standard_normal((250, 64))
    lengths[2250:] = lengths[:250]
    many /= np.linalg.norm(many, axis=1, keepdims=True)
    found = find_candidates(parts_of(many, lengths, 5), lambda ids: many[ids])
    assert {(at, 450 + at) for at in range(50)} <= set(found.pairs)
    assert len(found.pairs) < 60


def test_of_nothing_there_are_no_candidates():
    assert find_candidates([], lambda ids: ids).pairs == []
