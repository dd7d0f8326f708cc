"""What is read from files beside their pictures, on essence made for it with known answers."""

from __future__ import annotations

import struct
import wave
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from media_essence import PAL, REAL_MEDIA, take
from PIL import Image, TiffImagePlugin

from catalog.domain.media import Facts
from catalog.media.chunks import parts_of
from catalog.media.exif import read_exif
from catalog.media.facts import facts_of_tags, read_xmp
from catalog.media.hdr import dolby_vision, hdr_facts, hdr_kinds
from catalog.media.place import Place, parse_iso6709, parse_xmp_angle
from catalog.media.probe import probe
from catalog.media.sidecars.embedded import read_embedded
from catalog.media.sidecars.lyrics import lyrics
from catalog.media.sidecars.nested_xml import parse_nested
from catalog.media.start_timecode import timecode_in_picture
from catalog.media.tags import clean_tags, find_recorded
from catalog.media.writer import write_video

XMP = """<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
 xmlns:r="http://ns.adobe.com/xap/1.0/rights/" xmlns:xmpDM="http://ns.adobe.com/xmp/1.0/DynamicMedia/"
 photoshop:Credit="UNIAN" photoshop:Source="Ukrinform" xmpDM:tapeName="A012" xmpDM:scene="14B">
 <dc:title><rdf:Alt><rdf:li xml:lang="x-default">Bridge at dawn</rdf:li></rdf:Alt></dc:title>
 <dc:creator><rdf:Seq><rdf:li>Olena Koval</rdf:li></rdf:Seq></dc:creator>
 <dc:rights><rdf:Alt><rdf:li xml:lang="x-default">(c) 2024 Archive</rdf:li></rdf:Alt></dc:rights>
 <r:UsageTerms><rdf:Alt><rdf:li xml:lang="x-default">Editorial use only</rdf:li></rdf:Alt>
 </r:UsageTerms>
 <dc:subject><rdf:Bag><rdf:li>bridge</rdf:li><rdf:li>river</rdf:li></rdf:Bag></dc:subject>
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""
XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
IXML = """<?xml version="1.0"?><BWFXML><PROJECT>North</PROJECT><SCENE>12A</SCENE><TAKE>3</TAKE>
<TAPE>SD04</TAPE><NOTE>plane overhead</NOTE><SPEED><TIMECODE_RATE>25/1</TIMECODE_RATE>
<TIMECODE_FLAG>NDF</TIMECODE_FLAG></SPEED><TRACK_LIST><TRACK><NAME>Boom</NAME></TRACK>
<TRACK><NAME>Lav 1</NAME></TRACK></TRACK_LIST></BWFXML>"""


def box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), name) + body


# --- containers -----------------------------------------------------------------


def test_quicktime_tells_camera_place_time_and_rights(tmp_path):
    path = tmp_path / "a.mov"
    tags = {
        "com.apple.quicktime.make": "Apple",
        "com.apple.quicktime.model": "iPhone 15 Pro",
        "com.apple.quicktime.camera.lens_model": "back camera 6.86mm f/1.78",
        "com.apple.quicktime.location.ISO6709": "+50.4501+030.5234+179.000/",
        "com.apple.quicktime.creationdate": "2024-05-01T21:30:00+0300",
        "com.apple.quicktime.copyright": "(c) Archive",
        "com.apple.quicktime.artist": "Olena Koval",
        "com.apple.quicktime.description": "Bridge at night",
    }
    with av.open(str(path), "w", options={"movflags": "use_metadata_tags"}) as out:
        out.metadata.update(tags)
        stream = out.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 256, 144, "yuv420p"
        for picture in take(1, 3):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode())
    found = probe(path)
    assert found.facts == Facts(
        description="Bridge at night",
        camera_make="Apple",
        camera_model="iPhone 15 Pro",
        lens="back camera 6.86mm f/1.78",
        latitude=50.4501,
        longitude=30.5234,
        altitude=179.0,
        rights="(c) Archive",
        creator="Olena Koval",
    )
    assert found.recorded.isoformat() == "2024-05-01T18:30:00+00:00"
    assert found.metadata["recorded_local"] == "2024-05-01T21:30:00+03:00"
    assert (found.video.chroma, found.video.hdr) == ("4:2:0", ())


def test_xmp_in_an_mp4_comes_before_its_tags(tmp_path):
    path = tmp_path / "a.mp4"
    write_video(path, take(1, 3), frame_rate=PAL, metadata={"title": "Untold", "artist": "None"})
    with path.open("ab") as file:
        file.write(box(b"uuid", XMP_UUID + XMP.encode()))
    found = probe(path)
    assert found.title == "Bridge at dawn"
    assert (found.facts.reel, found.facts.scene) == ("A012", "14B")
    assert found.facts.rights == "(c) 2024 Archive; Editorial use only"
    assert (found.facts.creator, found.facts.credit) == ("Olena Koval", "UNIAN; Ukrinform")
    assert found.metadata["keywords"] == ["bridge", "river"]


def test_the_reel_of_a_timecode_track_and_its_drop_frame(tmp_path):
    path = tmp_path / "a.mov"
    rate = Fraction(30000, 1001)
    write_video(path, take(1, 3), frame_rate=rate, start_timecode="09:59:58;02")
    assert probe(path).timecode == "09:59:58;02"
    tagged = facts_of_tags({}, {"reel_name": "A001C005"}, {"material_package_name": "Other"})
    assert tagged.reel == "A001C005"
    assert facts_of_tags({"material_package_name": "Material Package"}).reel is None


@pytest.mark.parametrize("rate", [5, 10])
def test_the_timecode_of_a_slow_film_has_two_digits_of_frames(tmp_path, rate):
    """FFmpeg tells one: as many as the largest number of a frame has."""
    path = tmp_path / "slow.mov"
    write_video(path, take(1, 3), frame_rate=Fraction(rate), start_timecode="10:00:00:04")
    found = probe(path)
    assert found.metadata["stream_tags"]["timecode"] == "10:00:00:4"
    assert found.timecode == "10:00:00:04"


def test_an_mxf_starts_where_its_timecode_track_says(tmp_path):
    path = tmp_path / "a.mxf"
    with av.open(str(path), "w", format="mxf") as out:
        out.metadata.update({"timecode": "10:11:12:13", "material_package_name": "RUSHES_07"})
        stream = out.add_stream("mpeg2video", rate=25)
        stream.width, stream.height, stream.pix_fmt = 256, 144, "yuv422p"
        for picture in take(1, 4):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode())
    found = probe(path)
    assert found.timecode == "10:11:12:13"
    assert found.video.chroma == "4:2:2"


def wave_file(path: Path, *chunks: tuple[bytes, bytes]) -> Path:
    with wave.open(str(path), "wb") as out:
        out.setparams((2, 3, 48000, 0, "NONE", ""))
        out.writeframes(b"\1\2\3" * 2 * 4800)
    data = path.read_bytes()
    extra = b"".join(n + struct.pack("<I", len(b)) + b + b"\0" * (len(b) % 2) for n, b in chunks)
    body = data[12:] + extra
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body)
    return path


def bext(description: str, time_reference: int) -> bytes:
    head = description.encode().ljust(256, b"\0") + b"SoundDevices 888".ljust(32, b"\0")
    head += b"REF0001".ljust(32, b"\0") + b"2024-05-01" + b"10:00:00"
    return head + struct.pack("<QH", time_reference, 1) + b"\0" * 254


def test_a_sound_recorders_slate_and_start(tmp_path):
    ten_hours = 10 * 3600 * 48000 + 48000 // 25 * 7
    path = wave_file(
        tmp_path / "a.wav", (b"bext", bext("sNOTE=", ten_hours)), (b"iXML", IXML.encode())
    )
    found = probe(path)
    facts = found.facts
    assert (facts.scene, facts.take, facts.reel) == ("12A", "3", "SD04")
    assert facts.description == "plane overhead"
    assert found.timecode == "10:00:00:07"
    assert found.recorded.isoformat() == "2024-05-01T10:00:00+00:00"
    assert found.audio[0].bit_depth == 24
    assert found.metadata["tags"]["encoded_by"] == "SoundDevices 888"
    names = [t["name"] for t in found.metadata["ixml"]["track_list"]["track"]]
    assert names == ["Boom", "Lav 1"]


def test_a_slate_written_into_the_description(tmp_path):
    lines = "sSCENE=7\r\nsTAKE=02\r\nsTAPE=ROLL9\r\nsNOTE=wild"
    facts = probe(wave_file(tmp_path / "a.wav", (b"bext", bext(lines, 1)))).facts
    assert (facts.scene, facts.take, facts.reel, facts.description) == ("7", "02", "ROLL9", "wild")


def test_a_recorders_lines_tell_its_speed_and_are_no_description(tmp_path):
    lines = "sSPEED=023.976-NDF\r\nsSCENE=7\r\nsTRK1=Boom"
    reference = round(10 * 3600 * 1.001 * 48000)
    found = probe(wave_file(tmp_path / "a.wav", (b"bext", bext(lines, reference))))
    assert (found.timecode, found.facts.description) == ("10:00:00:00", None)
    dropped = "sSPEED=029.97-DF"
    second = probe(wave_file(tmp_path / "b.wav", (b"bext", bext(dropped, 0))))
    assert second.timecode == "00:00:00;00"
    third = probe(wave_file(tmp_path / "c.wav", (b"bext", bext("sSPEED=fast", 480))))
    assert third.timecode is None


def cue(*points: tuple[int, int]) -> bytes:
    return struct.pack("<I", len(points)) + b"".join(
        struct.pack("<II4sIII", number, at, b"data", 0, 0, at) for number, at in points
    )


def labels(*entries: tuple[bytes, bytes]) -> bytes:
    return b"adtl" + b"".join(
        name + struct.pack("<I", len(value)) + value + b"\0" * (len(value) % 2)
        for name, value in entries
    )


def test_markers_of_a_wave_are_its_chapters(tmp_path):
    told = labels((b"labl", struct.pack("<I", 2) + b"door slams\0"))
    chunks = ((b"cue ", cue((1, 960), (2, 2400))), (b"LIST", told))
    path = wave_file(tmp_path / "a.wav", *chunks)
    assert [each["title"] for each in probe(path).metadata["chapters"]] == [None, "door slams"]
    (segment,) = read_embedded(path).segments
    assert (segment.kind, segment.text, float(segment.start)) == ("subclip", "door slams", 0.05)


def test_timed_lyrics_become_lines_and_others_one_text():
    timed = list(lyrics("[00:01.50]one\n[ti:song]\n[00:03.00]two\n", Fraction(5)))
    assert [(s.start, s.end, s.text) for s in timed] == [
        (Fraction(3, 2), 3, "one"),
        (3, 5, "two"),
    ]
    whole = list(lyrics("la la", Fraction(5)))
    assert [(s.start, s.end, s.text) for s in whole] == [(0, 5, "la la")]


# --- stills -----------------------------------------------------------------------


def exif_of(entries: dict[int, object], gps: dict[int, object] | None = None) -> Image.Exif:
    exif = Image.Exif()
    exif.update(entries)
    if gps:
        exif.get_ifd(0x8825).update(gps)
    return exif


def rational(*numbers: float) -> tuple[TiffImagePlugin.IFDRational, ...]:
    return tuple(TiffImagePlugin.IFDRational(n) for n in numbers)


def test_a_jpeg_with_exif_and_xmp(tmp_path):
    exif = exif_of(
        {
            0x010F: "Canon",
            0x0110: "EOS R5",
            0x8298: "EXIF rights",
            0x010E: "OLYMPUS DIGITAL CAMERA",
        },
        {
            1: "S",
            2: rational(33, 51, 25.2),
            3: "E",
            4: rational(151, 12, 36),
            5: b"\0",
            6: rational(30)[0],
        },
    )
    path = tmp_path / "a.jpg"
    Image.new("RGB", (32, 24)).save(path, exif=exif, xmp=XMP.encode())
    found = probe(path)
    assert (found.facts.camera_make, found.facts.camera_model) == ("Canon", "EOS R5")
    assert (found.facts.latitude, found.facts.longitude) == (-33.857, 151.21)
    assert found.facts.rights == "(c) 2024 Archive; Editorial use only"  # XMP before EXIF
    assert found.facts.description is None  # what a camera writes everywhere says nothing
    assert found.title == "Bridge at dawn"


def test_the_satellites_clock_tells_the_offset(tmp_path):
    exif = exif_of(
        {0x0132: "2024:05:01 21:30:10"},
        {
            7: rational(18, 30, 4),
            29: "2024:05:01",
            1: "N",
            2: rational(50, 0, 0),
            3: "E",
            4: rational(30, 0, 0),
        },
    )
    path = tmp_path / "a.jpg"
    Image.new("RGB", (8, 8)).save(path, exif=exif)
    found = probe(path)
    assert found.recorded.isoformat() == "2024-05-01T18:30:10+00:00"
    assert "recorded_note" not in found.metadata


def iptc(*records: tuple[int, int, bytes]) -> bytes:
    data = b"".join(struct.pack(">BBBH", 28, r, n, len(v)) + v for r, n, v in records)
    block = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(data)) + data + b"\0" * (len(data) % 2)
    body = b"Photoshop 3.0\0" + block
    return b"\xff\xed" + struct.pack(">H", len(body) + 2) + body


@pytest.mark.parametrize(
    ("charset", "encoding"), [((1, 90, b"\x1b%G"), "utf-8"), ((2, 0, b"\0\2"), "cp1252")]
)
def test_iptc_in_its_own_characters(tmp_path, charset, encoding):
    path = tmp_path / "a.jpg"
    Image.new("RGB", (8, 8)).save(path)
    data = path.read_bytes()
    said = iptc(
        charset,
        (2, 80, "Jérôme".encode(encoding)),
        (2, 116, "© Agence".encode(encoding)),
        (2, 110, b"AFP"),
        (2, 25, "café".encode(encoding)),
        (2, 25, b"night"),
        (2, 55, b"18880506"),
    )
    path.write_bytes(data[:2] + said + data[2:])
    found = probe(path)
    assert (found.facts.creator, found.facts.rights) == ("Jérôme", "© Agence")
    assert found.facts.credit == "AFP"
    assert found.metadata["keywords"] == ["café", "night"]
    assert found.recorded == datetime(1888, 5, 6, tzinfo=UTC)


# --- formats ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+51.5334-000.1255+026.756/", Place(51.5334, -0.1255, 26.76)),
        ("+51.5932-0.2431/", Place(51.5932, -0.2431)),  # Android's, a digit short
        ("+5130.6-00007.5/", Place(51.51, -0.125)),
        ("-335125.2+1511236/", Place(-33.857, 151.21)),
        ("+00.0000+000.0000/", None),
        ("+95.0+010.0/", None),
        ("somewhere", None),
    ],
)
def test_iso_6709(text, expected):
    assert parse_iso6709(text) == expected


def test_xmp_angles():
    assert parse_xmp_angle("33,51.42S") == pytest.approx(-33.857)
    assert parse_xmp_angle("33,51,25.2S") == pytest.approx(-33.857)
    assert parse_xmp_angle("NaN") is None


def test_dolby_vision_and_hdr10():
    display = struct.pack(
        "=20i2i", *(34000, 50000, 16000, 50000, 13250, 50000, 34500, 50000, 7500, 50000),
        *(3000, 50000, 15635, 50000, 16450, 50000, 50, 10000, 1000, 1), 1, 1,
    )  # fmt: skip
    sides = {
        "MASTERING_DISPLAY_METADATA": display,
        "CONTENT_LIGHT_LEVEL": struct.pack("=II", 1000, 400),
    }
    facts = hdr_facts(sides)
    assert facts["mastering_display"]["max_nits"] == 1000
    assert facts["mastering_display"]["red"] == [0.68, 0.32]
    assert facts["content_light_level"] == {"max": 1000, "average": 400}
    assert hdr_kinds("smpte2084", "bt2020", sides, facts) == ("pq", "hdr10")


def test_timecode_in_a_picture():
    ntsc = Fraction(30000, 1001)
    word = 0x10 | 0x20 << 8 | 0x30 << 16 | 0x12 << 24 | 1 << 30  # 10:20:30;12 in BCD
    assert (
        timecode_in_picture({"S12M_TIMECODE": struct.pack("=4I", 1, word, 0, 0)}, ntsc)
        == "10:20:30;12"
    )
    group = 1 << 19 | 2 << 13 | 3 << 6 | 4
    assert timecode_in_picture({"GOP_TIMECODE": struct.pack("=q", group)}, PAL) == "01:02:03:04"
    assert timecode_in_picture({"GOP_TIMECODE": struct.pack("=q", 0)}, PAL) is None
    assert timecode_in_picture({"GOP_TIMECODE": struct.pack("=q", 1 << 19 | 30)}, PAL) is None


@pytest.mark.skipif(not REAL_MEDIA.is_dir(), reason=f"SKIPPED: no real footage at {REAL_MEDIA}")
def test_a_real_iphone_in_dolby_vision():
    found = probe(REAL_MEDIA / "video" / "media3_dolbyVision-hdr.MOV")
    assert found.video.hdr == ("hlg", "dolbyvision")
    assert found.metadata["hdr"]["dolby_vision"]["profile"] == "8.4"
    assert found.facts.camera_model == "iPhone 14 Pro"


# --- hostile ----------------------------------------------------------------------

KNOWN = st.sampled_from(
    ["location", "creation_time", "make", "date", "reel_name", "copyright", "time_reference"]
)
WAVE_64 = bytes.fromhex("726966662e91cf11a5d628db04c10000") + b"\0" * 24
MXF = bytes.fromhex("060e2b34020501010d01020101020400 83000058") + b"\0" * 40
HEADS = st.sampled_from(
    [b"RIFF\xff\xff\xff\xffWAVE", b"\0\0\0\x10ftypisom\0\0\0\0", WAVE_64, MXF, b""]
)
PIECES = st.lists(
    st.sampled_from(
        [
            *(b"moov", b"\0\0\0\x08", b"\0\0\0\0trak", b"\0\0\0\x01"),
            *(b"iXML", b"udta", MXF[:16], b"\xff" * 8),
        ]
    ),
    max_size=12,
)
HOSTILE = st.text(st.characters(codec=None), max_size=60)
ANYTHING = st.one_of(
    HOSTILE,
    st.sampled_from(["0000-00-00", "9999-12-31T23:59:59-14:00", "+nan+nan/", "1e999", "\0"]),
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(KNOWN | HOSTILE, ANYTHING))
def test_any_tags_are_clean_facts(tags):
    cleaned = clean_tags(tags)
    facts = facts_of_tags(cleaned)
    moment, _ = find_recorded(cleaned)
    assert moment is None or 1826 <= moment.year < 2100
    for text in [*cleaned, *cleaned.values(), facts.camera_make or ""]:
        assert "\0" not in text
        text.encode()  # no half characters, which neither JSON nor PostgreSQL take
    if facts.latitude is not None:
        assert abs(facts.latitude) <= 90
        assert abs(facts.longitude) <= 180


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=120), HEADS, PIECES)
def test_any_bytes_end_the_walk(tmp_path_factory, noise, head, pieces):
    path = tmp_path_factory.getbasetemp() / "noise.bin"
    path.write_bytes(head + b"".join(pieces) + noise)
    parts_of(path)
    parse_nested(noise)
    read_xmp(noise)
    dolby_vision(noise)
    hdr_facts({"MASTERING_DISPLAY_METADATA": noise, "CONTENT_LIGHT_LEVEL": noise})
    timecode_in_picture({"S12M_TIMECODE": noise, "GOP_TIMECODE": noise}, PAL)


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=60))
def test_any_exif_block_is_read_or_left_out(block, packet):
    image = Image.new("RGB", (4, 4))
    image.info |= {"exif": b"Exif\0\0II*\0\x08\0\0\0" + block, "xmp": packet}
    read_exif(image)
