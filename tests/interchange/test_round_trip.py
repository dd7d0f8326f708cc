"""Every format: what is written is read back by OpenTimelineIO as the same clips and frames.

OpenTimelineIO is the judge throughout; where its readers are known to be inexact (frames of
FCPXML at rates that are no whole number) or blind (drop-frame in AAF and xmeml), the file's own
numbers are compared, with timecodes counted by OpenTimelineIO.
"""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import aaf2
import opentimelineio as otio
import pytest
from hypothesis import HealthCheck, given, settings
from timelines import timelines

from catalog.domain.timecode import frames_per_day
from catalog.domain.timeline import Cut, Timeline, spell_rate
from catalog.interchange.aaf import write_aaf
from catalog.interchange.ale import write_ale
from catalog.interchange.edl import write_edl
from catalog.interchange.fcp7 import write_fcp7
from catalog.interchange.fcpx import write_fcpxml
from catalog.interchange.otio_file import write_otio
from catalog.interchange.table import write_csv
from catalog.interchange.written import Options, one_line, xml_text

EXAMPLES = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
FEW = settings(EXAMPLES, max_examples=8)
PLAIN = Options()


def day(cut: Cut) -> int:
    return frames_per_day(cut.media.start.nominal, drop=cut.media.start.drop)


def wraps(cut: Cut) -> bool:
    """Whether its timecode passes midnight, where OpenTimelineIO's readers give up."""
    return cut.media.start.frames + cut.first + cut.frames >= day(cut)


def frame_of(text: str, rate: Fraction) -> int:
    """An address as OpenTimelineIO counts it."""
    return round(otio.opentime.from_timecode(text, float(rate)).value)


def counted(cut: Cut) -> tuple[int, int]:
    """The cut's first address in frames from midnight, and its length."""
    return (cut.media.start.frames + cut.first, cut.frames)


def ranges(clips: Sequence[otio.schema.Clip]) -> list[tuple[int, int]]:
    found = []
    for clip in clips:
        part = clip.trimmed_range()
        assert part.start_time.value == pytest.approx(round(part.start_time.value), abs=1e-4)
        found.append((round(part.start_time.value), round(part.duration.value)))
    return found


def of_kind(timeline: otio.schema.Timeline, kind: str) -> list[otio.schema.Track]:
    return [track for track in timeline.tracks if track.kind == kind]


@EXAMPLES
@given(timelines(mixed=True))
def test_otio(timeline: Timeline):
    written = write_otio(timeline, PLAIN)
    assert (written.clips, written.left_out) == (len(timeline.cuts), [])
    read = otio.adapters.read_from_string(written.data.decode(), "otio_json")
    assert read.name == one_line(timeline.name)
    assert read.global_start_time.value == timeline.start.frames
    [pictures] = of_kind(read, "Video")
    clips = list(pictures.find_clips())
    assert ranges(clips) == [counted(cut) for cut in timeline.cuts]
    for clip, cut in zip(clips, timeline.cuts, strict=True):
        assert clip.source_range.start_time.rate == float(cut.media.rate)
        assert clip.media_reference.target_url == cut.media.place.url
        assert clip.media_reference.available_range.start_time.value == cut.media.start.frames
        assert clip.media_reference.available_range.duration.value == cut.media.frames
        facts = clip.metadata["catalog"]
        assert facts["drop_frame"] is cut.media.start.drop
        # The spelt addresses and the counted ones are of one frame.
        assert frame_of(facts["timecode_in"], cut.media.rate) == counted(cut)[0] % day(cut)
        marks = [(m.name, m.marked_range.start_time.value) for m in clip.markers]
        first = cut.media.start.frames
        assert marks == [(one_line(m.text), first + m.first) for m in cut.markers]
    sounds = [cut for cut in timeline.cuts if cut.has_sound]
    heard = [c for track in of_kind(read, "Audio") for c in track.find_clips()]
    assert ranges(heard) == [counted(cut) for cut in sounds]


