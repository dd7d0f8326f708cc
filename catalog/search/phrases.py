"""The vectors of texts, kept so that no text is encoded twice."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from catalog.db.engine import Database
from catalog.domain.recent import Recent
from catalog.encoders import TextEncoder
from catalog.store import vectors
from catalog.store.vectors import EncoderRow, KeptPhrase

if TYPE_CHECKING:
    import numpy as np

# Python's white space; catalog.normal_phrase() spells out the same characters.
# An index entry takes 2,704 bytes; longer texts are encoded each time.
MAX_BYTES = 2000
_SPACE = re.compile(r"\s+")


def normal_phrase(text: str) -> str:
    """The one spelling under which a text's vector is kept: NFC, single spaces, none around."""
    return _SPACE.sub(" ", unicodedata.normalize("NFC", text.replace("\x00", " "))).strip()


class KnownPhrases:
    """Vectors this process has used of late, so that a query asked again asks no database for it.

    A vector never changes under its encoder's id. Threads may share it.
    """

    def __init__(self, most: int = 4096) -> None:
        self._phrases: Recent[tuple[int, str], KeptPhrase] = Recent(most)

    def get(self, encoder_id: int, text: str) -> KeptPhrase | None:
        """The text's vector, if it is still known."""
        return self._phrases.get((encoder_id, text))

    def look_up(self, session: Session, encoder_id: int, text: str) -> KeptPhrase | None:
        """The text's vector, if this process or the catalogue knows it."""
        phrase = self.get(encoder_id, text)
        if phrase is None and len(text.encode()) <= MAX_BYTES:
            phrase = vectors.cached_phrases(session, encoder_id, [text]).get(text)
            if phrase is not None:
                self.keep(encoder_id, text, phrase)
        return phrase

    def keep(self, encoder_id: int, text: str, phrase: KeptPhrase) -> None:
        """Remember a text's vector; the one unused for longest is forgotten."""
        self._phrases.keep((encoder_id, text), phrase)


class Phrases:
    """Texts to vectors of one encoder, through the catalogue's cache.

    ``cut`` holds the texts asked for so far that are longer than the encoder reads, each
    with the number of characters it does read.
    """

    def __init__(
        self,
        database: Database,
        encoder: EncoderRow,
        load_encoder: Callable[[], TextEncoder],
        known: KnownPhrases | None = None,
    ) -> None:
        self.database = database
        self.encoder = encoder
        self.load_encoder = load_encoder
        self.cut: dict[str, int] = {}
        self._known = known or KnownPhrases()

    def vectors(self, texts: Sequence[str]) -> dict[str, np.ndarray]:
        """The unit vector of each text, by its normal spelling.

        The model is loaded only if a text is new to the catalogue.

        Raises
        ------
        EncoderUnavailableError
            If a text is new and the encoder's weights are not to be had.
        """
        every = list(dict.fromkeys(normal_phrase(text) for text in texts))
        known = {text: self._known.get(self.encoder.id, text) for text in every}
        ready = {text: phrase for text, phrase in known.items() if phrase is not None}
        if len(ready) < len(every):
            new = self._looked_up([text for text in every if text not in ready])
            for text, phrase in new.items():
                self._known.keep(self.encoder.id, text, phrase)
            ready |= new
        self.cut |= {
            text: phrase.characters_read
            for text, phrase in ready.items()
            if phrase.characters_read is not None
        }
        return {text: phrase.vector for text, phrase in ready.items()}

    def _looked_up(self, wanted: Sequence[str]) -> dict[str, KeptPhrase]:
        short = [text for text in wanted if len(text.encode()) <= MAX_BYTES]
        with self.database.session() as session:
            found = vectors.cached_phrases(session, self.encoder.id, short)
        new = [text for text in wanted if text not in found]
        if not new:
            return found
        made = self._encoded(new)
        kept = [text for text in short if text in made]
        with self.database.session() as session:
            vectors.save_phrases(
                session,
                self.encoder.id,
                kept,
                [made[text].vector for text in kept],
                read={
                    text: phrase.characters_read
                    for text, phrase in made.items()
                    if phrase.characters_read is not None
                },
            )
        return found | made

    def _encoded(self, texts: Sequence[str]) -> dict[str, KeptPhrase]:
        encoder = self.load_encoder()
        # Rounded as halfvec rounds: the first answer must be the same as every later one.
        rows = encoder.encode_texts(texts).astype("float16").astype("float32")
        read = encoder.characters_read(texts)
        return {
            text: KeptPhrase(row, None if far < 0 else far)
            for text, row, far in zip(texts, rows, read, strict=True)
        }


def encode_phrases(
    database: Database, texts: Sequence[str], load_encoder: Callable[[str], TextEncoder]
) -> int:
    """Make texts known to the encoders that answer; none in a catalogue without one.

    Last to the active one: whoever waits for it finds them known to both.
    """
    with database.session() as session:
        active, hears = vectors.answering(session)
    rows = {row.id: row for row in (hears, active) if row is not None}
    known = 0
    for encoder in rows.values():
        load = partial(load_encoder, encoder.name)
        known = len(Phrases(database, encoder, load).vectors(texts))
    return known
