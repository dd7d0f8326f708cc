"""Channel and programme of a broadcast, from the tables of a transport stream."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.media.probe import probe
from catalog.media.transport_stream import read_broadcast

SERVICES, EVENTS = 0x11, 0x12


def section(table: int, number: int, body: bytes, part: int = 0) -> bytes:
    rest = number.to_bytes(2, "big") + bytes([0xC1, part, 1]) + body + b"\0\0\0\0"
    return bytes([table, 0xF0 | len(rest) >> 8, len(rest) & 0xFF]) + rest


def counted(data: bytes) -> bytes:
    return bytes([len(data)]) + data


def descriptor(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + counted(body)


def services(*named: tuple[int, bytes, bytes]) -> bytes:
    body = b"\0\1\xff"
    for number, provider, name in named:
        said = descriptor(0x48, b"\x01" + counted(provider) + counted(name))
        body += number.to_bytes(2, "big") + b"\xfc" + (0x8000 | len(said)).to_bytes(2, "big") + said
    return section(0x42, 1, body)


def event(number: int, title: bytes, text: bytes, more: bytes = b"", part: int = 0) -> bytes:
    said = descriptor(0x4D, b"ukr" + counted(title) + counted(text))
    said += descriptor(0x4E, b"\0ukr\0" + counted(more))
    when = (60431).to_bytes(2, "big") + bytes.fromhex("183000") + bytes.fromhex("004500")
    body = b"\0\1\0\1\0\x4e" + b"\0\7" + when + (0x8000 | len(said)).to_bytes(2, "big") + said
    return section(0x4E, number, body, part)


def packets(number: int, data: bytes) -> bytes:
    """The section in packets, the first of which says so."""
    made, first, data = b"", True, b"\0" + data
    while data:
        piece, data = data[:184], data[184:]
        head = bytes([0x47, (0x40 if first else 0) | number >> 8, number & 0xFF, 0x10])
        made, first = made + head + piece.ljust(184, b"\xff"), False
    return made


PROGRAMME = event(
    7, b"\x15" + "Новини".encode(), b"\x01" + "Київ сьогодні".encode("iso8859-5"),
    b"\x15" + " та область".encode() * 6,
)  # fmt: skip
TABLES = packets(SERVICES, services((7, b"Suspilne", b"\x15" + "Перший".encode())))
TABLES += packets(EVENTS, PROGRAMME) + packets(EVENTS, event(7, b"Weather", b"", part=1))


def film(path: Path, tables: bytes, stride: int = 188) -> Path:
    file = BytesIO()
    with av.open(file, "w", format="mpegts") as output:
        stream = output.add_stream("mpeg2video", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(10):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), number * 9, np.uint8), "rgb24")
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    data = file.getvalue()
    own = b"".join(p for p in (data[n : n + 188] for n in range(0, len(data), 188))
                   if p[1:3] not in (b"\x40\x11", b"\x00\x11"))  # fmt: skip
    whole = tables + own
    between = b"\0" * (stride - 188)
    path.write_bytes(b"".join(between + whole[n : n + 188] for n in range(0, len(whole), 188)))
    return path


@pytest.mark.parametrize(("name", "stride"), [("a.ts", 188), ("a.m2ts", 192)])
def test_a_recording_off_the_air_knows_channel_and_programme(tmp_path: Path, name, stride):
    found = probe(film(tmp_path / name, TABLES, stride))
    assert (found.title, found.facts.credit) == ("Новини", "Перший")
    assert found.facts.description.startswith("Київ сьогодні\n та область".replace("\n ", "\n"))
    assert found.recorded == datetime(2024, 5, 1, 18, 30, tzinfo=UTC)
    assert found.metadata["broadcast"]["provider"] == "Suspilne"
    assert found.metadata["broadcast"]["seconds"] == 2700


def test_a_whole_multiplex_is_no_channels(tmp_path: Path):
    both = packets(SERVICES, services((7, b"A", b"One"), (8, b"A", b"Two")))
    path = tmp_path / "a.ts"
    path.write_bytes(both * 8)
    assert read_broadcast(path).service is None


def test_ffmpegs_own_name_is_none(tmp_path: Path):
    path = tmp_path / "a.ts"
    path.write_bytes(packets(SERVICES, services((1, b"FFmpeg", b"Service01"))) * 8)
    assert read_broadcast(path).said == {}


@settings(max_examples=100, deadline=None)
@given(at=st.integers(0, len(TABLES)), junk=st.binary(max_size=8), cut=st.integers(0, 60))
def test_mutated_tables_end_the_reading(tmp_path_factory, at: int, junk: bytes, cut: int):
    path = tmp_path_factory.getbasetemp() / "mutated.ts"
    path.write_bytes((TABLES[:at] + junk + TABLES[at + cut :]) * 3)
    for value in read_broadcast(path).said.values():
        assert not isinstance(value, str) or "\0" not in value