@EXAMPLES
@given(timelines())
def test_edl(timeline: Timeline):
    written = write_edl(timeline, PLAIN)
    text = written.data.decode()
    events = [line.split() for line in text.splitlines() if line[:3].isdigit()]
    assert len(events) == written.clips == len(timeline.cuts)
    rate = timeline.rate
    for event, cut in zip(events, timeline.cuts, strict=True):
        first, length = counted(cut)
        source = [frame_of(spelt, rate) for spelt in event[4:6]]
        assert source == [first % day(cut), (first + length) % day(cut)]
        assert all((";" in spelt) is cut.media.start.drop for spelt in event[4:6])
        record = [frame_of(spelt, rate) for spelt in event[6:8]]
        whole = frames_per_day(timeline.start.nominal, drop=timeline.start.drop)
        assert record == [(timeline.start.frames + at) % whole for at in (cut.at, cut.end)]
    if any(wraps(cut) for cut in timeline.cuts):
        return
    read = otio.adapters.read_from_string(text, "cmx_3600", rate=float(rate))
    [pictures] = of_kind(read, "Video")
    assert ranges(list(pictures.find_clips())) == [counted(cut) for cut in timeline.cuts]
    names = [clip.name for clip in pictures.find_clips()]
    assert names == [one_line(cut.name) for cut in timeline.cuts]
    reels = [clip.metadata["cmx_3600"]["reel"] for clip in pictures.find_clips()]
    alike = {(cut.media.reel, reel) for cut, reel in zip(timeline.cuts, reels, strict=True)}
    # As many names as there are reels: none stands for two.
    assert len(alike) == len(set(reels)) == len({cut.media.reel for cut in timeline.cuts})
    said = {left.cut.media.reel for left in written.left_out if left.what == "reel"}
    assert {full for full, short in alike if full != short} <= said


@EXAMPLES
@given(timelines())
def test_ale(timeline: Timeline):
    written = write_ale(timeline, PLAIN)
    text = written.data.decode()
    rows = text[text.index("\nData\n") + 6 :].splitlines()
    columns = text[text.index("\nColumn\n") + 8 :].splitlines()[0].split("\t")
    assert len(rows) == len(timeline.cuts) == written.clips
    for row, cut in zip(rows, timeline.cuts, strict=True):
        cells = dict(zip(columns, row.split("\t"), strict=True))
        first, length = counted(cut)
        spelt = [frame_of(cells[column], cut.media.rate) for column in ("Start", "End")]
        assert spelt == [first % day(cut), (first + length) % day(cut)]
        assert frame_of(cells["Duration"], cut.media.rate) == length
        assert cells["Tape"] == one_line(cut.media.reel)
        if any(cut.handles):
            marks = [frame_of(cells[c], cut.media.rate) for c in ("Mark IN", "Mark OUT")]
            before, after = cut.handles
            assert marks == [(first + before) % day(cut), (first + length - after) % day(cut)]
    if any(wraps(cut) for cut in timeline.cuts):
        return
    read = otio.adapters.read_from_string(text, "ale")
    assert ranges(list(read)) == [counted(cut) for cut in timeline.cuts]
    assert [clip.name for clip in read] == [one_line(cut.name) for cut in timeline.cuts]


@EXAMPLES
@given(timelines(mixed=True))
def test_csv(timeline: Timeline):
    table = csv.DictReader(io.StringIO(write_csv(timeline, PLAIN).data.decode(), newline=""))
    rows = list(table)
    assert len(rows) == len(timeline.cuts)
    for row, cut in zip(rows, timeline.cuts, strict=True):
        assert (int(row["frames"]), row["rate"]) == (cut.frames, spell_rate(cut.media.rate))
        assert frame_of(row["source_in"], cut.media.rate) == counted(cut)[0] % day(cut)
        assert row["name"].removeprefix("'") == one_line(cut.name).removeprefix("'")
        assert not row["name"].startswith(("=", "+", "-", "@"))
        assert row["path"] == f"/mnt/rushes/day 1/{cut.media.name}"


@EXAMPLES
@given(timelines(mixed=True))
def test_fcp7(timeline: Timeline):
    written = write_fcp7(timeline, PLAIN)
    assert (written.clips, written.left_out) == (len(timeline.cuts), [])
    root = ET.fromstring(written.data)
    [video] = root.findall("./sequence/media/video/track")
    items = video.findall("clipitem")
    assert [int(i.findtext("in", "")) for i in items] == [cut.first for cut in timeline.cuts]
    ends = [cut.first + cut.frames for cut in timeline.cuts]
    assert [int(i.findtext("out", "")) for i in items] == ends
    assert [int(i.findtext("start", "")) for i in items] == [cut.at for cut in timeline.cuts]
    assert [int(i.findtext("end", "")) for i in items] == [cut.end for cut in timeline.cuts]
    files = {f.get("id"): f for f in root.iter("file") if len(f)}
    for item, cut in zip(items, timeline.cuts, strict=True):
        file = files[item.find("file").get("id")]
        code = file.find("timecode")
        assert frame_of(code.findtext("string"), cut.media.rate) == cut.media.start.frames
        assert int(code.findtext("frame")) == cut.media.start.frames
        assert code.findtext("displayformat") == ("DF" if cut.media.start.drop else "NDF")
        assert code.findtext("reel/name") == xml_text(one_line(cut.media.reel))
    read = otio.adapters.read_from_string(written.data.decode(), "fcp_xml")
    [pictures] = of_kind(read, "Video")
    alike = [cut for cut in timeline.cuts if cut.media.rate == timeline.rate]
    own = [c for c in pictures.find_clips() if c.source_range.duration.rate == float(timeline.rate)]
    if len(alike) == len(timeline.cuts):
        assert ranges(own) == [counted(cut) for cut in alike]
    most = max((cut.media.channels for cut in timeline.cuts), default=0)
    assert len(root.findall("./sequence/media/audio/track")) == most


