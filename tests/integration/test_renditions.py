"""What an ingest makes for people to see: kept, told, counted, and gone with its asset."""

from __future__ import annotations

import errno
import json
import os
import wave
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from small_footage import sound, still, video
from sqlalchemy import text
from sqlalchemy.orm import Session

from catalog import Catalog
from catalog.domain.media import SampledFrame, Shot
from catalog.domain.renditions import Rendition
from catalog.errors import (
    CatalogError,
    DatabaseUnavailableError,
    FrameStoreError,
    InvalidInputError,
    NotFoundError,
)
from catalog.ingest import analyse, proxies
from catalog.ingest.posters import with_posters
from catalog.maintain import proxy_status
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


def put_sound_to(film: Path) -> Path:
    import av

    target = film.with_name(f"loud-{film.name}")
    with av.open(str(film)) as source, av.open(str(target), "w") as out:
        pictures = out.add_stream_from_template(source.streams.video[0])
        tone = out.add_stream("aac", rate=48000, layout="mono")
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = pictures
                out.mux(packet)
        samples = (np.sin(np.arange(48000) / 20) * 0.5).astype(np.float32)[np.newaxis]
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 48000, 0
        out.mux(tone.encode(frame))
        out.mux(tone.encode(None))
    film.unlink()
    return target


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


class Interrupted:
    """A listener that breaks off as soon as something was done, as Ctrl-C does."""

    def begin(self, stage: str, total: float | None, unit: str) -> None: ...

    def end(self, stage: str) -> None: ...

    def advance(self, stage: str, amount: float, note: str = "") -> None:
        raise KeyboardInterrupt


