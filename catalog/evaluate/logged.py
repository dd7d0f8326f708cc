"""The catalogue's own pictures, with what people logged of them."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from PIL import Image

from catalog.db.engine import Database
from catalog.domain.evaluating import LOGGED
from catalog.errors import InvalidInputError
from catalog.evaluate.dataset import UNKNOWN_LANGUAGE, Caption, Dataset, Picture
from catalog.media.frame_store import FrameStore
from catalog.store.captions import Logged, logged_captions


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
    every = captioned(rows, store)
    found = telling(every)
    if len(found.pictures) < 2:
        raise InvalidInputError(
            f"{len(found.pictures)} pictures of this catalogue have a description of their own; "
            "expected 2 or more, and some hundreds for figures worth reading.",
            remedy="Log subclips (ALE, EDL), describe stills and shots, or name a dataset.",
        )
    left = len(every.captions) - len(found.captions)
    notes = (f"{left} logged texts say the same of several pictures and were left out.",)
    return replace(found, notes=notes if left else ())


def captioned(rows: Iterable[Logged], store: FrameStore) -> Dataset:
    """What was logged as a dataset: frames from the frame store, grouped by asset."""
    place: dict[int, int] = {}
    pictures: list[Picture] = []
    captions: list[Caption] = []
    for row in rows:
        if row.frame_id not in place:
            place[row.frame_id] = len(pictures)
            name = f"{row.asset} (frame {row.frame_id})"
            pictures.append(Picture(name, partial(store.get, row.picture), str(row.asset_id)))
        language = row.language or UNKNOWN_LANGUAGE
        captions.append(Caption(place[row.frame_id], language, row.text.strip()))
    kept = tuple(dict.fromkeys(captions))
    return Dataset(LOGGED, "logged", tuple(pictures), kept, open_stored)


def telling(dataset: Dataset) -> Dataset:
    """With texts alone that one picture has and no other, and with the pictures that have one."""
    shown: dict[str, set[int]] = defaultdict(set)
    for caption in dataset.captions:
        shown[spelt(caption.text)].add(caption.picture)
    kept = tuple(c for c in dataset.captions if len(shown[spelt(c.text)]) == 1)
    captioned_pictures = {caption.picture for caption in kept}
    silent = set(range(len(dataset.pictures))) - captioned_pictures
    return replace(dataset, captions=kept).without(silent)


def spelt(text: str) -> str:
    """A text as it is compared with others: case and blanks tell nothing."""
    return " ".join(text.casefold().split())


def open_stored(content: bytes) -> Image.Image:
    """A picture of the frame store: JPEGs that our own decoders wrote."""
    return Image.open(io.BytesIO(content))
