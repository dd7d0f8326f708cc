"""From footage to bin to the file of an editing program, over the real database."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest
from small_footage import sound, still, video
from sqlalchemy import text

from catalog import Catalog
from catalog.errors import ConflictError, InvalidInputError, NotFoundError
from catalog.interchange.formats import FORMATS

NTSC = Fraction(30000, 1001)


@pytest.fixture
def rushes(tmp_path: Path, catalog: Catalog) -> Path:
    """Two films of three shots of a second each, a still and a sound, in the catalogue."""
    folder = tmp_path / "media" / "day 1"
    shots = ["red", "green", "blue"]
    video(folder / "A001_C001_2404.mov", shots, timecode="09:59:59:00")
    video(folder / "B.mov", shots, rate=NTSC, frames=30, timecode="01:00:58;00", mark=1)
    still(folder / "photo.png")
    sound(folder / "atmo.wav", seconds=2)
    assert catalog.ingest(folder.parent).failures == []
    return folder


def shots_of(catalog: Catalog, name: str) -> list[int]:
    return [clip["id"] for clip in catalog.show(name)["clips"] if clip["kind"] == "shot"]


def filled(catalog: Catalog) -> int:
    """A bin: a marked part, two shots out of order, of the other film, still and sound."""
    film, other = shots_of(catalog, "A001_C001_2404.mov"), shots_of(catalog, "B.mov")
    part = catalog.mark("A001_C001_2404.mov", "10:00:00:05", "10:00:01:10", name="The key moment")
    clips = [part["id"], film[2], film[0], other[1]]
    clips += shots_of(catalog, "photo.png")
    clips.append(catalog.mark("atmo.wav", 0, 2, name="Atmosphere")["id"])
    made = catalog.bin.create("Story <1>", clips=clips)
    catalog.bin.note(made["id"], made["items"][0]["id"], "use this & no other")
    return int(made["id"])


def test_from_footage_to_opentimelineio(catalog: Catalog, rushes: Path, tmp_path: Path):
    bin_id, target = filled(catalog), tmp_path / "story.otio"
    report = catalog.export(bin_id, format="otio", file=target, handles=5)
    assert (report["rate"], report["start"], report["left_out"]) == ("25", "01:00:00:00", [])
    assert report["rates"] == {"25": 3, "29.97 DF": 1}
    read = otio.adapters.read_from_file(str(target))
    pictures, sounds = read.tracks
    marked, last, first, other, photo = pictures.find_clips()
    # 10:00:00:05 is frame 900,005; five frames before, thirty chosen, five after.
    assert marked.source_range.start_time.value == 900_000
    assert (marked.name, marked.source_range.duration.value) == ("The key moment", 40)
    assert marked.media_reference.target_url == (rushes / "A001_C001_2404.mov").as_uri()
    assert marked.markers[0].name == "use this & no other"
    assert marked.markers[0].marked_range.start_time.value == 900_005
    # The ends of the film have nothing more on their side.
    assert last.source_range.end_time_exclusive().value == 899_975 + 75
    assert first.source_range.start_time.value == 899_975
    # Thirty frames of 29.97 after 01:00:58;00: the numbers ;00 and ;01 of the minute are dropped.
    assert other.metadata["catalog"]["timecode_in"] == "01:00:58;25"
    assert other.metadata["catalog"]["timecode_out"] == "01:01:00;07"
    assert photo.metadata["catalog"]["still"] is True
    [heard] = sounds.find_clips()
    assert heard.media_reference.name == "atmo.wav"
    assert heard.source_range.duration.value == 50


def test_every_format_is_written_or_says_what_is_not(
    catalog: Catalog, rushes: Path, tmp_path: Path
):
    bin_id = filled(catalog)
    for name, each in FORMATS.items():
        target = tmp_path / f"story-{name}{each.suffix}"
        report = catalog.export(bin_id, format=name, file=target)
        assert report["bytes"] == target.stat().st_size > 100
        lost = [left for left in report["left_out"] if left["what"] == "clip"]
        assert report["clips"] + len(lost) == 6
        assert all(left["reason"] and left["position"] for left in lost)
        # Of lists of one rate the other film, and of lists of what runs in time the still.
        whole = name in {"otio", "csv", "pdf", "fcp7xml", "fcpxml"}
        assert [left["position"] for left in lost] == ([] if whole else [4, 5])
        data, about = catalog.exported("Story <1>", format=name)
        assert about["name"] == f"Story _1_{each.suffix}"
        if name not in {"aaf", "pdf"}:  # those hold the time they were made
            assert data == target.read_bytes()


def test_paths_for_another_machine(catalog: Catalog, rushes: Path, tmp_path: Path):
    bin_id = filled(catalog)

    def paths(**options: object) -> list[dict[str, str]]:
        data, report = catalog.exported(bin_id, format="csv", **options)
        assert report["clips"] == 6
        return list(csv.DictReader(io.StringIO(data.decode(), newline="")))

    there = f"{rushes.parent}=Z:\\Rushes"
    assert paths(maps=[there])[0]["path"] == "Z:\\Rushes\\day 1\\A001_C001_2404.mov"
    # Of two that fit, the one that says more.
    assert paths(maps=[there, f"{rushes}=/Volumes/Day"])[0]["path"] == (
        "/Volumes/Day/A001_C001_2404.mov"
    )
    assert paths(relative=True)[0]["path"] == "day 1/A001_C001_2404.mov"
    assert paths()[0]["path"] == str(rushes / "A001_C001_2404.mov")
    with catalog.database.session() as session:
        session.execute(text("UPDATE catalog.location SET online = path NOT LIKE '%B.mov'"))
    report = catalog.exported(bin_id, format="csv", maps=["/elsewhere=/Volumes/E"])[1]
    assert report["offline"] == ["B.mov"]
    assert len(report["unmapped"]) == 4


def test_what_is_refused(catalog: Catalog, rushes: Path, tmp_path: Path):
    bin_id, target = filled(catalog), tmp_path / "story.edl"
    with pytest.raises(InvalidInputError, match="no format 'avi'; expected one of edl, otio"):
        catalog.export(bin_id, format="avi", file=target)
    with pytest.raises(NotFoundError, match="no bin 'Nothing'"):
        catalog.export("Nothing", format="edl", file=target)
    assert not target.exists()
    catalog.export(bin_id, format="edl", file=target)
    before = target.read_bytes()
    with pytest.raises(ConflictError, match="is there already"):
        catalog.export(bin_id, format="edl", file=target, handles=3)
    assert target.read_bytes() == before
    catalog.export(bin_id, format="edl", file=target, handles=3, force=True)
    assert target.read_bytes() != before
    assert [path.name for path in tmp_path.glob("*.*")] == ["story.edl"]
    with pytest.raises(InvalidInputError, match="cannot be written"):
        catalog.export(bin_id, format="edl", file=tmp_path / "nowhere" / "x.edl")
    with pytest.raises(InvalidInputError, match="no mapping of paths"):
        catalog.export(bin_id, format="edl", file=tmp_path / "y.edl", maps=["Z:"])
    with pytest.raises(InvalidInputError, match="no frame rate of a timeline"):
        catalog.export(bin_id, format="edl", file=tmp_path / "y.edl", rate="26")
    empty = catalog.bin.create("Empty")["id"]
    with pytest.raises(InvalidInputError, match="is empty"):
        catalog.export(empty, format="edl", file=tmp_path / "y.edl")
    photo = catalog.bin.create("Photo", clips=shots_of(catalog, "photo.png"))["id"]
    with pytest.raises(InvalidInputError, match=r"None of the 1 clips .* has no stills"):
        catalog.export(photo, format="edl", file=tmp_path / "y.edl")
    assert not (tmp_path / "y.edl").exists()


def test_the_other_rate_makes_the_other_list(catalog: Catalog, rushes: Path, tmp_path: Path):
    target = tmp_path / "ntsc.edl"
    bin_id = filled(catalog)
    report = catalog.export(bin_id, format="edl", file=target, rate="29.97", start="02:00:00;00")
    assert (report["drop_frame"], report["start"]) == (True, "02:00:00;00")
    [event] = [line for line in target.read_text().splitlines() if line.startswith("001")]
    # The third cut is where the other rate's film is; the two before are missed.
    assert event.split()[4:6] == ["01:00:59;00", "01:01:00;02"]


def test_nobody_pays_who_does_not_export():
    script = (
        "import sys, json; import catalog.cli.app, catalog.api; "
        "print(json.dumps([m for m in ('opentimelineio', 'aaf2', 'fpdf') if m in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == []
