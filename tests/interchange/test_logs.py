"""Logs of other programs: our own exports come back as the same frames of the same essence, and
the samples lose nothing that OpenTimelineIO finds in them."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio
import pytest
from hypothesis import HealthCheck, given, settings
from timelines import timelines

from catalog.domain.log_matching import Known, forms_of, match
from catalog.domain.sidecars import Essence, LogEntry, entry_place, name_forms
from catalog.domain.timeline import Cut, Media, Timeline
from catalog.errors import InvalidInputError
from catalog.export.log_files import _entry, read_log
from catalog.interchange.aaf import write_aaf
from catalog.interchange.formats import FORMATS
from catalog.interchange.logs import read_aaf_log
from catalog.interchange.read_aaf import read_aaf
from catalog.interchange.read_fcp7 import read_fcp7
from catalog.interchange.read_fcpx import read_fcpxml
from catalog.interchange.read_otio import read_otio
from catalog.interchange.written import Options

NLE = Path(__file__).resolve().parents[2].parent / "shared" / "nle"
needs_samples = pytest.mark.skipif(not NLE.is_dir(), reason=f"SKIPPED: no samples in {NLE}")
EXAMPLES = settings(
    max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


def known(media: Media) -> Known:
    """An essence as the catalogue knows it."""
    essence = Essence(
        names=name_forms(media.name),
        reels=name_forms(media.reel),
        duration=media.frames / media.rate,
        rate=media.rate,
        start=Fraction(media.start.frames) / media.rate,
    )
    return Known(media.id, media.name, essence, (media.place.path,))


def found(timeline: Timeline, entries: list[LogEntry]) -> set[tuple[int, int, int]]:
    """Asset, first frame and number of frames of each entry; none may be without an asset."""
    assets = {each.id: each for each in (known(cut.media) for cut in timeline.cuts)}
    matched = match(entries, list(assets.values()))
    assert matched.unmatched == []
    places = set()
    for asset_id, its in matched.of_asset.items():
        rate = assets[asset_id].essence.rate
        for entry in its:
            start, end = entry_place(entry, assets[asset_id].essence)
            assert ((start * rate).denominator, (end * rate).denominator) == (1, 1)
            places.add((asset_id, int(start * rate), int((end - start) * rate)))
    return places


def whole(cut: Cut) -> tuple[int, int, int]:
    return (cut.media.id, cut.first, cut.frames)


def chosen(cut: Cut) -> tuple[int, int, int]:
    """Without its handles."""
    before, after = cut.handles
    return (cut.media.id, cut.first + before, cut.frames - before - after)


@pytest.mark.parametrize("format_name", ["edl", "ale", "csv", "otio", "fcpxml", "fcp7xml"])
def test_what_is_exported_comes_back(tmp_path: Path, format_name: str):
    path = tmp_path / f"bin{FORMATS[format_name].suffix}"

    @EXAMPLES
    @given(timelines())
    def holds(timeline: Timeline) -> None:
        path.write_bytes(FORMATS[format_name].write(timeline, Options()).data)
        kind, entries = read_log(path)
        assert kind.value == format_name
        places = found(timeline, entries)
        expected = {chosen(c) if format_name == "otio" else whole(c) for c in timeline.cuts}
        remarked = {chosen(c) for c in timeline.cuts if c.markers}
        assert expected <= places <= expected | remarked

    holds()


@settings(EXAMPLES, max_examples=6)
@given(timelines(most=4))
def test_an_aaf_comes_back(tmp_path_factory: Any, timeline: Timeline):
    path: Path = tmp_path_factory.getbasetemp() / "back.aaf"
    path.write_bytes(write_aaf(timeline, Options()).data)
    places = found(timeline, [_entry(each) for each in read_aaf(str(path))])
    expected = {whole(cut) for cut in timeline.cuts}
    assert expected <= places <= expected | {chosen(cut) for cut in timeline.cuts}


READERS: dict[str, Callable[[bytes], list[Any]]] = {
    ".otio": read_otio,
    ".fcpxml": read_fcpxml,
    ".xml": read_fcp7,
}
SAMPLES = sorted(p.name for p in NLE.glob("*") if p.suffix in {*READERS, ".aaf"})
# What OpenTimelineIO (0.18.1) itself cannot read, counted by hand: files of newer versions.
COUNTED = {"otio_premiere_example.otio": 11, "otio_screening_example.otio": 9}
NO_TIMELINE = {"imf_CPL_70176947-ea8e-41f9-b2cf-ae58ec8bdb78.xml": "it is no xmeml"}


def ours(name: str) -> list[Any]:
    path = NLE / name
    return read_aaf(str(path)) if path.suffix == ".aaf" else READERS[path.suffix](path.read_bytes())


@needs_samples
@pytest.mark.parametrize("name", SAMPLES)
def test_samples_lose_nothing(name: str):
    if name in NO_TIMELINE:
        with pytest.raises(ValueError, match=NO_TIMELINE[name]):
            ours(name)
        return
    entries = ours(name)
    parts = {(each.start, each.frames) for each in entries}
    if name in COUNTED:
        clips = json.dumps(json.loads((NLE / name).read_bytes())).count('"Clip.')
        assert clips >= COUNTED[name]
        assert len(parts) >= COUNTED[name]
        return
    logging.getLogger().setLevel(logging.ERROR)
    read = otio.adapters.read_from_file(str(NLE / name))
    expected = set()
    for clip in read.find_clips():
        part = clip.source_range or clip.available_range()
        if not isinstance(clip.media_reference, otio.schema.GeneratorReference):
            expected.add((round(part.start_time.value), round(part.duration.value)))
    assert expected
    # Frames of FCPXML it cuts off, where we round.
    near = {(a + x, b + y) for a, b in parts for x in (0, -1) for y in (0, -1)}
    assert expected - (near if name.endswith(".fcpxml") else parts) == set()


@needs_samples
def test_an_aaf_is_read_in_a_process_of_its_own(tmp_path: Path):
    told = read_aaf_log(NLE / "otioaaf_one_clip.aaf")
    assert told == read_aaf(str(NLE / "otioaaf_one_clip.aaf"))
    assert [each.text for each in told][:2] == ["ppjoshm_1 (SIM1)", "ppjoshm_1.gt_1"]
    assert (told[0].timecode_in, told[0].timecode_out) == ("01:00:04:05", "01:00:04:15")
    broken = tmp_path / "broken.aaf"
    data = bytearray((NLE / "otioaaf_one_clip.aaf").read_bytes())
    data[4096:65536] = b"\xff" * 61440
    broken.write_bytes(data)
    with pytest.raises(ValueError, match="no AAF that can be read"):
        read_aaf_log(broken)


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    b"<xmeml><sequence><name>&b;</name></sequence></xmeml>"
)
OUTSIDE = (
    b'<?xml version="1.0"?><!DOCTYPE fcpxml [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    b"<fcpxml><resources/>&e;</fcpxml>"
)


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("bomb.xml", BOMB, "no XML that can be read"),
        ("outside.fcpxml", OUTSIDE, "no XML that can be read"),
        ("deep.otio", b"[" * 200_000, "it is no JSON"),
        ("other.otio", b'{"name": 1}', "no OpenTimelineIO file"),
        ("page.xml", b"<html/>", "no xmeml but 'html'"),
        ("empty.fcpxml", b"", "no XML that can be read"),
        ("no.aaf", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 5000, "no AAF"),
        ("no.edl", b"TITLE: nothing\n", "it has no event"),
        (
            "cpl.xml",
            b'<CompositionPlaylist xmlns="urn:x"/>',
            "but a composition playlist of an IMF",
        ),
        ("story.fcpxmld", b"<fcpxml/>", "it is a file, and such a package a folder"),
        ("log.avb", b"x", "is no log by its suffix"),
        ("letter.txt", b"Dear editor,\nit is done.\n", "is no log by its beginning"),
    ],
)
def test_what_is_no_log_is_refused_with_its_reason(
    tmp_path: Path, name: str, data: bytes, reason: str
):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(InvalidInputError, match=reason):
        read_log(path)


XMEML = (NLE / "otio_premiere_example.xml", "fcp7xml")
FCPXML = (NLE / "otio_fcpx_example.fcpxml", "fcpxml")
OTIO = (NLE / "otio_multitrack.otio", "otio")


@needs_samples
@pytest.mark.parametrize(
    ("sample", "kind", "name"),
    [
        *[(*XMEML, f"story.{suffix}") for suffix in ("fcp7xml", "xmeml", "XML", "xml.txt")],
        *[(*FCPXML, f"story.{suffix}") for suffix in ("fcpx", "xml", "fcpxml.txt")],
        *[(*OTIO, f"story.{suffix}") for suffix in ("json", "otio.txt")],
        *[(NLE / "otio_sample.ale", "ale", f"bin.{suffix}") for suffix in ("ALE", "txt")],
        *[(NLE / "otio_25fps.edl", "edl", f"cut.{suffix}") for suffix in ("cmx", "Cmx3600", "txt")],
    ],
)
def test_a_log_is_known_by_other_spellings(tmp_path: Path, sample: Path, kind: str, name: str):
    path = tmp_path / name
    path.write_bytes(sample.read_bytes())
    found, entries = read_log(path)
    assert (found.value, entries) == (kind, read_log(sample)[1])


@pytest.mark.parametrize("name", ["shots.tsv", "shots.tab", "shots.txt", "shots.csv"])
def test_a_table_between_tabs_is_known_too(tmp_path: Path, name: str):
    path = tmp_path / name
    path.write_text("Name\tStart\tEnd\na.mov\t10:00:00:00\t10:00:01:00\n", encoding="utf-16")
    kind, [entry] = read_log(path)
    assert (kind.value, entry.files, entry.timecode_in) == ("csv", ("a.mov",), "10:00:00:00")


def test_a_project_is_refused_with_what_to_do(tmp_path: Path):
    path = tmp_path / "story.prproj"
    path.write_bytes(b"x")
    with pytest.raises(InvalidInputError) as refused:
        read_log(path)
    assert "Final Cut Pro XML" in str(refused.value.remedy)


def test_hostile_numbers_are_no_frames():
    huge = {"OTIO_SCHEMA": "RationalTime.1", "rate": 1e-300, "value": 1e308}
    clip = {
        "OTIO_SCHEMA": "Clip.2",
        "name": "\ud800 a\u0000b",
        "source_range": {"start_time": huge, "duration": huge},
        "media_reference": {"target_url": 7},
    }
    fine = {"rate": 25, "value": 3}
    good = {**clip, "source_range": {"start_time": fine, "duration": fine}}
    timeline = {"OTIO_SCHEMA": "Timeline.1", "tracks": {"children": [clip, good, None, 3]}}
    [entry] = map(_entry, read_otio(json.dumps(timeline).encode()))
    # No NUL and no half of a character reaches the database.
    assert entry.text == "? ab"
    assert entry.timecode_in == "00:00:00:03"


def test_a_frame_means_its_sequence_and_no_other_photograph():
    def asset(number: int, *names: str) -> Known:
        rate = Fraction(24)
        essence = Essence(name_forms(*names), frozenset(), Fraction(4), rate, Fraction(0))
        return Known(number, names[0], essence)

    scans = asset(1, "shot.[0001-0096].dpx", "shot.%04d.dpx")
    photograph = asset(2, "IMG_0001.jpg")
    rows = [LogEntry(files=(name,)) for name in ("S:\\a\\shot.0001.exr", "IMG_0002.jpg")]
    found = match(rows, [scans, photograph])
    assert found.of_asset == {1: [rows[0]]}
    assert "shot.%04d" in forms_of(rows)


def test_a_row_of_nobody_is_shown_as_it_stands():
    path = "S:\\rushes\\" + "deep\\" * 30 + "A001.mov"
    row = LogEntry(files=(path, "S:\\rushes\\"), reels=("A001",))
    [unmatched] = match([row], []).unmatched
    assert unmatched.reason == (f"no asset is called '…{path[-79:]}', nor of the reel 'A001'")


def test_whom_a_row_means():
    rate = Fraction(25)

    def asset(number: int, start: int, **more: Any) -> Known:
        names = name_forms(more.get("name", "clip.mov"))
        reels = name_forms(*more.get("reels", ()))
        essence = Essence(names, reels, Fraction(60), rate, Fraction(start))
        return Known(number, "clip.mov", essence, more.get("paths", ()), True, "10:00 to 10:01")

    def row(*files: str, reels: tuple[str, ...] = (), at: str = "10:00:01:00") -> LogEntry:
        return LogEntry(files, reels, at, f"{at[:6]}59{at[8:]}", rate)

    first, second = asset(1, 36000, reels=("A001",)), asset(2, 36000, reels=("A002",))
    later = asset(3, 72000)
    several = [first, second, later]
    told = match([row("clip.mov", reels=("A002",)), row("clip", at="20:00:01:00")], several)
    assert {key: len(rows) for key, rows in told.of_asset.items()} == {2: 1, 3: 1}
    told = match([row("clip.mov"), row("clip.mov", at="04:00:00:00"), row("x.mov")], several)
    reasons = [each.reason for each in told.unmatched]
    assert [each.row for each in told.unmatched] == [1, 2, 3]
    assert reasons[0] == "2 assets fit (1, 2), and nothing tells which is meant"
    assert reasons[1].startswith("04:00:00:00 to 04:00:59:00 lies in none of clip.mov (10:00 to")
    assert reasons[2] == "no asset is called 'x.mov'"
    # Of two of one name, the path tells; a bare reel is enough where the timecode lies in it.
    near = [
        asset(1, 36000, paths=("/a/day 1/clip.mov",)),
        asset(2, 36000, paths=("/a/2/clip.mov",)),
    ]
    told = match([row("Z:\\a\\DAY 1\\clip.mov")], near)
    assert list(told.of_asset) == [1]
    told = match(
        [row(reels=("A001",)), row(reels=("A001",), at="01:00:00:00"), LogEntry()], several
    )
    assert (list(told.of_asset), len(told.unmatched)) == ([1], 2)
    assert told.unmatched[1].reason == "it names no file and no reel"
