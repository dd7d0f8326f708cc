"""``catalog export`` and ``catalog import-log``: what they print, and how they end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

EDL = """TITLE: x
001  AX       V     C        00:00:00:00 00:00:01:00 00:00:00:00 00:00:01:00
* FROM CLIP NAME: nobody.mov
"""


def test_export_and_import_end_as_they_say(cli: Callable[..., Any], pictures: Path, tmp_path: Path):
    assert cli("ingest", pictures).code == 0
    made = cli("bin", "create", "Stills", "1", "2", "--json")
    assert made.code == 0
    target = tmp_path / "stills.otio"
    told = cli("export", "Stills", "--format", "otio", "--output", target)
    assert (told.code, told.err) == (0, "")
    assert told.out == f"{target}: 2 clips at 25 from 01:00:00:00.\n"
    again = cli("export", "Stills", "--format", "otio", "--output", target, "--json")
    assert (again.code, again.json["error"]["code"]) == (2, "conflict")
    told = cli("export", "Stills", "-f", "otio", "-o", target, "--force", "--map", "/x=/y")
    assert told.code == 0
    assert told.err.count("no --map fits") == 2
    assert cli("export", "Stills", "-f", "avi", "-o", tmp_path / "x").code == 2
    refused = cli("export", "Stills", "-f", "edl", "-o", tmp_path / "x.edl")
    assert refused.code == 2
    assert "an EDL has no stills" in refused.err
    assert not (tmp_path / "x.edl").exists()

    log = tmp_path / "log.edl"
    log.write_text(EDL)
    told = cli("import-log", log)
    assert told.code == 1
    assert told.out.startswith(f"{log}: 0 of 1 rows;")
    assert "unmatched: row 1: nobody.mov: no asset is called 'nobody.mov'" in told.err
    assert cli("import-log", log, "--json").json["unmatched"][0]["row"] == 1
    assert cli("import-log", tmp_path / "none.edl").code == 2
