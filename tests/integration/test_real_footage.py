"""The real footage beside the checkout, the whole way, by the command line's own JSON."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from small_footage import REAL_MEDIA
from starlette.testclient import TestClient

from catalog import Catalog
from catalog.domain.timecode import timecode_at
from catalog.media.files import find_media
from catalog.settings import Settings
from catalog.web import create_app

pytestmark = [
    pytest.mark.skipif(
        not (REAL_MEDIA / "MANIFEST.tsv").is_file(),
        reason=f"NO REAL FOOTAGE at {REAL_MEDIA}: the main promise of ingest is NOT checked",
    ),
    pytest.mark.timeout(900),
]

# What no player shows either; the manifest says so of each, or it is a list of other files.
BROKEN = {
    "media3_pixel-motion-photo-jfif-segment-shortened.jpg": "undecodable",
    "media3_invalid-bitstream.webm": "undecodable",
    "media3_sample_malformed_free_box.mp4": "undecodable",
    "photon_ACES_app5_reel1.mxf": "undecodable",
    "photon_CHIMERA_header_only.mxf": "truncated",
}


def ingest(settings: Settings, *paths: Path) -> tuple[int, dict[str, Any]]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CATALOG_")}
    done = subprocess.run(
        [sys.executable, "-m", "catalog.cli", "ingest", *map(str, paths), "--json"],
        env={
            **kept,
            "CATALOG_HOME": str(settings.home),
            "CATALOG_DATABASE_URL": str(settings.database_url),
            "CATALOG_ENCODER": "null",
        },
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="module")
def first_run(shared_settings: Settings) -> tuple[int, dict[str, Any]]:
    return ingest(shared_settings, REAL_MEDIA)


@pytest.fixture(scope="module")
def catalog(shared_settings: Settings, first_run) -> Iterator[Catalog]:
    with Catalog.open(shared_settings) as opened:
        yield opened


def test_what_can_be_decoded_is_ready_and_what_is_broken_has_its_own_reason(first_run):
    code, body = first_run
    files = list(find_media(REAL_MEDIA))
    with (REAL_MEDIA / "MANIFEST.tsv").open(newline="") as manifest:
        contents = {row["file"]: row["sha256"] for row in csv.DictReader(manifest, delimiter="\t")}
    assets = {contents[str(path.relative_to(REAL_MEDIA))] for path in files}
    assert len(assets) > 140
    assert code == 1
    assert body["registered"] == len(assets)
    assert body["registered"] + body["known"] == len(files)
    assert body["ready"] == len(assets) - len(BROKEN)
    found = {Path(failure["path"]).name: failure["code"] for failure in body["failures"]}
    assert found == BROKEN
    assert all(name in f["reason"] for name, f in zip(
        (Path(f["path"]).name for f in body["failures"]), body["failures"], strict=True
    ))  # fmt: skip
    assert len({failure["reason"] for failure in body["failures"]}) == len(BROKEN)


def test_a_second_run_registers_nothing_and_does_no_work(shared_settings, catalog, first_run):
    before = catalog.stats()
    code, body = ingest(shared_settings, REAL_MEDIA)
    assert code == 1
    assert (body["registered"], body["frames"], body["seconds_of_media"]) == (0, 0, 0)
    assert body["ready"] == first_run[1]["ready"]
    assert body["failures"] == first_run[1]["failures"]
    assert catalog.stats() == before


def test_a_renamed_copy_adds_a_location_only(shared_settings, catalog, tmp_path: Path):
    before = catalog.stats()
    source = next(iter((REAL_MEDIA / "photo").glob("*parrot*")))
    copy = tmp_path / "Renamed by Hand.jpg"
    shutil.copy(source, copy)
    code, body = ingest(shared_settings, copy)
    assert (code, body["registered"], body["known"], body["ready"]) == (0, 0, 1, 1)
    after = catalog.stats()
    assert after.pop("locations") == before.pop("locations") + 1
    read = [told.pop("verifying")["files_last_day"] for told in (before, after)]
    assert read[1] == read[0] + 1
    assert after == before
    assert catalog.show(copy)["id"] == catalog.show(source)["id"]


def test_every_shot_is_within_its_asset_and_says_the_timecode_that_python_says(catalog: Catalog):
    rows = catalog.sql(
        "SELECT a.name, a.start_timecode, a.frame_rate_num, a.frame_rate_den, a.time_base_num,"
        " a.time_base_den, c.start_pts, c.end_pts, s.timecode_in, s.timecode_out, a.kind,"
        " a.duration_pts"
        " FROM catalog.shots s JOIN catalog.clip c ON c.id = s.clip_id"
        " JOIN catalog.asset a ON a.id = s.asset_id"
    ).rows
    assert len(rows) > 140
    for row in rows:
        name, start, number, per, base_number, base_per, first, last, into, out, kind, length = row
        base = Fraction(base_number, base_per)
        rate = Fraction(number, per) if number else None
        assert into == timecode_at(start, rate, first * base), name
        assert out == timecode_at(start, rate, last * base), name
        assert (into is not None) == (kind == "video" and rate is not None), name
        assert 0 <= first <= last, name
        if kind == "video" and length:
            # A container's length may be a frame or two off its pictures'.
            assert last * base <= length * base + 1, name


def test_only_the_leader_and_the_black_after_it_are_flagged(catalog: Catalog):
    rows = catalog.sql(
        "SELECT a.name, c.flag FROM catalog.clip c JOIN catalog.asset a ON a.id = c.asset_id"
        " WHERE c.flag IS NOT NULL ORDER BY a.name, c.start_pts"
    ).rows
    assert {name for name, _ in rows} == {"ffmpegpy_in1.mp4"}
    assert [flag for flag, _ in groupby(flag for _, flag in rows)] == ["leader", "black"]


def test_every_asset_is_found_by_its_name_and_by_its_fields(catalog: Catalog):
    listed = catalog.assets(limit=1000)["assets"]
    for row in listed:
        if row["kind"] is None:
            continue
        hits = catalog.search(f"id:{row['id']} kind:{row['kind']}", limit=1000)
        assert {hit.asset["id"] for hit in hits.hits} == {row["id"]}
        assert hits.total_candidates == len(hits.hits)
        stem = Path(row["name"]).stem.replace('"', "")
        assert row["id"] in {
            hit.asset["id"] for hit in catalog.search(f'"{stem}"', limit=1000).hits
        }, row["name"]
    assert {row["state"] for row in listed} == {"ready", "failed"}
    for query in (
        "container:webm",
        "codec:vp9",
        "codec:hevc",
        "kind:audio",
        "has:audio",
        "recorded:2000..",
        "duration:>5s",
        "width:>1000",
        "fps:30",
        "path:video",
    ):
        assert catalog.search(query).total_candidates > 0, query


def test_every_vector_has_its_picture_and_every_picture_its_frame(catalog: Catalog):
    keys = {row[0] for row in catalog.sql("SELECT picture FROM catalog.frame").rows}
    made = {row[0] for row in catalog.sql("SELECT key FROM catalog.rendition").rows}
    folder = catalog.settings.frames_dir
    stored = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert stored == keys | made
    [[frames, vectors]] = catalog.sql(
        "SELECT count(*), count(e.frame_id) FROM catalog.frame f"
        " LEFT JOIN catalog.embedding e ON e.frame_id = f.id"
    ).rows
    assert frames == vectors == len(keys)


def test_every_asset_and_every_shot_has_a_page_also_what_is_broken(catalog: Catalog):
    addresses = ["/", "/?q=tree", "/admin", "/admin/failures", "/admin/doctor", "/admin/roots"]
    for asset in catalog.assets(limit=1000)["assets"]:
        addresses.append(f"/assets/{asset['id']}")
        clips = catalog.show(asset["id"])["clips"]
        # A person looks at the first and the last shot of each film.
        addresses += {f"/?shot={clip['id']}" for clip in clips[:1] + clips[-1:]}
    broken = [job["asset_id"] for job in catalog.jobs(failed=True)]
    assert len(broken) == len(BROKEN)
    addresses += [f"/assets/{asset}" for asset in broken]
    with TestClient(create_app(catalog), base_url="http://127.0.0.1") as browser:
        answers = {address: browser.get(address).status_code for address in addresses}
    assert len(answers) > 300
    assert {at: status for at, status in answers.items() if status != 200} == {}
