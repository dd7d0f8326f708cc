"""Files of editing programs as logs, by their suffix."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

from catalog.interchange.logged import Logged
from catalog.interchange.read_fcp7 import read_fcp7
from catalog.interchange.read_fcpx import read_fcpxml
from catalog.interchange.read_otio import read_otio

# Bytes; a feature film's timeline is some 20 MB, an AAF without essence too.
LIMIT = 100_000_000
AAF_LIMIT = 500_000_000
_AAF_SECONDS = 600
_READERS = {".otio": read_otio, ".fcpxml": read_fcpxml, ".xml": read_fcp7}
# By suffix, what `catalog.domain.sidecars.SidecarKind` calls them.
KINDS = {".otio": "otio", ".fcpxml": "fcpxml", ".xml": "fcp7xml", ".aaf": "aaf"}


def read_text_log(data: bytes, suffix: str) -> list[Logged]:
    """What a file of this sort says: ``.otio``, ``.fcpxml``, ``.xml`` (Final Cut Pro 7).

    Raises
    ------
    ValueError
        If it is not what its suffix says.
    """
    return _READERS[suffix](data)


def read_aaf_log(path: Path) -> list[Logged]:
    """What an AAF file says, read in a process with limits on memory and time.

    Raises
    ------
    ValueError
        If it is no AAF file, a damaged one, or one that takes too long.
    """
    command = [sys.executable, "-m", "catalog.interchange.aaf_process", os.fspath(path)]
    try:
        done = subprocess.run(  # noqa: S603  # our own module, the path an argument
            command, capture_output=True, timeout=_AAF_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ValueError(f"it takes longer than {_AAF_SECONDS} s to read") from error
    try:
        told = json.loads(done.stdout)
    except ValueError as error:
        raise ValueError("reading it broke off: it asks for too much, or is damaged") from error
    if "error" in told:
        raise ValueError(str(told["error"])[:200])
    return [_from_json(entry) for entry in told["entries"]]


def _from_json(entry: dict[str, Any]) -> Logged:
    offset = entry["offset"]
    return Logged(
        **{
            **entry,
            "files": tuple(entry["files"]),
            "reels": tuple(entry["reels"]),
            "rate": Fraction(entry["rate"]),
            "offset": None if offset is None else Fraction(offset),
        }
    )
