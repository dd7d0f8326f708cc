"""Texts of a film's user data, and EXIF that photo cameras put there."""

from __future__ import annotations

import io
import struct
from datetime import UTC, datetime
from pathlib import Path

import pytest
from camera_samples import sony
from film_boxes import asset, box, film, text
from hypothesis import given, settings
from hypothesis import strategies as st
from media_essence import REAL_MEDIA
from PIL import Image

from catalog.media.film_exif import read_film_exif
from catalog.media.probe import probe
from catalog.media.user_data import read_user_data

CANON = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")


def test_texts_that_ffmpeg_passes_over_are_read(tmp_path: Path):
    said = box(
        b"udta",
        text(b"des", "Gulls over the harbour"),
        text(b"inf", "shot from the pier"),
        text(b"cmt", "third of three"),
        text(b"aut", "Jérôme".encode("mac_roman"), language=0),
        text(b"TIM", "10:20:30:04"),
        box(b"date", b"2023-02-03T04:05:06+0100"),
    )
    found = probe(film(tmp_path / "a.mov", said))
    assert (found.facts.description, found.facts.creator) == ("Gulls over the harbour", "Jérôme")
    assert found.recorded == datetime(2023, 2, 3, 3, 5, 6, tzinfo=UTC)
    assert found.metadata["recorded_local"] == "2023-02-03T04:05:06+01:00"
    tags = found.metadata["tags"]
    assert (tags["comment"], tags["information"]) == ("third of three", "shot from the pier")
    assert found.timecode == "10:20:30:04"


def test_a_telephones_film_says_what_it_is(tmp_path: Path):
    said = box(
        b"udta",
        asset(b"titl", "Перший"),
        asset(b"dscp", "\ufeffБіля річки".encode("utf-16-be") + b"\0\0"),
        asset(b"auth", "Olena"),
        asset(b"kywd", b"\x02\x06river\0\x05dawn\0"),
        box(b"manu", b"\0\0\0\0\x15\xc7Samsung\0"),
        box(b"modl", b"GT-S8530\0"),
    )
    found = probe(film(tmp_path / "a.3gp", said))
    assert (found.title, found.facts.description) == ("Перший", "Біля річки")
    assert (found.facts.camera_make, found.facts.camera_model) == ("Samsung", "GT-S8530")
    assert found.metadata["keywords"] == ["river", "dawn"]


@pytest.mark.skipif(not REAL_MEDIA.is_dir(), reason=f"SKIPPED: no real footage at {REAL_MEDIA}")
def test_a_real_3gp_names_its_makers():
    found = probe(REAL_MEDIA / "video" / "media3_bbb_176x144_128kbps_15fps_h263.3gp")
    assert found.title == "Big Buck Bunny, Sunflower version"
    assert "Creative Commons" in found.facts.description
    assert "Blender Foundation" in found.facts.creator


def test_sonys_xml_within_a_film_tells_when_and_where_it_starts(tmp_path: Path):
    document = sony().encode()
    handler = box(b"hdlr", b"\0" * 8 + b"nrtm" + b"\0" * 13)
    path = film(tmp_path / "C0001.MP4")
    with path.open("ab") as file:
        file.write(box(b"meta", b"\0\0\0\0", handler, box(b"xml ", b"\0\0\0\0", document)))
    found = probe(path)
    assert (found.facts.camera_model, found.title) == ("PXW-Z90", "Harbour")
    assert found.recorded == datetime(2024, 5, 1, 9, 58, 30, tzinfo=UTC)
    assert found.timecode == "10:45:30:12"
    assert found.metadata["recorded_local"].startswith("2024-05-01T")


# --- photo cameras ----------------------------------------------------------------


def exif(**offset: str) -> Image.Exif:
    said = Image.Exif()
    said.update({271: "Canon", 272: "Canon EOS R5"})
    inner = {36867: "2024:05:01 12:00:00", 42036: "RF24-105mm F4 L IS USM", 34855: 800}
    said.get_ifd(0x8769).update(inner | ({36881: offset["zone"]} if offset else {}))
    return said


def thumbnail(said: Image.Exif) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (16, 12)).save(file, "JPEG", exif=said)
    return file.getvalue()


def test_a_canons_thumbnail_knows_camera_lens_and_offset(tmp_path: Path):
    picture = thumbnail(exif(zone="+02:00"))
    said = box(b"udta", box(b"CNFV", b"1.8.1\0"), box(b"CNTH", box(b"CNDA", picture)))
    found = probe(film(tmp_path / "MVI_0001.MP4", said))
    assert (found.facts.camera_make, found.facts.camera_model) == ("Canon", "Canon EOS R5")
    assert found.facts.lens == "RF24-105mm F4 L IS USM"
    assert found.recorded == datetime(2024, 5, 1, 10, tzinfo=UTC)
    assert found.metadata["exif"]["ISOSpeedRatings"] == 800
    assert found.metadata["tags"]["firmware"] == "1.8.1"


def test_a_canons_own_box_holds_its_exif_in_three(tmp_path: Path):
    main = Image.Exif()
    main.update({271: "Canon", 272: "Canon EOS R6"})
    inner = Image.Exif()
    inner.update({42036: "RF50mm F1.8 STM"})
    blocks = [box(n, e.tobytes()[6:]) for n, e in ((b"CMT1", main), (b"CMT2", inner))]
    found = probe(film(tmp_path / "a.mp4", box(b"uuid", CANON, *blocks)))
    assert (found.facts.camera_model, found.facts.lens) == ("Canon EOS R6", "RF50mm F1.8 STM")


