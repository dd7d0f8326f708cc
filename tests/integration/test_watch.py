"""Watch folders: what settles is taken in whole, once; what moves is followed; nothing is lost."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from small_footage import still, video
from sqlalchemy import text
from watched import (
    DEADLINE_S,
    SETTLE_S,
    eventually,
    folder,
    online,
    places,
    ready,
    rows,
    scan,
    watched,
    watching,
)

from catalog import Catalog
from catalog.domain.file_state import FileState
from catalog.errors import InvalidInputError, UnreadableFileError
from catalog.settings import Settings
from catalog.watch.settling import Settling

__all__ = ["folder", "watched"]


def test_a_file_that_grows_is_registered_once_and_whole(
    catalog: Catalog, settings: Settings, folder: Path, tmp_path: Path
):
    whole = video(tmp_path / "film.mp4", frames=50).read_bytes()
    catalog.root.watch(folder, settle=SETTLE_S, collection="News", tags=["fresh"])
    with watching(settings) as report:
        eventually(lambda: catalog.root.list()[0]["id"] in held_roots(catalog), "a watcher")
        with (folder / "film.mp4").open("wb") as slow:
            for at in range(0, len(whole), len(whole) // 7 + 1):
                slow.write(whole[at : at + len(whole) // 7 + 1])
                slow.flush()
            # At rest for longer than it takes to settle, and still open. A file that
            # comes later settles meanwhile: by then this one would have, too.
            still(folder / "marker.png")
            eventually(lambda: "marker.png" in places(catalog), "the marker")
            still(folder / "marker2.png", mark=2)
            eventually(lambda: "marker2.png" in places(catalog), "the second marker")
            assert "film.mp4" not in places(catalog)
        eventually(lambda: ready(catalog) == 3, "all are searchable")
    assert (report.counts["registered"], report.failed) == (3, 0)
    shown = catalog.show("film.mp4")
    assert (shown["size_bytes"], shown["collection"]) == (len(whole), "News")
    assert shown["tags"] == ["fresh"]
    latency = catalog.stats()["latency"]
    assert latency["assets"] == 3
    assert 0 < latency["median_s"] <= latency["longest_s"] < DEADLINE_S


def held_roots(catalog: Catalog) -> set[int]:
    """The roots that a watcher has locked."""
    held = """SELECT objid::int FROM pg_locks WHERE locktype = 'advisory' AND granted
              AND classid = (x'ca7b0000')::bit(32)::bigint
              AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
    return {number for (number,) in rows(catalog, held)}


def test_what_says_it_is_unfinished_waits_longer(catalog: Catalog, watched: Path, tmp_path: Path):
    whole = video(tmp_path / "film.mp4", frames=50).read_bytes()
    (watched / "copying.mp4").write_bytes(whole[: len(whole) - 40])
    (watched / "empty.mov").touch()
    still(watched / "whole.png")
    report = scan(catalog)
    assert (report.counts["registered"], report.counts["waiting"]) == (1, 2)
    assert online(catalog) == {"whole.png"}
    # Broken off for good, it is taken as it is in the end.
    now = [0.0]
    settling = Settling(SETTLE_S, clock=lambda: now[0])
    cut = watched / "copying.mp4"
    settling.observe(str(cut), FileState.of(cut.stat()))
    looks = 0
    while len(settling):
        now[0] += SETTLE_S
        settling.take_due()
        looks += 1
    assert looks == 11


def test_names_and_patterns_choose(catalog: Catalog, folder: Path):
    catalog.root.watch(folder, settle=0, include=["*.PNG"], exclude=["proxies", "a/*/x.*"])
    chosen = ["a.png", "sub/b.png", "a/x.png", "a/b/c/x.png"]
    left = ["a.tif", ".hidden.png", ".trash/c.png", "~$a.png", "a.png.part", "proxies/d.png"]
    left += ["sub/PROXIES/e.png", "a/b/x.png"]
    for mark, name in enumerate([*chosen, *left]):
        still(folder / "made.png", mark=mark)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "made.png").rename(folder / name)
    assert scan(catalog).counts["registered"] == len(chosen)
    assert online(catalog) == set(chosen)
    with pytest.raises(InvalidInputError, match="settle"):
        catalog.root.watch(folder, settle=-1)
    with pytest.raises(InvalidInputError, match="poll"):
        catalog.root.watch(folder, poll="sometimes")
    assert catalog.root.watch(folder, off=True)["watched"] is False
    assert scan(catalog).roots == 0


