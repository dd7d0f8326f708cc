"""GoPro's measurements within MP4: the camera, the first place with a fix, and hostile ones."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.media.gopro import read_gopro
from catalog.media.probe import probe


def item(key: bytes, kind: bytes, size: int, data: bytes) -> bytes:
    head = struct.pack(">4scBH", key, kind, size, len(data) // size)
    return head + data + b"\0" * (-len(data) % 4)


def nest(key: bytes, *items: bytes) -> bytes:
    return item(key, b"\0", 1, b"".join(items))


def gps5(fix: int = 3, latitude: float = 47.0703, longitude: float = -15.4395) -> bytes:
    scale = (10_000_000, 10_000_000, 1000, 1000, 100)
    numbers = (int(latitude * 1e7), int(longitude * 1e7), 353_250, 0, 0)
    return nest(
        b"STRM",
        item(b"STNM", b"c", 1, b"GPS (Lat., Long., Alt., 2D, 3D)"),
        item(b"GPSF", b"L", 4, struct.pack(">I", fix)),
        item(b"GPSU", b"U", 16, b"240501123045.100"),
        item(b"SCAL", b"l", 4, struct.pack(">5i", *scale)),
        item(b"GPS5", b"l", 20, struct.pack(">5i", *numbers) * 2),
    )


def gps9(fix: int = 3) -> bytes:
    scale = (10_000_000, 10_000_000, 1000, 1000, 100, 1, 1000, 100, 1)
    values = (470_703_000, 154_395_000, 353_250, 0, 0, 8887, 45_045_100, 150, fix)
    return nest(
        b"STRM",
        item(b"TYPE", b"c", 1, b"lllllllSS"),
        item(b"SCAL", b"l", 4, struct.pack(">9i", *scale)),
        item(b"GPS9", b"?", 32, struct.pack(">7i2H", *values)),
    )


def packet(*streams: bytes) -> bytes:
    return nest(b"DEVC", item(b"DVID", b"L", 4, b"\0\0\0\1"), item(b"DVNM", b"c", 1, b"Camera"),
                *streams)  # fmt: skip


BOX = nest(b"DEVC", item(b"MINF", b"c", 1, b"HERO11 Black"), item(b"CASN", b"c", 1, b"C3471"),
           item(b"FMWR", b"c", 1, b"H22.01.02.10"))  # fmt: skip


def film(path: Path, *packets: bytes, box: bytes = BOX) -> Path:
    with av.open(path, "w") as output:
        stream = output.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        data = output.add_data_stream("bin_data") if packets else None
        if data is not None:
            data.metadata["handler_name"] = "\tGoPro MET"
        for number in range(25):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), number * 9, np.uint8), "rgb24")
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
        for number, content in enumerate(packets):
            sample = av.Packet(content)
            sample.stream, sample.time_base = data, Fraction(1, 1000)
            sample.pts = sample.dts = number * 1000
            sample.duration = 1000
            output.mux(sample)
    with path.open("ab") as file:
        inner = struct.pack(">I4s", len(box) + 8, b"GPMF") + box
        file.write(struct.pack(">I4s", len(inner) + 8, b"udta") + inner)
    return path


def test_a_gopros_box_names_the_camera(tmp_path: Path):
    facts = probe(film(tmp_path / "a.mp4")).facts
    assert (facts.camera_make, facts.camera_model) == ("GoPro", "HERO11 Black")
    assert (facts.camera_serial, facts.latitude) == ("C3471", None)


@pytest.mark.parametrize(("stream", "longitude"), [(gps5(), -15.4395), (gps9(), 15.4395)])
def test_the_first_place_with_a_fix_is_the_films(tmp_path: Path, stream: bytes, longitude: float):
    found = probe(film(tmp_path / "a.mp4", packet(gps5(fix=0)), packet(gps9(fix=0), stream)))
    assert found.facts.latitude == pytest.approx(47.0703)
    assert found.facts.longitude == pytest.approx(longitude)
    assert found.facts.altitude == 353.25
    assert found.metadata["gopro"]["firmware"] == "H22.01.02.10"
    assert found.recorded is not None
    assert found.recorded.replace(microsecond=0) == datetime(2024, 5, 1, 12, 30, 45, tzinfo=UTC)


def test_a_receiver_that_never_had_a_fix_knows_nothing(tmp_path: Path):
    found = probe(film(tmp_path / "a.mp4", packet(gps5(fix=0))))
    assert (found.facts.latitude, found.recorded) == (None, None)


@given(at=st.integers(0, 400), junk=st.binary(max_size=8), cut=st.integers(0, 60))
def test_mutated_boxes_say_what_can_be_read(at: int, junk: bytes, cut: int):
    whole = BOX + packet(gps5(), gps9())
    data = whole[: at % len(whole)] + junk + whole[at % len(whole) + cut :]
    where = read_gopro(Path("nowhere"), data, track=False).facts
    assert where.latitude is None or abs(where.latitude) <= 90
