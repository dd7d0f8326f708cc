"""What of a file is not catalogued is told: in the report, in its metadata, by a filter."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from unknown_codecs import film

from catalog import Catalog
from catalog.domain.sidecars import Segment, Sidecar


def test_a_film_of_which_only_the_sound_is_known(catalog: Catalog, tmp_path: Path):
    path = film(tmp_path / "a.mov", picture=b"brxq")
    for _ in range(2):
        report = catalog.ingest(path)
        assert (report.ready, report.failed) == (1, 0)
        [warning] = report.warnings
        assert (warning.path, warning.code) == (str(path), "undecodable")
        assert "brxq" in warning.reason
    [found] = catalog.assets("is:damaged")["assets"]
    assert found["kind"] == "audio"


def test_subtitles_that_were_not_read_to_their_end(
    catalog: Catalog, tmp_path: Path, subtitled: Callable[..., Path], monkeypatch
):
    first = Segment("speech", Fraction(0), Fraction(1), "Hello press")
    monkeypatch.setattr(
        "catalog.ingest.sidecars.texts_of",
        lambda _pool, _path: Sidecar(segments=(first,), read_until=Fraction(3725)),
    )
    path = subtitled(tmp_path / "a.mkv")
    for _ in range(2):
        [warning] = catalog.ingest(path).warnings
        assert warning.code == "texts_cut"
        assert "until 62:05" in warning.reason
    [found] = catalog.assets("press")["assets"]
    assert found["name"] == "a.mkv"


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_a_film_whose_end_is_missing_is_as_long_as_what_is_there(
    catalog: Catalog, tmp_path: Path, suffix: str
):
    path, rng = tmp_path / f"a{suffix}", np.random.default_rng(1)
    options = {"movflags": "faststart"} if suffix == ".mp4" else {}
    with av.open(str(path), "w", options=options) as output:
        stream = output.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(8 * 25):
            noise = rng.integers(0, 256, (48, 64, 3), np.uint8)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(noise, "rgb24")))
        output.mux(stream.encode(None))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 4])
    assert catalog.ingest(path).ready == 1
    [listed] = catalog.assets("is:damaged")["assets"]
    asset = catalog.show(listed["id"])
    assert 1 < asset["duration"] < 3
    assert asset["metadata"]["claimed_duration"] == pytest.approx(8, abs=0.1)
    assert max(clip["end"] for clip in asset["clips"]) == pytest.approx(asset["duration"])
