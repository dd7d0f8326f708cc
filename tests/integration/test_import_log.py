"""Logs and timelines taken in: subclips on the right assets, once, and taken back."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from small_footage import still, video

from catalog import Catalog
from catalog.errors import InvalidInputError, NotFoundError, PathNotFoundError

ALE = """Heading
FIELD_DELIM	TABS
VIDEO_FORMAT	1080
FPS	25

Column
Name	Tracks	Start	End	Tape	Source File	Scene	Comments

Data
{rows}
"""
ROWS = (
    "Interview A	V	10:00:00:05	10:00:01:05	A001	clip.mov	12	She says it",
    "Cutaway	V	10:00:01:10	10:00:02:00	A001		12	",
    "Elsewhere	V	05:00:00:00	05:00:01:00	A001	clip.mov	12	",
    "Stranger	V	10:00:00:00	10:00:01:00	Z9	other.mov		",
)


@pytest.fixture
def film(tmp_path: Path, catalog: Catalog) -> Path:
    """Three shots of a second each from ten o'clock on reel A001, and a still."""
    path = video(
        tmp_path / "media" / "clip.mov",
        ["red", "green", "blue"],
        timecode="10:00:00:00",
        metadata={"reel_name": "A001"},
    )
    still(path.parent / "photo.png")
    assert catalog.ingest(path.parent).failures == []
    return path


def subclips(catalog: Catalog, name: str = "clip.mov") -> list[tuple[float, float, str]]:
    shown = catalog.show(name)["clips"]
    return [(c["start"], c["end"], c["text"]) for c in shown if c["kind"] == "subclip"]


