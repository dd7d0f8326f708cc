"""Encode pictures while their assets are still being decoded.

The queue of frames without a vector is in PostgreSQL, but an asset's frames
are there only when its analysis is, which for a long film is late. So the
pictures of an analysis at work are encoded from memory, as the bytes that were
put into the frame store, and their vectors are written once the frames exist.
Whatever is not written that way, for whatever reason, is still in the queue.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catalog.db.engine import Database
from catalog.encoders import Encoder
from catalog.encoders.threads import use_threads
from catalog.ingest.attempts import worker_name
from catalog.ingest.buffer import Buffer
from catalog.ingest.encode import STAGE, StoredPictures, encode_readable
from catalog.store import stages, vectors

# On a processor larger ones are hardly quicker, and a batch keeps the threads it began with.
_CPU_BATCH, _GPU_BATCH = 16, 256
DEPTH = 4  # batches in the queue
_LEASE_S = 300.0

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Sample:
    asset_id: int
    key: str
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class _Settled:
    """The asset's analysis is over; ``kept`` if its frames are in the database."""

    asset_id: int
    kept: bool


class EncodeAhead:
    """One thread that encodes what the analyses of a run put into a short queue.

    A full queue makes the analyses wait, and with them the decoders. A batch is
    encoded when it is full, or when there will be no more; pictures of many
    assets share it. The model computes with the processors that no analysis is
    using: torch's threads wait for each other busily, so one that has lost its
    processor would hold up the others.

    Parameters
    ----------
    batch:
        Pictures encoded together; None for what suits the encoder's device.
    processors:
        How many there are to share with the analyses.
    on_encoded:
        Called, from the thread, with how many pictures it is done with.
    on_written:
        Called, from the thread, with how many new vectors were written.
    """

    def __init__(
        self,
        database: Database,
        encoder: Encoder,
        encoder_id: int,
        *,
        batch: int | None = None,
        processors: int,
        on_encoded: Callable[[int], None] = lambda _: None,
        on_written: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._database = database
        self._encoder = encoder
        self._encoder_id = encoder_id
        self._size = batch or (_CPU_BATCH if encoder.device == "cpu" else _GPU_BATCH)
        self._processors = processors
        self._on_encoded = on_encoded
        self._on_written = on_written
        self._queue: Buffer[_Sample | _Settled | None] = Buffer(
            high=DEPTH * self._size, low=self._size
        )
        self._analysing: set[int] = set()
        self._batch: list[_Sample] = []
        self._vectors: dict[int, dict[str, Vector]] = {}
        self._kept: set[int] = set()
        self._dropped: set[int] = set()
        self._over = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="encode", daemon=True)
        self._thread.start()

    # --- from the analyses --------------------------------------------------------

    def begin(self, asset_id: int) -> None:
        """The asset's analysis begins."""
        self._analysing.add(asset_id)

    def picture(self, asset_id: int, key: str, jpeg: bytes) -> None:
        """Encode this soon; waits while the queue is full."""
        self._queue.put(_Sample(asset_id, key, jpeg))

    def settle(self, asset_id: int, *, kept: bool) -> None:
        """The asset's frames are in the database; or never will be."""
        self._analysing.discard(asset_id)
        self._queue.put_at_once(_Settled(asset_id, kept))

    def finish(self, *, useful: bool = True) -> None:
        """Encode and write what is left, or (not ``useful``) forget it; ends the thread.

        Raises
        ------
        CatalogError
            What the encoder or the database raised meanwhile.
        """
        if not useful:
            self._over.set()
        self._queue.put_at_once(None)
        self._thread.join()
        if self._error is not None and useful:
            raise self._error

    @property
    def error(self) -> BaseException | None:
        """What the encoder or the database has raised; nothing is encoded any more then."""
        return self._error

    # --- the thread ---------------------------------------------------------------

    def _run(self) -> None:
        """Empty the queue to the end, even after an error, so that nobody waits for ever."""
        item: _Sample | _Settled | None = _Settled(0, kept=False)
        while item is not None:
            item = self._queue.get()
            if self._over.is_set():
                continue
            try:
                self._take(item)
            except BaseException as error:  # noqa: BLE001  # told by finish()
                self._error = error
                self._over.set()

    def _take(self, item: _Sample | _Settled | None) -> None:
        if isinstance(item, _Settled):
            (self._kept if item.kept else self._dropped).add(item.asset_id)
        elif item is not None:
            self._batch.append(item)
        if self._batch and (item is None or len(self._batch) >= self._size):
            busy = len(self._analysing) - self._queue.waiting
            with use_threads(max(1, self._processors - busy)):
                self._encode()
        self._write()

    def _encode(self) -> None:
        batch, self._batch = self._batch, []
        wanted = [sample for sample in batch if sample.asset_id not in self._dropped]
        pictures = StoredPictures([(sample.key, sample.jpeg) for sample in wanted])
        made = encode_readable(self._encoder, pictures)
        # What is broken is in the frame store as well, and from there it will be told.
        samples = [sample for at, sample in enumerate(wanted) if at not in pictures.broken]
        for sample, vector in zip(samples, made, strict=True):
            # Not a view of the whole batch, which it would keep alive.
            self._vectors.setdefault(sample.asset_id, {})[sample.key] = vector.copy()
        self._on_encoded(len(batch))

    def _write(self) -> None:
        """Write the vectors of assets whose frames exist and of which nothing waits."""
        waiting = Counter(sample.asset_id for sample in self._batch)
        for asset_id in [a for a in self._dropped if a not in waiting]:
            self._dropped.remove(asset_id)
            self._vectors.pop(asset_id, None)
        ready = sorted(a for a in self._kept if a not in waiting)
        if not ready:
            return
        self._kept.difference_update(ready)
        made = {key: v for a in ready for key, v in self._vectors.pop(a, {}).items()}
        with self._database.session() as session:
            if not vectors.begin_batch(session, self._encoder_id, lease_s=_LEASE_S):
                return  # another one answers now, and the frames wait for it
            frames = vectors.claim_frames(session, self._encoder_id, asset_ids=ready)
            frames = [frame for frame in frames if frame.picture in made]
            rows = np.stack([made[frame.picture] for frame in frames]) if frames else np.empty(0)
            written = vectors.write_vectors(session, self._encoder_id, frames, rows)
            missing = vectors.assets_missing(session, self._encoder_id, ready)
            stages.mark_done(session, [a for a in ready if a not in missing], STAGE, worker_name())
        self._on_written(written)
