"""Ingest, the whole way: files in, assets with locations, shots, frames and vectors."""

from __future__ import annotations

import os
import shutil
import socket
from fractions import Fraction
from pathlib import Path

import pytest
from small_footage import sound, still, video

from catalog import Catalog
from catalog.errors import InvalidInputError, NoMediaError, PathNotFoundError


def rows(catalog: Catalog, statement: str) -> list[tuple]:
    return list(catalog.sql(statement).rows)


@pytest.fixture
def media(tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    video(folder / "a.mp4", ["red", "blue"], timecode="01:00:00:00")
    still(folder / "deep" / "b.png", "green")
    sound(folder / "deep" / "c.wav")
    return folder


def test_a_folder_becomes_assets_with_shots_frames_and_vectors(catalog: Catalog, media: Path):
    report = catalog.ingest(media, collection="News", tags=["one", "two"], metadata={"reel": "A1"})
    assert (report.registered, report.known, report.ready, report.failures) == (3, 0, 3, [])
    assert report.frames == 3
    assert rows(catalog, "SELECT count(*), count(DISTINCT frame_id) FROM catalog.embedding") == [
        (3, 3)
    ]
    found = catalog.show("a.mp4")
    assert [clip["timecode_in"] for clip in found["clips"]] == ["01:00:00:00", "01:00:01:00"]
    assert (found["collection"], found["tags"], found["metadata"]["reel"]) == (
        "News",
        ["one", "two"],
        "A1",
    )
    assert {stage["name"]: stage["state"] for stage in found["stages"]} == {
        "analyse": "done",
        "encode": "done",
    }


def test_the_second_run_registers_nothing_and_does_no_work(catalog: Catalog, media: Path):
    catalog.ingest(media)
    before = rows(catalog, "SELECT id, pts FROM catalog.frame ORDER BY id")
    pictures = {p: p.stat().st_mtime_ns for p in catalog.settings.frames_dir.rglob("*.jpg")}
    report = catalog.ingest(media)
    assert (report.registered, report.known, report.ready, report.frames) == (0, 3, 3, 0)
    assert (report.seconds_of_media, report.failures) == (0.0, [])
    assert rows(catalog, "SELECT id, pts FROM catalog.frame ORDER BY id") == before
    assert {p: p.stat().st_mtime_ns for p in catalog.settings.frames_dir.rglob("*.jpg")} == pictures
    assert rows(catalog, "SELECT DISTINCT attempts FROM catalog.stage") == [(1,)]


def test_the_second_run_does_not_even_read_the_files(catalog: Catalog, media: Path, monkeypatch):
    catalog.ingest(media)
    monkeypatch.setattr(
        "catalog.ingest.register.identify", lambda path, **_: pytest.fail(f"{path} was read again")
    )
    assert catalog.ingest(media).known == 3


def test_a_renamed_copy_is_a_location_only(catalog: Catalog, media: Path):
    catalog.ingest(media)
    shutil.copy(media / "a.mp4", media / "deep" / "Other Name.mp4")
    report = catalog.ingest(media)
    assert (report.registered, report.known, report.ready, report.frames) == (0, 4, 3, 0)
    places = catalog.show("a.mp4")["locations"]
    assert [place["path"] for place in places] == ["a.mp4", "deep/Other Name.mp4"]


def test_a_file_that_changed_is_a_new_asset_and_its_location_moves(catalog: Catalog, media: Path):
    catalog.ingest(media)
    old = catalog.show(media / "deep" / "b.png")["id"]
    still(media / "deep" / "b.png", "yellow", mark=5)
    report = catalog.ingest(media)
    assert (report.registered, report.known, report.ready) == (1, 2, 3)
    new = catalog.show(media / "deep" / "b.png")
    assert new["id"] != old
    assert catalog.show(old)["locations"] == []
    assert [hit.asset["id"] for hit in catalog.search("is:missing").hits] == [old]


def test_a_file_that_is_gone_is_still_known(catalog: Catalog, media: Path):
    catalog.ingest(media)
    (media / "a.mp4").unlink()
    report = catalog.ingest(media)
    assert (report.registered, report.known, report.failed) == (0, 2, 0)
    assert catalog.show("a.mp4")["locations"] != []
    assert catalog.search("red").hits[0].asset["name"] == "a.mp4"


def test_nested_roots_hold_each_file_once(catalog: Catalog, media: Path):
    catalog.ingest(media / "deep")
    catalog.ingest(media)
    catalog.ingest(media / "deep", media, media / "a.mp4")
    catalog.register(media / "a.mp4")
    assert rows(catalog, "SELECT count(*), count(DISTINCT asset_id) FROM catalog.location") == [
        (3, 3)
    ]


def test_a_file_named_twice_in_one_run_is_counted_once(catalog: Catalog, media: Path):
    report = catalog.ingest(media, media / "a.mp4", media)
    assert (report.registered, report.known) == (3, 0)


def test_links_are_followed_and_loops_end(catalog: Catalog, media: Path, tmp_path: Path):
    (media / "loop").symlink_to(media)
    (media / "link.png").symlink_to(media / "deep" / "b.png")
    (media / "gone.mov").symlink_to(tmp_path / "nowhere.mov")
    report = catalog.ingest(media)
    assert (report.registered, report.known, report.ready) == (3, 1, 3)
    assert [failure.code for failure in report.failures] == ["outside_root"]
    assert "gone.mov" in report.failures[0].path


def test_bad_files_fail_each_with_its_reason_and_the_rest_is_done(
    catalog: Catalog, media: Path, monkeypatch: pytest.MonkeyPatch
):
    (media / "empty.mp4").touch()
    (media / "text.mp4").write_text("Dear diary, this is not a film.\n" * 50)
    half = video(media / "half.mp4", ["white", "black"], frames=50)
    half.write_bytes(half.read_bytes()[: half.stat().st_size // 3])
    os.mkfifo(media / "pipe.mov")
    with socket.socket(socket.AF_UNIX) as server, monkeypatch.context() as here:
        here.chdir(media)  # a socket's whole path may be too long
        server.bind("socket.mov")
    (media / "device.mov").symlink_to("/dev/zero")
    (media / "dangling.mov").symlink_to("missing")
    report = catalog.ingest(media)
    assert (report.registered, report.ready) == (5, 3)
    codes = {Path(failure.path).name: failure.code for failure in report.failures}
    assert codes == {
        "dangling.mov": "unreadable",
        "device.mov": "outside_root",
        "empty.mp4": "empty_file",
        "half.mp4": "truncated",
        "pipe.mov": "unreadable",
        "socket.mov": "unreadable",
        "text.mp4": "not_media",
    }
    reasons = [failure.reason for failure in report.failures]
    assert len(set(reasons)) == len(reasons)
    assert all(
        name in reason
        for name, reason in zip((Path(f.path).name for f in report.failures), reasons, strict=True)
    )


def test_the_failures_of_an_earlier_run_are_told_again(catalog: Catalog, media: Path):
    (media / "empty.mp4").touch()
    (media / "text.mp4").write_text("no film" * 100)
    first = catalog.ingest(media)
    second = catalog.ingest(media)
    assert sorted(f.path for f in first.failures) == sorted(f.path for f in second.failures)
    assert (second.registered, second.ready, second.failed) == (0, 3, 2)


def test_every_copy_of_a_broken_file_is_listed(catalog: Catalog, tmp_path: Path):
    for name in ("one.mp4", "two.mp4"):
        (tmp_path / "m").mkdir(exist_ok=True)
        (tmp_path / "m" / name).write_text("the same text" * 100)
    for _ in range(2):
        report = catalog.ingest(tmp_path / "m")
        assert [Path(f.path).name for f in report.failures] == ["one.mp4", "two.mp4"]


def test_one_missing_path_among_others_is_a_failure(catalog: Catalog, media: Path, tmp_path: Path):
    (tmp_path / "nothing here").mkdir()
    report = catalog.ingest(media, tmp_path / "missing.mov", tmp_path / "nothing here")
    assert report.ready == 3
    assert [f.code for f in report.failures] == ["path_not_found", "no_media"]


def test_nothing_at_all_to_do_is_an_error(catalog: Catalog, tmp_path: Path):
    with pytest.raises(PathNotFoundError, match="missing"):
        catalog.ingest(tmp_path / "missing")
    with pytest.raises(NoMediaError, match="holds no media"):
        catalog.ingest(tmp_path)
    with pytest.raises(PathNotFoundError):
        catalog.ingest(tmp_path / ("n" * 300))
    with pytest.raises(PathNotFoundError):
        catalog.ingest("~no-such-user-at-all/x")
    with pytest.raises(PathNotFoundError):
        catalog.ingest("nul\0byte")
    with pytest.raises(PathNotFoundError):
        catalog.ingest("half \ud800")
    assert catalog.stats()["locations"] == 0


def test_a_dangling_link_named_by_itself(catalog: Catalog, tmp_path: Path):
    (tmp_path / "link.mov").symlink_to("nowhere")
    report = catalog.ingest(tmp_path / "link.mov")
    assert [(f.code, Path(f.path).name) for f in report.failures] == [("unreadable", "link.mov")]


def test_awkward_file_names(catalog: Catalog, tmp_path: Path):
    names = [
        b"quote'\"s.png", b"new\nline.png", b"caf\xe9 latin1.png", b"%s {} $(x).png", b"-dash.png",
        "кіт 猫 🐈.png".encode(), b"back\\slash.png", b"tab\there.png", b" lead and trail .png",
        b"; DROP TABLE catalog.asset; --.png",
    ]  # fmt: skip
    folder = tmp_path / "names"
    for mark, name in enumerate(names):
        still(tmp_path / "x.png", mark=mark + 1)
        folder.mkdir(exist_ok=True)
        (tmp_path / "x.png").rename(folder / os.fsdecode(name))
    report = catalog.ingest(folder)
    assert (report.registered, report.ready, report.failures) == (len(names), len(names), [])
    for name in names:
        path = Path(os.fsdecode(os.fsencode(folder) + b"/" + name))
        assert len(catalog.show(path)["locations"]) == 1
        assert catalog.show(path.name)["id"] == catalog.show(path)["id"]
        [place] = catalog.show(path)["locations"]
        str(place["path"]).encode()  # no lone surrogates
    assert catalog.ingest(folder).known == len(names)
    assert catalog.search("name:*line.png").hits[0].asset["name"] == "new\\nline.png"


def test_hostile_labels_are_refused_before_anything_is_done(catalog: Catalog, media: Path):
    for labels in (
        {"tags": [""]},
        {"tags": ["nul\0"]},
        {"tags": ["\udcff"]},
        {"tags": ["x" * 201]},
        {"collection": " "},
        {"collection": "a\x07b"},
        {"metadata": {"": "x"}},
        {"metadata": {"k\0": "x"}},
        {"metadata": {"k": "x\0"}},
        {"metadata": {"k": "\ud800"}},
        {"metadata": {"k": object()}},
        {"metadata": {"k": float("nan")}},
    ):
        with pytest.raises(InvalidInputError):
            catalog.ingest(media, **labels)
    assert catalog.stats()["assets"] == 0


def test_labels_people_use_are_kept(catalog: Catalog, media: Path):
    tags = ["👨‍👩‍👧", "می‌خواهم", "क्‍ष", "50% {off} %s", "'; DROP TABLE x; --", "  two   words "]
    catalog.ingest(
        media / "deep" / "b.png", tags=tags, collection='O\'Neill "x"', metadata={"a.b": "ü"}
    )
    shown = catalog.show("b.png")
    assert set(shown["tags"]) == {*tags[:-1], "two words"}
    assert shown["collection"] == 'O\'Neill "x"'
    assert catalog.search('tag:"50% {off} %s"').total_candidates == 1
    assert catalog.search("tag:👨‍👩‍👧").total_candidates == 1


def test_labels_in_another_case_are_the_same_tag(catalog: Catalog, media: Path):
    catalog.ingest(media, tags=["Straße", "NEWS"])
    catalog.ingest(media, tags=["STRASSE", "news", "News"])
    assert set(catalog.show("a.mp4")["tags"]) == {"NEWS", "STRASSE", "Straße"}


def test_hostile_metadata_in_a_file(catalog: Catalog, tmp_path: Path):
    comment = "x%s{}'; DROP TABLE catalog.asset; -- " + "\x01\x02 wörter " * 3
    path = video(
        tmp_path / "m" / "hostile.mp4",
        metadata={"title": "T" * 5000, "comment": comment, "big": "lorem ipsum " * 90_000},
    )
    report = catalog.ingest(path.parent)
    assert (report.ready, report.failures) == (1, [])
    assert [h.asset["name"] for h in catalog.search('"wörter"').hits] == ["hostile.mp4"]


def test_progress_tells_each_stage_to_its_end(catalog: Catalog, media: Path):
    class Heard:
        def __init__(self) -> None:
            self.events: list[tuple] = []

        def begin(self, stage: str, total: float | None, unit: str) -> None:
            self.events.append(("begin", stage, total))

        def advance(self, stage: str, amount: float, note: str = "") -> None:
            self.events.append(("advance", stage, amount))

        def end(self, stage: str) -> None:
            self.events.append(("end", stage, None))

    heard = Heard()
    catalog.ingest(media, progress=heard)

    def total(kind: str, stage: str) -> float:
        return sum(e[2] for e in heard.events if e[:2] == (kind, stage))

    for stage, amount in (("register", 3), ("analyse", 3), ("encode", 3)):
        assert total("begin", stage) == amount
        assert total("advance", stage) == pytest.approx(amount)
        assert ("end", stage, None) in heard.events

    # A long film does not stand still at nothing.
    heard.events.clear()
    path = video(media / "long.mp4", ["blue", "red", "green"], frames=30)
    catalog.ingest(path, progress=heard)
    assert total("advance", "analyse") == pytest.approx(1)
    assert [e for e in heard.events if e[:2] == ("advance", "analyse") and 0.2 < e[2] < 0.8]


def test_frames_follow_the_rate_and_the_clock(catalog: Catalog, tmp_path: Path):
    video(tmp_path / "m/d.mov", ["red", "green"], rate=Fraction(30000, 1001), frames=30,
          timecode="00:59:59;02")  # fmt: skip
    catalog.ingest(tmp_path / "m")
    clips = catalog.show("d.mov")["clips"]
    assert [(c["timecode_in"], c["timecode_out"]) for c in clips] == [
        ("00:59:59;02", "01:00:00;02"),
        ("01:00:00;02", "01:00:01;02"),
    ]
    [view] = rows(catalog, "SELECT array_agg(timecode_in ORDER BY start) FROM catalog.shots")
    assert view[0] == ["00:59:59;02", "01:00:00;02"]
