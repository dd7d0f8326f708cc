"""`catalog backup` and `catalog restore`: processes, exit codes, and an embedded home."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

from catalog import Catalog

DOCUMENT = Path(__file__).parents[2] / "docs" / "operations.md"


def documented(file: Path) -> list[list[str]]:
    """The commands that the document shows, on a file of our own."""
    block = r"<!-- run by tests/cli/test_backup_verbs\.py -->\n```sh\n(.*?)```"
    (commands,) = re.findall(block, DOCUMENT.read_text("utf-8"), re.DOTALL)
    lines = [shlex.split(line, comments=True) for line in commands.splitlines()]
    assert {name for name, *_ in lines} == {"catalog"}
    return [[str(file) if w.endswith(file.name) else w for w in words] for _, *words in lines]


def test_into_a_new_home_and_back(cli, pictures: Path, open_folder: Path, settings, monkeypatch):
    assert cli("ingest", pictures).code == 0
    file = open_folder / "news.backup"
    backup, verify, restore = documented(file)
    made = cli(*backup)
    assert made.code == 0, made.err
    assert "3 files of the frame store" in made.out
    assert file.stat().st_mode & 0o777 == 0o600
    assert cli(*verify).out.startswith("All as it was written")
    told = cli(*verify, "--json").json
    assert {table["name"]: table["rows"] for table in told["tables"]}["asset"] == 3
    assert [encoder["name"] for encoder in told["encoders"]] == ["null:64"]
    again = cli("backup", file, "--json")
    assert (again.code, again.json["error"]["code"]) == (2, "invalid_input")
    refused = cli(*restore, "--json")
    assert (refused.code, refused.json["error"]["code"]) == (2, "catalog_not_empty")
    found = cli("search", "red", "--json").json["hits"]

    # A home of its own, with a server of its own.
    monkeypatch.delenv("CATALOG_DATABASE_URL")
    monkeypatch.setenv("CATALOG_HOME", str(open_folder / "home"))
    done = cli(*restore)
    assert (done.code, done.err) == (0, "")
    assert "3 files in the frame store" in done.out
    hits = cli("search", "red", "--json").json["hits"]
    for hit in [*hits, *found]:
        hit["frame"].pop("picture")
    assert hits == found
    # A picture that was lost: what is there is taken, and the rest told.
    with Catalog.open() as catalog:
        Path(catalog.search("red").hits[0].frame["picture"]).unlink()
    made = cli("backup", open_folder / "less.backup")
    assert (made.code, made.err.count("missing: ")) == (1, 1)
    checks = {check["name"]: check for check in cli("doctor", "--json").json["checks"]}
    assert checks["pictures"]["found"].startswith("1 of 3 are missing")


def test_ctrl_c_leaves_nothing(environment, pictures: Path, settings, tmp_path: Path):
    with Catalog.open(settings) as catalog:
        catalog.ingest(pictures)
    hurt = (
        "import os, signal\n"
        "from catalog.maintain.backup.writer import BackupWriter\n"
        "BackupWriter.finish = lambda *_: os.kill(os.getpid(), signal.SIGINT)\n"
        "from catalog.cli import main\n"
        "main()\n"
    )
    file = tmp_path / "backups" / "all.backup"
    file.parent.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", hurt, "backup", file],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (
        128 + signal.SIGINT,
        "Broken off; nothing was written.\n",
    )
    assert list(file.parent.iterdir()) == []
