"""A story on two tracks: what speaks on V1 with its sound, what shows it on V2 without."""

from __future__ import annotations

import dataclasses
import io
import re
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree as ET

import aaf2
import opentimelineio as otio
import pytest
from PIL import Image

from catalog.domain.mapping import parse_map, place_of
from catalog.domain.timecode import parse_timecode
from catalog.domain.timeline import Chosen, Media, Timeline, lay
from catalog.errors import InvalidInputError
from catalog.interchange.formats import FORMATS
from catalog.interchange.sheet import write_pdf
from catalog.interchange.written import Options, reel_names

RATE = Fraction(25)


def media(number: int, **more: object) -> Media:
    return Media(
        number,
        f"identity {number}",
        f"clip {number}.mov",
        f"R{number}",
        RATE,
        parse_timecode(f"{number:02d}:00:00:00", RATE),
        1000,
        place_of(Path("/mnt"), Path(f"clip {number}.mov")),
        channels=2,
        **more,
    )


@pytest.fixture
def story() -> Timeline:
    """Two answers of four and three seconds, a cutaway over where they meet, a gap, an answer."""

    def part(number: int, start: int, end: int, **more: object) -> Chosen:
        whole = media(number)
        return Chosen(whole, Fraction(start), Fraction(end), Fraction(0), f"clip {number}", **more)

    return lay(
        "Story",
        [
            part(1, 10, 14),
            part(1, 20, 23),
            part(2, 5, 7, track=2, at=Fraction(3), sound=False, note="the harbour"),
            part(1, 30, 31, at=Fraction(9)),
        ],
    )


# Track, first frame on the timeline, first frame of the source from midnight, frames.
EXPECTED = {
    ("V1", 0, 90_000 + 250, 100),
    ("V1", 100, 90_000 + 500, 75),
    ("V1", 225, 90_000 + 750, 25),
    ("V2", 75, 180_000 + 125, 50),
}


@pytest.mark.parametrize(
    ("name", "adapter"), [("otio", "otio_json"), ("fcp7xml", "fcp_xml"), ("aaf", "AAF")]
)
def test_both_tracks_lie_where_they_should(
    story: Timeline, tmp_path: Path, name: str, adapter: str
):
    written = FORMATS[name].write(story, Options())
    path = tmp_path / f"story{FORMATS[name].suffix}"
    path.write_bytes(written.data)
    read = otio.adapters.read_from_file(str(path), adapter)
    pictures = [track for track in read.tracks if track.kind == "Video"]
    found = set()
    for number, track in enumerate(pictures, 1):
        for clip in track.find_clips():
            at = clip.transformed_time(clip.trimmed_range().start_time, track)
            part = clip.trimmed_range()
            place = (round(at.value), round(part.start_time.value), round(part.duration.value))
            found.add((f"V{number}", *place))
    assert found == EXPECTED
    sounds = [track for track in read.tracks if track.kind == "Audio"]
    # The cutaway brings no sound along; of the answers each channel has its track but in OTIO.
    assert [len(list(track.find_clips())) for track in sounds] == [3] * (1 if name == "otio" else 2)


def test_each_channel_of_a_clip_is_found_on_its_own_track_of_the_tape(
    story: Timeline, tmp_path: Path
):
    path = tmp_path / "story.aaf"
    path.write_bytes(FORMATS["aaf"].write(story, Options()).data)
    with aaf2.open(str(path)) as file:
        found = []
        for master in file.content.mastermobs():
            for slot in master.slots:
                [recorded] = slot.segment.mob.slots
                tape = recorded.segment.slot
                assert tape["PhysicalTrackNumber"].value == slot["PhysicalTrackNumber"].value
                found.append((recorded.segment.mob.name, tape.media_kind, slot.name))
    wanted = [("Picture", "V1"), ("Sound", "A1"), ("Sound", "A2")]
    assert found == [(reel, *track) for reel in ("R1", "R2") for track in wanted]


def test_a_still_has_the_format_of_what_has_no_rate():
    still = dataclasses.replace(media(3), still=True, channels=0, width=640, height=480)
    chosen = Chosen(still, Fraction(0), Fraction(5), Fraction(0), "a still")
    written = FORMATS["fcpxml"].write(lay("Stills", [chosen]), Options())
    root = ET.fromstring(written.data)
    [asset] = root.iter("asset")
    [form] = (form for form in root.iter("format") if form.get("id") == asset.get("format"))
    assert dict(form.items()) == {
        "id": form.get("id"),
        "name": "FFVideoFormatRateUndefined",
        "width": "640",
        "height": "480",
    }


def test_a_cutaway_hangs_on_the_clip_below_it(story: Timeline):
    root = ET.fromstring(FORMATS["fcpxml"].write(story, Options()).data)
    [spine] = root.iter("spine")
    assert [child.tag for child in spine] == ["asset-clip", "asset-clip", "gap", "asset-clip"]
    [connected] = spine[0].findall("asset-clip")
    assert (connected.get("lane"), connected.get("srcEnable")) == ("1", "video")
    # Three seconds into a clip whose own time begins at one hour and ten seconds.
    assert connected.get("offset") == "3613s"
    # What stands in an element stands in the order of the document type.
    order = ["note", "conform-rate", "asset-clip", "marker"]
    for clip in root.iter("asset-clip"):
        places = [order.index(child.tag) for child in clip]
        assert places == sorted(places)


