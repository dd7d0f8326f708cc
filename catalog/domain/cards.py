"""Camera cards: folder structures whose files belong together, told by the folders' names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Card:
    """A structure that a folder is part of: what it is, and how many folders up it begins."""

    structure: str
    levels: int


# The last folders of a path, in upper case; names as the makers' media specifications spell them.
_ENDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    *(("P2", ("CONTENTS", each)) for each in ("VIDEO", "AUDIO", "CLIP", "PROXY", "ICON")),
    ("XDCAM EX", ("BPAV", "CLPR")),
    *(("XDCAM", ("PROAV", each)) for each in ("CLPR", "EDTR")),
    *(("XDCAM", ("XDROOT", each)) for each in ("CLIP", "SUB", "EDIT")),
    ("XAVC", ("M4ROOT", "CLIP")),
    ("AVCHD", ("BDMV", "STREAM")),
)


def card_of(folders: Sequence[str]) -> Card | None:
    """The structure that a folder, given by the names on the way to it, is the essence of."""
    names = [name.upper() for name in folders]
    for structure, end in _ENDS:
        if tuple(names[-len(end) :]) == end:
            return Card(structure, len(end))
    if names and names[-1].endswith((".RDC", ".RDM")):
        return Card("RED", 1)
    return None


def card_notice(folder: str) -> tuple[str, str] | None:
    """Where the card begins that a folder is part of, and what people should know of it."""
    folders = folder.split("/")
    card = card_of(folders)
    if card is None:
        return None
    top = "/".join(folders[: -card.levels]) if card.levels > 1 else folder
    return top, (
        f"this is a camera card ({card.structure}): its files are catalogued one by one,"
        " not as the clips they make up"
    )
