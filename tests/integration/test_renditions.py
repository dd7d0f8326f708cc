"""What an ingest makes for people to see: kept, told, counted, and gone with its asset."""

from __future__ import annotations

import json
import wave
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_footage import sound, still, video

from catalog import Catalog
from catalog.domain.media import SampledFrame, Shot
from catalog.errors import NotFoundError
from catalog.ingest.posters import with_posters
from catalog.media.writer import write_video


def renditions(catalog: Catalog, reference: str) -> dict[str, dict]:
    return {made["kind"]: made for made in catalog.show(reference)["renditions"]}


def test_a_film_has_a_strip_and_a_sound_its_waveform(catalog: Catalog, tmp_path: Path) -> None:
    video(tmp_path / "film.mp4", ["red", "green"])
    sound(tmp_path / "tone.wav", seconds=2)
    still(tmp_path / "photo.png")
    report = catalog.ingest(tmp_path)
    assert (report.ready, report.failed) == (3, 0)

    film = renditions(catalog, "film.mp4")
    assert set(film) == {"strip", "strip_index"}
    with Image.open(film["strip"]["path"]) as sheet:
        assert sheet.size == (film["strip"]["width"], film["strip"]["height"])
    index = Path(film["strip_index"]["path"])
    # The index names the sheet relative to itself.
    assert (index.parent / "strip.webp").samefile(film["strip"]["path"])
    assert index.read_text().count("strip.webp#xywh=") == film["strip"]["settings"]["tiles"] == 8

    tone = renditions(catalog, "tone.wav")
    assert set(tone) == {"peaks", "waveform"}
    body = json.loads(Path(tone["peaks"]["path"]).read_bytes())
    assert body["length"] * body["samples_per_pixel"] == pytest.approx(16000, abs=64)
    assert renditions(catalog, "photo.png") == {}

    counted = catalog.stats()["rendition_bytes"]
    assert counted == {made["kind"]: made["bytes"] for made in [*film.values(), *tone.values()]}
    for made in [*film.values(), *tone.values()]:
        assert Path(made["path"]).stat().st_size == made["bytes"]

    catalog.remove(["film.mp4", "tone.wav"])
    assert catalog.stats()["rendition_bytes"] == {}
    assert not list(Path(catalog.store.root / "renditions").rglob("*.*"))


def test_a_sound_is_found_by_words_and_filters(catalog: Catalog, tmp_path: Path) -> None:
    sound(tmp_path / "Interview Kyjiw.wav", seconds=3)
    (tmp_path / "Interview Kyjiw.srt").write_text("1\n00:00:00,500 --> 00:00:02,000\nThe bridge\n")
    with wave.open(str(tmp_path / "nothing.wav"), "wb") as file:
        file.setparams((1, 2, 48000, 0, "NONE", ""))
    report = catalog.ingest(tmp_path, tags=["radio"])
    assert (report.ready, report.failed) == (2, 0)
    for query in ("kyjiw", '"the bridge"', "kind:audio duration:>2s", "tag:radio duration:3s"):
        names = {hit.asset["name"] for hit in catalog.search(query).hits}
        assert "Interview Kyjiw.wav" in names, query
    empty = catalog.show("nothing.wav")
    assert (empty["kind"], empty["duration"], empty["renditions"]) == ("audio", 0.0, [])


def test_an_analysis_done_again_leaves_one_of_each_kind(catalog: Catalog, tmp_path: Path) -> None:
    video(tmp_path / "film.mp4", ["red"])
    catalog.ingest(tmp_path)
    before = renditions(catalog, "film.mp4")
    with catalog.database.session() as session:
        from catalog.db.models import Stage

        session.query(Stage).filter(Stage.name == "analyse").update({"state": "due"})
    catalog.ingest(tmp_path)
    after = renditions(catalog, "film.mp4")
    assert set(after) == set(before)
    assert after["strip"]["made_at"] > before["strip"]["made_at"]


def test_the_poster_is_sharp_and_typical_until_an_editor_chooses(
    catalog: Catalog, tmp_path: Path
) -> None:
    # A take that fades in: its first pictures are dark.
    rng = np.random.default_rng(5)
    picture = rng.integers(0, 255, (96, 128, 3)).astype(np.uint8).repeat(2, 0).repeat(2, 1)
    lights = [*np.linspace(0.05, 1, 60), *[1.0] * 65]
    frames = [(picture * light).astype(np.uint8) for light in lights]
    write_video(tmp_path / "film.mp4", frames, frame_rate=25)
    catalog.ingest(tmp_path)
    (clip,) = catalog.show("film.mp4")["clips"]
    with Image.open(clip["frame"]["picture"]) as chosen:
        assert np.asarray(chosen).mean() > 0.8 * picture.mean()

    rows = catalog.sql(f"SELECT id FROM catalog.frame WHERE clip_id = {clip['id']} ORDER BY pts")
    first = rows.rows[0][0]
    assert first != clip["frame"]["id"]
    catalog.poster(clip["id"], first)
    (clip,) = catalog.show("film.mp4")["clips"]
    assert clip["frame"]["id"] == first
    with pytest.raises(NotFoundError, match="has no frame 999"):
        catalog.poster(clip["id"], 999)


def test_the_poster_of_equals_is_the_one_that_stands_for_most() -> None:
    def frame(pts: int, end: int) -> SampledFrame:
        return SampledFrame(pts, pts, end, str(pts), 64, 48)

    shot = Shot(0, 0, 100, (frame(0, 10), frame(10, 30), frame(30, 80), frame(80, 100)))
    marked = with_posters(shot, {0: 900, 10: 850, 30: 500, 80: 890})
    assert [f.pts for f in marked.frames if f.poster] == [10]