def test_a_storm_of_renames_keeps_every_asset(
    catalog: Catalog, settings: Settings, watched: Path, tmp_path: Path
):
    other = tmp_path / "other"
    other.mkdir()
    catalog.root.watch(other, settle=SETTLE_S)
    for number in range(40):
        still(watched / f"{number}.png", mark=number)
    with watching(settings):
        eventually(lambda: len(online(catalog)) == 40, "all are there")
        before = {path: asset for path, (asset, _) in places(catalog).items()}
        (watched / "deep").mkdir()
        for number in range(40):
            file = watched / f"{number}.png"
            for step in range(5):
                file = file.rename(watched / f"{number}-{step}.png")
            goal = (watched / "deep", other, watched)[number % 3]
            file.rename(goal / f"moved {number}.png")
        (watched / "deep").rename(watched / "deeper")
        eventually(
            lambda: len(online(catalog)) == 40 and all("moved" in path for path in online(catalog)),
            "all are there under their last names",
        )
    after = {path: asset for path, (asset, there) in places(catalog).items() if there}
    for path, asset in after.items():
        number = path.rpartition("moved ")[2]
        assert before[number] == asset
    assert rows(catalog, "SELECT count(*) FROM catalog.asset") == [(40,)]
    assert sum(path.startswith("deeper/") for path in after) == 14


def test_a_root_that_is_swapped_away_is_paused_and_comes_back_unread(
    catalog: Catalog, settings: Settings, watched: Path, tmp_path: Path
):
    names = {f"{number}.png" for number in range(5)}
    for number in range(5):
        still(watched / f"{number}.png", mark=number)
    with watching(settings) as report:
        eventually(lambda: online(catalog) == names, "all are there")
        rest = "SELECT * FROM catalog.location WHERE path <> '0.png' ORDER BY id"
        before = rows(catalog, rest)
        away = watched.rename(tmp_path / "away")
        watched.mkdir()  # an empty mount point
        eventually(lambda: catalog.root.list()[0]["paused"], "it is paused")
        assert "empty" in catalog.root.list()[0]["paused_why"]
        [check] = [each for each in catalog.doctor().checks if each.name == "watched_root"]
        assert str(watched) in check.found
        assert "Mount" in check.remedy
        still(watched / "stray.png", mark=9)  # other storage, in its place
        eventually(lambda: "none of the files" in catalog.root.list()[0]["paused_why"], "looked")
        shutil.rmtree(watched)
        eventually(lambda: "no such" in catalog.root.list()[0]["paused_why"], "looked again")
        assert online(catalog) == names
        away.rename(watched)
        eventually(lambda: not catalog.root.list()[0]["paused"], "it goes on")
        (watched / "0.png").unlink()
        eventually(lambda: online(catalog) == names - {"0.png"}, "one is missing")
    assert rows(catalog, rest) == before
    assert report.counts["registered"] == 5
    assert (report.counts["missing"], report.counts["known"]) == (1, 0)


