"""What FFmpeg passes over in MXF: descriptive metadata, XML and XMP, ancillary packets."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import av
import numpy as np
import pytest
from camera_samples import sony
from hypothesis import given, settings
from hypothesis import strategies as st
from media_essence import REAL_MEDIA
from test_acquisition import sets
from test_metadata import XMP

from catalog.media.mxf import camera_of, mxf_parts, mxf_texts, mxf_timecodes
from catalog.media.probe import probe

PARTITION = bytes.fromhex("060e2b34020501010d01020101")
PRIMER = PARTITION + b"\x05\x01\0"
FILLING = bytes.fromhex("060e2b34010101020301021001000000")
AS_11 = bytes.fromhex("060e2b34025301010d0107010b010100")
UK_DPP = bytes.fromhex("060e2b34025301010d0c010101010000")
TIMECODE = bytes.fromhex("060e2b34025301010d01010101011400")
TAGGED = bytes.fromhex("060e2b34025301010d01010101013f00")
LABEL = bytes.fromhex("060e2b3401010101")
ANCILLARY = bytes.fromhex("060e2b34010201010d0103011701 0201".replace(" ", ""))
PICTURE = bytes.fromhex("060e2b34010201010d01030115010500")


def klv(key: bytes, value: bytes) -> bytes:
    return key + b"\x83" + len(value).to_bytes(3, "big") + value


def local(*pairs: tuple[int, bytes]) -> bytes:
    return b"".join(struct.pack(">2H", tag, len(data)) + data for tag, data in pairs)


def primer(*elements: tuple[int, str]) -> bytes:
    entries = b"".join(struct.pack(">H", t) + LABEL + bytes.fromhex(end) for t, end in elements)
    return klv(PRIMER, struct.pack(">2I", len(elements), 18) + entries)


def words(text: str) -> bytes:
    return text.encode("utf-16-be")


ELEMENTS = (
    (0x8101, "0d0107010b010101"),
    (0x8102, "0d0107010b010102"),
    (0x8103, "0d0c010101010200"),
    (0x8104, "0302010205010000"),
    (0x8105, "0d0c010199999900"),
)
PROGRAMME = klv(
    AS_11,
    local(
        (0x3C0A, bytes.fromhex("0123456789abcdef0123456789abcdef")),
        (0x8101, words("Річка")),
        (0x8102, words("Harbour at night\0")),
    ),
) + klv(
    UK_DPP,
    local(
        (0x8103, words("Gulls over the wall")),
        (0x8104, words("gulls,harbour")),
        (0x8105, words("ナイター中継")),
        (0x8106, struct.pack(">2I", 25, 1)),
    ),
)


DESCRIPTIVE = primer(*ELEMENTS) + PROGRAMME


def timecode(start: int, base: int, drop: int) -> bytes:
    said = ((0x1501, start.to_bytes(8, "big")), (0x1502, base.to_bytes(2, "big")))
    return klv(TIMECODE, local(*said, (0x1503, bytes([drop]))))


def pack(kind: int, status: int, footer: int = 0, header: int = 0) -> bytes:
    value = struct.pack(">2HI5Q", 1, 3, 1, 0, 0, footer, header, 0) + b"\0" * 40
    return klv(PARTITION + bytes([kind, status, 0]), value)


def ancillary(*packets: tuple[int, int, bytes]) -> bytes:
    lines = b""
    for did, sdid, data in packets:
        content = bytes([did, sdid, len(data) + 1, 1]) + data
        padded = content + b"\0" * (-len(content) % 4)
        lines += struct.pack(">HBBHII", 9, 2, 4, len(content), len(padded), 1) + padded
    return klv(ANCILLARY, struct.pack(">H", len(packets)) + lines)


def file(*after: bytes, header: bytes = DESCRIPTIVE, streams: tuple[bytes, ...] = ()) -> bytes:
    whole = pack(2, 4, header=len(header)) + header + b"".join(after)
    places = [0]
    for stream in streams:
        places.append(len(whole))
        whole += pack(3, 0x11) + klv(FILLING, b"\0" * 20)
        whole += klv(LABEL + bytes.fromhex("0d01050901000000"), stream)
    index = b"".join(struct.pack(">IQ", 0, at) for at in places)
    head = PARTITION + b"\x11\x01\0" + b"\x83" + (len(index) + 4).to_bytes(3, "big")
    return whole + head + index + struct.pack(">I", len(head) + len(index) + 4)


def parts(data: bytes) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for name, part in mxf_parts(io.BytesIO(data), len(data)):
        found.setdefault(name, part)
    return found


def test_descriptive_metadata_by_what_they_are():
    said = mxf_texts(parts(file())["mxf"])
    assert said == {
        "series_title": ["Річка"],
        "programme_title": ["Harbour at night"],
        "synopsis": ["Gulls over the wall"],
        "keywords": ["gulls,harbour"],
        "other": ["ナイター中継"],
    }


@pytest.mark.parametrize(
    "title",
    ["NHKスペシャル", "夜の港\u3000第一回", "ميناء", "شب\u200cهای بندر", "बंदरगाह", "ท่าเรือ", "7"],
)
def test_titles_in_any_writing(title: str):
    said = local((0x8102, words(title)), (0x8105, words(f"{title} A\u0e01\u0660")))
    assert mxf_texts(primer(*ELEMENTS) + klv(AS_11, said)) == {"programme_title": [title]}


def test_a_long_text_is_cut_between_characters():
    said = local((0x8103, words("a" + "🚢" * 1500)), (0x8102, b"\xd8\x3d" * 4))
    assert mxf_texts(primer(*ELEMENTS) + klv(UK_DPP, said)) == {"synopsis": ["a" + "🚢" * 999]}


def test_timecodes_of_all_packages():
    header = timecode(90_000, 25, 0) + timecode(90_000, 25, 0) + timecode(107_892, 30, 1)
    assert mxf_timecodes(header) == ["01:00:00:00", "01:00:00;00"]
    assert mxf_timecodes(timecode(2**60, 25, 0) + timecode(5, 0, 0)) == []


def test_acquisition_metadata_among_ancillary_packets():
    captions = (0x61, 0x01, b"\x96\x69")
    halves = [sets()[at : at + 200] for at in range(0, len(sets()), 200)]
    packets = ancillary(captions, *((0x43, 0x05, half) for half in halves))
    data = file(klv(PICTURE, b"\0" * 5000), packets)
    assert parts(data)["acquisition"] == sets()


def test_xml_and_xmp_in_generic_streams():
    found = parts(file(streams=(b"<Report><Title>Harbour</Title></Report>", XMP.encode())))
    assert found["xml"].startswith(b"<Report>")
    assert found["xmp"] == XMP.encode()


def film(path: Path, addition: bytes) -> Path:
    """A film with this among its header's metadata."""
    with av.open(str(path), "w", format="mxf") as out:
        stream = out.add_stream("mpeg2video", rate=25)
        out.metadata.update({"company_name": "Canon", "product_name": "EOS C300 Mark II"})
        out.metadata.update({"comment_Scene": "12A", "comment_Room": "x" * 700})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv422p"
        for number in range(4):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), number * 9, np.uint8), "rgb24")
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    data = path.read_bytes()
    start = data.index(PRIMER)
    value = start + 17 + (data[start + 16] & 0x7F)  # FFmpeg's lengths have two bytes here
    after = value + int.from_bytes(data[start + 17 : value], "big")
    own = primer(*ELEMENTS)[28:]
    count = struct.unpack_from(">I", data, value)[0] + len(own) // 18
    labels = klv(PRIMER, struct.pack(">2I", count, 18) + data[value + 8 : after] + own)
    # A note that is long enough makes room.
    note = data.rindex(TAGGED, 0, data.index(words("x" * 40)))
    end = data.rindex(words("x" * 40)) + 80
    room = end - note - len(addition) - (len(labels) - (after - start)) - 20
    added = addition + klv(FILLING, b"\0" * room)
    path.write_bytes(data[:start] + labels + data[after:note] + added + data[end:])
    return path


