"""Bins downloaded as files of editing programs."""

from __future__ import annotations

import csv
import io

import opentimelineio as otio
from starlette.testclient import TestClient
from web_stock import Stock


def test_a_download_is_the_bin(stock: Stock, as_role: dict[str, TestClient]):
    name = 'Tonight "x"; Ä'
    made = stock.catalog.bin.create(name, clips=[stock.clip, stock.secret_clip])
    where = f"/api/v1/bins/{made['id']}/export"
    answer = as_role["viewer"].get(where, params={"format": "otio", "rate": "", "start": ""})
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == (
        'attachment; filename="Tonight _x__ _.otio"; '
        "filename*=UTF-8''Tonight%20_x__%20%C3%84.otio"
    )
    assert answer.headers["catalog-left-out"] == "0"
    read = otio.adapters.read_from_string(answer.text, "otio_json")
    assert [clip.name for clip in read.find_clips()] == ["harbour", "secretfilm"]
    # Whoever sees News alone gets the clips of News alone.
    answer = as_role["news_viewer"].get(
        where, params={"format": "csv", "map": f"{stock.folder}=Z:"}
    )
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [row["path"] for row in rows] == ["Z:\\news\\harbour.mp4"]
    report = as_role["viewer"].get(f"{where}/report", params={"format": "ale"}).json()
    assert (report["clips"], report["left_out"][0]["what"]) == (2, "timeline")
    refused = as_role["viewer"].get(where, params={"format": "avi"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "invalid_input")
    stock.catalog.bin.delete(made["id"])
