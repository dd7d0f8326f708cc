"""What there is to teach from: logged captions, and other pictures and texts around them."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from catalog.db.engine import Database
from catalog.demo import world
from catalog.demo.captions import caption, languages, query
from catalog.domain.evaluating import LOGGED
from catalog.evaluate import Dataset, Picture, logged
from catalog.evaluate.logged import spelt
from catalog.media.frame_store import FrameStore
from catalog.store import captions as store
from catalog.store.comparing import newest_phrases
from catalog.store.vectors import find_encoder

# Words need something to be held by even where there are no pictures.
_FEWEST_TEXTS = 64


@dataclass(frozen=True, slots=True)
class Material:
    """Captioned pictures; pictures of the library that nobody captioned; texts of no picture.

    ``anchors`` hold the words fast, as ``library`` does the pictures.
    """

    captioned: Dataset
    library: tuple[Picture, ...]
    anchors: tuple[str, ...]


def logged_material(
    database: Database, frames: FrameStore, *, tags: Sequence[str], spoken: Sequence[str]
) -> Dataset:
    """Descriptions, subclips, these tags, and what is said with one of these words in it."""
    with database.session() as session:
        rows = store.logged_captions(session)
        rows += store.tag_captions(session, tags) if tags else []
        rows += store.speech_captions(session, spoken) if spoken else []
    return logged.captioned((row for row in rows if row.text.strip()), frames)


def around(
    captioned: Dataset,
    database: Database,
    frames: FrameStore,
    *,
    parent: str,
    library: int,
    seed: int,
) -> Material:
    """The captions with what is around them in the catalogue.

    Anchors are what was asked for under the parent before, and everyday sentences and short
    queries in all languages of the demonstration; none of them says what a caption says.
    """
    # Other datasets group their pictures by other names than assets' ids.
    ours = captioned.name == LOGGED
    assets = {int(picture.group) for picture in captioned.pictures} if ours else set()
    texts_wanted = max(library, _FEWEST_TEXTS)
    with database.session() as session:
        row = find_encoder(session, parent)
        asked = newest_phrases(session, row.id, texts_wanted) if row is not None else []
        keys = store.other_pictures(session, library, seed, sorted(assets))
    said = {spelt(each.text) for each in captioned.captions}
    texts = dict.fromkeys(itertools.chain(asked, everyday(texts_wanted, seed)))
    return Material(
        captioned,
        tuple(Picture(f"frame {key}", partial(frames.get, key)) for key in keys),
        tuple(text for text in texts if text.strip() and spelt(text) not in said),
    )


def everyday(count: int, seed: int) -> list[str]:
    """Sentences and short queries about everyday things, in fourteen languages by turns."""
    rng = random.Random(seed)  # noqa: S311  # reproducible, not secret
    said = []
    for at in range(count):
        scene = rng.choice(world.training())
        code = languages()[at % len(languages())]
        if rng.random() < 0.5:
            said.append(caption(scene, code, rng.randrange(10_000)))
        else:
            said.append(query(scene, code, rng))
    return said