def test_a_films_camera_programme_and_notes(tmp_path: Path):
    found = probe(film(tmp_path / "a.mxf", PROGRAMME))
    assert (found.facts.camera_make, found.facts.camera_model) == ("Canon", "EOS C300 Mark II")
    assert (found.title, found.facts.description) == ("Harbour at night", "Gulls over the wall")
    assert found.facts.scene == "12A"
    assert found.metadata["keywords"] == ["gulls", "harbour"]
    assert found.metadata["descriptive"]["series_title"] == ["Річка"]


def test_sonys_xml_anywhere_in_a_film(tmp_path: Path):
    path = film(tmp_path / "a.mxf", b"")
    with path.open("ab") as out:
        out.write(klv(LABEL + b"\x0e\x06\x7f\x01\0\0\0\0", sony().encode()))
    found = probe(path)
    assert (found.facts.camera_serial, found.facts.lens) == ("0012345", "FE 24-105mm F4 G OSS")
    assert "ltcchangetable" not in found.metadata["xml"]


@pytest.mark.parametrize(
    ("maker", "product", "model"),
    [
        ("CANON", "XF305", "XF305"),
        ("Sony", "PXW-FS7", "PXW-FS7"),
        ("ARRI", "ALEXA Mini LF", "ALEXA Mini LF"),
        ("Sony", "Mem", None),
        ("Sony", "Catalyst Browse", None),
        ("Blackmagic Design", "DaVinci Resolve", None),
        ("Panasonic", "P2HD", None),
    ],
)
def test_programs_are_no_cameras(maker: str, product: str, model: str | None):
    assert camera_of({"company_name": maker, "product_name": product}).camera_model == model


@pytest.mark.skipif(not REAL_MEDIA.is_dir(), reason=f"SKIPPED: no real footage at {REAL_MEDIA}")
def test_a_real_masters_dolby_vision():
    found = probe(REAL_MEDIA / "video" / "photon_PHDR_J2K_video.mxf")
    assert found.video.hdr == ("pq", "dolbyvision")
    assert found.metadata["xml"]["revisionhistory"]["revision"]["author"] == "Blackmagic Design"


WHOLE = file(ancillary((0x43, 0x05, sets()[:200])), streams=(XMP.encode(),))


@settings(max_examples=150, deadline=None)
@given(at=st.integers(0, len(WHOLE)), junk=st.binary(max_size=12), cut=st.integers(0, 60))
def test_mutated_files_end_the_walk(at: int, junk: bytes, cut: int):
    found = parts(WHOLE[:at] + junk + WHOLE[at + cut :])
    mxf_timecodes(found.get("mxf", b""))
    for texts in mxf_texts(found.get("mxf", b"")).values():
        assert all("\0" not in text for text in texts)
