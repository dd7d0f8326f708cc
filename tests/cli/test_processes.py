"""Processes that are killed, broken off, or at the same work: nothing is lost, nothing doubled."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from catalog import Catalog
from catalog.media.writer import write_video
from catalog.settings import Settings

STILLS = 8
FRAMES = STILLS + 2

# The process hurts itself at the Nth call of something: no sleeping, no guessing. Portions are
# small, so that from the fourth file on they are registered while others are analysed.
HURT = """
import itertools, os, signal, sys
import {module} as module

owner = module{owner}
real, calls = owner.{name}, itertools.count(1)

def hurt(*arguments, **named):
    call = next(calls)  # of this thread: others are at work at the same time
    if call == {at} and {before}:
        os.killpg(0, signal.{signal})
    answer = real(*arguments, **named)
    if call == {at} and not {before}:
        os.killpg(0, signal.{signal})
    return answer

owner.{name} = hurt
from catalog.ingest import arrivals
arrivals.PORTION = 3
from catalog.cli import main
main()
"""
POINTS = {
    "registering": ("catalog.store.locations", "", "save_location", 2, True),
    "registering beside": ("catalog.store.locations", "", "save_location", 8, True),
    "keeping a picture": ("catalog.media.frame_store", ".FolderFrameStore", "put", 3, False),
    "writing shots": ("catalog.store.shots", "", "replace_shots", 5, False),
    "encoding": ("catalog.encoders.null", ".NullEncoder", "encode_images", 1, True),
    "writing vectors": ("catalog.store.vectors", "", "write_vectors", 1, False),
}


@pytest.fixture
def media(tmp_path: Path) -> Path:
    """Eight stills and a film of two shots."""
    from PIL import Image

    folder = tmp_path / "media"
    folder.mkdir()
    for at in range(STILLS):
        Image.new("RGB", (32, 24), (at * 30, 90, 255 - at * 30)).save(folder / f"{at}.png")
    red, blue = (np.full((48, 64, 3), c, np.uint8) for c in ((255, 0, 0), (0, 0, 255)))
    write_video(folder / "film.mp4", [red] * 25 + [blue] * 25, frame_rate=Fraction(25))
    return folder


@pytest.fixture
def catalog(settings: Settings) -> Iterator[Catalog]:
    with Catalog.open(settings) as opened:
        yield opened


def assert_whole(catalog: Catalog, media: Path) -> None:
    """Every asset, shot, frame, vector and picture is there, and there once."""
    stats = catalog.stats()
    assert (stats["assets"], stats["locations"]) == (STILLS + 1, STILLS + 1)
    assert (stats["clips"], stats["frames"]) == (FRAMES, FRAMES)
    assert stats["encoders"] == [{"name": "null:64", "active": True, "vectors": FRAMES}]
    assert stats["stages"] == {"analyse/done": STILLS + 1, "encode/done": STILLS + 1}
    keys = {
        row[0]
        for row in catalog.sql(
            "SELECT picture FROM catalog.frame UNION ALL SELECT key FROM catalog.rendition"
        ).rows
    }
    stored = [path for path in catalog.settings.frames_dir.rglob("*") if path.is_file()]
    assert sorted(str(path.relative_to(catalog.settings.frames_dir)) for path in stored) == sorted(
        keys
    )
    names = Counter(hit.asset["name"] for hit in catalog.search("is:online", limit=100).hits)
    expected = Counter({path.name: 1 for path in media.iterdir()})
    expected["film.mp4"] = 2
    assert names == expected


@pytest.mark.parametrize("how", ["SIGKILL", "SIGINT"])
@pytest.mark.parametrize("point", POINTS)
def test_an_ingest_that_is_broken_off_is_finished_by_the_next(
    catalog: Catalog, environment: dict[str, str], media: Path, point: str, how: str
):
    module, owner, name, at, before = POINTS[point]
    code = HURT.format(module=module, owner=owner, name=name, at=at, before=before, signal=how)
    done = subprocess.run(
        [sys.executable, "-c", code, "ingest", str(media)],
        env=environment, capture_output=True, text=True, timeout=240, check=False,
        start_new_session=True,
    )  # fmt: skip
    if how == "SIGKILL":
        assert done.returncode == -signal.SIGKILL
    else:
        assert done.returncode == 130
        assert "Broken off" in done.stderr
        assert "Traceback" not in done.stderr
        states = {job["state"] for job in catalog.jobs()}
        assert states <= {"due"}, "what was at hand is due again, and nothing has failed"
    report = catalog.ingest(media)
    assert (report.registered + report.known, report.ready) == (STILLS + 1, STILLS + 1)
    assert report.failures == []
    assert_whole(catalog, media)
    assert catalog.ingest(media).frames == 0


TOGETHER = """
import sys
from catalog.ingest.register import Registrar

real, waited = Registrar.register, []

def register(*arguments, **named):
    if not waited:
        waited.append(True)
        print("HERE", flush=True)
        sys.stdin.readline()
    return real(*arguments, **named)

Registrar.register = register
from catalog.cli import main
main()
"""


def test_two_ingests_of_the_same_folder_at_once(
    catalog: Catalog, environment: dict[str, str], media: Path
):
    with ExitStack() as stack:
        both = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", TOGETHER, "ingest", str(media), "--json",
                     "--tag", "b", "--tag", "a", "--collection", "Both"],
                    env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                )
            )
            for _ in range(2)
        ]  # fmt: skip
        for process in both:
            assert process.stdout is not None
            assert process.stdout.readline() == "HERE\n"
        outputs = []
        for process in both:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in both:
            out, err = process.communicate(timeout=240)
            assert process.returncode == 0, err + out
            assert err == ""
            outputs.append(json.loads(out))
    assert sum(body["registered"] for body in outputs) == STILLS + 1
    assert sum(body["frames"] for body in outputs) == FRAMES
    assert [body["failures"] for body in outputs] == [[], []]
    # One may have left what the other was still analysing; the other has it ready.
    assert max(body["ready"] for body in outputs) == STILLS + 1
    assert_whole(catalog, media)
    assert catalog.show("film.mp4")["tags"] == ["a", "b"]


def test_an_activation_killed_in_the_middle_leaves_the_old_encoder_answering(
    catalog: Catalog, environment: dict[str, str], media: Path
):
    catalog.ingest(media)
    module, owner, name, _, _ = POINTS["writing vectors"]
    code = HURT.format(module=module, owner=owner, name=name, at=1, before=False, signal="SIGKILL")
    done = subprocess.run(
        [sys.executable, "-c", code, "encoder", "activate", "null:32"],
        env=environment, capture_output=True, timeout=240, check=False, start_new_session=True,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL
    assert catalog.search("red").encoder == "null:64"
    assert catalog.encoder.activate("null:32")["encoded"] == FRAMES
    assert catalog.search("red").encoder == "null:32"
    assert {row["name"]: row["vectors"] for row in catalog.encoder.list()} == {
        "null:64": FRAMES,
        "null:32": FRAMES,
    }
