"""What PNG, GIF and animated WebP say in words reaches the fields that people search by."""

from __future__ import annotations

import struct
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from catalog.media.picture_texts import PictureTexts, read_picture_texts
from catalog.media.probe import probe

XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF'
    b' xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
    b' xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title><rdf:Alt><rdf:li>A bridge</rdf:li>'
    b"</rdf:Alt></dc:title><dc:subject><rdf:Bag><rdf:li>river</rdf:li></rdf:Bag></dc:subject>"
    b"</rdf:Description></rdf:RDF></x:xmpmeta>"
)


def picture(shade: int = 30) -> Image.Image:
    return Image.new("RGB", (64, 48), (220, shade, 30))


def with_chunk(path: Path, kind: bytes, content: bytes, *, before: bytes = b"IEND") -> None:
    plain = path.read_bytes()
    at = plain.index(before) - 4
    chunk = kind + content
    made = struct.pack(">I", len(content)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    path.write_bytes(plain[:at] + made + plain[at:])


def with_xmp(path: Path) -> None:
    """As Adobe's programs put it into a GIF: bare, and a run of falling numbers behind it."""
    plain = path.read_bytes()
    at = 13 + (3 << (plain[10] & 7) + 1 if plain[10] & 0x80 else 0)
    trailer = b"\x01" + bytes(range(255, -1, -1)) + b"\0"
    path.write_bytes(plain[:at] + b"\x21\xff\x0bXMP DataXMP" + XMP + trailer + plain[at:])


def test_texts_of_png(tmp_path: Path):
    path = tmp_path / "a.png"
    told = PngInfo()
    told.add_text("Title", "The old bridge")
    told.add_text("Author", "Zoë Müller")
    told.add_text("Description", "Ferries under it", zip=True)
    told.add_itxt("Copyright", "© Бюро 1999", "uk", "Права", zip=True)
    told.add_text("Creation Time", "Sat, 05 Feb 2011 10:11:12 +0100")
    told.add_text("Source", "Scanner 3000")
    told.add_text("workflow", "{}")
    picture().save(path, pnginfo=told)
    found = probe(path)
    assert found.title == "The old bridge"
    assert found.facts.creator == "Zoë Müller"
    assert found.facts.description == "Ferries under it"
    assert found.facts.rights == "© Бюро 1999"
    assert found.facts.credit is None
    assert found.recorded == datetime(2011, 2, 5, 9, 11, 12, tzinfo=UTC)
    assert found.metadata["tags"]["source_device"] == "Scanner 3000"
    assert "workflow" not in found.metadata["tags"]


@pytest.mark.parametrize("moves", [False, True])
def test_texts_behind_the_pixels_of_png(tmp_path: Path, moves: bool):
    path = tmp_path / "a.png"
    further = [picture(90), picture(200)] if moves else []
    picture().save(path, save_all=moves, append_images=further, duration=100)
    with_chunk(path, b"tEXt", b"Description\0" + "Люди на мосту".encode())
    with_chunk(path, b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)
    found = probe(path)
    assert found.facts.description == "Люди на мосту"
    assert found.title == "A bridge"
    assert found.metadata["keywords"] == ["river"]


@pytest.mark.parametrize(
    ("said", "recorded", "note"),
    [
        ("2016-02-08 15:00:00", datetime(2016, 2, 8, 15, tzinfo=UTC), "UTC assumed"),
        ("2016:02:08 15:00:00", datetime(2016, 2, 8, 15, tzinfo=UTC), "UTC assumed"),
        ("2016-02-08", datetime(2016, 2, 8, tzinfo=UTC), "day only"),
        ("last summer", None, None),
    ],
)
def test_when_a_png_was_made(tmp_path: Path, said: str, recorded: datetime | None, note):
    path = tmp_path / "a.png"
    told = PngInfo()
    told.add_text("Creation Time", said)
    picture().save(path, pnginfo=told)
    found = probe(path)
    assert (found.recorded, found.metadata.get("recorded_note")) == (recorded, note)


@pytest.mark.parametrize("moves", [False, True])
def test_comment_and_xmp_of_gif(tmp_path: Path, moves: bool):
    path = tmp_path / "a.gif"
    further = [picture(90), picture(200)] if moves else []
    picture().save(path, save_all=moves, append_images=further, comment="Ferries\nby night")
    with_xmp(path)
    found = probe(path)
    assert found.facts.description == "Ferries\nby night"
    assert found.title == "A bridge"
    assert found.metadata["keywords"] == ["river"]


def test_facts_of_an_animated_webp(tmp_path: Path):
    path = tmp_path / "a.webp"
    exif = Image.Exif()
    exif[0x010F], exif[0x8298] = "Canon", "(c) Bureau"
    picture().save(
        path, save_all=True, append_images=[picture(90)], duration=100, exif=exif, xmp=XMP
    )
    found = probe(path)
    assert (found.title, found.facts.camera_make, found.facts.rights) == (
        "A bridge",
        "Canon",
        "(c) Bureau",
    )


def test_texts_without_end_end_the_walk(tmp_path: Path):
    """Each may unpack to two megabytes: five hundred are more than anybody writes."""
    path = tmp_path / "a.png"
    told = PngInfo()
    told.add_text("Title", "first")
    for number in range(600):
        told.add_text(f"note {number}", "x")
    told.add_text("Author", "last")
    picture().save(path, pnginfo=told)
    assert read_picture_texts(path).tags == {"title": "first"}


def test_xmp_without_an_end_is_looked_for_once(tmp_path: Path):
    path = tmp_path / "a.gif"
    picture().convert("P").save(path)
    plain = path.read_bytes()
    at = 13 + (3 << (plain[10] & 7) + 1 if plain[10] & 0x80 else 0)
    endless = b"\x21\xff\x0bXMP DataXMP" + b"\x03abc\0"
    path.write_bytes(plain[:at] + endless + plain[at:])
    with_xmp(path)
    assert read_picture_texts(path).xmp == XMP
    path.write_bytes(plain[:at] + endless * 3 + b"\x21\xfe\x05words\0" + plain[at:])
    assert read_picture_texts(path) == PictureTexts({"comment": "words"})


def test_a_text_that_unpacks_without_end_is_cut(tmp_path: Path):
    path = tmp_path / "a.png"
    picture().save(path)
    with_chunk(path, b"zTXt", b"Title\0\0" + zlib.compress(b"x" * 50_000_000), before=b"IDAT")
    assert read_picture_texts(path).tags == {"title": "x" * 10_000}


@pytest.mark.parametrize("name", ["a.png", "a.gif"])
def test_what_is_broken_off_ends_the_walk(tmp_path: Path, name: str):
    path = tmp_path / name
    told = PngInfo()
    told.add_text("Comment", "Ferries")
    picture().save(path, pnginfo=told, comment="Ferries")
    whole = path.read_bytes()
    assert read_picture_texts(path).tags == {"comment": "Ferries"}
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert "Ferries".startswith(read_picture_texts(path).tags.get("comment", ""))
    assert read_picture_texts(path).xmp == b""
    assert read_picture_texts(tmp_path / "gone.png") == PictureTexts()


def photoshop(path: Path, *resources: tuple[int, bytes], bits: int = 8) -> Path:
    """A red picture of 8 by 6 pixels with these resources, before and behind others."""

    def resource(number: int, content: bytes, name: bytes = b"") -> bytes:
        spelt = bytes([len(name)]) + name
        spelt += b"\0" * (len(spelt) % 2)
        length = struct.pack(">I", len(content))
        return (
            b"8BIM"
            + struct.pack(">H", number)
            + spelt
            + length
            + content
            + b"\0" * (len(content) % 2)
        )

    told = b"".join(resource(*each) for each in resources)
    told = resource(1005, b"odd", b"named") + told + resource(1006, b"")
    planes = b"\xff" * 48 * (bits // 8) + bytes(96 * (bits // 8))
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, 6, 8, bits, 3)
    path.write_bytes(
        head + bytes(4) + struct.pack(">I", len(told)) + told + bytes(4) + b"\0\0" + planes
    )
    return path


@pytest.mark.parametrize("bits", [8, 16])
def test_resources_of_photoshop(tmp_path: Path, bits: int):
    """Those of sixteen bits FFmpeg reads, others Pillow."""
    found = probe(photoshop(tmp_path / "a.psd", (1060, XMP), bits=bits))
    assert found.title == "A bridge"
    assert found.metadata["keywords"] == ["river"]
    assert found.video is not None
    assert (found.video.width, found.video.height, found.video.bit_depth) == (8, 6, bits)


def test_exif_and_iptc_of_photoshop(tmp_path: Path):
    exif = Image.Exif()
    exif[0x010F], exif[0x9003] = "Canon", "2020:01:02 03:04:05"
    byline = b"\x1c\x02\x50" + struct.pack(">H", 3) + b"Ann"
    found = probe(photoshop(tmp_path / "a.psd", (1028, byline), (1058, exif.tobytes())))
    assert (found.facts.camera_make, found.facts.creator) == ("Canon", "Ann")
    whole = (tmp_path / "a.psd").read_bytes()
    for length in range(len(whole)):
        (tmp_path / "b.psd").write_bytes(whole[:length])
        assert read_picture_texts(tmp_path / "b.psd").iptc in (b"", byline)
