from __future__ import annotations

import os
from pathlib import Path

import pytest

from catalog.domain.paths import shown_path
from catalog.errors import EmptyFileError, PathNotFoundError, UnreadableFileError
from catalog.media.files import check_readable, find_media, looks_like_media


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def names(root: Path) -> list[str]:
    return [str(path.relative_to(root)) for path in find_media(root)]


def test_a_folder_is_walked_in_a_stable_order(tmp_path):
    touch(tmp_path, "b.mp4", "a.MOV", "Z.wav", "sub/c.jpg", "sub/deep/d.mxf", "another/e.heic")
    assert names(tmp_path) == [
        "Z.wav",
        "a.MOV",
        "b.mp4",
        "another/e.heic",
        "sub/c.jpg",
        "sub/deep/d.mxf",
    ]


def test_what_is_no_media_hidden_or_unfinished_is_passed_over(tmp_path):
    touch(
        tmp_path,
        *("notes.txt", "MANIFEST.tsv", "README.md", "cut.edl", "subs.srt", "side.json", "none"),
        *(".hidden.mp4", "~lock.mov", ".cache/x.mp4", "copying.mp4.part", "b.mp4.crdownload"),
    )
    assert names(tmp_path) == []


def test_links_are_followed_and_loops_end(tmp_path):
    touch(tmp_path, "store/a.mp4")
    (tmp_path / "store" / "loop").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    (tmp_path / "link.mp4").symlink_to(tmp_path / "store" / "a.mp4")
    assert names(tmp_path) == ["link.mp4", "store/a.mp4"]


def test_a_file_named_explicitly_is_attempted_whatever_its_name(tmp_path):
    touch(tmp_path, "notes.txt")
    assert list(find_media(tmp_path / "notes.txt")) == [tmp_path / "notes.txt"]


def test_nothing_at_the_path(tmp_path):
    with pytest.raises(PathNotFoundError, match="does not exist"):
        list(find_media(tmp_path / "nowhere"))


def test_a_dangling_link_is_attempted_and_says_why(tmp_path):
    link = tmp_path / "gone.mp4"
    link.symlink_to(tmp_path / "nowhere.mp4")
    assert list(find_media(link)) == [link]
    with pytest.raises(UnreadableFileError, match="no such file"):
        check_readable(link)


@pytest.mark.parametrize(
    "name", [b"bad\xff\xfe.mp4", b"new\nline.mp4", b"quo'te\".mp4", "日本.mp4".encode()]
)
def test_awkward_names_are_found(tmp_path, name):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    path.write_bytes(b"x")
    assert list(find_media(tmp_path)) == [path]
    shown = shown_path(path)
    shown.encode()
    assert "\n" not in shown


def test_printable_says_which_bytes():
    assert shown_path(os.fsdecode(b"/a/bad\xff\n\x1b.mp4")) == "/a/bad\\xff\\n\\x1b.mp4"
    assert shown_path("/a/\u202egpj.mp4") == "/a/\\u202egpj.mp4"
    assert shown_path("/a/میان\u200cفاصله 日本.mp4") == "/a/میان\u200cفاصله 日本.mp4"


def test_suffixes_decide():
    assert looks_like_media(Path("a.MP4"))
    assert looks_like_media(Path("a.b.webp"))
    assert not looks_like_media(Path("mp4"))
    assert not looks_like_media(Path("a.txt"))


def test_a_walk_tells_the_names_it_passes_over_for_their_suffix(tmp_path):
    touch(tmp_path, "a.mp4", "a.txt", ".b.txt", "sub/none", "sub/copying.part", "folder.xyz/c.jpg")
    told: list[str] = []
    assert len(list(find_media(tmp_path, stranger=told.append))) == 2
    assert told == ["a.txt", "none"]


@pytest.mark.parametrize(
    "suffix",
    [
        *("insv", "insp", "360", "adts", "latm", "ac4", "mpo", "mjpeg", "mjpg", "mpegts", "av1"),
        *("rwl", "iiq", "mrw", "erf", "x3f", "ari", "avifs", "m4r"),
    ],
)
def test_what_cameras_and_programs_call_their_media(suffix):
    assert looks_like_media(Path(f"VID_0001.{suffix.upper()}"))


def test_only_regular_files_with_bytes_are_read(tmp_path):
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(UnreadableFileError, match="is a pipe"):
        check_readable(tmp_path / "pipe.mp4")
    with pytest.raises(UnreadableFileError, match="is a folder"):
        check_readable(tmp_path)
    with pytest.raises(EmptyFileError, match="no bytes"):
        check_readable(tmp_path / "empty.mp4")


@pytest.mark.skipif(os.geteuid() == 0, reason="SKIPPED: root may read every file")
def test_a_file_without_permission(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"x")
    path.chmod(0)
    with pytest.raises(UnreadableFileError, match="permission denied"):
        check_readable(path)
