"""``catalog train``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Answer

COLOURS = ["red", "green", "blue", "white", "yellow", "purple", "orange", "pink", "black", "grey"]


@pytest.fixture
def walls(tmp_path: Path) -> Path:
    rows = ["file,language,caption"]
    for at, colour in enumerate(COLOURS):
        Image.new("RGB", (96, 54), colour).save(tmp_path / f"{at}.png")
        rows.append(f"{at}.png,en,A {colour} wall")
    (tmp_path / "walls.csv").write_text("\n".join(rows))
    return tmp_path


def test_an_encoder_is_taught_and_what_to_do_with_it_is_said(
    cli: Callable[..., Answer], walls: Path
):
    asked = (
        "train",
        walls / "walls.csv",
        "--encoder",
        "demo",
        "--steps",
        "6",
        "--rate",
        "0.01",
        "--library",
        "9",
    )
    answer = cli(*asked, "--name", "walls", "--most-loss", "1")
    assert answer.code == 0, answer.err
    assert "8 captions were learned from, 2 were not; method lora (auto: 8 pairs" in answer.out
    assert "Recall@1 from text" in answer.out
    assert "is entered, and does not answer" in answer.out
    assert "catalog encoder add local-dir:" in answer.out
    again = cli(*asked, "--name", "walls")
    assert again.code == 2
    assert "There is an encoder 'walls' already" in again.err
    rows = cli("encoder", "list", "--json").json["encoders"]
    assert [row["state"] for row in rows] == ["kept"]

    body = cli(*asked, "--most-loss", "1", "--json").json
    assert body["name"].endswith("/demo-taught-1")
    assert body["method"] == "lora"
    assert body["weights"] != body["parent_weights"]
    assert 0 < body["alpha"] <= 1
    assert body["checks"][0]["loss"] is None
    record = json.loads((Path(body["folder"]) / "training.json").read_text(encoding="utf-8"))
    assert {key: record[key] for key in body if key in record} == body


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ([], "0 pictures of 0 assets have captions in catalog; expected 10 of 5 assets"),
        (["--encoder", "null"], "is no model of pictures and words and cannot learn"),
        (["walls.csv", "--encoder", "no-such"], "No encoder is called"),
        (["--method", "magic"], "--method is 'magic'; expected auto, head, lora, full"),
        (["--alpha", "0"], "--alpha is 0.0; expected a number above 0 and at most 1"),
        (["--steps", "0"], "--steps is 0; expected 1 to"),
        (["--most-loss", "2"], "--most-loss is 2.0; expected 0 to 1"),
        (["--precision", "int8"], "--precision is 'int8'"),
        (["--name", "../up"], "cannot be an encoder's"),
        (["nowhere.csv"], "There is no dataset"),
        (["demo", "--tag", "x"], "Leave the dataset out"),
    ],
)
def test_what_cannot_be_done_is_said(
    cli: Callable[..., Answer],
    walls: Path,
    monkeypatch: pytest.MonkeyPatch,
    wrong: list[str],
    said: str,
):
    monkeypatch.chdir(walls)
    answer = cli("train", *(["--encoder", "demo"] if "--encoder" not in wrong else []), *wrong)
    assert answer.code in {2, 3}
    assert said in answer.err
