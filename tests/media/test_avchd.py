"""AVCHD: the date, the place and the camera, which only the pictures carry."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.media.avchd import MARK, CameraPack, camera_pack
from catalog.media.probe import probe

TIMECODE, DATE, TIME, MAKER = 0x13, 0x18, 0x19, 0xE0


def message(packs: dict[int, bytes]) -> bytes:
    return MARK + bytes((len(packs),)) + b"".join(bytes((n,)) + v for n, v in packs.items())


def rational(number: int, below: int = 1) -> bytes:
    return struct.pack(">HH", number, below)


SONY = {
    TIMECODE: bytes.fromhex("52301510"),
    DATE: bytes.fromhex("04201005"),  # two hours east
    TIME: bytes.fromhex("01143059"),
    MAKER: b"\x01\x08\0\0",
    0xE4: b"HXR-",
    0xE5: b"NX5U",
    0xE6: b"\0\0\0\0",
    0xB1: b"N\0\0\0",
    0xB2: rational(50),
    0xB3: rational(27),
    0xB4: rational(0),
    0xB5: b"W\0\0\0",
    0xB6: rational(30),
    0xB7: rational(31),
    0xB8: rational(120, 10),
    0xBA: rational(1795, 10),
}


def film(path: Path, sei: bytes) -> Path:
    """H.264 in a transport stream whose pictures carry a message, as a camera writes it."""
    payload = bytes((5, len(sei))) + sei + b"\x80"
    assert len(sei) < 255
    nal = b"\0\0\1\x06" + _escaped(payload)
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 64, 48, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 25), Fraction(25)
    encoder.options = {"x264-params": "keyint=5:annexb=1:repeat-headers=1", "bf": "0"}
    with av.open(path, "w", format="mpegts") as container:
        stream = container.add_stream("h264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        frames = [
            av.VideoFrame.from_ndarray(np.full((48, 64, 3), 20 * at, np.uint8)) for at in range(9)
        ]
        for number, frame in enumerate([*frames, None]):
            if frame is not None:
                frame.pts, frame.time_base = number, Fraction(1, 25)
            for packet in encoder.encode(frame):
                content = bytes(packet)
                marks = (content.find(b"\0\0\1" + bytes((kind,))) for kind in (0x65, 0x41, 0x61))
                slices = min(at for at in marks if at >= 0)
                made = av.Packet(content[:slices] + nal + content[slices:])
                made.pts, made.dts, made.time_base = packet.pts, packet.dts, packet.time_base
                made.stream = stream
                made.is_keyframe = packet.is_keyframe
                container.mux(made)
    return path


def _escaped(payload: bytes) -> bytes:
    out = bytearray()
    for byte in payload:
        if out[-2:] == b"\0\0" and byte <= 3:
            out.append(3)
        out.append(byte)
    return bytes(out)


def test_a_camera_card_tells_when_and_where(tmp_path):
    found = probe(film(tmp_path / "00001.mts", message(SONY)))
    assert found.recorded == datetime(2010, 5, 1, 12, 30, 59, tzinfo=UTC)
    assert found.metadata["recorded_local"] == "2010-05-01T14:30:59+02:00"
    assert (found.facts.camera_make, found.facts.camera_model) == ("Sony", "HXR-NX5U")
    assert (found.facts.latitude, found.facts.longitude) == (50.45, -30.52)
    assert found.facts.altitude == 179.5
    assert found.timecode == "10:15:30;12"


@pytest.mark.parametrize(
    ("zone", "clock", "note"),
    [
        (0x80, (14, 30), "UTC assumed"),  # unset
        (0x25, (17, 0), None),  # two hours and a half west
        (0x0B, (9, 0), None),  # five and a half east
        (0x44, (12, 30), "summer time"),
    ],
)
def test_zones_of_cameras(zone, clock, note):
    told = camera_pack(message(SONY | {DATE: bytes((zone,)) + SONY[DATE][1:]}))
    assert (told.recorded, told.note) == (datetime(2010, 5, 1, *clock, 59, tzinfo=UTC), note)


@pytest.mark.parametrize(
    "packs",
    [
        {},
        {DATE: SONY[DATE]},
        {DATE: b"\xff" * 4, TIME: b"\xff" * 4, TIMECODE: b"\xff" * 4},
        {DATE: b"\0" * 4, TIME: b"\0" * 4, TIMECODE: b"\0" * 4, MAKER: b"\xff" * 4},
        {0xB2: rational(50, 0), 0xB3: rational(1), 0xB6: rational(400), 0xB7: rational(1)},
    ],
)
def test_what_is_unset_says_nothing(packs):
    assert camera_pack(message(packs)) == CameraPack()


@settings(max_examples=200)
@given(st.binary(max_size=120), st.integers(0, 255))
def test_any_message_is_read_or_left(content, count):
    told = camera_pack(MARK + bytes((count,)) + content)
    assert told.recorded is None or 1971 <= told.recorded.year < 2100
    assert camera_pack(content) == CameraPack()
