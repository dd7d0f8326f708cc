"""What Google Takeout and yt-dlp put beside a film."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.domain.sidecars import Sidecar
from catalog.media.sidecars import Folder, read_sidecar
from catalog.media.sidecars.read import parse_json

TAKEOUT: dict[str, Any] = {
    "title": "IMG_0001.MOV",
    "description": "Gulls on the beach",
    "creationTime": {"timestamp": "1557100000", "formatted": "May 5, 2019, 11:46:40 PM UTC"},
    "photoTakenTime": {"timestamp": "1556964000", "formatted": "May 4, 2019, 10:00:00 AM UTC"},
    "geoData": {"latitude": 0.0, "longitude": 0.0, "altitude": 0.0},
    "geoDataExif": {"latitude": 46.5, "longitude": 30.75, "altitude": 12.0},
    "people": [{"name": "Olha"}, {"name": "Ivan"}],
    "url": "https://photos.google.com/photo/x",
}
PAGE: dict[str, Any] = {
    "title": "Gulls",
    "uploader": "Bird Channel",
    "upload_date": "20190506",
    "webpage_url": "https://example.org/watch",
    "tags": ["gull"],
    "license": "CC-BY",
    "chapters": [
        {"start_time": 0, "end_time": 10.5, "title": "Beach"},
        {"start_time": 10.5, "end_time": 5, "title": "backwards"},
        {"start_time": 10.5, "end_time": 20.0, "title": "Harbour"},
    ],
}


@pytest.mark.parametrize(
    "name",
    [
        "IMG_0001.MOV.json",
        "IMG_0001.MOV.supplemental-metadata.json",
        "IMG_0001.MOV.supplemental-me.json",
    ],
)
def test_google_takeout(tmp_path: Path, name: str):
    (tmp_path / "IMG_0001.MOV").touch()
    (tmp_path / name).write_text(json.dumps(TAKEOUT))
    [beside] = Folder(tmp_path).candidates("IMG_0001.MOV")
    said = read_sidecar(beside).description
    assert said.recorded == datetime(2019, 5, 4, 10, tzinfo=UTC)
    assert (said.latitude, said.longitude, said.altitude) == (46.5, 30.75, 12.0)
    assert said.description == "Gulls on the beach"
    assert said.title is None
    assert said.tags == ("Olha", "Ivan")


def test_a_height_beyond_all_bounds_is_none_and_the_rest_is_kept():
    where = {**TAKEOUT["geoDataExif"], "altitude": 10**400}
    said = parse_json(json.dumps({**TAKEOUT, "geoDataExif": where})).description
    assert (said.latitude, said.longitude, said.altitude) == (46.5, 30.75, None)


@pytest.mark.parametrize("timestamp", ["0", "soon", None, "99999999999999999", {}])
def test_a_moment_that_is_none(timestamp: object):
    told = {**TAKEOUT, "photoTakenTime": {"timestamp": timestamp}}
    assert parse_json(json.dumps(told)).description.recorded is None


def test_the_page_a_video_was_taken_from():
    found = parse_json(json.dumps(PAGE))
    assert found.description.creator == "Bird Channel"
    assert found.description.rights == "CC-BY"
    assert found.description.recorded is None  # it was put there then
    assert [(s.kind, float(s.start), float(s.end), s.text) for s in found.segments] == [
        ("subclip", 0.0, 10.5, "Beach"),
        ("subclip", 10.5, 20.0, "Harbour"),
    ]


def test_chapters_of_others_stay_what_they_are():
    told = {name: value for name, value in PAGE.items() if name != "webpage_url"}
    found = parse_json(json.dumps(told))
    assert found.segments == ()
    assert found.description.creator is None


def test_who_is_named_as_usual_stays_where_no_uploader_is():
    told = {name: value for name, value in PAGE.items() if name != "uploader"}
    found = parse_json(json.dumps({**told, "author": "Olha"}))
    assert found.description.creator == "Olha"


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from([*TAKEOUT, *PAGE]),
        JUNK | st.fixed_dictionaries({"timestamp": JUNK, "latitude": JUNK, "longitude": JUNK}),
    )
)
def test_any_values_are_read_or_left_out(values: dict[str, Any]):
    told = {"photoTakenTime": {}, "webpage_url": "x", **values}
    assert isinstance(parse_json(json.dumps(told)), Sidecar)
