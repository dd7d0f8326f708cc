"""What files say, through the whole way: columns, filters, keywords, and describing again."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import text

from catalog import Catalog

XMP = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
 photoshop:Credit="UNIAN">
 <dc:rights><rdf:Alt><rdf:li xml:lang="x-default">Editorial use only</rdf:li></rdf:Alt></dc:rights>
 <dc:subject><rdf:Bag><rdf:li>bridge</rdf:li><rdf:li>river</rdf:li></rdf:Bag></dc:subject>
</rdf:Description></rdf:RDF></x:xmpmeta>"""


def picture(path: Path, place: tuple[float, float], model: str) -> Path:
    exif = Image.Exif()
    exif.update({0x010F: "Canon", 0x0110: model})
    north, east = place
    exif.get_ifd(0x8825).update(
        {1: "N", 2: (north, 0.0, 0.0), 3: "E" if east >= 0 else "W", 4: (abs(east), 0.0, 0.0)}
    )
    path.parent.mkdir(exist_ok=True)
    Image.new("RGB", (64, 48), (len(model), 80, 90)).save(path, exif=exif, xmp=XMP)
    return path


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    picture(tmp_path / "media" / "kyiv.jpg", (50.45, 30.52), "EOS R5")
    picture(tmp_path / "media" / "london.jpg", (51.5, -0.12), "EOS R5 C")
    return tmp_path / "media"


def names(catalog: Catalog, query: str) -> list[str]:
    return [row["name"] for row in catalog.assets(query)["assets"]]


def test_found_by_place_camera_rights_and_words(catalog: Catalog, pictures: Path):
    assert catalog.ingest(pictures).failed == 0
    assert names(catalog, "near:50.4,30.5,20km") == ["kyiv.jpg"]
    assert names(catalog, "near:50.4,30.5,3km") == []
    assert names(catalog, "near:51,15,1500km has:gps") == ["kyiv.jpg", "london.jpg"]
    assert names(catalog, "-near:50.4,30.5,20km") == ["london.jpg"]
    assert names(catalog, 'camera:"EOS R5"') == ["kyiv.jpg"]
    assert names(catalog, "camera:canon*r5*") == ["kyiv.jpg", "london.jpg"]
    assert names(catalog, "rights:*editorial* credit:unian tag:bridge") == [
        "kyiv.jpg",
        "london.jpg",
    ]
    assert names(catalog, "editorial unian canon") == ["kyiv.jpg", "london.jpg"]
    assert names(catalog, "chroma:420 has:rights -has:hdr") == ["kyiv.jpg", "london.jpg"]


def test_the_antimeridian_is_no_border(catalog: Catalog, tmp_path: Path):
    picture(tmp_path / "media" / "fiji.jpg", (17, 179.9), "EOS")
    catalog.ingest(tmp_path / "media")
    assert names(catalog, "near:17,-179.9,30km") == ["fiji.jpg"]
    assert names(catalog, "near:17,-179.9,10km") == []


def test_describing_again_fills_columns_and_loses_nothing(catalog: Catalog, pictures: Path):
    catalog.ingest(pictures, tags=["mine"], metadata={"exif": "as I say", "note": "kept"})
    catalog.tag(["kyiv.jpg"], ["river"], remove=True)
    shown = catalog.show("kyiv.jpg")
    with catalog.database.session() as session:
        # As an older version left it: no such columns, and a title that somebody wrote.
        session.execute(
            text(
                "UPDATE catalog.asset SET title = 'By hand', camera_model = NULL, latitude = NULL,"
                " longitude = NULL, rights = NULL, metadata = metadata - 'xmp' - 'gps'"
            )
        )
        frames = session.execute(text("SELECT id, pts FROM catalog.frame ORDER BY id")).all()
        vectors = session.execute(text("SELECT count(*) FROM catalog.embedding")).scalar_one()
    report = catalog.describe(["kyiv.jpg", "london.jpg"])
    assert (len(report.described), report.failures) == (2, [])
    again = catalog.show("kyiv.jpg")
    assert (again["title"], again["camera_model"]) == ("By hand", "EOS R5")
    assert (again["latitude"], again["rights"]) == (50.45, "Editorial use only")
    assert again["tags"] == ["bridge", "mine"]
    assert again["metadata"]["exif"] == "as I say"
    assert again["metadata"]["note"] == "kept"
    assert again["metadata"]["xmp"] == shown["metadata"]["xmp"]
    assert [c["id"] for c in again["clips"]] == [c["id"] for c in shown["clips"]]
    with catalog.database.session() as session:
        after = session.execute(text("SELECT id, pts FROM catalog.frame ORDER BY id")).all()
        assert after == frames
        assert (
            session.execute(text("SELECT count(*) FROM catalog.embedding")).scalar_one() == vectors
        )


def test_describing_what_is_offline_fails_with_its_reason(catalog: Catalog, pictures: Path):
    catalog.ingest(pictures)
    (pictures / "kyiv.jpg").unlink()
    report = catalog.describe()
    assert [f.code for f in report.failures] == ["unreadable"]
    assert len(report.described) == 1
    assert catalog.show("kyiv.jpg")["camera_model"] == "EOS R5"


def id3(path: Path, words: str) -> Path:
    """An MP3's tag with lyrics before a WAV-less stream of silent frames."""
    body = b"\x03eng\0" + words.encode()
    frame = b"USLT" + struct.pack(">IH", len(body), 0) + body
    size = len(frame)
    sizes = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    silent = b"\xff\xfb\x90\xc4" + b"\0" * 413  # 128 kb/s, 44.1 kHz
    path.write_bytes(b"ID3\x03\0\0" + sizes + frame + silent * 60)
    return path


def test_lyrics_are_heard(catalog: Catalog, tmp_path: Path):
    (tmp_path / "media").mkdir()
    id3(tmp_path / "media" / "song.mp3", "[00:00.20]over the wide Dnipro\n[00:01.00]the wind roars")
    assert catalog.ingest(tmp_path / "media").failed == 0
    clips = [c for c in catalog.show("song.mp3")["clips"] if c["kind"] == "speech"]
    assert [(c["start"], c["text"]) for c in clips] == [
        (0.2, "over the wide Dnipro"),
        (1.0, "the wind roars"),
    ]
    assert names(catalog, "wide dnipro has:speech") == ["song.mp3"]
