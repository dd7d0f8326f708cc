"""The catalogue's own pictures, with what people logged of them."""

from __future__ import annotations

import io
from collections import defaultdict
from functools import partial

from PIL import Image

from catalog.db.engine import Database
from catalog.errors import InvalidInputError
from catalog.evaluate.dataset import UNKNOWN_LANGUAGE, Caption, Dataset, Picture
from catalog.media.frame_store import FrameStore
from catalog.store.captions import Logged, logged_captions

NAME = "catalog"


def logged_dataset(database: Database, store: FrameStore) -> Dataset:
    """Subclips and descriptions with the frames they are about, grouped by asset.

    A text that several pictures have ("interview") does not tell them apart, so it is left
    out and counted in ``notes``.

    Raises
    ------
    InvalidInputError
        If nobody has described two pictures.
    """
    with database.session() as session:
        rows = logged_captions(session)
    shown: dict[str, set[int]] = defaultdict(set)
    for row in rows:
        shown[_spelt(row)].add(row.frame_id)
    telling = [row for row in rows if len(shown[_spelt(row)]) == 1]
    place: dict[int, int] = {}
    pictures: list[Picture] = []
    for row in telling:
        if row.frame_id not in place:
            place[row.frame_id] = len(pictures)
            name = f"{row.asset} (frame {row.frame_id})"
            pictures.append(Picture(name, partial(store.get, row.picture), str(row.asset_id)))
    if len(pictures) < 2:
        raise InvalidInputError(
            f"{len(pictures)} pictures of this catalogue have a description of their own; "
            "expected 2 or more, and some hundreds for figures worth reading.",
            remedy="Log subclips (ALE, EDL), describe stills and shots, or name a dataset.",
        )
    captions = (
        Caption(place[row.frame_id], row.language or UNKNOWN_LANGUAGE, row.text.strip())
        for row in telling
    )
    left = len(rows) - len(telling)
    notes = (f"{left} logged texts say the same of several pictures and were left out.",)
    return Dataset(
        NAME,
        "logged",
        tuple(pictures),
        tuple(dict.fromkeys(captions)),
        _open,
        notes if left else (),
    )


def _spelt(row: Logged) -> str:
    return " ".join(row.text.casefold().split())


def _open(content: bytes) -> Image.Image:
    # The frame store holds JPEGs that our own decoders wrote.
    return Image.open(io.BytesIO(content))