def log(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "logs" / "day 1.ale"
    path.parent.mkdir(exist_ok=True)
    path.write_text(ALE.format(rows="\n".join(rows)), encoding="utf-8")
    return path


def test_rows_become_subclips_once(catalog: Catalog, film: Path, tmp_path: Path):
    path = log(tmp_path, *ROWS)
    report = catalog.import_log(path)
    asset = catalog.show("clip.mov")
    assert (report["rows"], report["matched"], report["assets"]) == (4, 2, [asset["id"]])
    assert (report["added"], report["removed"], report["changed"]) == (2, 0, [asset["id"]])
    assert subclips(catalog) == [(0.2, 1.2, "Interview A\nShe says it"), (1.4, 2.0, "Cutaway")]
    assert asset["scene"] == "12"
    [elsewhere, stranger] = report["unmatched"]
    assert (elsewhere["row"], stranger["row"]) == (3, 4)
    where = "10:00:00:00 to 10:00:03:00"
    assert elsewhere["reason"] == f"05:00:00:00 to 05:00:01:00 lies in none of clip.mov ({where})"
    assert stranger["reason"] == (
        "no asset is called 'Stranger' or 'other.mov', nor of the reel 'Z9'"
    )
    # The shots below it are found by what was logged.
    hits = catalog.search('"she says it"').hits
    assert {hit.clip["start"] for hit in hits if hit.keyword_rank == 1} <= {0.0, 1.0}
    ids = [clip["id"] for clip in catalog.show("clip.mov")["clips"]]
    again = catalog.import_log(path)
    assert (again["added"], again["removed"], again["changed"]) == (0, 0, [])
    assert [clip["id"] for clip in catalog.show("clip.mov")["clips"]] == ids


def test_a_changed_log_takes_the_place_of_the_old_and_outlives_its_file(
    catalog: Catalog, film: Path, tmp_path: Path
):
    path = log(tmp_path, *ROWS[:2])
    catalog.import_log(path)
    kept = catalog.bin.create("Kept", clips=[c["id"] for c in catalog.show("clip.mov")["clips"]])
    log(tmp_path, ROWS[1], ROWS[0].replace("10:00:01:05", "10:00:01:06"))
    report = catalog.import_log(path)
    assert (report["added"], report["removed"]) == (1, 1)
    # What is still said is the same clip: the bin holds on to it.
    assert len(catalog.bin.show(kept["id"])["items"]) == len(kept["items"]) - 1
    path.unlink()
    catalog.ingest(film.parent)
    assert len(subclips(catalog)) == 2
    report = catalog.import_log(path, remove=True)
    assert (report["added"], report["removed"]) == (0, 2)
    with pytest.raises(NotFoundError, match="Nothing was imported from"):
        catalog.import_log(path, remove=True)
    with pytest.raises(PathNotFoundError):
        catalog.import_log(path)


def test_our_own_timelines_come_back_to_their_footage(catalog: Catalog, film: Path, tmp_path: Path):
    part = catalog.mark("clip.mov", "10:00:00:10", "10:00:02:05", name="The moment")
    made = catalog.bin.create("Story", clips=[part["id"]])
    catalog.bin.note(made["id"], made["items"][0]["id"], "cut here")
    for name in ("otio", "fcpxml", "aaf", "edl", "fcp7xml"):
        path = tmp_path / f"story.{name}"
        catalog.export("Story", format=name, file=path)
        report = catalog.import_log(path)
        assert (report["unmatched"], report["matched"]) == ([], report["rows"])
        assert report["kind"] == name
        assert catalog.import_log(path)["changed"] == []
    ranges = {(start, end) for start, end, _ in subclips(catalog)}
    assert ranges == {(0.4, 2.2)}
    texts = [text for *_, text in subclips(catalog)]
    assert "The moment" in texts
    assert "The moment\ncut here" in texts


def packed(folder: Path, suffix: str, timeline: Path) -> Path:
    """A timeline as programs pack it: in a folder, or in an archive beside its media."""
    path = folder / f"packed.{suffix}"
    if suffix == "otioz":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("version.txt", "1.0.0")
            archive.write(timeline, "content.otio")
            archive.writestr("media/clip.mov", b"not to be read")
        return path
    path.mkdir()
    inner = "Info.fcpxml" if suffix == "fcpxmld" else "content.otio"
    (path / inner).write_bytes(timeline.read_bytes())
    return path


@pytest.mark.parametrize("suffix", ["fcpxmld", "otiod", "otioz"])
def test_a_timeline_in_a_package_is_read(catalog: Catalog, film: Path, tmp_path: Path, suffix: str):
    part = catalog.mark("clip.mov", "10:00:00:10", "10:00:02:05", name="The moment")
    catalog.bin.create("Story", clips=[part["id"]])
    kind = "fcpxml" if suffix == "fcpxmld" else "otio"
    timeline = tmp_path / f"story.{kind}"
    catalog.export("Story", format=kind, file=timeline)
    path = packed(tmp_path, suffix, timeline)
    report = catalog.import_log(path)
    assert (report["kind"], report["matched"], report["unmatched"]) == (kind, report["rows"], [])
    assert report["rows"] == 1
    assert catalog.import_log(path)["changed"] == []
    assert catalog.import_log(path, remove=True)["removed"] == report["added"]


@pytest.mark.parametrize(
    ("suffix", "reason"),
    [
        ("fcpxmld", "there is no Info.fcpxml in it"),
        ("otiod", "there is no content.otio in it"),
        ("otioz", "there is no content.otio in it"),
        ("damaged.otioz", "it is no archive that can be read"),
    ],
)
def test_a_package_without_a_timeline_is_refused(
    catalog: Catalog, tmp_path: Path, suffix: str, reason: str
):
    path = tmp_path / f"story.{suffix}"
    secret = tmp_path / "secret.otio"
    secret.write_text("{}")
    if suffix == "otioz":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("other.otio", "{}")
    elif suffix.endswith("otioz"):
        path.write_bytes(b"PK\x03\x04 and nothing more")
    else:
        path.mkdir()
        # A link out of the package is not followed.
        (path / ("Info.fcpxml" if suffix == "fcpxmld" else "content.otio")).symlink_to(secret)
    with pytest.raises(InvalidInputError, match=reason):
        catalog.import_log(path)


def test_a_package_that_is_damaged_within_is_refused(catalog: Catalog, tmp_path: Path):
    path = tmp_path / "story.otioz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("content.otio", "{}" * 400)
    content = bytearray(path.read_bytes())
    begin = content.index(b"content.otio") + len("content.otio")
    content[begin : begin + 8] = b"\xff" * 8
    path.write_bytes(content)
    with pytest.raises(InvalidInputError, match="it is no archive that can be read"):
        catalog.import_log(path)


def test_what_is_refused(catalog: Catalog, film: Path, tmp_path: Path):
    with pytest.raises(InvalidInputError, match="is no log by its suffix"):
        catalog.import_log(film)
    path = tmp_path / "photo.edl"
    path.write_text(
        "TITLE: x\n001  AX       V     C        00:00:00:00 00:00:01:00 00:00:00:00 00:00:01:00\n"
        "* FROM CLIP NAME: photo.png\n"
    )
    [row] = catalog.import_log(path)["unmatched"]
    assert row["reason"] == "photo.png has not been analysed, or has no length"
