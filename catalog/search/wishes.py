"""What a query asks for by meaning: of pictures, and of what is said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sqlalchemy.orm import Session

from catalog.db.engine import Database
from catalog.domain.examples import Examples
from catalog.domain.ordering import Weights
from catalog.domain.query import Query
from catalog.domain.results import Notice
from catalog.encoders import TextEncoder
from catalog.errors import CatalogError, EncoderRemovedError, EncoderUnavailableError
from catalog.media.isolated import DecoderPool
from catalog.search.example import ExampleVectors, combined, given_vector
from catalog.search.judging import calibrated_language, cut_notices
from catalog.search.phrases import KnownPhrases, Phrases, normal_phrase
from catalog.store import vectors
from catalog.store.search import Meaning, Opening, Speech
from catalog.store.vectors import EncoderRow


@dataclass(frozen=True, slots=True)
class Sought:
    """What a query asks for by meaning: of pictures, of what is said; and what was not taken."""

    encoder: EncoderRow | None
    meaning: Meaning | None = None
    speech: Speech | None = None
    notices: tuple[Notice, ...] = ()


class Wishes:
    """Makes vectors of queries."""

    def __init__(
        self,
        database: Database,
        load_encoder: Callable[[str], TextEncoder],
        decoders: DecoderPool,
        known: KnownPhrases | None = None,
    ) -> None:
        self._decoders = decoders
        self._database = database
        self._load_encoder = load_encoder
        self._known = known or KnownPhrases()

    def at_hand(
        self,
        session: Session,
        opening: Opening,
        meant: str,
        examples: Examples,
        weights: Weights,
    ) -> Sought | None:
        """The same as `of` where the vectors are known; None where there is more to do.

        ``meant`` are the query's words.
        """
        words = normal_phrase(meant)
        encoder, hears = opening.active, opening.hears
        if examples.at_hand and encoder is not None and not words:
            vector = combined([given_vector(each, encoder) for each in examples.vectors], [])
            return Sought(encoder, Meaning(encoder.id, vector, language=None, among_pictures=True))
        if examples:
            return None
        if encoder is None or hears is None or not words:
            return Sought(encoder)
        look_up = self._known.look_up
        seen = look_up(session, encoder.id, words)
        # Where nothing is known for pictures, the same question for speech tells nothing new.
        if seen is None:
            return None
        heard = look_up(session, hears.id, words) if weights.speech > 0 else None
        if weights.speech > 0 and heard is None:
            return None
        read = seen.characters_read
        return Sought(
            encoder,
            Meaning(encoder.id, seen.vector, calibrated_language(encoder, words)),
            None if heard is None else _said(hears, heard.vector),
            cut_notices({} if read is None else {words: read}),
        )

    def of(self, query: Query, examples: Examples, weights: Weights) -> Sought:
        """What the query and its examples ask for, as vectors of the encoders that answer.

        Raises
        ------
        EncoderUnavailableError
            If a text is new, and the weights of the encoder of pictures are not to be had.
        EncoderRemovedError
            If that encoder went meanwhile.
        """
        words = normal_phrase(query.words)
        with self._database.session() as session:
            encoder, hears = vectors.answering(session)
        if encoder is None or hears is None or not (words or examples):
            # A catalogue that never encoded anything still has its keywords.
            return Sought(encoder)
        name = encoder.name
        phrases = Phrases(self._database, encoder, lambda: self._load_encoder(name), self._known)
        try:
            if examples:
                vector = ExampleVectors(phrases, self._decoders).vector(words, examples)
                told = words or any(isinstance(each, str) for each in examples.without)
                meaning = Meaning(encoder.id, vector, language=None, among_pictures=not told)
            else:
                language = calibrated_language(encoder, words)
                meaning = Meaning(encoder.id, phrases.vectors([words])[words], language)
        except CatalogError as error:
            with self._database.session() as session:
                now = vectors.active_encoder(session)
            if now is None or now.id == encoder.id:
                raise
            raise removed(name) from error  # and its weights or vectors with it
        speech, unheard = None, None
        if words and weights.speech > 0:
            speech, unheard = self._speech(words, phrases, hears)
        notices = cut_notices(phrases.cut)
        return Sought(encoder, meaning, speech, (*notices, unheard) if unheard else notices)

    def _speech(
        self, words: str, phrases: Phrases, hears: EncoderRow
    ) -> tuple[Speech | None, Notice | None]:
        """What should be said; where its encoder is not to be had, a notice, and all else goes on.

        The search is asked again by `check_there` if the encoder went meanwhile.
        """
        if hears.id != phrases.encoder.id:
            name = hears.name
            phrases = Phrases(self._database, hears, lambda: self._load_encoder(name), self._known)
        try:
            vector = phrases.vectors([words])[words]
        except EncoderUnavailableError as error:
            return None, Notice("speech_not_searched", f"Speech by meaning: {error.message}")
        return _said(hears, vector), None


def _said(hears: EncoderRow, vector: np.ndarray) -> Speech:
    return Speech(Meaning(hears.id, vector, bind="speech_vector"))


def removed(name: str) -> EncoderRemovedError:
    """The error of an encoder that went while it was being asked."""
    return EncoderRemovedError(
        f"{name} was removed while it was being asked.", remedy="Ask again: another one answers."
    )
