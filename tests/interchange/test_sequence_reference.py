"""An image sequence in OpenTimelineIO is its numbered files, as other programs find them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest

from catalog.domain.mapping import place_of
from catalog.domain.timecode import Timecode
from catalog.domain.timeline import Chosen, Media, Timeline, lay
from catalog.interchange.formats import FORMATS
from catalog.interchange.otio_file import write_otio
from catalog.interchange.written import Options


def timeline(name: str, first: int | None) -> Timeline:
    place = place_of(Path("/mnt/scans"), Path("reel 1") / name)
    start = Timecode(24 * 3600, 24)
    media = Media(1, "id", name, "R1", Fraction(24), start, 240, place, first_number=first)
    return lay("cut", [Chosen(media, Fraction(1), Fraction(3), Fraction(0), "bridge", clip_id=1)])


def reference(made: Timeline) -> otio.core.MediaReference:
    content = write_otio(made, Options()).data
    read = otio.adapters.read_from_string(content.decode(), "otio_json")
    (clip,) = read.find_clips()
    return clip.media_reference


@pytest.mark.parametrize(
    ("name", "number", "url"),
    [
        ("shot.%04d.dpx", 1001, "file:///mnt/scans/reel%201/shot.1001.dpx"),
        ("ä b_%06d.exr", 7, "file:///mnt/scans/reel%201/%C3%A4%20b_000007.exr"),
    ],
)
def test_it_is_found_by_its_numbers(name, number, url):
    found = reference(timeline(name, number))
    assert isinstance(found, otio.schema.ImageSequenceReference)
    assert (found.start_frame, found.rate) == (number, 24)
    assert found.target_url_for_image_number(0) == url
    assert found.number_of_images_in_sequence() == 240
    assert found.name == name


def test_what_is_called_like_one_and_is_none_is_a_file():
    found = reference(timeline("shot.%04d.dpx", None))
    assert isinstance(found, otio.schema.ExternalReference)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("edl", "* SOURCE FILE: /mnt/scans/reel 1/shot 50%.1001.dpx\n"),
        ("ale", "\tshot 50%.1001.dpx\t/mnt/scans/reel 1/\t/mnt/scans/reel 1/shot 50%.1001.dpx\t"),
        ("fcpxml", 'src="file:///mnt/scans/reel%201/shot%2050%25.1001.dpx"'),
        ("fcp7xml", "<pathurl>file://localhost/mnt/scans/reel%201/shot%2050%25.1001.dpx<"),
    ],
)
def test_lists_of_files_name_its_first_frame_and_say_so(name, wanted):
    written = FORMATS[name].write(timeline("shot 50%.%04d.dpx", 1001), Options())
    assert wanted in written.data.decode()
    assert "sequence" in {left.what for left in written.left_out}
    written = FORMATS[name].write(timeline("shot.mov", None), Options())
    assert "sequence" not in {left.what for left in written.left_out}
