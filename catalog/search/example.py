"""Search by example: words, pictures and shots become one vector to look for.

What is wanted is added up, each part at unit length; what is not wanted is
taken off, weighted, after Rocchio, "Relevance feedback in information
retrieval", in Salton (ed.), The SMART Retrieval System, 1971. One vector is
all that comes out, so that every plan of the search statement works with it.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from catalog.domain.examples import Examples, FrameOrClip, GivenVector, Picture
from catalog.encoders import Encoder
from catalog.errors import InvalidInputError, NotFoundError
from catalog.media.isolated import DecoderPool
from catalog.media.safe_picture import safe_jpeg
from catalog.search.phrases import Phrases, normal_phrase
from catalog.store import examples as store
from catalog.store.vectors import EncoderRow

# Measured in docs/decisions/0010.
NEGATIVE_WEIGHT = 0.25

_Example = str | Picture | FrameOrClip | GivenVector


class ExampleVectors:
    """Makes query vectors of one encoder from words and examples."""

    def __init__(self, phrases: Phrases, decoders: DecoderPool) -> None:
        self._phrases = phrases
        self._decoders = decoders

    def vector(self, words: str, examples: Examples) -> np.ndarray:
        """The unit vector ``(dimension,)`` of what is wanted without what is not.

        Raises
        ------
        InvalidInputError
            If wanted and unwanted are the same, or a vector is not of this encoder's dimension.
        NotFoundError
            If an example is no clip or frame, or has no vector yet.
        MediaError
            If a picture cannot be read.
        EncoderUnavailableError
            If something is new and the encoder's weights are not to be had.
        """
        wanted: list[_Example] = [*examples.images, *examples.vectors, *examples.like]
        if words:
            wanted.insert(0, words)
        vectors = self._all([*wanted, *examples.without])
        return combined(vectors[: len(wanted)], vectors[len(wanted) :])

    def _all(self, given: Sequence[_Example]) -> list[np.ndarray]:
        texts = [each for each in given if isinstance(each, str)]
        known = self._phrases.vectors(texts) if texts else {}
        pictures = [each for each in given if isinstance(each, Path | bytes)]
        encoded = iter(self._encoded(pictures))
        found: list[np.ndarray] = []
        for each in given:
            if isinstance(each, str):
                found.append(known[normal_phrase(each)])
            elif isinstance(each, FrameOrClip):
                found.append(self._stored(each))
            elif isinstance(each, GivenVector):
                found.append(given_vector(each, self._phrases.encoder))
            else:
                found.append(next(encoded))
        return found

    def _encoded(self, pictures: Sequence[Picture]) -> Sequence[np.ndarray]:
        if not pictures:
            return ()
        from PIL import Image  # noqa: PLC0415  # most searches have no picture

        opened = [Image.open(io.BytesIO(safe_jpeg(self._decoders, each))) for each in pictures]
        encoder = self._phrases.load_encoder()
        assert isinstance(encoder, Encoder)  # noqa: S101  # the one that answers sees
        vectors: np.ndarray = encoder.encode_images(opened)
        return list(vectors)

    def _stored(self, shot: FrameOrClip) -> np.ndarray:
        with self._phrases.database.session() as session:
            there = store.is_there(session, shot)
            vectors = store.vectors_of(session, self._phrases.encoder.id, shot) if there else None
        if vectors is None:
            raise _without_vector(shot) if there else _not_there(shot)
        return unit(vectors.mean(axis=0))


def given_vector(given: GivenVector, encoder: EncoderRow) -> np.ndarray:
    """The vector at length 1, ``(dimension,)``.

    Raises
    ------
    InvalidInputError
        If it is not of the encoder's dimension.
    """
    if len(given.numbers) != encoder.dimension:
        raise InvalidInputError(
            f"An example vector of {given} was given; expected {encoder.dimension} numbers, as"
            f" {encoder.name} has.",
            remedy="Make it with the encoder that answers: `catalog encoder list` names it.",
        )
    numbers = np.asarray(given.numbers)
    # First by the largest, whose square may be beyond what a float holds.
    scaled: np.ndarray = unit(numbers / np.abs(numbers).max())
    return scaled


def combined(wanted: Sequence[np.ndarray], unwanted: Sequence[np.ndarray]) -> np.ndarray:
    """What is wanted with what is not taken off; unit vectors become one unit vector.

    Where nothing is wanted, it is the opposite of what is not.

    Raises
    ------
    InvalidInputError
        If nothing is left.
    """
    if wanted and unwanted:
        away = NEGATIVE_WEIGHT * np.mean(unwanted, axis=0)
        vector = unit(unit(np.sum(wanted, axis=0)) - away)
    else:
        vector = unit(np.sum(wanted, axis=0) if wanted else -np.sum(unwanted, axis=0))
    # As halfvec rounds, so that every page is asked with the very same numbers.
    return np.asarray(vector, dtype=np.float16).astype(np.float32)


def unit(vector: np.ndarray) -> np.ndarray:
    """The vector at length 1."""
    length = float(np.linalg.norm(vector))
    if not length > 1e-6:
        raise InvalidInputError(
            "The examples cancel each other out; expected something to look for.",
            remedy="Leave one of them out.",
        )
    scaled: np.ndarray = np.asarray(vector, dtype=np.float32) / np.float32(length)
    return scaled


def _not_there(shot: FrameOrClip) -> NotFoundError:
    return NotFoundError(
        f"There is no {shot.kind} {shot.id}; expected one of the catalogue's.",
        remedy=f'`catalog search "…" --json` gives {shot.kind}.id of each hit.',
    )


def _without_vector(shot: FrameOrClip) -> NotFoundError:
    return NotFoundError(
        f"The {shot.kind} {shot.id} has no vector under the active encoder.",
        remedy="Let it be encoded first: `catalog encoder backfill`.",
    )
