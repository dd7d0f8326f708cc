"""Which assets are encoded next: what is fresh, then backfills, of one encoder after another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Protocol

from sqlalchemy.orm import Session

from catalog.db.engine import Database
from catalog.encoders import Encoder, TextEncoder
from catalog.errors import EncoderUnavailableError
from catalog.ingest.analyse import STAGE as ANALYSE
from catalog.ingest.encode import CPU_BATCH
from catalog.ingest.looks import BackfillLooks
from catalog.store import filling, service, shots, stages, vectors
from catalog.store.vectors import EncoderRow

# Assets at a time.
_FRESH, _BACKFILL = 500, 50
# While others are being analysed: how long few frames wait for more of them, and how long for
# the next, with a look at times whether any are still to come. A batch of few costs nearly what
# a full one does.
_GATHERING_S, _NEXT_S, _LOOKS = 1.5, 0.3, 3
# Who was told to analyse longer ago than this is not about to.
_TOLD_S = 60.0
# How long what is fresh may wait for a backfill's assets, which may have thousands of frames.
_PATIENCE_S = 5.0


class EncoderLoader(Protocol):
    """Loads the encoders of a catalogue."""

    def active(self) -> tuple[Encoder, int]:
        """The encoder that answers, and its row's id."""

    def filling(self, row: EncoderRow) -> tuple[TextEncoder, int]:
        """An encoder that is being filled; EncoderUnavailableError if it cannot be loaded."""

    def enter_speech(self) -> None:
        """Have the sentence encoder filled that is wanted; EncoderUnavailableError as above."""

    def hear(self) -> None:
        """Let it answer for speech once it is complete."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Assets that want vectors; ``of`` names the encoder, or None: the active one."""

    of: EncoderRow | None
    fresh: bool
    assets: list[int]

    @property
    def key(self) -> tuple[int, bool]:
        """What the turn is one of many of."""
        return (0 if self.of is None else self.of.id), self.fresh


class Turns:
    """One drain of the queue: each asset comes once for each encoder, what is fresh first.

    Attributes
    ----------
    refused:
        Why encoders could not be filled.
    """

    def __init__(self, database: Database, looks: BackfillLooks) -> None:
        self._database = database
        self._looks = looks
        self._after: dict[tuple[int, bool], int] = {}
        self._given_up: set[int] = set()
        self._looked_at = monotonic()
        self._paused = False
        self.refused: list[EncoderUnavailableError] = []

    def next(self, *, heed_pause: bool) -> Turn | None:
        """The next assets; None when all is done, or the service is paused."""
        if heed_pause:
            self._gather()
        with self._database.session() as session:
            if heed_pause and service.paused(session) is not None:
                return None
            turn = self._next(session)
        if turn is not None:
            self._after[turn.key] = turn.assets[-1]
        self._looked_at = monotonic()
        return turn

    def refuse(self, row: EncoderRow, error: EncoderUnavailableError) -> None:
        """The encoder cannot be loaded here: leave it to others, and say so where people look."""
        self._given_up.add(row.id)
        self.refused.append(error)
        with self._database.session() as session:
            filling.note_problem(session, row.id, error.message)

    def pressed(self, turn: Turn) -> Callable[[], bool]:
        """Whether the turn should end: something fresh waits, and has for some seconds."""

        def pressed() -> bool:
            if turn.fresh or monotonic() - self._looked_at < _PATIENCE_S:
                return False
            self._looked_at = monotonic()
            with self._database.session() as session:
                active = vectors.active_encoder(session)
                waits = self._waiting(session, active, fresh=True, limit=1)
                stop = bool(waits) or service.paused(session) is not None
            if stop:  # these assets are not done, and come again
                self._after[turn.key] = turn.assets[0] - 1
            return stop

        return pressed

    def counting(self, turn: Turn) -> Callable[[int], None]:
        """Told of each batch; keeps the pace of an encoder that is being filled."""

        def count(frames: int) -> None:
            if turn.of is not None and frames:
                with self._database.session() as session:
                    filling.note_pace(session, turn.of.id, frames)

        return count

    def _gather(self) -> None:
        """Wait for a fuller batch, as long as fresh frames keep coming."""
        until, before = monotonic() + _GATHERING_S, 0
        while (count := self._frames_coming()) > before and monotonic() < until:
            before = count
            self._wait_for_more()

    def _wait_for_more(self) -> None:
        for _ in range(_LOOKS):
            sleep(_NEXT_S / _LOOKS)
            with self._database.session() as session:
                if not stages.coming(session, ANALYSE, told_s=_TOLD_S):
                    return

    def _frames_coming(self) -> int:
        """How many fresh frames wait, if they are few and more assets are being analysed."""
        with self._database.session() as session:
            if not stages.coming(session, ANALYSE, told_s=_TOLD_S):
                return 0
            active = vectors.active_encoder(session)
            waiting = self._waiting(session, active, fresh=True, limit=CPU_BATCH)
            if active is None:
                frames = sum(shots.frames_of(session, waiting).values())
            else:
                frames = vectors.count_missing(session, active.id, waiting)
        return frames if frames < CPU_BATCH else 0

    def _next(self, session: Session) -> Turn | None:
        active = vectors.active_encoder(session)
        if assets := self._waiting(session, active, fresh=True, limit=_FRESH):
            return Turn(None, True, assets)
        if active is not None and (assets := self._backfill(session, active)):
            return Turn(None, False, assets)
        for row in filling.filling(session):
            if row.id not in self._given_up and (assets := self._backfill(session, row)):
                return Turn(row, False, assets)
        return None

    def _backfill(self, session: Session, of: EncoderRow) -> list[int]:
        def look() -> list[int]:
            return self._waiting(session, of, fresh=False, limit=_BACKFILL)

        return self._looks.found(of.id, look)

    def _waiting(
        self, session: Session, of: EncoderRow | None, *, fresh: bool, limit: int
    ) -> list[int]:
        after = self._after.get((_key(of), fresh), 0)
        encoder_id = None if of is None else of.id
        return vectors.assets_waiting(session, encoder_id, fresh=fresh, after=after, limit=limit)


def _key(of: EncoderRow | None) -> int:
    """What assets are counted by: the active encoder's are, whichever it is, or is to be."""
    return 0 if of is None or of.active else of.id