def test_broken_off_or_on_a_full_disk_nothing_is_left_and_it_can_be_done_again(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video(tmp_path / "film.mp4", ["red", "green"], frames=75)
    catalog.ingest(tmp_path)
    folder = Path(renditions(catalog, "film.mp4")["strip"]["path"]).parent
    before = sorted(folder.iterdir())
    with pytest.raises(KeyboardInterrupt):
        catalog.proxy(["film.mp4"], progress=Interrupted())
    assert sorted(folder.iterdir()) == before
    assert [job["state"] for job in catalog.jobs()] == ["due"]

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr("catalog.media.isolated_proxy._write", full)
        with pytest.raises(FrameStoreError, match="no space left"):
            catalog.proxy(["film.mp4"])
    assert sorted(folder.iterdir()) == before
    [job] = catalog.jobs()
    assert (job["state"], job["error_code"]) == ("waiting", "frame_store_unavailable")

    assert catalog.proxy(["film.mp4"])["made"] == 1
    assert catalog.jobs() == []


def test_where_none_can_be_kept_none_is_made_for_longer_and_longer(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["red.mp4", "blue.mp4", "green.mp4"]
    for name in names:
        video(tmp_path / name, [name[:-4]], frames=5)
    catalog.ingest(tmp_path)
    tried: list[int] = []

    def full(*_: object) -> None:
        tried.append(1)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def pause() -> float:
        left = text("SELECT extract(epoch FROM max(retry_at) - now()) FROM catalog.stage")
        with catalog.database.session() as session:
            found = float(session.execute(left).scalar_one())
            session.execute(
                text("UPDATE catalog.stage SET retry_at = now() WHERE retry_at > now()")
            )
        return found

    pauses = []
    with monkeypatch.context() as patched:
        patched.setattr("catalog.media.isolated_proxy._write", full)
        for name in names:
            catalog.request_proxy(name)
        due = catalog.due_proxies()
        assert len(due) == 3
        for _ in range(5):
            with pytest.raises(FrameStoreError, match="no space left"):
                catalog.make_due_proxy(due[0])
            assert catalog.due_proxies() == [], "all wait: a processor has better to do"
            pauses.append(round(pause() / 60))
            due = catalog.due_proxies()
            assert len(due) == 1, "one is tried"
    assert pauses == [1, 4, 16, 64, 64]
    assert len(tried) == 5
    checks = {check.name: check for check in catalog.doctor().checks}
    assert "2 proxies wait" in checks["proxies"].found
    assert "no space left" in checks["proxies"].found
    assert catalog.make_due_proxy(due[0])
    assert len(catalog.due_proxies()) == 2, "it can be written to again: nobody waits longer"
    told = [catalog.proxy_status(name) for name in names]
    assert sorted((each["state"], each["error"]) for each in told) == [
        ("done", None), ("due", None), ("due", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "when", ["before it is entered", "when it is entered", "the database is gone for good"]
)
def test_the_row_of_a_proxy_names_a_file_whatever_fails(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    video(tmp_path / "film.mp4", ["red"])
    catalog.ingest(tmp_path)
    catalog.proxy(["film.mp4"])
    old = Path(renditions(catalog, "film.mp4")["proxy"]["path"])
    content = old.read_bytes()
    away = DatabaseUnavailableError("It is away.", remedy="Wait.")

    def fails(session: Session, *given: Any) -> None:
        assert old.read_bytes() == content, "the old one plays until the row names another"
        if when == "when it is entered":
            proxies.renditions.save_rendition(session, given[0].asset_id, given[1][0])
            session.commit()  # and nobody hears of it
        if when == "the database is gone for good":
            monkeypatch.setattr(catalog.database, "session", gone)
        raise away

    def gone() -> None:
        raise away

    with monkeypatch.context() as patched:
        patched.setattr(proxies, "_save", fails)
        with pytest.raises(DatabaseUnavailableError):
            catalog.proxy(["film.mp4"], lines=24)
    monkeypatch.undo()
    now = renditions(catalog, "film.mp4")["proxy"]
    assert Path(now["path"]).stat().st_size == now["bytes"]
    entered = when == "when it is entered"
    assert (now["height"], old.read_bytes()) == (24 if entered else 48, content)
    assert catalog.proxy(["film.mp4"], lines=16)["made"] == 1
    now = renditions(catalog, "film.mp4")["proxy"]
    assert now["height"] == 16
    assert list(old.parent.glob("proxy*")) == [Path(now["path"])], "nothing else is left"


def test_a_file_that_is_gone_fails_its_proxy_alone(catalog: Catalog, tmp_path: Path) -> None:
    video(tmp_path / "gone.mp4", ["red"])
    video(tmp_path / "there.mp4", ["green"])
    catalog.ingest(tmp_path)
    (tmp_path / "gone.mp4").unlink()
    body = catalog.proxy(["gone.mp4", "there.mp4"])
    assert body["made"] == 1
    assert [(f["path"], f["code"]) for f in body["failures"]] == [("gone.mp4", "unreadable")]
    (job,) = catalog.jobs(failed=True)
    assert (job["stage"], job["asset"]) == ("proxy", "gone.mp4")
    # The asset is found all the same, and its ingest has not failed.
    assert catalog.ingest(tmp_path).failed == 0


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


class Listener:
    """Does something whenever a proxy has gone on."""

    def __init__(self, act: Callable[[], object]) -> None:
        self._act = act

    def begin(self, stage: str, total: float | None, unit: str) -> None: ...

    def end(self, stage: str) -> None: ...

    def advance(self, stage: str, amount: float, note: str = "") -> None:
        self._act()


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


def test_an_attempt_that_was_broken_off_says_no_longer_how_far_it_was(
    catalog: Catalog, tmp_path: Path
) -> None:
    video(tmp_path / "film.mp4", ["red"], frames=75)
    catalog.ingest(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        catalog.proxy(["film.mp4"], progress=Interrupted())
    told = catalog.proxy_status("film.mp4")
    assert (told["state"], told["progress"], told["made"]) == ("due", None, False)


@pytest.mark.parametrize("when", ["while it is decoded", "when it is whole"])
def test_an_asset_removed_while_its_proxy_is_made_leaves_nothing(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    monkeypatch.setattr("catalog.ingest.proxies.NOTED_S", 0.0)
    loud = put_sound_to(video(tmp_path / "film.mp4", ["red", "green"], frames=75)).name
    catalog.ingest(tmp_path)
    removed: list[int] = []

    def remove() -> None:
        if not removed:
            removed.extend(catalog.remove([loud]))

    if when == "when it is whole":
        described = proxies._described

        def then_removed(*given: object) -> object:
            remove()
            return described(*given)

        monkeypatch.setattr(proxies, "_described", then_removed)
        body = catalog.proxy([loud])
    else:
        body = catalog.proxy([loud], progress=Listener(remove))
    assert [each["code"] for each in body["failures"]] == ["not_found"]
    assert "was removed while its proxy was made" in body["failures"][0]["reason"]
    assert removed
    assert [each for each in catalog.store.root.rglob("*") if each.is_file()] == []
    assert catalog.jobs() == []


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


def test_who_breaks_off_need_not_wait_until_a_file_was_read_through(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was only recognised is read before a proxy is made of it, which may take long."""
    video(tmp_path / "film.mp4", ["red"])
    catalog.ingest(tmp_path)
    asset = catalog.show("film.mp4")["id"]
    with catalog.database.session() as session:
        session.execute(text("UPDATE catalog.location SET verified = false"))
    catalog.request_proxy(asset)
    decoded: list[object] = []
    monkeypatch.setattr(proxies, "proxy_of", lambda *given, **_: decoded.append(given))

    def stop(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        catalog.make_due_proxy(asset, stop)
    assert decoded == []
    assert catalog.proxy_status(asset)["state"] == "due"


def test_a_proxy_that_is_finished_while_one_asks_is_not_done_without_being_made(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video(tmp_path / "film.mp4", ["red"])
    catalog.ingest(tmp_path)
    asked: list[str] = []

    def made_after_the_first(name: str, ask: Callable[..., Any]) -> Callable[..., Any]:
        def asking(*given: object) -> object:
            found = ask(*given)
            asked.append(name)
            if len(asked) == 1:
                catalog.proxy(["film.mp4"])
            return found

        return asking

    for module, name in (
        (proxy_status.jobs, "all_stages"),
        (proxy_status.renditions, "assets_with"),
    ):
        monkeypatch.setattr(module, name, made_after_the_first(name, getattr(module, name)))
    told = catalog.proxy_status("film.mp4")
    assert {"all_stages", "assets_with"} <= set(asked)
    assert (told["state"], told["made"]) == ("done", True)
