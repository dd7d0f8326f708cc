"""What an ingest makes for people to see: kept, told, counted, and gone with its asset."""

from __future__ import annotations

import json
import wave
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from small_footage import sound, still, video
from watched_proxies import Listener, put_sound_to, renditions

from catalog import Catalog
from catalog.domain.media import SampledFrame, Shot
from catalog.domain.renditions import Rendition
from catalog.errors import CatalogError, InvalidInputError, NotFoundError
from catalog.ingest import analyse
from catalog.ingest.posters import with_posters
from catalog.media.writer import write_video


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
    for name, samples in (("nothing.wav", b""), ("click.wav", b"\0\0")):
        with wave.open(str(tmp_path / name), "wb") as file:
            file.setparams((1, 2, 48000, 0, "NONE", ""))
            file.writeframes(samples)
    report = catalog.ingest(tmp_path, tags=["radio"])
    assert (report.ready, report.failed) == (3, 0)
    # Nothing to hear, and nothing that could not be heard.
    assert report.warnings == []
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


def test_a_proxy_is_made_told_and_removed_with_its_asset(catalog: Catalog, tmp_path: Path) -> None:
    name = put_sound_to(video(tmp_path / "film.mp4", ["red"])).name
    catalog.ingest(tmp_path)
    body = catalog.proxy([name])
    assert (body["made"], body["failures"]) == (1, [])
    made = renditions(catalog, name)
    assert set(made) == {"strip", "strip_index", "proxy", "peaks", "waveform"}
    proxy = made["proxy"]
    assert (proxy["width"], proxy["height"], proxy["duration"]) == (64, 48, 1.0)
    assert proxy["settings"]["pictures"] == 25
    path = Path(proxy["path"])
    assert path.stat().st_size == proxy["bytes"]
    assert [job for job in catalog.jobs() if job["stage"] == "proxy"] == []

    catalog.proxy([name], lines=24)
    again = renditions(catalog, name)["proxy"]
    assert (again["height"], again["settings"]["lines"]) == (24, 24)
    catalog.remove([name])
    assert not path.exists()


def test_the_outline_of_a_film_s_sound_is_made_when_asked_for(
    catalog: Catalog, tmp_path: Path
) -> None:
    loud = put_sound_to(video(tmp_path / "film.mp4", ["red"])).name
    video(tmp_path / "silent.mp4", ["red"], mark=1)
    catalog.ingest(tmp_path)
    assert catalog.waveform([loud, "silent.mp4"])["made"] == 1
    assert {"peaks", "waveform"} <= set(renditions(catalog, loud))


def test_a_still_has_no_proxy_and_nothing_is_begun(catalog: Catalog, tmp_path: Path) -> None:
    still(tmp_path / "photo.png")
    video(tmp_path / "film.mp4", ["red"])
    catalog.ingest(tmp_path)
    with pytest.raises(InvalidInputError, match="is a still; expected a film or a sound"):
        catalog.proxy(["film.mp4", "photo.png"])
    with pytest.raises(InvalidInputError, match="cannot have 5 lines"):
        catalog.proxy(["film.mp4"], lines=5)
    assert catalog.jobs() == []


def test_a_root_may_want_proxies_of_all_it_holds(catalog: Catalog, tmp_path: Path) -> None:
    video(tmp_path / "a" / "film.mp4", ["red"])
    video(tmp_path / "a" / "raw" / "other.mp4", ["green"])
    catalog.root.add(tmp_path / "a", proxy="always")
    catalog.root.add(tmp_path / "a" / "raw", proxy="never")
    report = catalog.ingest(tmp_path)
    assert (report.failed, report.warnings) == (0, [])
    assert "proxy" in renditions(catalog, "film.mp4")
    assert "proxy" not in renditions(catalog, "other.mp4")
    made_at = renditions(catalog, "film.mp4")["proxy"]["made_at"]

    inner = catalog.root.set(tmp_path / "a" / "raw", unset=["proxy"])
    assert (inner["proxy"], inner["set"]) == ("always", {})
    catalog.ingest(tmp_path)
    assert "proxy" in renditions(catalog, "other.mp4")
    assert renditions(catalog, "film.mp4")["proxy"]["made_at"] == made_at
    with pytest.raises(InvalidInputError, match="'often' is no rule"):
        catalog.root.set(tmp_path / "a", proxy="often")


def test_everybody_sees_how_far_a_proxy_is(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalog.ingest.proxies.NOTED_S", 0.0)
    video(tmp_path / "film.mp4", ["red", "green", "blue", "white"], frames=50)
    catalog.ingest(tmp_path)
    assert catalog.proxy_status("film.mp4")["state"] == "none"
    seen: list[float] = []

    def look() -> None:
        job = next(iter(catalog.jobs()), None)  # the last is told when nothing is open any more
        if job is not None and job["progress"] is not None:
            assert catalog.proxy_status("film.mp4")["progress"] == job["progress"]
            assert catalog.show("film.mp4")["stages"][-1]["progress"] == job["progress"]
            seen.append(job["progress"])

    catalog.proxy(["film.mp4"], progress=Listener(look))
    # Of eight seconds, one after the other: what is told is what was written down before.
    assert len(seen) >= 5
    assert seen == sorted(set(seen))
    assert 0.1 < seen[0] < 0.3 < seen[-1] < 1
    told = catalog.proxy_status("film.mp4")
    assert (told["state"], told["progress"], told["made"]) == ("done", None, True)
    assert (told["attempts"], told["error"]) == (1, None)


def test_an_asset_removed_while_it_is_analysed_leaves_nothing(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = video(tmp_path / "film.mp4", ["red", "green"])
    asset = catalog.register(path).asset_id
    keep = analyse.store_rendition

    def removed(*given: Any) -> Rendition:
        with suppress(NotFoundError):  # once is enough
            catalog.remove([asset])
        return keep(*given)

    monkeypatch.setattr(analyse, "store_rendition", removed)
    with pytest.raises(CatalogError):
        catalog.analyse(asset)
    assert [each for each in catalog.store.root.rglob("*") if each.is_file()] == []
