"""Which asset a file holds: moves, copies, mistakes and versions."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from small_footage import still, video

from catalog import Catalog
from catalog.domain.file_state import FileState
from catalog.errors import MediaError
from catalog.ingest import recognise, register, verify
from catalog.media import fingerprint
from catalog.media.fingerprint import Identity, identify

SIZE = recognise.READ_WHOLE_BELOW + 4096
MIDDLE = SIZE // 2 + 77_777  # lies between two places of the sample


def large(path: Path, *, mark: bytes = b"mark", at: int = MIDDLE) -> Path:
    """A sparse file that is large enough to be recognised, and its content's own by ``mark``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(SIZE)
        file.seek(at)
        file.write(mark)
    return path


def set_times(path: Path, like: os.stat_result) -> None:
    os.utime(path, ns=(like.st_atime_ns, like.st_mtime_ns))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "media"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were read through by registering."""
    read: list[str] = []

    def identify(path, progress=None):
        read.append(path.name)
        return fingerprint.identify(path, progress=progress)

    monkeypatch.setattr(register, "identify", identify)
    return read


def places(catalog: Catalog, asset_id: int) -> list[tuple[str, bool, bool]]:
    return [
        (str(place["path"]), bool(place["online"]), bool(place["verified"]))
        for place in catalog.show(asset_id)["locations"]
    ]


def test_the_places_of_the_sample_miss_the_middle_that_these_tests_change(tmp_path: Path):
    one, two = large(tmp_path / "1"), large(tmp_path / "2", mark=b"MARK")
    assert fingerprint.sample_of(one)[0] == fingerprint.sample_of(two)[0]
    assert fingerprint.identify(one).sample == fingerprint.sample_of(one)[0]
    assert fingerprint.identify(one).fingerprint != fingerprint.identify(two).fingerprint
    for at in (0, SIZE // 3, SIZE - 4):
        assert fingerprint.sample_of(large(tmp_path / "3", at=at))[0] == (
            fingerprint.identify(tmp_path / "3").sample
        )
    assert fingerprint.sample_of(large(tmp_path / "3", at=0))[0] != fingerprint.sample_of(one)[0]


def test_a_renamed_file_is_recognised_and_later_read(catalog: Catalog, folder: Path, reads):
    first = catalog.register(large(folder / "a.mov"))
    (folder / "deep").mkdir()
    (folder / "a.mov").rename(folder / "deep" / "b.mov")
    again = catalog.register(folder / "deep" / "b.mov")
    assert (again.asset_id, again.new, again.verified) == (first.asset_id, False, False)
    assert reads == ["a.mov"]
    assert places(catalog, first.asset_id) == [("a.mov", False, True), ("deep/b.mov", True, False)]

    report = catalog.verify()
    assert (report.confirmed, report.split, report.failures) == (1, [], [])
    assert report.bytes_read == SIZE
    assert places(catalog, first.asset_id) == [("deep/b.mov", True, True)]
    [before] = catalog.show(first.asset_id)["history"]
    assert (before["path"], before["why"]) == ("a.mov", "moved")
    assert catalog.verify().confirmed == 0


def test_a_hundred_gigabytes_that_were_moved(catalog: Catalog, folder: Path, reads, monkeypatch):
    """The asset's row is made as if it had been read, which takes minutes."""
    folder.mkdir()
    path = folder / "film.mxf"
    with path.open("wb") as file:
        file.truncate(100 * 1024**3)
        file.write(b"head")
    sample, state = fingerprint.sample_of(path)
    with monkeypatch.context() as patch:
        identity = fingerprint.Identity("f" * 64, sample, state)
        patch.setattr(register, "identify", lambda path, progress=None: identity)
        first = catalog.register(path)
    path.rename(folder / "renamed.mxf")
    again = catalog.register(folder / "renamed.mxf")
    assert (again.asset_id, again.new, again.verified, reads) == (first.asset_id, False, False, [])


def test_a_move_to_another_file_system_is_recognised(catalog: Catalog, folder: Path, reads):
    first = catalog.register(large(folder / "a.mov"))
    shutil.copy2(folder / "a.mov", folder / "b.mov")  # another inode, the same time of writing
    (folder / "a.mov").unlink()
    again = catalog.register(folder / "b.mov")
    assert (again.asset_id, again.verified, reads) == (first.asset_id, False, ["a.mov"])


@pytest.mark.parametrize("verify", [False, True])
def test_a_copy_beside_its_original_is_read(catalog: Catalog, folder: Path, reads, verify: bool):
    first = catalog.register(large(folder / "a.mov"))
    shutil.copy2(folder / "a.mov", folder / "b.mov")
    again = catalog.register(folder / "b.mov", verify=verify)
    assert (again.asset_id, again.verified, reads) == (first.asset_id, True, ["a.mov", "b.mov"])
    assert places(catalog, first.asset_id) == [("a.mov", True, True), ("b.mov", True, True)]


