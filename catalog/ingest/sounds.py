"""Give the sound of assets its vectors: a stage of its own, for workers as well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import numpy as np

from catalog.db.engine import Database
from catalog.encoders.sound import Sound, SoundEncoder
from catalog.errors import CatalogError
from catalog.ingest.analyse import (
    Tools,
    first_present,
)
from catalog.ingest.attempts import attempted, taken_over
from catalog.ingest.verify import usable_files
from catalog.media.isolated import DecoderPool
from catalog.media.windows import Cut, windows_of
from catalog.store import sounds, stages, waiting
from catalog.store.locks import lease
from catalog.store.sounds import HeardWindow, SoundEncoderRow

STAGE = "sound"
# Windows encoded at a time; ten seconds of 48 kHz are two megabytes.
_BATCH = 8
_OVERLAP = 2  # a new window begins after this part of one

OnSeconds = Callable[[float], None]


class SoundEncoderLoader(Protocol):
    """Who has the sound encoder of the settings; see `catalog.maintain.sound_encoders`."""

    @property
    def is_set(self) -> bool:
        """Whether the settings name one."""
        ...

    def known_id(self) -> int | None:
        """Its row's id; None if it never heard anything."""
        ...

    def active(self) -> tuple[SoundEncoder, SoundEncoderRow]:
        """The encoder, loaded, and its row; raises EncoderUnavailableError."""
        ...


def want_sounds(
    database: Database, encoder_id: int | None, asset_ids: Sequence[int] | None = None
) -> list[int]:
    """Make due what the encoder has not heard (of these assets, or of all); all due ones."""
    with database.session() as session:
        wanted = sounds.unheard(session, encoder_id, asset_ids)
        stages.make_due(session, wanted, STAGE)
        return stages.due(session, wanted, STAGE)


def let_wait(database: Database, asset_ids: Sequence[int], missing: CatalogError) -> None:
    """The encoder is not to be had here: these wait, and their stage says why."""
    with database.session() as session:
        for asset_id in sorted(asset_ids):
            waiting.put_off(session, asset_id, STAGE, missing)


def wake(database: Database) -> list[int]:
    """The encoder is there: what waited for it is due; which assets that are."""
    with database.session() as session:
        return waiting.wake(session, STAGE)


def hear_asset(
    tools: Tools,
    asset_id: int,
    encoder: SoundEncoder,
    encoder_id: int,
    on_seconds: OnSeconds = lambda _: None,
) -> int | None:
    """Give an asset's sound its vectors if that is due: how many; None if it is not.

    Broken off, it stays due and leaves nothing; done again it begins anew.

    Raises
    ------
    AssetBusyError
        If another process is at work on the asset.
    MediaError
        If its sound cannot be read; also kept in the asset's stage.
    ServiceError
        If the database or the encoder fails; it stays due.
    """
    database = tools.database
    with attempted(database, asset_id, STAGE) as attempt:
        if attempt is None:
            return None
        with database.session() as session:
            base = sounds.time_base_of(session, asset_id)
        path = first_present(usable_files(database, asset_id))
        found = heard(tools.decoders, path, encoder, base, on_seconds)
        _keep(database, asset_id, encoder_id, found, attempt.number)
        return len(found)


def _keep(
    database: Database, asset_id: int, encoder_id: int, found: list[HeardWindow], attempt: int
) -> None:
    with database.session() as session:
        lease(session)
        sounds.write_windows(session, encoder_id, asset_id, found)
        if not stages.finish_stage(session, asset_id, STAGE, attempt=attempt):
            raise taken_over(asset_id)


def heard(
    pool: DecoderPool,
    path: Path,
    encoder: SoundEncoder,
    base: Fraction,
    on_seconds: OnSeconds = lambda _: None,
) -> list[HeardWindow]:
    """The windows of a file's sound with their vectors; none of what is silent.

    Windows are as long as the encoder hears at once, and overlap by half. Memory holds a
    few of them and the vectors: about a megabyte for an hour.

    Raises
    ------
    MediaError
        If the file cannot be read.
    EncoderUnavailableError
        If the encoder cannot make vectors of it.
    """
    window = round(encoder.window_s * encoder.sample_rate)
    batch = _Batch(encoder, base)
    cut = Cut(encoder.sample_rate, window, window // _OVERLAP)
    windows_of(pool, path, cut, batch.take, on_seconds)
    return batch.finish()


class _Batch:
    """Encodes windows a few at a time."""

    def __init__(self, encoder: SoundEncoder, base: Fraction) -> None:
        self._encoder = encoder
        self._base = base
        self._waiting: list[tuple[int, Sound]] = []
        self._found: list[HeardWindow] = []

    def take(self, start: int, window: Sound) -> None:
        self._waiting.append((start, window))
        if len(self._waiting) >= _BATCH:
            self._encode()

    def _encode(self) -> None:
        made = self._encoder.encode_sounds([window for _, window in self._waiting])
        for (start, window), vector in zip(self._waiting, made, strict=True):
            first, last = self._pts(start), self._pts(start + len(window))
            if last > first:  # a time base may be coarser than the shortest of sounds
                self._found.append(HeardWindow(first, last, np.asarray(vector)))
        self._waiting = []

    def _pts(self, sample: int) -> int:
        return round(Fraction(sample, self._encoder.sample_rate) / self._base)

    def finish(self) -> list[HeardWindow]:
        if self._waiting:
            self._encode()
        return self._found
