"""``catalog encoder …``: what people and programs are told; and processes killed on the way."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from test_processes import HURT

from catalog import Catalog
from catalog.encoders.null import COLOURS
from catalog.settings import Settings


def test_the_way_of_an_encoder_in_and_another_out(cli, pictures: Path, tmp_path: Path):
    cli("ingest", pictures)
    added = cli("encoder", "add", "null:32")
    assert added.out.splitlines() == [
        "null:32: 32 dimensions, fp32.",
        "3 frames wait: catalog encoder backfill null:32",
    ]
    listed = cli("encoder", "list").out.splitlines()
    assert listed[1].split() == ["*", "null:64", "active", "64", "fp32", "3", "0", "0", "0"]
    assert listed[2].split() == ["null:32", "filling", "0%", "32", "fp32", "0", "3", "0", "0"]
    assert cli("encoder", "backfill", "--json").json == {"encoded": {"null:32": 3}}
    assert "catalog encoder activate null:32" in cli("encoder", "backfill", "null:32").out
    assert "Every frame has its vector" in cli("encoder", "add", "null:32").out
    queries = tmp_path / "queries.txt"
    queries.write_text("red\n\nblue\n", encoding="utf-8")
    compared = cli("encoder", "compare", "null", "null:32", "--queries", queries, "--limit", 2)
    assert compared.out.startswith("null:64  and  null:32, over 3 of 3 frames:")
    assert "red.png clip" in compared.out
    body = cli("encoder", "compare", "null", "null:32", "--query", "green", "--json").json
    assert [row["query"] for row in body["queries"]] == ["green"]
    captions = pictures / "captions.csv"
    rows = "".join(f"{each}.png,en,{each}\n" for each in ("red", "green", "blue"))
    captions.write_text("file,language,caption\n" + rows)
    both = cli("encoder", "compare", "null", "null:32", "--query", "red",
               "--evaluate", captions, "--json").json  # fmt: skip
    assert [each["name"] for each in both["evaluation"]["encoders"]] == ["null:64", "null:32"]
    assert cli("encoder", "activate", "null:32").out == (
        "null:32 is active; 0 frames were encoded for it.\n"
    )
    assert "answers searches already" in cli("encoder", "add", "null:32").out
    assert cli("encoder", "remove", "null").out.startswith("null:64 is gone, and 3 vectors with it")
    assert cli("search", "red", "--json").json["encoder"] == "null:32"
    assert "No encoder is being filled" in cli("encoder", "backfill").out


def test_what_cannot_be_done_with_an_encoder_is_said(cli, pictures: Path, tmp_path: Path):
    cli("ingest", pictures)
    for code, verb in (
        (2, ("add", "null:4001")),
        (2, ("backfill", "null:32")),
        (2, ("remove", "null:32")),
        (2, ("remove", "null:64")),
        (2, ("compare", "null:64", "null:32")),
        (2, ("compare", "null:64", "null", "--query", "red")),
        (2, ("compare", "null", "null", "--queries", tmp_path / "none.txt")),
    ):
        said = cli("encoder", *verb, "--json")
        assert said.code == code, verb
        assert said.json["error"]["remedy"], verb
    answer = cli("encoder", "remove", "null:64")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("Error: null:64 answers searches and cannot be removed.")


# Module, owner, function, which call of it, and whether before or after it.
POINTS = {
    "entering": ("add", "catalog.store.partitions", "", "_standalone", 2, False),
    "encoding": ("backfill", "catalog.encoders.null", ".NullEncoder", "encode_images", 2, True),
    "writing": ("activate", "catalog.store.vectors", "", "write_vectors", 2, False),
    "carrying": ("activate", "catalog.store.vectors", "", "save_phrases", 1, False),
    "switching": ("activate", "catalog.store.filling", "", "switch_to", 1, False),
    "removing": ("remove", "catalog.store.filling", "", "remove_encoder", 1, False),
}


@pytest.mark.parametrize("point", POINTS)
def test_a_switch_that_is_killed_is_finished_by_the_next(
    settings: Settings, environment: dict[str, str], tmp_path: Path, point: str
):
    """At every point a complete encoder answers, and doing it again ends as if nothing had been."""
    from PIL import Image

    colours = sorted(COLOURS)
    for number, colour in enumerate(colours):
        file = tmp_path / "media" / f"{colour}.png"
        file.parent.mkdir(exist_ok=True)
        Image.new("RGB", (32, 24 + number), COLOURS[colour]).save(file)
    verb, module, owner, name, at, before = POINTS[point]
    code = "from catalog.ingest.encode import EncodeQueue as Q\n"
    code += "Q.drain.__kwdefaults__['batch'] = 2\n"
    code += HURT.format(
        module=module, owner=owner, name=name, at=at, before=before, signal="SIGKILL"
    )
    old, new = "null:64", "null:32"
    with Catalog.open(settings) as catalog:
        catalog.ingest(tmp_path / "media")
        catalog.search("red")
        if verb == "backfill":
            catalog.encoder.add(new)
        elif verb == "remove":
            catalog.encoder.activate(new)
            old, new = new, old
        done = subprocess.run(
            [sys.executable, "-c", code, "encoder", verb, new],
            env=environment, capture_output=True, text=True, timeout=240, check=False,
            start_new_session=True,
        )  # fmt: skip
        assert done.returncode == -signal.SIGKILL, done.stderr
        answer = catalog.search("red", all_=True)
        assert answer.encoder == old
        assert answer.hits[0].asset["name"] == "red.png"
        assert len(answer.hits) == len(colours)
        getattr(catalog.encoder, verb)(new)
        rows = {row["name"]: row for row in catalog.encoder.list()}
        assert rows[old]["missing"] == 0
        if verb == "remove":
            assert set(rows) == {old}
        else:
            catalog.encoder.activate(new)
            assert catalog.search("red").encoder == new
            rows = {row["name"]: row for row in catalog.encoder.list()}
            assert (rows[new]["state"], rows[new]["missing"]) == ("active", 0)
            assert rows[new]["vectors"] == len(colours)
        partitions = "SELECT count(*) FROM pg_class WHERE relname ~ '^(embedding|centre)_[0-9]+$'"
        assert catalog.sql(partitions).rows == [(2 * len(rows),)]