def test_a_hard_link_is_the_same_file(catalog: Catalog, folder: Path, reads):
    first = catalog.register(large(folder / "a.mov"))
    os.link(folder / "a.mov", folder / "b.mov")
    again = catalog.register(folder / "b.mov")
    assert (again.asset_id, again.verified, reads) == (first.asset_id, False, ["a.mov"])
    report = catalog.verify()
    assert (report.confirmed, report.bytes_read) == (1, SIZE)
    assert {p[0] for p in places(catalog, first.asset_id)} == {"a.mov", "b.mov"}


def test_files_that_a_file_system_numbers_alike_are_each_read(
    catalog: Catalog, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    """As some network and FUSE file systems do: the same times then tell nothing."""
    one, two = still(folder / "a.png", mark=1), still(folder / "b.png", mark=2)
    two.write_bytes(one.read_bytes()[:-4] + b"else")
    for path in (one, two):
        catalog.register(path)
    alike = FileState(one.stat().st_size, 10**18, 10**18, 1, 0)
    monkeypatch.setattr(FileState, "of", lambda _stat: alike)
    report = catalog.verify(everything=True)
    assert (report.confirmed, report.split) == (2, [])
    assert report.bytes_read == 2 * alike.size


def test_files_that_differ_in_the_middle_only_end_as_two_assets(catalog: Catalog, folder: Path):
    """Same size, same time of writing, same ends: one beside the other, each is read."""
    one, two = large(folder / "a.mov"), large(folder / "b.mov", mark=b"MARK")
    set_times(two, one.stat())
    assert catalog.register(one).asset_id != catalog.register(two).asset_id
    assert catalog.stats()["assets"] == 2
    # What lies elsewhere now may be either: it is read.
    two.rename(folder / "c.mov")
    assert catalog.register(folder / "c.mov").verified


def test_a_wrong_guess_is_split_off_and_nothing_is_lost(catalog: Catalog, folder: Path):
    """The worst case: the one is gone, and the other looks in all like it, moved."""
    one = large(folder / "a.mov")
    first = catalog.register(one)
    catalog.tag([first.asset_id], ["archive"])
    catalog.collection([first.asset_id], "News")
    two = large(folder / "b.mov", mark=b"MARK")
    set_times(two, one.stat())
    one.unlink()
    guess = catalog.register(two)
    assert (guess.asset_id, guess.verified) == (first.asset_id, False)
    catalog.tag([guess.asset_id], ["today"])

    [split] = catalog.verify().split
    assert (split.was, split.path) == (first.asset_id, str(two))
    other = catalog.show(split.asset_id)
    assert other["fingerprint"] == fingerprint.fingerprint(two)
    assert (other["collection"], set(other["tags"])) == ("News", {"archive", "today"})
    assert [stage["state"] for stage in other["stages"]] == ["due"]
    assert places(catalog, first.asset_id) == [("a.mov", False, True)]
    assert [entry["why"] for entry in catalog.show(first.asset_id)["history"]] == ["mistaken"]
    assert catalog.show(first.asset_id)["superseded_by"] is None
    assert catalog.verify().confirmed == 0


def test_an_inode_that_was_used_again_deceives_for_a_while_only(catalog: Catalog, folder: Path):
    """The same inode, size and time, other bytes in the middle: written in place, time set back."""
    one = large(folder / "a.mov")
    first = catalog.register(one)
    before = one.stat()
    with one.open("r+b") as file:
        file.seek(MIDDLE)
        file.write(b"MARK")
    set_times(one, before)
    one.rename(folder / "b.mov")
    guess = catalog.register(folder / "b.mov")
    assert (guess.asset_id, guess.verified) == (first.asset_id, False)
    assert [split.was for split in catalog.verify().split] == [first.asset_id]


def test_a_time_of_writing_that_was_set_back_does_not_hide_a_change(catalog: Catalog, folder: Path):
    """The time of change, which no program sets, tells that the file was touched."""
    small = still(folder / "a.png", "red")
    first = catalog.register(small)
    before, content = small.stat(), bytearray(small.read_bytes())
    content[-20] ^= 1
    small.write_bytes(content)
    set_times(small, before)
    again = catalog.register(small)
    assert again.new
    assert again.asset_id != first.asset_id


def test_touched_but_the_same_is_read_once_more_at_most(catalog: Catalog, folder: Path, reads):
    first = catalog.register(large(folder / "a.mov"))
    (folder / "a.mov").chmod(0o600)
    assert not catalog.register(folder / "a.mov").verified
    assert reads == ["a.mov"]
    assert catalog.verify([first.asset_id]).confirmed == 1
    assert catalog.register(folder / "a.mov").verified
    assert reads == ["a.mov"]


def large_film(path: Path) -> Path:
    """A film with a box of free space, which is large and sparse."""
    video(path, ["red"])
    with path.open("ab") as file:
        file.write(SIZE.to_bytes(4, "big") + b"free")
        file.truncate(file.tell() + SIZE - 8)
    return path


def test_an_ingest_of_what_was_moved_does_nothing_again(catalog: Catalog, folder: Path, reads):
    film = large_film(folder / "a.mp4")
    assert catalog.ingest(folder).unverified == 0
    film.rename(folder / "b.mp4")
    report = catalog.ingest(folder)
    assert (report.known, report.ready, report.frames, report.unverified) == (1, 1, 0, 1)
    assert reads == ["a.mp4"]
    [listed] = catalog.assets("is:unverified")["assets"]
    assert listed["name"] == "a.mp4"
    assert catalog.ingest(folder, verify=True).unverified == 0
    assert catalog.assets("is:unverified")["assets"] == []
    assert places(catalog, listed["id"]) == [("b.mp4", True, True)]


def test_an_analysis_never_reads_what_was_only_recognised(catalog: Catalog, folder: Path):
    film = large_film(folder / "a.mp4")
    first = catalog.register(film)
    other = shutil.copy2(film, folder / "b.mp4")
    with Path(other).open("r+b") as file:
        file.seek(MIDDLE)
        file.write(b"MARK")
    set_times(Path(other), film.stat())
    film.unlink()
    guess = catalog.register(other)
    assert (guess.asset_id, guess.verified) == (first.asset_id, False)
    with pytest.raises(MediaError, match="No file of this asset is online"):
        catalog.analyse(first.asset_id)
    [(split,)] = catalog.sql("SELECT max(id) FROM catalog.asset").rows
    assert split != first.asset_id
    assert catalog.ingest(other).ready == 1
    assert len(catalog.show(split)["clips"]) == 1


# --- versions -----------------------------------------------------------------------


def test_changed_content_is_a_new_version_and_the_old_is_kept(catalog: Catalog, folder: Path):
    path = video(folder / "a.mp4", ["red"], mark=1)
    catalog.ingest(folder, collection="News", tags=["archive"])
    old = catalog.show("a.mp4")["id"]
    video(path, ["blue"], mark=2)
    catalog.ingest(folder)
    new = catalog.show("a.mp4")
    assert new["id"] != old
    assert (new["collection"], new["tags"]) == ("News", ["archive"])
    kept = catalog.show(old)
    assert (kept["superseded_by"], kept["locations"]) == (new["id"], [])
    assert (kept["collection"], kept["tags"], len(kept["clips"])) == ("News", ["archive"], 1)
    assert [(e["path"], e["why"]) for e in kept["history"]] == [("a.mp4", "changed")]
    assert [(e["asset"], e["why"]) for e in catalog.versions("a.mp4")] == [
        (old, "changed"),
        (new["id"], None),
    ]
    assert catalog.versions(old) == catalog.versions(new["id"])


def test_former_versions_are_found_only_by_who_asks_for_them(catalog: Catalog, folder: Path):
    path = video(folder / "a.mp4", ["red"], mark=1)
    catalog.ingest(folder)
    old = catalog.show("a.mp4")["id"]
    video(path, ["blue"], mark=2)
    catalog.ingest(folder)

    def found(query: str) -> set[int]:
        listed = {row["id"] for row in catalog.assets(query)["assets"]}
        assert {hit.asset["id"] for hit in catalog.search(query).hits} == listed
        return listed

    assert old not in found("kind:video")
    assert found("is:superseded") == found("is:missing") == found(f"id:{old}") == {old}
    for view in ("shots", "frames", "assets"):
        shown = f"SELECT count(*) FROM catalog.{view} WHERE asset_id = {old}"
        every = f"SELECT superseded_by FROM catalog.all_{view} WHERE asset_id = {old}"
        assert catalog.sql(shown).rows == [(0,)]
        assert catalog.sql(every).rows[0] == (catalog.show("a.mp4")["id"],)
    [hit] = catalog.search("red is:superseded").hits
    assert hit.asset["superseded_by"] == catalog.show("a.mp4")["id"]


def test_what_comes_back_is_no_former_version(catalog: Catalog, folder: Path):
    path = video(folder / "a.mp4", ["red"], mark=1)
    content = path.read_bytes()
    catalog.ingest(folder)
    old = catalog.show("a.mp4")["id"]
    video(path, ["blue"], mark=2)
    catalog.ingest(folder)
    new = catalog.show("a.mp4")["id"]
    path.write_bytes(content)
    report = catalog.ingest(folder)
    assert (report.registered, report.known, report.frames) == (0, 1, 0)
    assert catalog.show("a.mp4")["id"] == old
    assert catalog.show(new)["superseded_by"] == old
    assert catalog.show(old)["superseded_by"] is None
    assert [entry["asset"] for entry in catalog.versions(old)] == [old, new, old]


def test_a_version_with_another_file_is_not_superseded(catalog: Catalog, folder: Path):
    path = video(folder / "a.mp4", ["red"], mark=1)
    shutil.copy(path, folder / "copy.mp4")
    catalog.ingest(folder)
    old = catalog.show("copy.mp4" if catalog.assets("name:copy.mp4")["assets"] else "a.mp4")["id"]
    video(path, ["blue"], mark=2)
    catalog.ingest(folder)
    assert catalog.show(old)["superseded_by"] is None


def test_reading_everything_tells_what_changed_without_a_trace(
    catalog: Catalog, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    """As when a disk fails: the catalogue's file system cannot be made to, so its memory is."""
    path = video(folder / "a.mp4", ["red"])
    asset_id = catalog.register(path).asset_id
    assert catalog.verify(everything=True).confirmed == 1
    with catalog.database.session() as session:
        from sqlalchemy import text

        session.execute(text("UPDATE asset SET fingerprint = repeat('e', 64)"))
    report = catalog.verify(everything=True)
    assert [(f.code, f.path) for f in report.failures] == [("content_altered", str(path))]
    assert [split.was for split in report.split] == [asset_id]


@pytest.mark.parametrize("wrong", [1, 2])
def test_what_was_read_wrong_is_no_other_content(
    catalog: Catalog, folder: Path, monkeypatch: pytest.MonkeyPatch, wrong: int
):
    """A bit that turns on the way from the disk, once; or another each time."""
    path = video(folder / "a.mp4", ["red"])
    asset_id = catalog.register(path).asset_id
    readings = iter("ab"[:wrong])

    def read(file: Path, **options: Any) -> Identity:
        found = identify(file, **options)
        return replace(found, fingerprint=next(readings, "")[:1] * 64 or found.fingerprint)

    monkeypatch.setattr(verify, "identify", read)
    report = catalog.verify(everything=True)
    assert report.split == []
    assert [f.code for f in report.failures] == ["unreadable"] * (wrong - 1)
    assert report.confirmed == 2 - wrong
    assert places(catalog, asset_id) == [("a.mp4", True, True)]


def test_a_file_that_may_no_longer_be_read_keeps_its_asset(
    catalog: Catalog, folder: Path, monkeypatch
):
    path = still(folder / "a.png")
    asset_id = catalog.register(path).asset_id
    path.chmod(0o640)

    def refuse(path, progress=None):
        raise fingerprint.unreadable(path, PermissionError(13, "Permission denied"))

    monkeypatch.setattr(register, "identify", refuse)
    with pytest.raises(MediaError):
        catalog.register(path)
    assert places(catalog, asset_id) == [("a.png", True, True)]


# --- no way out of a root ---------------------------------------------------------


def test_no_link_leads_out_of_a_root(catalog: Catalog, folder: Path, tmp_path: Path):
    still(folder / "a.png")
    outside = still(tmp_path / "elsewhere" / "secret.png", "blue", mark=3)
    (folder / "file.png").symlink_to(outside)
    (folder / "tree").symlink_to(outside.parent)
    (folder / "deep").mkdir()
    (folder / "deep" / "up.png").symlink_to("../../elsewhere/secret.png")
    report = catalog.ingest(folder)
    assert report.ready == 1
    assert {(Path(f.path).name, f.code) for f in report.failures} == {
        ("file.png", "outside_root"),
        ("tree", "outside_root"),
        ("up.png", "outside_root"),
    }
    assert catalog.stats()["assets"] == 1
    # What lies in a root of its own may be linked to.
    catalog.ingest(outside.parent)
    assert catalog.ingest(folder / "file.png").ready == 1


def test_a_file_that_became_a_link_out_of_its_root_is_not_read(
    catalog: Catalog, folder: Path, tmp_path: Path
):
    path = video(folder / "a.mp4")
    asset_id = catalog.register(path).asset_id
    outside = tmp_path / "elsewhere.mp4"
    path.rename(outside)
    path.symlink_to(outside)
    with pytest.raises(MediaError, match="out of every root"):
        catalog.analyse(asset_id)


def test_a_root_may_be_a_link_itself(catalog: Catalog, folder: Path, tmp_path: Path):
    still(folder / "a.png")
    (tmp_path / "storage").symlink_to(folder)
    assert catalog.ingest(tmp_path / "storage").ready == 1
