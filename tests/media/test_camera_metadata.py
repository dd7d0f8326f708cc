"""Cameras' XML, telemetry and cards: what they say, whom they speak of, and hostile ones."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from camera_samples import DJI_AIR, DJI_NEW, DJI_OLD, p2, sony
from hypothesis import given
from hypothesis import strategies as st

from catalog.domain.sidecars import SidecarKind
from catalog.errors import SidecarError
from catalog.media.files import find_media
from catalog.media.said import Said
from catalog.media.sidecars import Candidate, Folder, places_of, read_sidecar
from catalog.media.sidecars.beside import SUFFIXES
from catalog.media.sidecars.telemetry import is_telemetry


def read(folder: Path, name: str, text: str | bytes):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_sidecar(Candidate(path, SUFFIXES[path.suffix.lower()], 0, 0, beside=True))


# --- Sony ----------------------------------------------------------------------------


def test_sonys_metadata_names_camera_lens_place_and_time(tmp_path: Path):
    said = read(tmp_path, "C0001M01.XML", sony()).description
    assert (said.title, said.description) == ("Harbour", "Gulls over the harbour wall")
    assert said.recorded == datetime(2024, 5, 1, 9, 58, 30, tzinfo=UTC)
    assert (said.camera_make, said.camera_model) == ("Sony", "PXW-Z90")
    assert (said.camera_serial, said.lens) == ("0012345", "FE 24-105mm F4 G OSS")
    assert (said.latitude, said.longitude) == (pytest.approx(53.5418056), pytest.approx(-9.9666667))
    assert (said.altitude, said.start_timecode) == (-3.5, "10:45:30:12")
    gamma = said.metadata["acquisitionrecord"]["cameraunitmetadataset"]["capturegammaequation"]
    assert gamma == "s-log3-cine"
    assert "klvpackettable" not in said.metadata


@pytest.mark.parametrize(
    ("document", "timecode"),
    [
        (sony("12304510"), "10:45:30:12"),
        (sony("12304510", half="true", fps="50p"), "10:45:30:24"),  # an address for two pictures
        (sony("52000001", fps="29.97p"), "01:00:00;12"),  # bit 6 of the frames: drop-frame
        (sony("1A000001"), None),  # no digit
        (sony("123045"), None),
    ],
)
def test_sonys_timecode_is_written_backwards(tmp_path: Path, document: str, timecode: str | None):
    assert read(tmp_path, "C0001M01.XML", document).description.start_timecode == timecode


def test_a_receiver_without_a_fix_knows_no_place(tmp_path: Path):
    said = read(tmp_path, "C0001M01.XML", sony(status="V")).description
    assert (said.latitude, said.longitude, said.altitude) == (None, None, None)


@pytest.mark.parametrize(
    ("said", "recorded", "note"),
    [
        ("2024-05-01T14:00:00+02:00", datetime(2024, 5, 1, 12, tzinfo=UTC), None),
        ("2024-05-01 14:00:00 +0200", datetime(2024, 5, 1, 12, tzinfo=UTC), None),
        ("2024-05-01T14:00:00", datetime(2024, 5, 1, 14, tzinfo=UTC), "UTC assumed"),
        ("2024-05-01", datetime(2024, 5, 1, tzinfo=UTC), "day only"),
    ],
)
def test_a_clock_without_an_offset_comes_after_an_exact_moment(
    said: str, recorded: datetime, note: str | None
):
    document = {"device": {"modelname": "PXW-Z90"}, "creationdate": {"value": said}}
    assert Said(xml=document).recorded == (recorded, note)
    both = Said(xml=document, tags={"creation_time": "2024-05-01T11:30:00Z"})
    exact = recorded if note is None else datetime(2024, 5, 1, 11, 30, tzinfo=UTC)
    assert both.recorded == (exact, None)


# --- Panasonic and Canon -------------------------------------------------------------


@pytest.mark.parametrize("root", ["P2Main", "ClipMain"])
def test_panasonics_and_canons_metadata_are_alike(tmp_path: Path, root: str):
    said = read(tmp_path, "0001AB.XML", p2(root)).description
    assert (said.title, said.description) == ("Market square", "The mayor arrives")
    assert (said.scene, said.take, said.creator) == ("12", "3", "A. Sato")
    assert said.recorded == datetime(2023, 10, 1, 23, 30, tzinfo=UTC)
    assert (said.camera_make, said.camera_model) == ("Panasonic", "AG-HPX3100")
    assert (said.camera_serial, said.start_timecode) == ("G4TB00012", "10:00:00:12")
    assert (said.latitude, said.longitude, said.altitude) == (-35.5, 139.7, 40)
    content = said.metadata["clipcontent"]
    assert len(content["essencelist"]["audio"]) == 2
    assert content["relation"]["globalshotid"] == "060A2B3402"  # of a take on several cards
    assert content["relation"]["connection"]["next"]["clipname"] == "0002CD"


@pytest.mark.parametrize(
    ("rate", "drop", "timecode"),
    [("25p", "false", "10:00:00:12"), ("50i", "false", "10:00:00:12"),
     ("50p", "false", "10:00:00:24"), ("59.94p", "true", "10:00:00;24"),
     ("29.97p", "true", "10:00:00;12")],
)  # fmt: skip
def test_p2_counts_pairs_of_pictures_above_thirty(tmp_path: Path, rate: str, drop: str, timecode):
    said = read(tmp_path, "0001AB.XML", p2(rate=rate, drop=drop)).description
    assert said.start_timecode == timecode


# --- other XML -----------------------------------------------------------------------


def test_any_xml_beside_a_clip_is_read_by_the_names_of_its_elements(tmp_path: Path):
    text = """<clip><meta><CameraModel>ALEXA 35</CameraModel><Reel>A001R1AB</Reel>
    <Keywords>night</Keywords><Keywords>rain</Keywords></meta><title>Roof</title>
    <inner><title>not this</title><Latitude>48.2</Latitude><Longitude>16.37</Longitude></inner>
    </clip>"""
    said = read(tmp_path, "a.xml", text).description
    assert (said.title, said.camera_model, said.reel) == ("Roof", "ALEXA 35", "A001R1AB")
    assert (said.tags, said.latitude, said.longitude) == (("night", "rain"), 48.2, 16.37)
    assert said.metadata["inner"] == {"title": "not this", "latitude": "48.2", "longitude": "16.37"}


@pytest.mark.parametrize(
    "text",
    [
        '<?xml version="1.0"?><!DOCTYPE xmeml><xmeml version="5"><sequence/></xmeml>',
        '<!DOCTYPE fcpxml>\n<fcpxml version="1.10"/>',
        '<MediaProfile xmlns="urn:x"><Contents/></MediaProfile>',
    ],
)
def test_timelines_and_lists_of_cards_say_nothing_and_warn_of_nothing(tmp_path: Path, text: str):
    said = read(tmp_path, "a.xml", text)
    assert (said.description.metadata, said.segments) == ({}, ())


def test_xdcam_ex_has_smil_that_is_no_subtitle(tmp_path: Path):
    smil = '<?xml version="1.0"?><smil xmlns="urn:schemas-professionalDisc"><body/></smil>'
    assert read(tmp_path, "a.SMI", smil).segments == ()


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
        '<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
        "<x><y></x>",
        "no XML",
        b"\x00\x01\x02",
    ],
)
def test_unsafe_and_broken_xml_is_refused(tmp_path: Path, text):
    with pytest.raises(SidecarError):
        read(tmp_path, "a.xml", text)


def test_reds_looks_are_read_where_they_are_text(tmp_path: Path):
    text = "Reel ID: A001\nCamera Model: KOMODO-X\nISO = 800\n"
    said = read(tmp_path, "a.RMD", text).description
    assert (said.camera_model, said.metadata["iso"]) == ("KOMODO-X", "800")
    binary = read(tmp_path, "b.RMD", bytes(range(256)) * 4)
    assert (binary.description.metadata, binary.kind) == ({}, SidecarKind.XML)
    as_xml = read(tmp_path, "c.RMD", "<rmd><Lens>Zeiss 35</Lens></rmd>")
    assert as_xml.description.lens == "Zeiss 35"


def test_blackmagics_sidecar_is_json(tmp_path: Path):
    said = read(tmp_path, "a.sidecar", '{"camera_type": "URSA", "iso": 800, "lens_type": "35mm"}')
    assert (said.description.camera_model, said.description.lens) == ("URSA", "35mm")


# --- telemetry -----------------------------------------------------------------------


def test_a_drones_subtitles_are_no_speech(tmp_path: Path):
    text = "".join(DJI_NEW.format(n=n, iso=100 * n) for n in range(1, 6))
    said = read(tmp_path, "DJI_0001.SRT", text)
    assert (said.kind, said.segments) == (SidecarKind.TELEMETRY, ())
    told = said.description
    assert (told.latitude, told.longitude, told.altitude) == (59.302335, 18.203059, 132.86)
    assert told.metadata["iso"] == ["100", "200", "300", "400", "500"]
    assert told.metadata["fnum"] == "2.8"
    assert told.metadata["focal_length"] == "24"
    assert told.metadata["shutter"] == "1/1250.0"
    assert told.metadata["recorded_local"] == "2023-05-10T14:13:31.145"
    assert told.metadata["color_mode"] == "dlog_m"


@pytest.mark.parametrize(
    ("cue", "place", "told"),
    [
        (DJI_OLD, (-20.2533, 149.0251), {"iso": "100", "shutter": "60", "fnum": "2.2"}),
        (DJI_AIR, (51.5072, -0.1276), {"iso": "150", "fnum": "2.8", "distance": "24.26"}),
    ],
)
def test_older_drones_spell_it_otherwise(tmp_path: Path, cue: str, place, told):
    said = read(tmp_path, "DJI_0001.SRT", "".join(cue.format(n=n) for n in range(1, 5)))
    assert said.kind is SidecarKind.TELEMETRY
    assert (said.description.latitude, said.description.longitude) == place
    assert told.items() <= said.description.metadata.items()


@pytest.mark.parametrize(
    "texts",
    [[], ["Welcome to the press conference."], ["Set ISO: 100 and shutter 60.", "Then look."],
     ["At h 5 we meet", "d 7"]],
)  # fmt: skip
def test_speech_about_cameras_is_speech(texts: list[str]):
    assert not is_telemetry(texts)


# --- which file speaks of which ------------------------------------------------------


def test_metadata_is_beside_its_clip_by_its_makers_rule(tmp_path: Path):
    for name in (
        *("C0001.MP4", "C0001M01.XML", "C0002.MP4", "AA000101.MXF", "AA000101.XML", "AA0001.CIF"),
        *("A001_C002_0101AB_001.mov", "A001_C002_0101AB.RMD", "A001_C002_0101AB.RTN"),
        *("x.MP4", "xM01.MP4", "xM01.XML", "b.mov", "b.sidecar", "MEDIAPRO.XML"),
    ):
        (tmp_path / name).touch()
    folder = Folder(tmp_path)
    found = {
        name: [c.path.name for c in folder.candidates(name)]
        for name in ("C0001.MP4", "C0002.MP4", "AA000101.MXF", "A001_C002_0101AB_001.mov", "x.MP4",
                     "xM01.MP4", "b.mov")
    }  # fmt: skip
    assert found == {
        "C0001.MP4": ["C0001M01.XML"],
        "C0002.MP4": [],
        "AA000101.MXF": ["AA000101.XML"],
        "A001_C002_0101AB_001.mov": ["A001_C002_0101AB.RMD"],
        "x.MP4": [],
        "xM01.MP4": ["xM01.XML"],
        "b.mov": ["b.sidecar"],
    }


def test_p2s_metadata_lies_in_a_folder_of_their_own():
    video = Path("/card/CONTENTS/VIDEO/0001AB.MXF")
    sound = Path("/card/CONTENTS/AUDIO/0001AB03.MXF")
    clips = Path("/card/CONTENTS/CLIP")
    assert list(places_of(video)) == [(video.parent, video.name), (clips, "0001AB.MXF")]
    assert list(places_of(sound)) == [(sound.parent, sound.name), (clips, "0001AB.MXF")]
    small = Path("/card/contents/video/0001ab.mxf")
    assert list(places_of(small))[1] == (Path("/card/contents/clip"), "0001ab.mxf")
    other = Path("/card/VIDEO/0001AB.MXF")
    assert list(places_of(other)) == [(other.parent, other.name)]


def test_thumbnails_and_proxies_of_cards_are_no_media(tmp_path: Path):
    for name in (
        *("P2/CONTENTS/VIDEO/1.MXF", "P2/CONTENTS/ICON/1.BMP", "P2/CONTENTS/PROXY/1.MP4"),
        *("S/M4ROOT/CLIP/C1.MP4", "S/M4ROOT/THMBNL/C1T01.JPG", "S/M4ROOT/SUB/C1S03.MP4"),
        *("alone/CONTENTS/PROXY/2.MP4", "else/ICON/3.BMP"),
        *("G/GH010001.MP4", "G/GH010001.THM", "G/GL010001.LRV"),
        *("X/C.MXF", "X/CR01.BIM", "X/CI01.PPN", "X/MVI.THM"),
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = {str(path.relative_to(tmp_path)) for path in find_media(tmp_path)}
    assert found == {
        *("P2/CONTENTS/VIDEO/1.MXF", "S/M4ROOT/CLIP/C1.MP4", "alone/CONTENTS/PROXY/2.MP4"),
        *("else/ICON/3.BMP", "G/GH010001.MP4", "X/C.MXF"),
    }
    # Whoever names the folder wants it.
    assert [p.name for p in find_media(tmp_path / "P2/CONTENTS/PROXY")] == ["1.MP4"]


# --- hostile ones --------------------------------------------------------------------

_DOCUMENTS = [
    sony().encode(),
    p2().encode(),
    "".join(DJI_NEW.format(n=n, iso=1) for n in range(1, 4)).encode(),
]


@given(
    which=st.sampled_from(range(3)),
    at=st.integers(0, 3000),
    junk=st.binary(max_size=12),
    cut=st.integers(0, 400),
)
def test_mutated_metadata_is_read_or_refused(tmp_path_factory, which, at, junk, cut):
    whole = _DOCUMENTS[which]
    data = whole[: at % len(whole)] + junk + whole[at % len(whole) + cut :]
    folder = tmp_path_factory.mktemp("cards")
    with suppress(SidecarError):
        where = read(folder, ("a.xml", "b.xml", "c.srt")[which], data).description
        assert where.latitude is None or abs(where.latitude) <= 90
