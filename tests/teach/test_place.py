"""A taught encoder's folder is there whole or not at all."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from catalog.errors import ConflictError, InvalidInputError
from catalog.teach import place


def test_names_are_found_or_checked(tmp_path: Path):
    assert place.target(tmp_path, None, "demo").name == "demo-taught-1"
    (tmp_path / "demo-taught-1").mkdir()
    assert place.target(tmp_path, None, "demo").name == "demo-taught-2"
    again = place.target(tmp_path, None, f"local-dir:{tmp_path}/demo-taught-1")
    assert again.name == "demo-taught-2"
    tagged = place.target(tmp_path, None, "xlm-roberta-base-ViT-B-32/laion5b_s13b_b90k")
    assert tagged.name == "laion5b-s13b-b90k-taught-1"
    assert place.target(tmp_path, "rushes-2", "demo") == tmp_path / "rushes-2"
    with pytest.raises(ConflictError, match="already"):
        place.target(tmp_path, "demo-taught-1", "demo")
    for wrong in ("", "../up", ".hidden", "a/b", "a b", "a" * 81, "\udcff"):
        with pytest.raises(InvalidInputError, match="cannot be an encoder's"):
            place.target(tmp_path, wrong, "demo")


def test_a_draft_takes_its_place_when_it_is_done(tmp_path: Path):
    target = tmp_path / "encoders" / "one"
    with place.draft(target) as folder:
        (folder / "weights").write_bytes(b"1")
        assert not target.exists()
    assert [file.name for file in target.iterdir()] == ["weights"]
    assert list(target.parent.iterdir()) == [target]
    assert place.checksum(target / "weights") == hashlib.sha256(b"1").hexdigest()
    assert target.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_what_breaks_off_leaves_nothing(tmp_path: Path, error: type[BaseException]):
    def write() -> None:
        with place.draft(tmp_path / "one") as folder:
            (folder / "weights").write_bytes(b"1")
            raise error

    with pytest.raises(error):
        write()
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_was_taken_meanwhile_stays_with_whoever_took_it(tmp_path: Path):
    def write() -> None:
        with place.draft(tmp_path / "one") as folder:
            (folder / "weights").write_bytes(b"1")
            (tmp_path / "one").mkdir()
            (tmp_path / "one" / "other").touch()

    with pytest.raises(ConflictError, match="cannot take its place"):
        write()
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_a_home_that_cannot_be_written_is_said(tmp_path: Path):
    (tmp_path / "encoders").write_text("a file")
    one = place.draft(tmp_path / "encoders" / "one")
    with pytest.raises(InvalidInputError, match="No encoder can be written"):
        one.__enter__()


def test_what_a_killed_process_left_is_cleared_away_and_a_living_one_is_let_be(tmp_path: Path):
    program = (
        "import sys, pathlib\n"
        "from catalog.teach import place\n"
        "with place.draft(pathlib.Path(sys.argv[1])) as folder:\n"
        "    (folder / 'weights').touch()\n"
        "    print(folder, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "killed")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        left = Path(process.stdout.readline().strip())
        with place.draft(tmp_path / "one"):
            assert (left / "weights").exists()
        os.kill(process.pid, signal.SIGKILL)
        process.wait(240)
    assert left.exists()
    with place.draft(tmp_path / "two"):
        assert not left.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]