def test_reels_that_begin_alike_stay_apart(story: Timeline):
    named = ["A001C001_24", "A001C001_25", "BL", "Band Ü 1/2", "---"]
    cuts = [
        dataclasses.replace(story.cuts[0], media=dataclasses.replace(media(1), reel=reel))
        for reel in (*named, named[0])
    ]
    short = reel_names(cuts, 8)
    assert list(short.values()) == ["A001C001", "A001C002", "REELBL", "Band_U_1", "REEL"]


def test_an_edl_says_that_it_has_one_track(story: Timeline):
    written = FORMATS["edl"].write(story, Options())
    assert [(left.what, left.cut.position) for left in written.left_out] == [("clip", 3)]
    events = re.findall(r"^\d{3}.*$", written.data.decode(), re.MULTILINE)
    # The place of what is missing, and the gap, stay free.
    assert [event.split()[-2] for event in events] == ["01:00:00:00", "01:00:04:00", "01:00:09:00"]


def test_a_sheet_has_every_picture_on_pages_of_its_own(story: Timeline):
    picture = io.BytesIO()
    Image.new("RGB", (64, 36), "blue").save(picture, "JPEG")
    cut = story.cuts[2]
    several = tuple(
        dataclasses.replace(cut, position=n, picture=None if n == 3 else f"key {n}")
        for n in range(1, 15)
    )
    bytes_of = {f"key {n}": picture.getvalue() for n in range(1, 15) if n != 5}
    written = write_pdf(dataclasses.replace(story, cuts=several), Options(picture=bytes_of.get))
    assert (written.data[:5], written.clips) == (b"%PDF-", 14)
    # Twelve to a page.
    assert len(re.findall(rb"/Type /Page\b", written.data)) == 2
    lost = [left.cut.position for left in written.left_out if left.what == "picture"]
    assert lost == [3, 5]


@pytest.mark.parametrize(
    ("mapping", "path", "url"),
    [
        ("/mnt=Z:\\R", "Z:\\R\\d\\ä #1.mov", "file:///Z:/R/d/%C3%A4%20%231.mov"),
        ("/mnt=Z:/R/", "Z:\\R\\d\\ä #1.mov", "file:///Z:/R/d/%C3%A4%20%231.mov"),
        ("/mnt=\\\\nas\\R", "\\\\nas\\R\\d\\ä #1.mov", "file://nas/R/d/%C3%A4%20%231.mov"),
        ("/mnt/d=/Volumes/A B", "/Volumes/A B/ä #1.mov", "file:///Volumes/A%20B/%C3%A4%20%231.mov"),
        ("/mnt=smb://nas/R", "smb://nas/R/d/ä #1.mov", "smb://nas/R/d/%C3%A4%20%231.mov"),
        ("/mn=/x", "/mnt/d/ä #1.mov", "file:///mnt/d/%C3%A4%20%231.mov"),
    ],
)
def test_another_machines_paths(mapping: str, path: str, url: str):
    place = place_of(Path("/mnt"), Path("d/ä #1.mov"), [parse_map(mapping)])
    assert (place.path, place.url, place.relative) == (path, url, "d/ä #1.mov")
    assert place.mapped is (mapping != "/mn=/x")


def test_names_that_are_no_text_keep_their_bytes():
    place = place_of(Path("/mnt"), Path("d/a\udcff.mov"))
    assert place.url == "file:///mnt/d/a%FF.mov"
    assert "\udcff" not in place.path
    with pytest.raises(InvalidInputError, match="no mapping of paths"):
        parse_map("relative=/x")


def test_what_a_list_cannot_carry_has_no_say_in_its_rate():
    """Interviews of one rate, cutaways of another: the list is of the interviews."""

    def part(number: int, rate: Fraction, **more: object) -> Chosen:
        own = dataclasses.replace(
            media(number), rate=rate, start=parse_timecode("01:00:00:00", rate)
        )
        return Chosen(own, Fraction(10), Fraction(12), Fraction(0), f"clip {number}", **more)

    film, odd = Fraction(30_000, 1001), Fraction(25, 2)
    chosen = [
        part(1, film, line=1),
        part(2, RATE, line=1, track=2),
        part(3, RATE, line=2, track=2),
        part(4, odd, line=3),
    ]
    assert lay("Story", chosen).rate == RATE
    listed = lay("Story", chosen, tracks=FORMATS["edl"].tracks)
    assert listed.rate == film
    assert lay("Story", chosen[1:3], tracks=1).rate == RATE, "there is nothing else"
    written = FORMATS["edl"].write(listed, Options())
    assert written.clips == 1
    reasons = [left.reason for left in written.left_out if left.what == "clip"]
    assert reasons == [
        *["an EDL has one video track"] * 2,
        "it has 12.5 frames/s, and an EDL one rate for all, here 29.97",
    ]
