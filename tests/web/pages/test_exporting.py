"""A bin is downloaded in a browser, and opened again by OpenTimelineIO from that very file."""

from __future__ import annotations

from pathlib import Path

import opentimelineio as otio
from playwright.sync_api import Page, expect

from catalog import Catalog


def test_what_the_browser_downloads_opens_again(page: Page, library: Catalog, tmp_path: Path):
    hits = library.search("name:harbour.mp4 sort:date:asc").hits
    clips = sorted(hit.clip["id"] for hit in hits)
    made = library.bin.create("For the edit", clips=clips)
    page.goto(f"/bins/{made['id']}")
    expect(page.locator("html[data-ready]")).to_be_attached()
    for name, adapter in (("otio", "otio_json"), ("fcp7xml", "fcp_xml")):
        page.get_by_label("Export for").select_option(name)
        page.get_by_label("Handles").fill("10")
        with page.expect_download() as waiting:
            page.get_by_role("button", name="Download").click()
        path = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(path)
        read = otio.adapters.read_from_file(str(path), adapter)
        assert read.name == "For the edit"
        [pictures] = [track for track in read.tracks if track.kind == "Video"]
        starts = [clip.source_range.start_time.value for clip in pictures.find_clips()]
        # Shots of two seconds from ten o'clock, ten frames before but for the first.
        assert starts == [900_000, 900_040, 900_090]
    library.bin.delete(made["id"])
