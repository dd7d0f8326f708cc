"""What of a file is not catalogued is told: in the report, in its metadata, by a filter."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from sqlalchemy import text
from unknown_codecs import film

from catalog import Catalog
from catalog.domain.sidecars import CutBy, Segment, Sidecar
from catalog.media.isolated import Counts
from catalog.media.sidecars import read_embedded


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


def test_what_a_person_wrote_of_lost_pictures_is_no_list_of_them(catalog: Catalog, tmp_path: Path):
    for path, said in (
        (film(tmp_path / "a.mov"), "x"),
        (film(tmp_path / "b.mov", seconds=2), ["x"]),
    ):
        report = catalog.ingest(path, metadata={"undecodable_video": said})
        assert (report.ready, report.failed, report.warnings) == (1, 0, [])


def test_a_first_track_that_nobody_decodes_does_not_stand_for_the_sound(
    catalog: Catalog, tmp_path: Path
):
    catalog.ingest(film(tmp_path / "a.mov", sound=b"ac-4", second_sound="pcm_alaw"))
    asset = catalog.show("a.mov")
    assert (asset["audio_codec"], asset["audio_layout"]) == ("pcm_alaw", "stereo")
    assert asset["language"] == "en"


@pytest.mark.parametrize(
    "why",
    [(CutBy.TIME, "in a minute"), (CutBy.CUES, "20,000"), (CutBy.SIZE, "5 MB")],
)
def test_subtitles_that_were_not_read_to_their_end(
    catalog: Catalog,
    tmp_path: Path,
    subtitled: Callable[..., Path],
    monkeypatch,
    why: tuple[CutBy, str],
):
    cut_by, said = why
    first = Segment("speech", Fraction(0), Fraction(1), "Hello press")
    monkeypatch.setattr(
        "catalog.ingest.sidecars.texts_of",
        lambda _pool, _path: Sidecar(segments=(first,), read_until=Fraction(3725), cut_by=cut_by),
    )
    path = subtitled(tmp_path / "a.mkv")
    for _ in range(2):
        [warning] = catalog.ingest(path).warnings
        assert warning.code == "texts_cut"
        assert "until 62:05" in warning.reason
        assert said in warning.reason
    [found] = catalog.assets("press")["assets"]
    assert found["name"] == "a.mkv"
    assert "warnings" in catalog.show("a.mkv")["metadata"]["sidecar"]
    beside = tmp_path / "a.srt"
    beside.write_bytes(b"")  # nothing in it is no remedy
    assert {w.code for w in catalog.ingest(path).warnings} > {"texts_cut"}
    beside.write_text("1\n00:00:00,500 --> 00:00:01,000\nHello press\n")
    assert catalog.ingest(path).warnings == []
    assert "warnings" not in catalog.show("a.mkv")["metadata"]["sidecar"]


def test_embedded_texts_say_why_they_were_cut_and_no_more_than_the_film_is_long(
    tmp_path: Path, subtitled: Callable[..., Path], monkeypatch
):
    path = subtitled(tmp_path / "a.mkv")
    assert read_embedded(path).cut_by is None
    assert read_embedded(path, seconds=-1.0).cut_by is CutBy.TIME
    monkeypatch.setattr("catalog.media.sidecars.embedded.MOST_BYTES", 0)
    cut = read_embedded(path)
    assert (cut.cut_by, cut.read_until) == (CutBy.SIZE, Fraction(1, 2))
    monkeypatch.setattr("catalog.media.sidecars.embedded.MOST_CUES", 1)
    assert read_embedded(path).cut_by is CutBy.CUES
    content, length = path.read_bytes(), b"\x44\x89\x88"  # Matroska's Duration: eight bytes
    at = content.index(length) + len(length)
    path.write_bytes(content[:at] + struct.pack(">d", 100.0) + content[at + 8 :])
    assert read_embedded(path).read_until == Fraction(1, 10)


def cut_off(path: Path) -> Path:
    """A film of eight seconds, of which the first quarter of the bytes is there."""
    rng = np.random.default_rng(1)
    options = {"movflags": "faststart"} if path.suffix == ".mp4" else {}
    with av.open(str(path), "w", options=options) as output:
        stream = output.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(8 * 25):
            noise = rng.integers(0, 256, (48, 64, 3), np.uint8)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(noise, "rgb24")))
        output.mux(stream.encode(None))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 4])
    return path


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_a_film_whose_end_is_missing_is_as_long_as_what_is_there(
    catalog: Catalog, tmp_path: Path, suffix: str
):
    path = cut_off(tmp_path / f"a{suffix}")
    assert catalog.ingest(path).ready == 1
    [listed] = catalog.assets("is:damaged")["assets"]
    asset = catalog.show(listed["id"])
    assert 1 < asset["duration"] < 3
    assert asset["metadata"]["claimed_duration"] == pytest.approx(8, abs=0.1)
    assert max(clip["end"] for clip in asset["clips"]) == pytest.approx(asset["duration"])


def test_a_broken_picture_does_not_cut_off_the_sound_that_goes_on(catalog: Catalog, tmp_path: Path):
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as output:
        pictures = output.add_stream("mpeg4", rate=25)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        heard = output.add_stream("pcm_s16le", rate=8000, layout="mono")
        for number in range(25):
            plain = np.full((48, 64, 3), number * 9, np.uint8)
            output.mux(pictures.encode(av.VideoFrame.from_ndarray(plain, "rgb24")))
        output.mux(pictures.encode(None))
        for number in range(100):
            frame = av.AudioFrame.from_ndarray(np.full((1, 800), number, np.int16), "s16", "mono")
            frame.sample_rate, frame.pts = 8000, number * 800
            output.mux(heard.encode(frame))
    with av.open(str(path)) as container:
        broken = [bytes(packet) for packet in container.demux(video=0)][12]
    path.write_bytes(path.read_bytes().replace(broken[:50], b"\x55" * 50))
    assert catalog.ingest(path).ready == 1
    [listed] = catalog.assets("is:damaged")["assets"]
    asset = catalog.show(listed["id"])
    assert asset["duration"] == pytest.approx(10, abs=0.1)
    assert "claimed_duration" not in asset["metadata"]


def test_what_an_analysis_found_goes_when_the_next_does_not_find_it(
    catalog: Catalog, tmp_path: Path, monkeypatch
):
    path = cut_off(tmp_path / "a.mkv")
    found: dict[str, Any] = {"pulldown": "3:2"}

    def told(*values: Any) -> Counts:
        return replace(Counts(*values), **(found if values else {}))

    monkeypatch.setattr("catalog.media.isolated.Counts", told)
    catalog.ingest(path, metadata={"pulldown": "none, I looked"})
    before = catalog.show("a.mkv")["metadata"]
    assert (before["pulldown"], before["claimed_duration"]) == ("none, I looked", 8)
    assert catalog.describe().failures == []
    assert catalog.show("a.mkv")["metadata"] == before, "its analysis stands"
    found |= {"decode_errors": 0}
    with catalog.database.session() as session:
        session.execute(text("UPDATE catalog.stage SET state = 'due'"))
    assert catalog.ingest(path).ready == 1
    after = catalog.show("a.mkv")["metadata"]
    assert after["pulldown"] == "none, I looked"
    assert "claimed_duration" not in after
