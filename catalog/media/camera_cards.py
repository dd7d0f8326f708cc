"""How cameras lay out their cards: which folder speaks of clips, and which only repeats them.

Panasonic P2 has ``CONTENTS`` with the pictures in ``VIDEO``, each track of sound in ``AUDIO``, what
is said of clips in ``CLIP``; Sony's XDCAM and XAVC have ``XDROOT`` or ``M4ROOT`` with all of a clip
in ``CLIP``. Thumbnails and proxies that the camera makes lie in folders of their own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePath

_P2 = "contents"
_P2_CLIPS = "clip"
# Two digits behind a clip's name count its tracks of sound, and the notes that were spoken for it.
_P2_ESSENCE = {
    "video": re.compile(r"(.+)"),
    **dict.fromkeys(("audio", "voice"), re.compile(r"(.+)\d\d")),
}
# The folder of a card, one within it, and the folder whose clips that one repeats.
_REPEATS = {
    ("contents", "icon"): "video",
    ("contents", "proxy"): "video",
    ("m4root", "thmbnl"): "clip",
    ("m4root", "sub"): "clip",
    ("xdroot", "thmbnl"): "clip",
    ("xdroot", "sub"): "clip",
}


def repeats_clips(folder: PurePath) -> bool:
    """Whether a folder holds a card's thumbnails or proxies, and the clips lie beside it.

    A proxy that came without its clip is all there is, and is media like any other.
    """
    within = folder.parent
    main = _REPEATS.get((within.name.casefold(), folder.name.casefold()))
    if main is None:
        return False
    try:
        with os.scandir(within) as listing:
            return any(entry.name.casefold() == main and entry.is_dir() for entry in listing)
    except OSError:
        return False


def places_of(file: Path) -> Iterator[tuple[Path, str]]:
    """Where to look for what speaks of a media file: folders, and its name there."""
    folder, name = file.parent, file.name
    yield folder, name
    pattern = _P2_ESSENCE.get(folder.name.casefold())
    if pattern is None or folder.parent.name.casefold() != _P2:
        return
    if (clip := pattern.fullmatch(file.stem)) is not None:
        yield folder.parent / _spelt_as(folder.name, _P2_CLIPS), clip[1] + file.suffix


def essence_beside(folder: PurePath) -> list[str]:
    """The folders whose media are spoken of in this one, beside its own."""
    if folder.name.casefold() != _P2_CLIPS or folder.parent.name.casefold() != _P2:
        return []
    return [str(folder.parent / _spelt_as(folder.name, essence)) for essence in _P2_ESSENCE]


def _spelt_as(example: str, name: str) -> str:
    """Cards are written in capitals, and come out of some systems in small letters."""
    return name if example.islower() else name.upper()
