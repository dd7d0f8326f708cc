"""From one encoder to another while the catalogue answers: add, backfill, activate, remove."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy.orm import Session

from catalog.db.engine import Database
from catalog.domain.progress import Progress
from catalog.encoders import Encoder, TextEncoder
from catalog.errors import (
    CatalogError,
    EncoderUnavailableError,
    InvalidInputError,
    NotFoundError,
)
from catalog.ingest.encode import EncodeQueue
from catalog.ingest.encode_speech import SpeechQueue
from catalog.ingest.rolls import know_cues, tell_untold
from catalog.maintain.encoders import Encoders, described, row_called
from catalog.maintain.graphs import build_graphs
from catalog.media.frame_store import FrameStore
from catalog.search.phrases import Phrases
from catalog.store import audit, comparing, filling, sketches, spoken, vectors
from catalog.store.vectors import EncoderRow

# What was asked for is known to the new encoder when it takes over: the newest of it.
_PHRASES, _PHRASES_AT_ONCE = 10_000, 256


class Switching:
    """Brings encoders in and out. Whatever it is broken off at, doing it again goes on."""

    def __init__(self, database: Database, store: FrameStore, encoders: Encoders) -> None:
        self._database = database
        self._store = store
        self._encoders = encoders

    def add(self, name: str) -> dict[str, Any]:
        """Enter an encoder, its weights checked, and have it filled from now on.

        Raises
        ------
        InvalidInputError, UnknownEncoderError, EncoderUnavailableError
            As `Encoders.enter`.
        """
        _, row = self._encoders.enter(name)
        with self._database.session() as session:
            filling.begin_filling(session, row.id)
            audit.note(session, "encoder.add", encoder=row.name)
        with self._database.session() as session:
            return described(session, row_called(session, row.name))

    def backfill(self, name: str | None, progress: Progress) -> dict[str, Any]:
        """Fill one encoder, or all that are being filled, in this process; frames encoded.

        Others who are at it share the frames; in the end every frame has its vector.

        Raises
        ------
        NotFoundError
            If the catalogue does not know the encoder.
        EncoderUnavailableError
            If weights are not to be had, or frames could not be encoded.
        """
        with self._database.session() as session:
            rows = filling.filling(session) if name is None else [row_called(session, name)]
        encoded = {}
        for row in rows:
            encoder, _ = self._encoders.filling(row)
            encoded[row.name], failures = self._fill(encoder, row, progress)
            if failures:
                raise _incomplete(row.name, failures)
            with self._database.session() as session:
                audit.note(session, "encoder.backfill", encoder=row.name, frames=encoded[row.name])
        build_graphs(self._database, progress)
        return {"encoded": encoded}

    def activate(self, name: str, progress: Progress) -> dict[str, Any]:
        """Let the encoder answer, once every frame and spoken line has its vector.

        A sentence encoder answers for speech, in the place of the active encoder's own words.
        The old one answers until the very end, and then the new one does, in one
        transaction: no frame that could be found before cannot be found after.

        Raises
        ------
        InvalidInputError, UnknownEncoderError, EncoderUnavailableError
            As `Encoders.enter`; also if frames could not be encoded.
        NotFoundError
            If somebody removed it meanwhile.
        """
        encoder, row = self._encoders.enter(name)
        with self._database.session() as session:
            filling.begin_filling(session, row.id)
        if isinstance(encoder, Encoder):
            know_cues(self._database, encoder, row.id)
        written = 0
        for turn in itertools.count():
            count, failures = self._fill(encoder, row, progress)
            written += count
            if failures:
                raise _incomplete(row.name, failures)
            if turn == 0:
                self._carry_phrases(row)
                build_graphs(self._database, progress)
            try:
                with self._database.session() as session:
                    if self._switched(session, row):
                        break
            except LookupError as error:
                raise NotFoundError(
                    f"{row.name} was removed while it was being filled.",
                    remedy=f"Enter it again: catalog encoder add {row.name}",
                ) from error
        # By the pictures as the new one sees them. Broken off here, a reconciler goes on.
        tell_untold(self._database, progress=progress)
        return {"name": row.name, "active": row.sees, "encoded": written}

    def _switched(self, session: Session, row: EncoderRow) -> bool:
        seeing, hearing = vectors.answering(session)
        former = seeing if row.sees else hearing
        switch = filling.switch_to if row.sees else filling.hear_with
        if not switch(session, row.id):
            return False
        if former is None or former.id != row.id:
            before = None if former is None else former.name
            audit.note(session, "encoder.activate", encoder=row.name, before=before)
        return True

    def remove(self, name: str) -> dict[str, Any]:
        """Forget an encoder that does not answer, with all it made; bytes freed.

        Of a sentence encoder the active one takes over speech, whose vectors it has.
        Searches go on; batches that are being encoded are waited for.

        Raises
        ------
        NotFoundError
            If the catalogue does not know it.
        InvalidInputError
            If it answers.
        ServiceError
            If others kept the tables locked for a minute.
        """
        # Before, and not by cascade: there are many, while nobody may read or write vectors.
        with self._database.session() as session:
            sketches.forget(session, _removable(session, name).id)
        with self._database.session() as session:
            _removable(session, name)
            filling.hold_batches(session)
            row = _removable(session, name)  # as it is now that we have waited
            count = vectors.count_vectors(session, row.id)
            count += spoken.count_vectors(session, row.id)
            freed = filling.remove_encoder(session, row.id)
            audit.note(session, "encoder.remove", encoder=row.name, vectors=count)
        self._encoders.forget(row.name)
        return {"name": row.name, "removed": True, "vectors": count, "bytes": freed}

    def _fill(
        self, encoder: TextEncoder, row: EncoderRow, progress: Progress
    ) -> tuple[int, dict[int, CatalogError]]:
        """Encode all it lacks; waiting, so that two at once leave nothing to each other."""
        with self._database.session() as session:
            missing = vectors.count_missing(session, row.id)
            unheard = spoken.count_missing(session, row.id)
        written, failures = 0, dict[int, CatalogError]()
        progress.begin("encode", missing, "frames")
        if isinstance(encoder, Encoder):
            queue = EncodeQueue(self._database, self._store, encoder, row.id)
            counted = self._counting(row, "encode", progress)
            written, failures = queue.drain(wait=True, on_frames=counted)
        progress.end("encode")
        progress.begin("speech", unheard, "lines")
        lines = SpeechQueue(self._database, encoder, row.id)
        written += lines.drain(wait=True, on_lines=self._counting(row, "speech", progress))
        progress.end("speech")
        return written, failures

    def _counting(self, row: EncoderRow, step: str, progress: Progress) -> Callable[[int], None]:
        def encoded(count: int) -> None:
            progress.advance(step, count)
            with self._database.session() as session:
                filling.note_pace(session, row.id, count)

        return encoded

    def _carry_phrases(self, row: EncoderRow) -> None:
        """Make known to the encoder what was asked of the one before: SQL may order by it."""
        with self._database.session() as session:
            seeing, hearing = vectors.answering(session)
            active = seeing if row.sees else hearing
            if active is None or active.id == row.id:
                return
            texts = comparing.newest_phrases(session, active.id, _PHRASES)
        phrases = Phrases(self._database, row, lambda: self._encoders.load_text(row.name))
        for part in _batches(texts, _PHRASES_AT_ONCE):
            phrases.vectors(part)


def _removable(session: Session, name: str) -> EncoderRow:
    """The encoder of that name, which does not answer."""
    row = row_called(session, name)
    if row.active:
        raise InvalidInputError(
            f"{row.name} answers searches and cannot be removed.",
            remedy="Let another one answer first: catalog encoder activate NAME",
        )
    return row


def _batches(texts: Sequence[str], size: int) -> list[Sequence[str]]:
    return [texts[start : start + size] for start in range(0, len(texts), size)]


def _incomplete(name: str, failures: dict[int, CatalogError]) -> EncoderUnavailableError:
    asset_id, error = next(iter(failures.items()))
    return EncoderUnavailableError(
        f"Frames of {len(failures)} assets could not be encoded (asset {asset_id}: "
        f"{error.message}); {name} was not activated.",
        remedy="Remove or analyse those assets again, then activate once more.",
    )
