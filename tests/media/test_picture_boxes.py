"""What editors write into JPEG 2000 is read as from any other picture."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from PIL import Image

from catalog.media.picture_boxes import iptc_datasets
from catalog.media.probe import probe

XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF'
    ' xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title><rdf:Alt><rdf:li'
    ' xml:lang="x-default">Боривітер</rdf:li></rdf:Alt></dc:title></rdf:Description></rdf:RDF>'
    "</x:xmpmeta>"
)
EXIF = Image.Exif()
EXIF[0x010F], EXIF[0x0110], EXIF[0x0132] = "Zeiss", "Ikonta", "2019:03:04 05:06:07"


def data_set(number: int, text: str) -> bytes:
    content = text.encode()
    return struct.pack(">BBBH", 0x1C, 2, number, len(content)) + content


IPTC = data_set(25, "osprey") + data_set(25, "merlin") + data_set(90, "Київ") + data_set(120, "Sky")


def boxed(identity: bytes, content: bytes, *, wide: bool = False) -> bytes:
    size = 24 + len(content) + (8 if wide else 0)
    head = struct.pack(">I4sQ", 1, b"uuid", size) if wide else struct.pack(">I4s", size, b"uuid")
    return head + identity + content


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "a.jp2"
    Image.new("RGB", (32, 24), "teal").save(path)
    return path


def test_boxes_before_and_behind_the_picture(picture: Path):
    content = picture.read_bytes()
    at = content.index(b"jp2c") - 4
    exif = boxed(b"JpgTiffExif->JP2", EXIF.tobytes()[6:])
    xmp = boxed(bytes.fromhex("be7acfcb97a942e89c71999491e3afac"), XMP.encode(), wide=True)
    iptc = boxed(bytes.fromhex("33c7a4d2b81d4723a0baf1a3e097ad38"), IPTC)
    other = boxed(bytes(16), b"whatever")
    picture.write_bytes(content[:at] + other + exif + xmp + content[at:] + iptc)
    found = probe(picture)
    assert found.title == "Боривітер"
    assert (found.facts.camera_make, found.facts.camera_model) == ("Zeiss", "Ikonta")
    assert found.recorded is not None
    assert found.recorded.year == 2019
    assert found.metadata["iptc"] == {
        "keywords": ["osprey", "merlin"],
        "city": "Київ",
        "caption": "Sky",
    }
    assert found.metadata["keywords"] == ["osprey", "merlin"]
    assert found.facts.description == "Sky"


@pytest.mark.parametrize(
    "box",
    [
        struct.pack(">I4s", 4, b"uuid") + bytes(40),
        struct.pack(">I4s", 0xFFFFFFFF, b"uuid") + b"JpgTiffExif->JP2" + bytes(40),
        struct.pack(">I4sQ", 1, b"uuid", 2**64 - 1) + bytes(40),
        boxed(b"JpgTiffExif->JP2", b"II*\0\xff\xff\xff\xff"),
        boxed(bytes.fromhex("33c7a4d2b81d4723a0baf1a3e097ad38"), b"\x1c\2\x19\xff\xffab"),
    ],
)
def test_boxes_that_lie_say_nothing(picture: Path, box: bytes):
    picture.write_bytes(picture.read_bytes() + box)
    found = probe(picture)
    assert (found.video.width, found.title, found.metadata.get("iptc")) == (32, None, None)


def test_data_sets_end_where_they_make_no_sense():
    assert iptc_datasets(IPTC[:-1])[2, 120] == [b"Sk"]
    assert iptc_datasets(b"\x1c\2") == iptc_datasets(b"") == {}
