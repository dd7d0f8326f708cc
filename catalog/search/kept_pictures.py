"""Pictures that were dropped on a page to search by, kept so that the search has an address."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path

from catalog.errors import NotFoundError
from catalog.media.isolated import DecoderPool
from catalog.media.safe_picture import safe_jpeg

_NAME = re.compile(r"[0-9a-f]{64}", re.ASCII)
# An address that is older than so many others leads nowhere any more: some 40 MB.
MOST_KEPT = 1000


def keep(folder: Path, decoders: DecoderPool, content: bytes) -> str:
    """Keep the picture as a small JPEG; its name, which is that of its content.

    Raises
    ------
    MediaTooLargeError, MediaError
        If it is above 256 MiB, or no picture that can be decoded.
    DecodersUnavailableError
        If there is no process to decode it.
    """
    name = hashlib.sha256(content).hexdigest()
    place = folder / f"{name}.jpg"
    jpeg = safe_jpeg(decoders, content)
    folder.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(prefix=".part-", dir=folder)
    with os.fdopen(handle, "wb") as file:
        file.write(jpeg)
    Path(part).replace(place)
    _forget_oldest(folder)
    return name


def kept(folder: Path, name: str) -> Path:
    """Where the picture of that name lies.

    Raises
    ------
    NotFoundError
        If it was never kept, or is forgotten.
    """
    place = folder / f"{name}.jpg"
    if _NAME.fullmatch(name) is None or not place.is_file():
        raise NotFoundError(
            "The picture that was searched by is no longer kept.",
            remedy="Drop it on the search box again.",
        )
    return place


def _forget_oldest(folder: Path) -> None:
    places = list(folder.glob("*.jpg"))
    if len(places) <= MOST_KEPT:
        return
    with suppress(FileNotFoundError):  # another process forgets as well
        for place in sorted(places, key=lambda each: each.stat().st_mtime)[:-MOST_KEPT]:
            place.unlink(missing_ok=True)
