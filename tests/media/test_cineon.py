"""Cineon files are shown as the same scan in DPX is, and say what their headers know."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import av.error
import numpy as np
import pytest
from film_frames import cineon, dpx
from hypothesis import given
from hypothesis import strategies as st

from catalog.domain.media import AssetKind, SamplingPolicy
from catalog.errors import MediaError, UndecodableError
from catalog.media.analyse import analyse
from catalog.media.container import open_container
from catalog.media.probe import probe


@pytest.fixture
def scan() -> np.ndarray:
    """Densities from black to white, of colours that differ."""
    ramp = np.linspace(95, 685, 64)
    grid = np.stack([np.tile(ramp, (48, 1)), np.tile(ramp[::-1], (48, 1)), np.full((48, 64), 300)])
    return np.moveaxis(grid, 0, -1).astype(np.uint16)


def picture(path: Path) -> bytes:
    kept: list[bytes] = []
    found = probe(path)
    for _ in analyse(path, found, SamplingPolicy(), lambda _pts, jpeg: kept.append(jpeg) or "x"):
        pass
    return kept[0]


@pytest.mark.parametrize("order", [">", "<"])
def test_it_looks_like_the_same_scan_in_dpx(tmp_path: Path, scan: np.ndarray, order: str):
    old = cineon(tmp_path / "a.cin", scan, order=order)
    new = dpx(tmp_path / "a.dpx", scan, order=order, transfer=1)
    assert picture(old) == picture(new)


def test_what_its_header_knows(tmp_path: Path, scan: np.ndarray):
    found = probe(cineon(tmp_path / "a.cin", scan))
    assert (found.kind, found.container) == (AssetKind.STILL, "cineon")
    assert (found.video.codec, found.video.width, found.video.height) == ("cineon", 64, 48)
    assert found.video.bit_depth == 10
    assert found.recorded == datetime(1999, 2, 3, 10, 20, 30, tzinfo=UTC)
    assert found.facts.camera_model == "LFS-1"
    told = found.metadata["cineon"]
    assert (told["slate"], told["film_format"]) == ("Scene 12 take 3", "Academy")
    assert (told["edge_prefix"], told["edge_count"], told["frame_rate"]) == (12_345, 678, 24.0)
    assert found.metadata["log"]["curve"] == "cineon"


def test_frames_with_consecutive_numbers_are_a_film(tmp_path: Path, scan: np.ndarray):
    for number in range(4):
        cineon(tmp_path / f"reel.{number:04d}.cin", np.roll(scan, 5 * number, axis=1))
    found = probe(tmp_path / "reel.%04d.cin")
    assert (found.kind, found.duration, found.video.frame_rate) == (
        AssetKind.VIDEO,
        Fraction(1, 6),
        24,
    )
    analysis = analyse(tmp_path / "reel.%04d.cin", found, SamplingPolicy(), lambda _pts, _jpeg: "x")
    assert len(list(analysis)) == 1
    assert (analysis.frames_decoded, analysis.decode_errors) == (4, 0)


def test_other_packings_are_refused_with_the_reason(tmp_path: Path, scan: np.ndarray):
    path = cineon(tmp_path / "a.cin", scan, bits=8)
    with pytest.raises(UndecodableError, match=r"3 channels of \[8\] bits"):
        probe(path)


@given(at=st.integers(0, 2200), junk=st.binary(max_size=8), cut=st.integers(0, 12_000))
def test_mutated_files_are_shown_or_refused(tmp_path_factory, at: int, junk: bytes, cut: int):
    path = tmp_path_factory.mktemp("cineon") / "a.cin"
    cineon(path, np.full((48, 64, 3), 400, np.uint16))
    whole = path.read_bytes()
    path.write_bytes(whole[:at] + junk + whole[at + cut :])
    with suppress(MediaError, av.error.FFmpegError), open_container(path) as container:
        for _ in container.decode(video=0):
            pass
