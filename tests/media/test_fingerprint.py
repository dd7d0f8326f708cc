from __future__ import annotations

import hashlib
import os

import pytest

from catalog.domain.file_state import FileState
from catalog.errors import EmptyFileError, FileChangedError, UnreadableFileError
from catalog.media import fingerprint as module
from catalog.media.fingerprint import fingerprint, identify, sample_of


def test_it_is_the_content_that_counts(tmp_path):
    content = os.urandom(3 << 20)
    (tmp_path / "a.mp4").write_bytes(content)
    (tmp_path / "copy, renamed.mov").write_bytes(content)
    (tmp_path / "last byte.mp4").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    first = identify(tmp_path / "a.mp4")
    assert first.fingerprint == hashlib.sha256(content).hexdigest()
    assert first.state.size == len(content)
    assert fingerprint(tmp_path / "copy, renamed.mov") == first.fingerprint
    assert fingerprint(tmp_path / "last byte.mp4") != first.fingerprint


def test_progress_counts_bytes(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(bytes(5 << 19))
    seen: list[int] = []
    identify(path, progress=seen.append)
    assert seen == [1 << 20, 2 << 20, 5 << 19]


def test_a_file_that_grows_meanwhile(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(bytes(3 << 20))

    def grow(read: int) -> None:
        if read == 1 << 20:
            with path.open("ab") as file:
                file.write(b"more")

    with pytest.raises(FileChangedError, match="changed while it was being read") as raised:
        identify(path, progress=grow)
    assert raised.value.retryable


def test_nothing_to_read(tmp_path):
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(EmptyFileError):
        fingerprint(tmp_path / "empty.mp4")
    with pytest.raises(UnreadableFileError):
        fingerprint(tmp_path / "nowhere.mp4")


@pytest.mark.parametrize(
    ("changed_ns", "now_ns", "waited_s"),
    [
        (10**18 + 1, 10**18 + 4_000_001, 0.006),  # written in this tick, perhaps
        (10**18 + 1, 10**18 + 10_000_001, None),
        (10**18, 10**18 + 500_000_000, 1.5),  # whole seconds: FAT counts by two
        (10**18 + 1, 10**18 - 5, None),  # a server's clock that is ahead
    ],
)
def test_what_was_changed_just_now_is_read_a_tick_later(
    tmp_path, monkeypatch, changed_ns, now_ns, waited_s
):
    """Else it could be changed again after the reading, and bear the very same times."""
    path = tmp_path / "a.bin"
    path.write_bytes(b"first")
    state = FileState(5, changed_ns, changed_ns, 1, 2)
    monkeypatch.setattr(FileState, "of", lambda _stat: state)
    waited: list[float] = []
    monkeypatch.setattr(module.time, "time_ns", lambda: now_ns)
    monkeypatch.setattr(module.time, "sleep", waited.append)
    identify(path)
    assert waited == ([] if waited_s is None else [pytest.approx(waited_s)])


def test_a_hundred_gigabytes_are_sampled_by_a_megabyte_and_a_half(tmp_path, monkeypatch):
    path = tmp_path / "large.mxf"
    with path.open("wb") as file:
        file.truncate(100 * 10**9)  # sparse: it takes no room
        file.seek(70 * 10**9)
        file.write(b"essence")
    read: list[int] = []
    pread = os.pread
    monkeypatch.setattr(
        module.os, "pread", lambda fd, size, at: read.append(size) or pread(fd, size, at)
    )
    before = sample_of(path)
    path.rename(tmp_path / "moved.mxf")
    after = sample_of(tmp_path / "moved.mxf")
    assert before[0] == after[0]
    assert after[1].is_file(before[1])
    assert sum(read) == 2 * (2 * 2**18 + 30 * 2**15)