def test_what_failed_while_the_storage_was_away_is_tried_again_when_it_is_back(
    catalog: Catalog,
    settings: Settings,
    watched: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    """Also what was given up: a storage that was away for a night costs nobody a `retry`."""
    monkeypatch.setattr("catalog.watch.local._LOOK_S", 0.5)
    still(watched / "a.png", mark=1)
    with watching(settings):
        eventually(lambda: ready(catalog) == 1, "it is ready")
    still(watched / "b.png", mark=2)
    lost = catalog.register(watched / "b.png").asset_id
    away = watched.rename(tmp_path / "away")
    with pytest.raises(UnreadableFileError):
        catalog.analyse(lost)
    given_up = "UPDATE catalog.stage SET retry_at = NULL WHERE state = 'failed' RETURNING asset_id"
    assert rows(catalog, given_up) == [(lost,)]
    with watching(settings):
        eventually(lambda: catalog.root.list()[0]["paused"], "it is paused")
        assert catalog.jobs(failed=True), "nothing has changed yet"
        away.rename(watched)
        eventually(lambda: ready(catalog) == 2, "it is ready after all")


def test_a_file_that_comes_back_is_tried_again(catalog: Catalog, watched: Path, tmp_path: Path):
    still(watched / "a.png", mark=1)
    scan(catalog)
    with catalog.database.session() as session:
        session.execute(text("DELETE FROM catalog.stage WHERE name = 'encode'"))
        session.execute(text("UPDATE catalog.stage SET state = 'due'"))
    away = (watched / "a.png").rename(tmp_path / "a.png")
    assert scan(catalog).counts["missing"] == 1
    with pytest.raises(UnreadableFileError):
        catalog.analyse(1)
    away.rename(watched / "a.png")
    scan(catalog)
    assert catalog.jobs() == []


def test_another_folder_in_its_place_is_taken_only_if_told(
    catalog: Catalog, watched: Path, tmp_path: Path
):
    still(watched / "a.png", mark=1)
    scan(catalog)
    watched.rename(tmp_path / "away")
    still(watched / "b.png", mark=2)
    report = scan(catalog)
    assert report.paused == [str(watched)]
    assert online(catalog) == {"a.png"}
    catalog.root.watch(watched, settle=SETTLE_S, accept=True)
    assert scan(catalog).counts["missing"] == 1
    assert online(catalog) == {"b.png"}
    # The same storage mounted anew is another folder, with the files that are known.
    shutil.copytree(watched, tmp_path / "copy")
    shutil.rmtree(watched)
    (tmp_path / "copy").rename(watched)
    assert scan(catalog).paused == []


def test_storage_below_a_root_that_is_away_marks_nothing_missing(catalog: Catalog, watched: Path):
    for name in ("own/a.png", "card/b.png"):
        still(watched / name, mark=len(name))
    scan(catalog)
    with catalog.database.session() as session:  # as if it had been on a device of its own
        session.execute(
            text("UPDATE catalog.location SET device = 424242 WHERE path = 'card/b.png'")
        )
    for file in watched.rglob("*.png"):
        file.unlink()
    report = scan(catalog)
    assert online(catalog) == {"card/b.png"}
    assert [warning.code for warning in report.warnings] == ["storage_away"]


def _open_to_us(path):
    if "closed" in str(path):
        raise PermissionError(13, "Permission denied")
    return path


def test_a_folder_that_cannot_be_entered_says_nothing_of_its_files(
    catalog: Catalog, watched: Path, monkeypatch: pytest.MonkeyPatch
):
    still(watched / "closed" / "a.png", mark=1)
    still(watched / "b.png", mark=2)
    scan(catalog)
    shutil.move(watched / "closed" / "a.png", watched.parent / "elsewhere.png")
    (watched / "b.png").unlink()
    list_folder, look = os.scandir, Path.lstat

    def listed(path: str | Path):
        return list_folder(_open_to_us(path))

    # Whoever runs the tests may be root, whom no permission keeps out.
    monkeypatch.setattr(os, "scandir", listed)
    monkeypatch.setattr(Path, "lstat", lambda self: look(_open_to_us(self)))
    report = scan(catalog)
    assert online(catalog) == {"closed/a.png"}
    assert [warning.reason for warning in report.warnings] == [
        "cannot be looked at: permission denied"
    ]


SUBTITLES = "1\n00:00:00,000 --> 00:00:01,000\n{}\n"


def test_a_sidecar_that_comes_late_is_read(
    catalog: Catalog, settings: Settings, watched: Path, tmp_path: Path
):
    video(watched / "day" / "film.mp4")
    sidecar = watched / "day" / "film.srt"

    def found(words: str) -> list[str]:
        return [hit.asset["name"] for hit in catalog.search(f'"{words}"').hits]

    with watching(settings):
        eventually(lambda: ready(catalog) == 1, "it is ready")
        sidecar.write_text(SUBTITLES.format("hello press"))
        eventually(lambda: found("hello press") == ["film.mp4"], "what it says is found")
        sidecar.write_text(SUBTITLES.format("good evening"))
        eventually(lambda: found("good evening") == ["film.mp4"], "it was written anew")
        assert found("hello press") == []
        sidecar.unlink()
        eventually(lambda: found("good evening") == [], "it is gone")
    # Nobody watches.
    sidecar.write_text(SUBTITLES.format("nobody listens"))
    scan(catalog)
    assert found("nobody listens") == ["film.mp4"]
    sidecar.unlink()
    scan(catalog)
    assert found("nobody listens") == [], "the last of its folder went while nobody watched"
    assert rows(catalog, "SELECT count(*) FROM catalog.sidecar WHERE kind = 'subtitles'") == [(0,)]
    # In another folder other sidecars speak of the file.
    with watching(settings):
        eventually(lambda: held_roots(catalog), "a watcher")
        (tmp_path / "film.srt").write_text(SUBTITLES.format("somewhere else"))
        (watched / "other").mkdir()
        (tmp_path / "film.srt").rename(watched / "other" / "film.srt")
        (watched / "day" / "film.mp4").rename(watched / "other" / "film.mp4")
        eventually(lambda: found("somewhere else") == ["film.mp4"], "what lies there is found")
    attempts = "SELECT sum(attempts) FROM catalog.stage WHERE name = 'analyse'"
    assert rows(catalog, attempts) == [(1,)], "nothing was decoded again"


def test_links_in_a_circle_end(catalog: Catalog, watched: Path, tmp_path: Path):
    still(watched / "deep" / "a.png", mark=1)
    still(tmp_path / "outside" / "b.png", mark=2)
    (watched / "deep" / "up").symlink_to(watched)
    (watched / "out").symlink_to(tmp_path / "outside")
    (watched / "self.png").symlink_to(watched / "self.png")
    (watched / "stolen.png").symlink_to(tmp_path / "outside" / "b.png")
    report = scan(catalog)
    assert online(catalog) == {"deep/a.png", "stolen.png"}
    assert [failure.code for failure in report.failures] == ["outside_root"]
    assert scan(catalog).failed == 0  # it is as it was, and not tried again


def test_a_camera_card_is_not_torn_apart_unsaid(catalog: Catalog, watched: Path):
    for number, name in enumerate(
        ("P2/CONTENTS/ICON/1.png", "P2/CONTENTS/VIDEO/2.png", "c/PRIVATE/AVCHD/BDMV/STREAM/3.png")
    ):
        still(watched / name, mark=number)
    warnings = [(each.path, each.code, each.reason) for each in scan(catalog).warnings]
    assert sorted((path, code) for path, code, _ in warnings) == [
        (str(watched / "P2"), "card_structure"),
        (str(watched / "c" / "PRIVATE" / "AVCHD"), "card_structure"),
    ]
    assert any("P2" in reason for _, _, reason in warnings)
    assert any("AVCHD" in reason for _, _, reason in warnings)
    told = [(w.path, w.code, w.reason) for w in catalog.ingest(watched).warnings]
    assert sorted(told) == sorted(warnings)


def test_the_second_watcher_waits_for_the_first_to_end(
    catalog: Catalog, settings: Settings, watched: Path
):
    with watching(settings) as first:
        eventually(lambda: held_roots(catalog), "the first has it")
        with watching(settings) as second:
            still(watched / "a.png", mark=1)
            eventually(lambda: ready(catalog) == 1, "one is ready")
        assert second.elsewhere == [str(watched)]
        assert second.counts["registered"] == 0
        assert scan(catalog).elsewhere == [str(watched)]
    assert first.counts["registered"] == 1
    attempts = "SELECT sum(attempts) FROM catalog.stage WHERE name = 'analyse'"
    assert rows(catalog, attempts) == [(1,)]


def test_a_database_that_goes_and_comes_back_loses_nothing(
    catalog: Catalog, settings: Settings, watched: Path, monkeypatch: pytest.MonkeyPatch
):
    for module in ("watcher", "local", "events"):
        monkeypatch.setattr(f"catalog.watch.{module}._AGAIN_S", 0.5)
    others = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid()"""
    with watching(settings):
        eventually(lambda: held_roots(catalog), "a watcher")
        for mark in range(3):
            still(watched / f"{mark}.png", mark=mark)
            rows(catalog, others)
        eventually(lambda: len(online(catalog)) == 3, "all are there")
        eventually(lambda: held_roots(catalog), "it has its root again")
        eventually(lambda: ready(catalog) == 3, "all are searchable")


def test_names_that_are_no_text_are_taken_in(catalog: Catalog, settings: Settings, watched: Path):
    with watching(settings, rescan=0.5):
        eventually(lambda: held_roots(catalog), "a watcher")
        still(watched / "made.png").rename(os.fsdecode(os.fsencode(watched) + b"/\xff\xfe.png"))
        eventually(lambda: online(catalog) == {"\\xff\\xfe.png"}, "it is there")


def test_polling_sees_what_no_event_tells(catalog: Catalog, settings: Settings, folder: Path):
    catalog.root.watch(folder, settle=SETTLE_S, poll="always")
    with watching(settings):
        eventually(lambda: held_roots(catalog), "a watcher")
        still(folder / "a.png")
        eventually(lambda: online(catalog) == {"a.png"}, "it is there")
        (folder / "a.png").unlink()
        eventually(lambda: online(catalog) == set(), "it is missing")
