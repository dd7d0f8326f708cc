"""Timelines that come as a folder or an archive with media and other things beside them."""

from __future__ import annotations

import zipfile
from pathlib import Path

from catalog.interchange.logs import LIMIT
from catalog.interchange.script_file import UNPACKING

# By the package's suffix: the timeline's name within, as Final Cut Pro (10.6) and OpenTimelineIO's
# file bundles have it.
FOLDERS = {".fcpxmld": "Info.fcpxml", ".otiod": "content.otio"}
ARCHIVE, _ARCHIVED = ".otioz", "content.otio"


def inside(path: Path) -> Path:
    """The timeline within a folder of a package; its suffix is one of `FOLDERS`.

    Raises
    ------
    ValueError
        If the package has none, or is no folder.
    """
    if not path.is_dir():
        raise ValueError("it is a file, and such a package a folder")
    name = FOLDERS[path.suffix.lower()]
    timeline = path / name
    # A link might lead out of the package to anything.
    if timeline.is_symlink() or not timeline.is_file():
        raise ValueError(f"there is no {name} in it")
    return timeline


def archived(path: Path) -> bytes:
    """The timeline within an archive of OpenTimelineIO (``.otioz``); its media are left alone.

    Raises
    ------
    ValueError
        If it is no such archive, or its timeline is larger than any.
    """
    try:
        with zipfile.ZipFile(path) as archive, archive.open(_ARCHIVED) as file:
            data = file.read(LIMIT + 1)
    except KeyError as error:
        raise ValueError(f"there is no {_ARCHIVED} in it") from error
    except UNPACKING as error:
        raise ValueError(f"it is no archive that can be read ({error})") from error
    if len(data) > LIMIT:
        raise ValueError(f"its timeline is larger than {LIMIT // 1_000_000} MB")
    return data
