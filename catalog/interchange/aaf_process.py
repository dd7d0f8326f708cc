"""``python -m catalog.interchange.aaf_process FILE``: an AAF file's log as one JSON object.

The structure of an AAF file is a file system of its own, with pointers that a damaged or
hostile file can turn in circles: what it asks for is bounded here, not in the catalogue.
"""

from __future__ import annotations

import json
import logging
import resource
import sys
from dataclasses import asdict
from typing import Any

from catalog.interchange.read_aaf import read_aaf

_MEMORY = 2 << 30  # bytes
_CPU_S = 300


def main(path: str) -> None:
    """Read the file and print ``{"entries": […]}``, or ``{"error": reason}``."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
    logging.disable()
    told: dict[str, Any]
    try:
        told = {"entries": [_plain(asdict(entry)) for entry in read_aaf(path)]}
    except (ValueError, MemoryError, RecursionError) as error:
        told = {"error": str(error) or type(error).__name__}
    sys.stdout.write(json.dumps(told))


def _plain(entry: dict[str, Any]) -> dict[str, Any]:
    offset = entry["offset"]
    return {**entry, "rate": str(entry["rate"]), "offset": None if offset is None else str(offset)}


if __name__ == "__main__":
    main(sys.argv[1])