def seconds(text: str) -> Fraction:
    return Fraction(text.removesuffix("s"))


@EXAMPLES
@given(timelines(mixed=True))
def test_fcpxml(timeline: Timeline):
    written = write_fcpxml(timeline, PLAIN)
    assert (written.clips, written.left_out) == (len(timeline.cuts), [])
    root = ET.fromstring(written.data)
    assets = {asset.get("id"): asset for asset in root.iter("asset")}
    one = {form.get("id"): seconds(form.get("frameDuration")) for form in root.iter("format")}
    assert one[root.find(".//sequence").get("format")] * timeline.rate == 1
    spine = list(root.iter("asset-clip"))
    assert len(spine) == len(timeline.cuts)
    for element, cut in zip(spine, timeline.cuts, strict=True):
        rate, asset = cut.media.rate, assets[element.get("ref")]
        assert seconds(element.get("start")) * rate == counted(cut)[0]
        assert seconds(element.get("duration")) * timeline.rate == cut.length
        offset = seconds(element.get("offset")) * timeline.rate
        assert offset == timeline.start.frames + cut.at
        assert seconds(asset.get("start")) * rate == cut.media.start.frames
        assert seconds(asset.get("duration")) * rate == cut.media.frames
        assert asset.get("src") == cut.media.place.url
        assert one[asset.get("format")] * rate == one[element.get("format")] * rate == 1
        assert element.get("tcFormat") == ("DF" if cut.media.start.drop else "NDF")
        marks = [seconds(mark.get("start")) * rate for mark in element.iter("marker")]
        assert marks == [cut.media.start.frames + mark.first for mark in cut.markers]
    if all(cut.media.rate.denominator == 1 for cut in timeline.cuts):
        _otio_reads_whole_rates(written.data.decode(), timeline)


def _otio_reads_whole_rates(text: str, timeline: Timeline) -> None:
    if timeline.rate.denominator != 1:
        return
    [read] = otio.adapters.read_from_string(text, "fcpx_xml")
    alike = {c.media.rate for c in timeline.cuts} == {timeline.rate}
    clips = list(read.find_clips())
    assert len(clips) == len(timeline.cuts)
    if alike:
        # It cuts fractions of a frame off, which floating point makes: one frame less at times.
        for found, cut in zip(ranges(clips), timeline.cuts, strict=True):
            assert 0 <= counted(cut)[0] - found[0] <= 1
            assert 0 <= counted(cut)[1] - found[1] <= 1


@FEW
@given(timelines(most=4))
def test_aaf(tmp_path_factory: Any, timeline: Timeline):
    path: Path = tmp_path_factory.getbasetemp() / "round-trip.aaf"
    written = write_aaf(timeline, PLAIN)
    path.write_bytes(written.data)
    logging.getLogger().setLevel(logging.ERROR)
    read = otio.adapters.read_from_file(str(path), "AAF")
    [pictures] = of_kind(read, "Video")
    clips = list(pictures.find_clips())
    assert ranges(clips) == [counted(cut) for cut in timeline.cuts]
    assert read.global_start_time.value == timeline.start.frames
    for clip, cut in zip(clips, timeline.cuts, strict=True):
        assert clip.trimmed_range().start_time.rate == pytest.approx(float(cut.media.rate))
        assert clip.name == one_line(cut.media.name)
    with aaf2.open(str(path)) as file:
        tapes = {
            (mob.name, slot.segment.fps, slot.segment.drop)
            for mob in file.content.sourcemobs()
            for slot in mob.slots
            if isinstance(slot.segment, aaf2.components.Timecode)
        }
    starts = {(one_line(c.media.reel), c.media.start) for c in timeline.cuts}
    assert tapes == {(reel, start.nominal, start.drop) for reel, start in starts}