def nikon(number: int, kind: int, count: int, data: bytes) -> bytes:
    return struct.pack(">IHH", number, kind, count) + data


def nikon_text(number: int, words: str) -> bytes:
    return nikon(number, 2, len(words) + 1, words.encode() + b"\0")


NIKON = box(
    b"NCDT",
    box(
        b"NCTG",
        nikon_text(0x01, "NIKON CORPORATION"),
        nikon_text(0x02, "NIKON Z 8"),
        nikon_text(0x12, "2024:05:01 12:00:00"),
        nikon_text(0x19, "+02:00"),
        nikon(0x110829D, 5, 1, struct.pack(">II", 28, 10)),
        nikon_text(0x110A434, "NIKKOR Z 24-120mm f/4 S"),
        nikon_text(0x110A431, "6001234"),
        nikon_text(0x1200001, "N"),
        nikon(0x1200002, 5, 3, struct.pack(">6I", 50, 1, 27, 1, 0, 1)),
        nikon_text(0x1200003, "E"),
        nikon(0x1200004, 5, 3, struct.pack(">6I", 30, 1, 31, 1, 30, 1)),
    ),
)


def test_a_nikons_list_of_tags(tmp_path: Path):
    found = probe(film(tmp_path / "a.mov", box(b"udta", NIKON)))
    facts = found.facts
    assert (facts.camera_make, facts.camera_model) == ("NIKON CORPORATION", "NIKON Z 8")
    assert (facts.lens, facts.camera_serial) == ("NIKKOR Z 24-120mm f/4 S", "6001234")
    assert (facts.latitude, facts.longitude) == (pytest.approx(50.45), pytest.approx(30.525))
    assert found.recorded == datetime(2024, 5, 1, 10, tzinfo=UTC)
    assert found.metadata["exif"]["FNumber"] == pytest.approx(2.8)


def fujifilm() -> bytes:
    make, model = b"FUJIFILM\0", b"X-T5\0\0\0\0"
    values = 2 + 2 * 12 + 4
    entries = struct.pack("<HHII", 271, 2, len(make), values)
    entries += struct.pack("<HHII", 272, 2, len(model), values + len(make))
    return struct.pack("<H", 2) + entries + b"\0\0\0\0" + make + model


@pytest.mark.parametrize(
    ("said", "camera"),
    [
        (box(b"MVTG", b"FUJIFILM" + b"\0" * 8 + fujifilm()), ("FUJIFILM", "X-T5")),
        (box(b"PANA", b"\0" * 4 + b"DMC-GH4\0".ljust(16, b"\0")), ("Panasonic", "DMC-GH4")),
        (
            box(b"LEIC", b"LEICA CAMERA AG".ljust(22, b"\0") + b"LEICA SL2\0"),
            ("LEICA CAMERA AG", "LEICA SL2"),
        ),
        (box(b"TAGS", b"PENTAX DIGITAL CAMERA\0" + b"\0" * 40), ("PENTAX", None)),
    ],
)
def test_other_makers_boxes(tmp_path: Path, said: bytes, camera: tuple[str, str | None]):
    facts = probe(film(tmp_path / "a.mov", box(b"udta", said))).facts
    assert (facts.camera_make, facts.camera_model) == camera


def insta360() -> bytes:
    pairs = ((0x08, b"1"), (0x0A, b"IAHEA1234"), (0x12, b"Insta360 X3"), (0x1A, b"v1.0.87"))
    camera = b"".join(bytes([kind, len(value)]) + value for kind, value in pairs)
    records = ((0x101, camera), (0x300, b"\1" * 40))
    made = b"".join(data + struct.pack("<HI", number, len(data)) for number, data in records)
    end = b"\0" * 32 + struct.pack("<I", len(made) + 72) + b"\3\0\0\0"
    return made + end + b"8db42d694ccc418790edff439fe026bf"


def test_an_insta360s_records_behind_its_film(tmp_path: Path):
    path = film(tmp_path / "VID_0001.insv.mp4")
    with path.open("ab") as file:
        file.write(insta360())
    found = probe(path)
    assert (found.facts.camera_make, found.facts.camera_model) == ("Insta360", "Insta360 X3")
    assert found.metadata["insta360"] == {
        "serial": "IAHEA1234", "camera": "Insta360 X3", "firmware": "v1.0.87"
    }  # fmt: skip


WHOLE = text(b"des", "words") + NIKON + box(b"CNTH", box(b"CNDA", thumbnail(exif())))


@settings(max_examples=80, deadline=None)
@given(at=st.integers(0, len(WHOLE)), junk=st.binary(max_size=8), cut=st.integers(0, 60))
def test_mutated_boxes_say_what_can_be_read(at: int, junk: bytes, cut: int):
    data = WHOLE[:at] + junk + WHOLE[at + cut :]
    for words in read_user_data(data).values():
        assert "\0" not in words
        words.encode()
    where = read_film_exif(data, data).facts
    assert where.latitude is None or abs(where.latitude) <= 90
