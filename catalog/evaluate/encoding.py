"""A dataset under one encoder: vectors that were not made before are made, batch by batch."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from PIL import Image

from catalog.domain.progress import Progress
from catalog.encoders import Encoder
from catalog.errors import CatalogError
from catalog.evaluate.dataset import Caption, Dataset
from catalog.evaluate.files import digest_of
from catalog.evaluate.results import Missing
from catalog.evaluate.retrieval import Vectors
from catalog.evaluate.vectors import ALL_READ, Shelf, Shelves

_PICTURES, _TEXTS = 64, 256
ANY = ""
"""The language whose template stands for all that have none of their own."""
SLOT = "{}"


@dataclass(slots=True)
class Contents:
    """What each picture's file holds, by digest, and which cannot be had."""

    digests: dict[int, bytes] = field(default_factory=dict)
    missing: dict[int, Missing] = field(default_factory=dict)

    def lose(self, dataset: Dataset, at: int, error: Exception) -> None:
        """A picture turned out to be none."""
        code = error.code if isinstance(error, CatalogError) else "unreadable"
        reason = error.message if isinstance(error, CatalogError) else str(error)
        self.missing[at] = Missing(dataset.pictures[at].name, code, reason)
        self.digests.pop(at, None)


def look_over(dataset: Dataset, progress: Progress) -> Contents:
    """Read every picture's file once, to know which are there and what they are known by."""
    found = Contents()
    progress.begin("look over", len(dataset.pictures), "pictures")
    for at, picture in enumerate(dataset.pictures):
        try:
            found.digests[at] = digest_of(picture.read())
        except (CatalogError, OSError) as error:
            found.lose(dataset, at, error)
        progress.advance("look over", 1, picture.name)
    progress.end("look over")
    return found


def encode_pictures(
    encoder: Encoder, dataset: Dataset, contents: Contents, shelves: Shelves, progress: Progress
) -> Shelf:
    """Give every picture a vector; those that cannot be decoded become missing."""
    shelf = shelves.of(encoder.weights_digest, encoder.precision, "pictures", encoder.dimension)
    wanted = set(shelf.missing(list(contents.digests.values())))
    # Equal files once; a broken one is broken at each of its places.
    places: dict[bytes, list[int]] = {}
    for at, digest in contents.digests.items():
        if digest in wanted:
            places.setdefault(digest, []).append(at)
    progress.begin("pictures", len(places), "pictures")
    for batch in _batched(list(places), _PICTURES):
        opened = {
            key: picture for key in batch if (picture := _opened(dataset, contents, places[key]))
        }
        if opened:
            shelf.add(list(opened), encoder.encode_images(list(opened.values())))
        progress.advance("pictures", len(batch))
    progress.end("pictures")
    return shelf


def _opened(dataset: Dataset, contents: Contents, places: list[int]) -> Image.Image | None:
    picture = dataset.pictures[places[0]]
    try:
        opened = dataset.open(picture.read())
        # Truncated files are found out only now.
        opened.load()
    except (CatalogError, OSError, ValueError, SyntaxError) as error:
        for at in places:
            contents.lose(dataset, at, error)
        return None
    return opened


def asked_with(caption: Caption, templates: Mapping[str, str]) -> str:
    """The caption as it is encoded: normal, and within its language's template if it has one."""
    text = " ".join(unicodedata.normalize("NFC", caption.text).split())
    template = templates.get(caption.language) or templates.get(ANY)
    # Not format(): braces in captions and templates are text.
    return text if template is None else template.replace(SLOT, text, 1)


def encode_texts(
    encoder: Encoder,
    captions: Mapping[str, Sequence[Caption]],
    templates: Mapping[str, str],
    shelves: Shelves,
    progress: Progress,
) -> tuple[dict[str, Vectors], int]:
    """The vectors of captions by language, and how many are longer than the encoder reads."""
    progress.begin("texts", sum(map(len, captions.values())), "texts")
    vectors: dict[str, Vectors] = {}
    cut = 0
    for language, said in captions.items():
        shelf = shelves.of(
            encoder.weights_digest, encoder.precision, f"texts-{language}", encoder.dimension
        )
        text_of = {digest_of(text.encode("utf-8", "replace")): text
                   for text in (asked_with(caption, templates) for caption in said)}  # fmt: skip
        keys = [digest_of(asked_with(c, templates).encode("utf-8", "replace")) for c in said]
        for batch in _batched(shelf.missing(keys), _TEXTS):
            texts = [text_of[key] for key in batch]
            shelf.add(batch, encoder.encode_texts(texts), encoder.characters_read(texts))
        vectors[language] = shelf.vectors(keys)
        cut += sum(read != ALL_READ for read in shelf.read(keys))
        progress.advance("texts", len(said), language)
    progress.end("texts")
    return vectors, cut


def _batched(keys: list[bytes], size: int) -> Iterator[list[bytes]]:
    for start in range(0, len(keys), size):
        yield keys[start : start + size]
