"""Camera cards the whole way: what a camera wrote beside a clip is on the clip's asset."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from camera_samples import DJI_NEW, p2, sony
from small_footage import video

from catalog import Catalog


def test_a_sony_clip_has_what_its_metadata_says(catalog: Catalog, tmp_path: Path):
    film = video(tmp_path / "M4ROOT" / "CLIP" / "C0001.MP4", ["red", "green"])
    written = film.with_name("C0001M01.XML")
    written.write_text(sony(), encoding="utf-8")
    log = film.with_name("day.ale")
    log.write_text(
        "Heading\nFIELD_DELIM\tTABS\nFPS\t25\n\nColumn\nTape\tStart\tEnd\tComments\n\n"
        "Data\nC0001\t10:45:31:00\t10:45:31:10\tgull lands\n"
    )
    report = catalog.ingest(tmp_path)
    assert (report.ready, report.failures) == (1, [])
    assert {warning.code for warning in report.warnings} == {"card_structure"}
    shown = catalog.show("C0001.MP4")
    assert (shown["camera_make"], shown["camera_model"]) == ("Sony", "PXW-Z90")
    assert (shown["lens"], shown["start_timecode"]) == ("FE 24-105mm F4 G OSS", "10:45:30:12")
    assert shown["recorded"] == "2024-05-01T09:58:30+00:00"
    # A log finds the clip by the timecode that only the XML knows.
    assert [(c["start"], c["text"]) for c in shown["clips"] if c["kind"] == "subclip"] == [
        (0.52, "gull lands")
    ]
    for query in (
        "camera:PXW-Z90",
        "lens:*24-105mm*",
        "near:53.54,-9.97,5km",
        "timecode:10:45:30:12",
    ):
        assert catalog.search(query).total_candidates == 2, query
    assert [hit.keyword_rank for hit in catalog.search('"s-gamut3-cine"').hits] == [1, 1]
    written.unlink()
    catalog.ingest(tmp_path)
    shown = catalog.show("C0001.MP4")
    assert (shown["camera_make"], shown["start_timecode"], shown["latitude"]) == (None, None, None)


def test_a_files_own_timecode_comes_before_its_metadata(catalog: Catalog, tmp_path: Path):
    film = video(tmp_path / "a" / "clip.mov", timecode="01:02:03:04")
    film.with_suffix(".xml").write_text(sony(), encoding="utf-8")
    catalog.ingest(film.parent)
    shown = catalog.show("clip.mov")
    assert (shown["start_timecode"], shown["camera_model"]) == ("01:02:03:04", "PXW-Z90")


def test_p2_clips_are_described_from_the_cards_folder_of_clips(catalog: Catalog, tmp_path: Path):
    card = tmp_path / "CONTENTS"
    video(card / "VIDEO" / "0001AB.MXF.mov").rename(card / "VIDEO" / "0001AB.MXF")
    (card / "CLIP").mkdir()
    (card / "CLIP" / "0001AB.XML").write_text(p2(), encoding="utf-8")
    report = catalog.ingest(tmp_path)
    assert (report.ready, {warning.code for warning in report.warnings}) == (1, {"card_structure"})
    shown = catalog.show("0001AB.MXF")
    assert (shown["title"], shown["camera_model"]) == ("Market square", "AG-HPX3100")
    assert (shown["scene"], shown["take"], shown["altitude"]) == ("12", "3", 40.0)
    assert catalog.search('"mayor arrives"').total_candidates == 1
    (card / "CLIP" / "0001AB.XML").unlink()
    catalog.ingest(tmp_path)
    assert catalog.show("0001AB.MXF")["title"] is None


def test_a_drones_numbers_become_no_speech(catalog: Catalog, tmp_path: Path):
    film = video(tmp_path / "d" / "DJI_0001.MP4", ["red"] * 6)
    text = "".join(DJI_NEW.format(n=n, iso=100) for n in range(1, 6))
    film.with_suffix(".SRT").write_text(text, encoding="utf-8")
    report = catalog.ingest(film.parent)
    assert (report.ready, report.warnings) == (1, [])
    shown = catalog.show("DJI_0001.MP4")
    assert {clip["kind"] for clip in shown["clips"]} == {"shot"}
    assert (shown["latitude"], shown["altitude"]) == (59.302335, 132.86)
    assert shown["metadata"]["sidecar"]["telemetry"]["fnum"] == "2.8"
    assert catalog.search("meta.sidecar.telemetry.iso:100").total_candidates == 1


def test_a_drones_numbers_within_the_film_become_no_speech_either(
    catalog: Catalog, tmp_path: Path, subtitled: Callable[..., Path]
):
    film = subtitled(
        tmp_path / "d" / "DJI_0002.MP4",
        [
            (n * 400, n * 400 + 300, f"F/2.8, SS {100 + n}, ISO 150, GPS (-0.1276, 51.5072, 18)")
            for n in range(4)
        ],
    )
    catalog.ingest(film.parent)
    shown = catalog.show("DJI_0002.MP4")
    assert {clip["kind"] for clip in shown["clips"]} == {"shot", "subclip"}
    assert (shown["latitude"], shown["longitude"]) == (51.5072, -0.1276)
    assert shown["metadata"]["sidecar"]["embedded"]["iso"] == "150"
