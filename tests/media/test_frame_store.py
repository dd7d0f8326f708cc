"""What every frame store must do; add an implementation to the fixture and it is held to it."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest

from catalog.domain.renditions import RenditionKind
from catalog.errors import FrameStoreError, InvalidInputError
from catalog.maintain.leftovers import Sweeping, sweep_all
from catalog.media.frame_store import (
    FolderFrameStore,
    FrameStore,
    FrameStoreNotEmptyError,
    PictureNotFoundError,
    Swept,
    picture_key,
    picture_prefix,
    rendition_key,
    rendition_prefix,
)

FINGERPRINT = "ab" + "0123456789" * 6 + "cd"


@pytest.fixture(params=["folder"])
def store(request, tmp_path) -> FrameStore:
    return {"folder": lambda: FolderFrameStore(tmp_path / "frames")}[request.param]()


def test_keys_are_stable():
    assert picture_key(FINGERPRINT, 123) == f"ab/{FINGERPRINT}/000000000123.jpg"
    assert picture_key(FINGERPRINT, 123).startswith(picture_prefix(FINGERPRINT) + "/")


def test_put_get_exists_delete(store):
    key = picture_key(FINGERPRINT, 0)
    assert not store.exists(key)
    store.put(key, b"one")
    store.put(key, b"two")
    assert store.exists(key)
    assert store.get(key) == b"two"
    store.delete(key)
    store.delete(key)
    assert not store.exists(key)


def test_get_of_what_is_not_there_says_the_key(store):
    with pytest.raises(PictureNotFoundError, match=r"ab/cd\.jpg"):
        store.get("ab/cd.jpg")


def test_delete_prefix_takes_one_asset_only(store):
    other = "ab" + "f" * 62
    for pts in range(3):
        store.put(picture_key(FINGERPRINT, pts), b"x")
        store.put(picture_key(other, pts), b"x")
    store.delete_prefix(picture_prefix(FINGERPRINT))
    store.delete_prefix(picture_prefix(FINGERPRINT))
    assert not any(store.exists(picture_key(FINGERPRINT, pts)) for pts in range(3))
    assert all(store.exists(picture_key(other, pts)) for pts in range(3))


def test_what_is_deleted_is_gone_at_once_whoever_goes_on_writing(store, monkeypatch):
    key = rendition_key(FINGERPRINT, RenditionKind.PROXY)
    store.put(key, b"12345")

    def disturbed(folder: Path, **_: object) -> None:
        (Path(folder) / "more").write_bytes(b"678")  # as soon as it is empty

    with monkeypatch.context() as patched:
        patched.setattr("shutil.rmtree", disturbed)
        store.delete_prefix(rendition_prefix(FINGERPRINT))
    assert not store.exists(key)
    assert sweep_all(store) == Swept(2, 8), "what could not be deleted then is found"
    assert [each for each in store.root.rglob("*") if each.is_file()] == []
    store.put(key, b"again")
    assert sweep_all(store) == Swept()
    assert store.get(key) == b"again"


def test_what_is_too_large_for_memory_is_written_and_read_bit_by_bit(store):
    key = rendition_key(FINGERPRINT, RenditionKind.PROXY)
    with store.writing(key) as file:
        file.write(b"xxxx" + b"body" * 3)
        assert not store.exists(key)
        file.seek(0)
        file.write(b"HEAD")
        file.seek(4)
        assert file.read(4) == b"body"
    with store.open(key) as file:
        assert (file.read(6), file.seek(12), file.read()) == (b"HEADbo", 12, b"body")
    with store.writing(key) as file:
        file.write(b"another")
    assert store.get(key) == b"another"
    with pytest.raises(PictureNotFoundError, match="ab/cd"):
        store.open("ab/cd")


def test_writing_that_breaks_off_keeps_what_was_there(store):
    key = rendition_key(FINGERPRINT, RenditionKind.PROXY)
    store.put(key, b"whole")

    def break_off(error: BaseException) -> None:
        with store.writing(key) as file:
            file.write(b"half")
            raise error

    with pytest.raises(KeyboardInterrupt):
        break_off(KeyboardInterrupt())
    with pytest.raises(FrameStoreError, match="no space left on device"):
        break_off(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    assert store.get(key) == b"whole"


def test_filling_is_whole_or_nothing_and_of_an_empty_store_only(store):
    def fill(error: BaseException | None) -> None:
        with store.filling():
            store.put(picture_key(FINGERPRINT, 0), b"x")
            if error is not None:
                raise error

    with pytest.raises(KeyboardInterrupt):
        fill(KeyboardInterrupt())
    assert not store.exists(picture_key(FINGERPRINT, 0))
    fill(None)
    assert store.get(picture_key(FINGERPRINT, 0)) == b"x"
    with pytest.raises(FrameStoreNotEmptyError, match="is not empty"):
        fill(None)
    assert store.exists(picture_key(FINGERPRINT, 0))


def test_a_rendition_outlives_its_asset_s_pictures(store):
    key = rendition_key(FINGERPRINT, RenditionKind.PROXY)
    store.put(key, b"x")
    store.delete_prefix(picture_prefix(FINGERPRINT))
    assert store.exists(key)
    store.delete_prefix(rendition_prefix(FINGERPRINT))
    assert not store.exists(key)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/etc/passwd",
        "../x",
        "a/../x",
        "a//b",
        "a/",
        ".hidden",
        "a\\b",
        "a\x00b",
        "a b",
        "ü",
        "a\n",
        "x" * 300,
    ],
)
def test_no_key_leads_out_of_the_store(store, key):
    for use in (store.get, store.exists, store.delete, store.delete_prefix, store.path_or_url):
        with pytest.raises(InvalidInputError, match="cannot be a key"):
            use(key)
    with pytest.raises(InvalidInputError):
        store.put(key, b"x")
    with pytest.raises(InvalidInputError), store.writing(key):
        pass


def test_a_folder_store_leaves_no_partial_files(tmp_path):
    store = FolderFrameStore(tmp_path)
    key = picture_key(FINGERPRINT, 7)
    store.put(key, b"x" * 1000)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files == [tmp_path / key]
    assert Path(store.path_or_url(key)).read_bytes() == b"x" * 1000


def test_a_folder_store_clears_away_what_a_killed_writer_left(tmp_path):
    store = FolderFrameStore(tmp_path)
    with store.writing("a/proxy.mp4") as file:
        (left,) = (tmp_path / "a").iterdir()
        file.write(b"x")
        kept = left.with_name(left.name + "x")
        kept.write_bytes(b"of a process that was killed")
    with store.writing("a/proxy.mp4") as file:
        file.write(b"y")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["proxy.mp4"]


def test_a_folder_store_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "ab").write_bytes(b"a file where a folder should be")
    store = FolderFrameStore(tmp_path)
    with pytest.raises(FrameStoreError, match="cannot be written"):
        store.put(picture_key(FINGERPRINT, 0), b"x")
    with pytest.raises(PictureNotFoundError):
        store.get(picture_key(FINGERPRINT, 0))
    assert not store.exists(picture_key(FINGERPRINT, 0))
    store.delete(picture_key(FINGERPRINT, 0))


def left_by_a_killed_writer(store: FrameStore, key: str, age_s: float) -> Path:
    """What somebody has begun to write, and nobody has written to for so long."""
    whole = Path(store.path_or_url(key))
    whole.parent.mkdir(parents=True, exist_ok=True)
    part = whole.with_name(f".part-{whole.name}-abc")
    part.write_bytes(b"12345")
    then = time.time() - age_s
    os.utime(part, (then, then))
    return part


def test_what_killed_writers_left_is_swept_when_nobody_writes_it_any_more(store):
    pictures, made = picture_key(FINGERPRINT, 0), rendition_key(FINGERPRINT, RenditionKind.PROXY)
    other = rendition_key("cd" + "f" * 62, RenditionKind.PROXY)
    for key in (pictures, made):
        store.put(key, b"kept")
    old = [left_by_a_killed_writer(store, key, 7200) for key in (pictures, made)]
    young = left_by_a_killed_writer(store, other, 60)
    assert sorted(store.places()) == ["ab", "renditions/ab", "renditions/cd"]
    assert store.sweep("ab", 3600) == Swept(1, 5)
    assert [each.exists() for each in (*old, young)] == [False, True, True]
    assert sweep_all(store, idle_s=3600) == Swept(1, 5)
    assert [each.exists() for each in (*old, young)] == [False, False, True]
    assert store.get(pictures) == store.get(made) == b"kept"


def test_a_store_that_was_never_written_to_has_nothing_to_sweep(store):
    assert store.places() == []
    assert sweep_all(store) == Swept()


def test_what_is_being_written_is_not_swept(store):
    key = rendition_key(FINGERPRINT, RenditionKind.PROXY)
    with store.writing(key) as file:
        file.write(b"long")
        assert sweep_all(store) == Swept()
    assert store.get(key) == b"long"


class Clocked:
    """A store of so many folders, each of which takes so long to look through; and its clock."""

    def __init__(self, folders: int, each_s: float) -> None:
        self.now, self.each_s = 0.0, each_s
        self.folders = [str(n) for n in range(folders)]
        self.swept: list[str] = []

    def places(self) -> list[str]:
        return list(self.folders)

    def sweep(self, place: str, idle_s: float) -> Swept:
        self.swept.append(place)
        self.now += self.each_s
        return Swept(1, 10)


def test_sweeping_takes_a_hundredth_of_the_time_comes_to_every_folder_and_rests():
    slow = Clocked(4, each_s=1.0)
    sweeping = Sweeping(lambda: slow.now)
    while len(slow.swept) < 8:
        sweeping.go_on(slow)
        slow.now += 30.0
    assert sorted(slow.swept[:4]) == sorted(slow.swept[4:]) == slow.folders
    assert slow.now > 8 * 100 + 3600, "a hundred times as long as it took, and an hour between"
    small = Clocked(3, each_s=0.001)
    sweeping = Sweeping(lambda: small.now)
    assert sweeping.go_on(small) == Swept(3, 30), "what is quick is done at once"
    assert sweeping.go_on(small) == Swept()
