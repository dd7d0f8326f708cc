"""Files that may be shown to somebody: kept pictures, renditions, and originals within roots."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

from sqlalchemy.orm import Session

from catalog.db.engine import Database
from catalog.domain.renditions import RenditionKind
from catalog.domain.served import ServedFile
from catalog.errors import NotFoundError, OutsideRootError
from catalog.maintain.assets import Reference, resolve
from catalog.media.frame_store import FrameStore
from catalog.media.sequences import is_sequence
from catalog.store import assets, renditions, served

_RENDITION_TYPES = {".mp4": "video/mp4", ".m4a": "audio/mp4", ".jpg": "image/jpeg"} | {
    ".png": "image/png",
    ".webp": "image/webp",
    ".json": "application/json",
    ".dat": "application/octet-stream",
    ".vtt": "text/vtt",
}
# What a browser may show of a stranger's file. Anything else (SVG is a program) it only saves.
_ORIGINAL_TYPES = {
    ".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/quicktime", ".webm": "video/webm",
    ".mkv": "video/x-matroska", ".ogv": "video/ogg", ".mp3": "audio/mpeg", ".m4a": "audio/mp4",
    ".wav": "audio/wav", ".flac": "audio/flac", ".ogg": "audio/ogg", ".opus": "audio/ogg",
    ".aac": "audio/aac", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png",
    ".gif": "image/gif", ".webp": "image/webp", ".avif": "image/avif", ".tif": "image/tiff",
    ".tiff": "image/tiff", ".mxf": "application/mxf",
}  # fmt: skip
UNKNOWN_TYPE = "application/octet-stream"


def picture(database: Database, store: FrameStore, frame_id: int) -> ServedFile:
    """The kept picture of a frame.

    Raises
    ------
    NotFoundError
        If there is no such frame, or its picture is gone.
    """
    with database.session() as session:
        key = served.picture_of(session, frame_id)
    if key is None:
        raise NotFoundError(
            f"There is no frame {frame_id}.", remedy="Take the number from a search's hits."
        )
    return replace(_kept(store, key, f"frame-{frame_id}"), immutable=True)


def rendition(
    database: Database, store: FrameStore, reference: Reference, kind: RenditionKind
) -> ServedFile:
    """A rendition of an asset.

    Raises
    ------
    NotFoundError
        If there is no such asset, or none of the kind was made of it.
    """
    with database.session() as session:
        asset_id = resolve(session, reference)
        every = renditions.renditions_of(session, [asset_id])[asset_id]
        made = [each for each in every if each.kind == kind]
    if not made:
        raise NotFoundError(
            f"No {kind.value} was made of asset {asset_id}.",
            remedy="`catalog proxy` and `catalog waveform` make them.",
        )
    return _kept(store, made[0].key, f"asset-{asset_id}-{kind.value}")


def original(database: Database, reference: Reference) -> ServedFile:
    """A file of an asset that is there, and within its root whatever links there are.

    Raises
    ------
    NotFoundError
        If there is no such asset, or none of its files is there.
    OutsideRootError
        If the one that is there lies, links followed, outside of its root.
    """
    with database.session() as session:
        asset_id = resolve(session, reference)
        places = served.places_of(session, asset_id)
        name = _name(session, asset_id)
    outside: list[Path] = []
    for root, below in places:
        path = _inside(root, below)
        if path is None:
            outside.append(root / below)
        elif (state := _state(path)) is not None:
            mark = f"{asset_id}-{state.st_size:x}-{state.st_mtime_ns:x}"
            kind = _ORIGINAL_TYPES.get(path.suffix.lower(), UNKNOWN_TYPE)
            return ServedFile(path, kind, name, mark)
    if outside:
        raise OutsideRootError(
            f"The file of asset {asset_id} is a link that leads out of its root.",
            remedy="Ingest it where it lies: its folder becomes a root then.",
        )
    if any(is_sequence(root / below) for root, below in places):
        raise NotFoundError(
            f"Asset {asset_id} is an image sequence: no one file is all of it.",
            remedy="Fetch its frames from where they lie, or have a proxy made: `catalog proxy`.",
        )
    raise NotFoundError(
        f"No file of asset {asset_id} is there.", remedy="Is its storage mounted? See `locations`."
    )


def _name(session: Session, asset_id: int) -> str:
    row = assets.get_asset(session, asset_id)
    return "" if row is None else row.name


def _inside(root: Path, below: Path) -> Path | None:
    """The file with all links followed, if it lies within the root."""
    real_root = Path(os.path.realpath(root))
    real = Path(os.path.realpath(root / below))
    return real if real.is_relative_to(real_root) and real != real_root else None


def _state(path: Path) -> os.stat_result | None:
    try:
        state = path.stat()
    except (OSError, ValueError):
        return None
    return state if stat.S_ISREG(state.st_mode) else None


def _kept(store: FrameStore, key: str, name: str) -> ServedFile:
    path = Path(store.path_or_url(key))
    state = _state(path)
    if state is None:
        raise NotFoundError(
            f"The frame store has lost {name}.", remedy="`catalog doctor` tells what is missing."
        )
    kind = _RENDITION_TYPES.get(path.suffix.lower(), UNKNOWN_TYPE)
    mark = f"{key.replace('/', '-')}-{state.st_size:x}-{state.st_mtime_ns:x}"
    return ServedFile(path, kind, name + path.suffix.lower(), mark)
