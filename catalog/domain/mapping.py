r"""Where a file lies for another machine: the same storage under another mount point.

A mapping ``/mnt/rushes=Z:\Rushes`` says that what this machine finds below
``/mnt/rushes`` is below ``Z:\Rushes`` for whoever reads the export.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from catalog.domain.paths import full_path, shown_path
from catalog.errors import InvalidInputError

_DRIVE = re.compile(r"[A-Za-z]:([\\/]|$)")
# RFC 8089 and RFC 3986: what may stand in a path as it is.
_SAFE = "/:@!$&'()*+,;=~"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file lies: its path and ``file:`` URL for the reader, and its path below its root.

    ``url`` keeps the bytes of names that are no UTF-8; ``path`` shows them. ``mapped``
    tells whether a mapping put it there.
    """

    path: str
    url: str
    relative: str
    relative_url: str
    mapped: bool = False


@dataclass(frozen=True, slots=True)
class PathMap:
    """A folder of this machine, and what it is called on the other."""

    source: Path
    target: str


def parse_map(text: str) -> PathMap:
    """Read ``FROM=TO``.

    Raises
    ------
    InvalidInputError
        If it is none, or ``FROM`` is no absolute path.
    """
    source, separator, target = text.partition("=")
    if not separator or not source.startswith("/") or not target.strip():
        raise InvalidInputError(
            f"{text[:200]!r} is no mapping of paths; expected FROM=TO, FROM an absolute path here.",
            remedy="Write --map /mnt/rushes=/Volumes/Rushes, or --map '/mnt/rushes=Z:\\Rushes'.",
        )
    return PathMap(full_path(Path(source)), target.strip())


def place_of(root: Path, below: Path, maps: Sequence[PathMap] = ()) -> Place:
    """Where a file below a root lies for the reader; the longest mapping that fits holds."""
    file = root / below
    fitting = [each for each in maps if file.is_relative_to(each.source)]
    relative = shown_path(below)
    relative_url = quote(os.fsencode(below), safe=_SAFE.replace(":", ""))
    if not fitting:
        url = "file://" + quote(os.fsencode(file), safe=_SAFE)
        return Place(shown_path(file), url, relative, relative_url)
    chosen = max(fitting, key=lambda each: len(each.source.parts))
    rest = file.relative_to(chosen.source)
    path, url = _joined(chosen.target, rest)
    return Place(path, url, relative, relative_url, mapped=True)


def _joined(target: str, rest: Path) -> tuple[str, str]:
    """The path in the spelling of the other machine, and its URL."""
    windows = bool(_DRIVE.match(target)) or target.startswith("\\\\")
    separator = "\\" if windows else "/"
    head = target.rstrip("/\\")
    if windows:
        head = head.replace("/", "\\")
    tail = shown_path(rest)
    path = f"{head}{separator}{tail.replace('/', separator)}" if rest.parts else head
    encoded = quote(os.fsencode(rest), safe=_SAFE)
    if "://" in head:
        return path, f"{head}/{encoded}"
    spelt = head.replace("\\", "/") if windows else head
    prefix = "file:" if spelt.startswith("//") else "file:///" if windows else "file://"
    return path, f"{prefix}{quote(os.fsencode(spelt), safe=_SAFE)}/{encoded}"
