"""``catalog watch`` as a process: a standby takes over, SIGTERM ends it, its words are lines."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from catalog import Catalog
from catalog.settings import Settings


class Watcher:
    """A process of ``catalog watch --json``, and what it says."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "catalog.cli", "watch", "--json"],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def hears(self, event: str) -> dict[str, object]:
        """Wait for its next word of this."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            told = json.loads(line)
            if told["event"] == event:
                return dict(told)
        raise AssertionError(f"it ended without a word of {event}")


@pytest.fixture
def environment(settings: Settings) -> dict[str, str]:
    mine = {k: v for k, v in os.environ.items() if not k.startswith("CATALOG_")}
    return mine | {
        "CATALOG_HOME": str(settings.home),
        "CATALOG_DATABASE_URL": str(settings.database_url),
        "CATALOG_ENCODER": "null",
    }


def test_a_standby_takes_over_from_one_that_is_killed(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    with Catalog.open(settings) as catalog:
        catalog.root.watch(folder, settle=0.1)
    first = Watcher(environment)
    first.hears("root_scanned")
    second = Watcher(environment)
    try:
        assert second.hears("root_watched_elsewhere")["root"] == str(folder)
        first.process.send_signal(signal.SIGKILL)
        second.hears("root_scanned")
        Image.fromarray(np.full((24, 32, 3), 200, np.uint8)).save(folder / "a.png")
        assert second.hears("file_registered")["path"] == str(folder / "a.png")
        second.hears("files_ingested")
        second.process.send_signal(signal.SIGTERM)
        out, err = second.process.communicate(timeout=240)
    finally:
        for each in (first, second):
            each.process.kill()
            each.process.communicate()
    assert second.process.returncode == 0, err
    report = json.loads(out)
    assert report["roots"] == 1
    assert (report["registered"], report["failed"], report["elsewhere"]) == (1, 0, [])
