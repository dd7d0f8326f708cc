"""Encode what is said: give every spoken line its vector, of its words, beside the frames'."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from sqlalchemy.orm import Session

from catalog.db.engine import Database
from catalog.domain.everyday import SENTENCES
from catalog.domain.progress import Progress
from catalog.domain.results import Failure
from catalog.encoders import TextEncoder
from catalog.encoders.threads import free_processors, use_threads
from catalog.errors import EncoderUnavailableError
from catalog.ingest.attempts import worker_name
from catalog.ingest.encode import LEASE_S, settle
from catalog.ingest.turns import EncoderLoader
from catalog.store import filling, spoken, vectors
from catalog.store.vectors import EncoderRow

# Lines claimed at a time: a text takes a small part of the time that a picture takes.
_BATCH = 512


class SpeechQueue:
    """Drains the spoken lines that have no vector under one encoder, beside others who do."""

    def __init__(self, database: Database, encoder: TextEncoder, encoder_id: int) -> None:
        self._database = database
        self._encoder = encoder
        self.encoder_id = encoder_id

    def drain(
        self,
        asset_ids: Sequence[int] | None = None,
        *,
        wait: bool = False,
        until: Callable[[], bool] = lambda: False,
        on_lines: Callable[[int], None] = lambda _: None,
    ) -> int:
        """Encode what is missing (of these assets, or of all); how many vectors were written.

        With ``wait``, lines that another drain holds are waited for, not skipped. It ends
        early once ``until`` says so after a batch, or the encoder is removed.
        """
        written, after = 0, 0
        while True:
            with self._database.session() as session:
                if not vectors.begin_batch(session, self.encoder_id, lease_s=LEASE_S):
                    break
                claimed = spoken.claim_lines(
                    session,
                    self.encoder_id,
                    limit=_BATCH,
                    after=after,
                    asset_ids=asset_ids,
                    wait=wait,
                )
                if not claimed:
                    break
                # Pictures may be encoded beside us; see `use_threads`.
                with use_threads(free_processors() if self._encoder.device == "cpu" else None):
                    if after == 0:
                        self._know_everyday(session)
                    after, last = claimed[-1].id, len(claimed) < _BATCH
                    if wait:
                        claimed = spoken.still_missing(session, self.encoder_id, claimed)
                    made = self._encoder.encode_texts([line.text for line in claimed])
                written += spoken.write_vectors(session, self.encoder_id, claimed, made)
            on_lines(len(claimed))
            if last or until():
                break
        return written

    def _know_everyday(self, session: Session) -> None:
        """Have the sentences that a search compares with where few lines are."""
        known = vectors.cached_phrases(session, self.encoder_id, SENTENCES)
        new = [text for text in SENTENCES if text not in known]
        if new:
            made = self._encoder.encode_texts(new)
            vectors.save_phrases(session, self.encoder_id, new, list(made))


def encode_speech(
    database: Database, loader: EncoderLoader, asset_ids: Sequence[int], progress: Progress
) -> list[Failure]:
    """Give what is said in these assets its vectors, of every encoder that is kept complete.

    Returns
    -------
    list of Failure
        The encoders that cannot be loaded. No asset fails for it: its words are found as
        keywords, and its vectors are made when the encoder is there.
    """
    warned = []
    try:
        loader.enter_speech()
    except EncoderUnavailableError as error:
        warned.append(_warning(error))
    for row, lines in _lacking(database, asset_ids):
        progress.begin("speech", lines, "lines")
        mine = row is None or row.active
        try:
            chosen = loader.active() if row is None or mine else loader.filling(row)
        except EncoderUnavailableError as error:
            if row is not None:
                with database.session() as session:
                    filling.note_problem(session, row.id, error.message)
            warned.append(_warning(error))
        else:
            queue = SpeechQueue(database, *chosen)
            queue.drain(asset_ids, wait=True, on_lines=partial(progress.advance, "speech"))
            if mine:
                settle(database, queue.encoder_id, asset_ids, {}, worker_name())
        progress.end("speech")
    loader.hear()
    return warned


def _warning(error: EncoderUnavailableError) -> Failure:
    return Failure.of(str(error.details.get("encoder", "encoder")), error)


def _lacking(database: Database, asset_ids: Sequence[int]) -> list[tuple[EncoderRow | None, int]]:
    """The encoders that lack lines of these assets, and how many; None: there is no encoder yet."""
    with database.session() as session:
        rows = [row for row in vectors.list_encoders(session) if row.active or row.filling]
        if not rows:
            lines = spoken.count_lines(session, asset_ids)
            return [(None, lines)] if lines else []
        counted = [(row, spoken.count_missing(session, row.id, asset_ids)) for row in rows]
    return [(row, lines) for row, lines in counted if lines]
