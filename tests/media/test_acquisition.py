"""What lens and camera were set to, of the first picture (SMPTE RDD 18), and hostile sets."""

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

from catalog.media.acquisition import _READERS, read_sets
from catalog.media.probe import probe

SETS = bytes.fromhex("060e2b34025301010c020101")
CURVE = bytes.fromhex("060e2b34040101060e06040101010605")
GAMUT = bytes.fromhex("060e2b340401010d0e06040101030105")
PRIORITY = bytes.fromhex("060e2b34040101050510010101040000")


def item(number: int, form: str, *values: object) -> bytes:
    data = struct.pack(f">{form}", *values)
    return struct.pack(">2H", number, len(data)) + data


def words(number: int, said: str) -> bytes:
    return struct.pack(">2H", number, len(said)) + said.encode()


LENS_ITEMS = (
    item(0x8000, "H", round(65536 * (1 - 1.5 / 8)))  # the square root of eight
    + item(0x8005, "H", 0xD << 12 | 85)
    + item(0x8001, "H", 0xE << 12 | 250)
    + words(0x8007, "FE 85mm F1.4 GM")
)
CAMERA_ITEMS = (
    item(0x3210, "16s", CURVE)
    + item(0x3219, "16s", GAMUT)
    + item(0x8100, "16s", PRIORITY)
    + item(0x8103, "H", 16)
    + item(0x8109, "II", 1, 50)
    + item(0x810B, "H", 800)
    + item(0x810E, "H", 5600)
    + words(0x8114, "ILME-FX6V 0001234")
)
OWN_ITEMS = (
    item(0xE304, "8s", bytes.fromhex("2020240501115830"))
    + item(0x8501, "1s", b"N")
    + item(0x8502, "6I", 53, 1, 32, 1, 305, 10)
    + item(0x8503, "1s", b"W")
    + item(0x8504, "6I", 9, 1, 58, 1, 0, 1)
)


def sets(own: bytes = OWN_ITEMS) -> bytes:
    made = b""
    for number, items in ((1, LENS_ITEMS), (2, CAMERA_ITEMS), (0x7F, own)):
        made += SETS + bytes([number, 1, 0, 0]) + struct.pack(">2H", 0x8300, len(items)) + items
    return made


def film(path: Path, packet: bytes) -> Path:
    """A film with a track of such packets."""
    with av.open(path, "w", format="mp4") as output:
        stream = output.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        data = output.add_data_stream("bin_data")
        data.metadata["handler_name"] = "Timed Metadata Media Handler"
        for number in range(3):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), number * 9, np.uint8), "rgb24")
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
        sample = av.Packet(packet)
        sample.stream, sample.time_base, sample.duration = data, Fraction(1, 25), 3
        sample.pts = sample.dts = 0
        output.mux(sample)
    return path


def test_a_sonys_track_says_what_lens_and_camera_were_set_to(tmp_path: Path):
    header = struct.pack(">H", 28) + b"\0" * 26
    found = probe(film(tmp_path / "C0001.MP4", header + sets()))
    said = found.metadata["acquisition"]
    assert (said["iris_f"], said["focal_length"], said["focus_distance"]) == (2.8, 85, 2.5)
    assert (said["iso"], said["shutter"], said["nd_filter"]) == (800, "1/50", "1/16")
    assert (said["white_balance"], said["exposure_mode"]) == (5600, "iris priority")
    assert (said["gamma"], said["primaries"]) == ("S-Log3-Cine", "S-Gamut3.Cine")
    assert said["camera"] == "ILME-FX6V 0001234"
    assert found.metadata["log"]["curve"] == "s-log3"
    assert (found.facts.camera_make, found.facts.lens) == ("Sony", "FE 85mm F1.4 GM")
    assert found.facts.latitude == pytest.approx(53.5418056)
    assert found.facts.longitude == pytest.approx(-9.9666667)
    assert found.recorded == datetime(2024, 5, 1, 11, 58, 30, tzinfo=UTC)
    assert found.metadata["recorded_note"] == "UTC assumed"


def test_a_receiver_without_a_fix_knows_no_place():
    assert read_sets(sets(OWN_ITEMS + item(0x8509, "1s", b"V"))).facts.latitude is None


def test_a_track_of_something_else_says_nothing(tmp_path: Path):
    found = probe(film(tmp_path / "a.mp4", b"\0\x1c" + b"\1" * 90))
    assert "acquisition" not in found.metadata
    assert found.facts.camera_make is None


def test_items_without_a_value_say_nothing():
    """Each is cut short in turn, as far as there is anything to cut."""
    for number in (*_READERS, 0x810B, 0xE304, 0x8501, 0x8502, 0x8503, 0x8504, 0x8509):
        for size in range(4):
            alone = read_sets(struct.pack(">2H", number, size) + b"\0" * size)
            assert alone.recorded is None
            assert alone.facts.latitude is None
        assert not read_sets(struct.pack(">2H", number, 0)).said


def test_a_filter_of_nothing_is_none():
    assert "nd_filter" not in read_sets(item(0x8103, "H", 0) + item(0x810E, "H", 5600)).said
    assert read_sets(item(0x8103, "H", 1)).said["nd_filter"] == "clear"


def test_only_of_sonys_own_track_the_maker_is_known():
    assert read_sets(sets()).facts.camera_make is None
    assert read_sets(sets()).facts.lens == "FE 85mm F1.4 GM"


WHOLE = sets()


@given(at=st.integers(0, len(WHOLE)), junk=st.binary(max_size=8), cut=st.integers(0, 60))
def test_mutated_sets_say_what_can_be_read(at: int, junk: bytes, cut: int):
    found = read_sets(WHOLE[:at] + junk + WHOLE[at + cut :])
    assert found.facts.latitude is None or abs(found.facts.latitude) <= 90
    for value in found.said.values():
        assert value == value  # noqa: PLR0124  # JSON has no NaN
        assert not isinstance(value, str) or "\0" not in value
