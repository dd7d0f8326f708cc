"""``catalog evaluate``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from catalog.encoders.null import COLOURS, NullEncoder
from tests.cli.conftest import Answer


@pytest.fixture
def colours(pictures: Path) -> Path:
    """Three pictures with captions in two languages."""
    rows = "".join(f"{name}.png,en,{name}\n" for name in ("red", "green", "blue"))
    rows += "red.png,uk,червоне\nblue.png,uk,синє\n"
    (pictures / "captions.csv").write_text("file,language,caption\n" + rows, encoding="utf-8")
    return pictures


def test_figures_as_a_table_and_a_report(cli: Callable[..., Answer], colours: Path, tmp_path: Path):
    report = tmp_path / "report.html"
    answer = cli("evaluate", colours, "--encoder", "null", "--encoder", "null:32",
                 "--report", report)  # fmt: skip
    assert answer.code == 0, answer.err
    assert "3 pictures, 5 captions, 2 languages, protocol first." in answer.out
    assert "null:32 against null:64: Recall@1 from text" in answer.out
    assert f"Report: {report}" in answer.out
    assert "<h2>By language</h2>" in report.read_text(encoding="utf-8")


def test_figures_as_json(cli: Callable[..., Answer], colours: Path):
    asked = ("evaluate", colours / "captions.csv", "--json", "--language", "en", "--no-speed")
    answer = cli(*asked, "--template", "a {} picture", "--protocol", "every")
    assert answer.code == 0, answer.err
    body = answer.json
    assert (body["kind"], body["protocol"], body["languages"]) == ("csv", "every", ["en"])
    assert [each["label"] for each in body["encoders"]] == ["null:64", "null:64 + prompt"]
    english = body["encoders"][0]["languages"]["en"]
    assert english["text_to_image"]["r1"]["value"] == 1
    assert english["parity"] == 1
    assert body["encoders"][0]["speed"] is None
    assert body["report"] is None
    assert cli(*asked).json["encoders"][0]["languages"]["en"]["queries"] == 3


def test_pictures_that_are_missing_are_named(cli: Callable[..., Answer], colours: Path):
    (colours / "green.png").unlink()
    answer = cli("evaluate", colours, "--no-speed")
    assert answer.code == 1
    assert "left out: green.png: There is no picture 'green.png'" in answer.err
    assert "2 pictures, 4 captions" in answer.out


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["nowhere"], "There is no dataset"),
        ([".", "--protocol", "best"], "expected first or every"),
        ([".", "--report", "x.pdf"], r"ends in .html"),
        ([".", "--template", "no slot"], "prompt template"),
        ([".", "--language", "fr"], "no captions in fr"),
        ([".", "--limit", "1"], "2 or more"),
        ([".", "--encoder", "null:none"], "does not name an encoder"),
        ([".", "--resamples", "-1"], "resamples"),
        (["demo", "--limit", "9999"], "expected 2 to 600"),
        (["catalog"], "have a description of their own"),
        (["published", "--encoder", "mine"], "Nothing is known to be published"),
    ],
)
def test_what_cannot_be_done_is_said(
    cli: Callable[..., Answer],
    colours: Path,
    monkeypatch: pytest.MonkeyPatch,
    wrong: list[str],
    said: str,
):
    monkeypatch.chdir(colours)
    answer = cli("evaluate", *wrong)
    assert answer.code == 2, answer.out
    assert said in answer.err


def test_a_query_that_is_too_long_is_told_of(
    cli: Callable[..., Answer], pictures: Path, monkeypatch: pytest.MonkeyPatch
):
    cli("ingest", pictures)
    said = lambda _, texts: [9 if len(text) > 9 else -1 for text in texts]  # noqa: E731
    monkeypatch.setattr(NullEncoder, "characters_read", said)
    answer = cli("search", "red and nothing else")
    assert answer.code == 0
    assert "reads only the first 9 of 20 characters of a text, up to “…red and n”" in answer.out
    body = cli("search", "red and nothing else", "--json").json
    assert [(n["code"], n["read"]) for n in body["notices"]] == [("text_cut", 9)]
    assert "reads only" not in cli("search", "red").out


def test_calibrations_are_listed_and_forgotten(cli: Callable[..., Answer], tmp_path: Path):
    from PIL import Image

    rows = ["file,language,caption"]
    for at in range(48):
        colour = list(COLOURS)[at % 6]
        shade = tuple(min(255, value + at // 6) for value in COLOURS[colour])
        Image.new("RGB", (32, 24), shade).save(tmp_path / f"{at}.png")
        rows.append(f"{at}.png,en,the {colour} one")
    (tmp_path / "captions.csv").write_text("\n".join(rows))
    assert cli("calibrations").out.startswith("Nothing is calibrated")
    cli("ingest", tmp_path / "0.png")
    answer = cli("evaluate", tmp_path, "--calibrate", "--no-speed")
    assert "null:64 is calibrated for searches" in answer.out
    [every, english] = cli("calibrations", "--json").json["calibrations"]
    assert (every["language"], english["language"], every["samples"]) == ("", "en", 48)
    assert "(all)" in cli("calibrations").out
    assert cli("calibrations", "--forget", "null", "--json").json == {"calibrations": []}
    assert cli("calibrations", "--forget", "null:9").code == 2


def test_what_others_published(cli: Callable[..., Answer], tmp_path: Path):
    answer = cli("evaluate", "published", "--json", "--report", tmp_path / "p.html")
    assert answer.code == 0
    named = {each["label"]: each for each in answer.json["encoders"]}
    default = named["xlm-roberta-base-ViT-B-32/laion5b_s13b_b90k"]
    assert round(default["text_to_image"]["r1"]["value"], 4) == 0.4256
    assert default["languages"]["de"]["text_to_image"]["r1"] == {"value": 0.6453, "ci": None}
    assert (tmp_path / "p.html").is_file()


def test_finished_evaluations_are_listed_and_forgotten(cli: Callable[..., Answer], colours: Path):
    kept = cli("evaluate", colours, "--no-speed", "--json").json["kept"]
    [row] = cli("evaluations", "--json").json["evaluations"]
    assert (row["id"], row["pictures"]) == (kept, 3)
    assert Path(row["report"]).read_text(encoding="utf-8").startswith("<!doctype html>")
    assert kept in cli("evaluations").out
    assert cli("evaluations", "--forget", kept, "--json").json["evaluations"] == []
    assert cli("evaluations", "--forget", kept).code == 2
