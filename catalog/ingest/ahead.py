"""Encode pictures while their assets are still being decoded.

The queue of frames without a vector is in PostgreSQL, but an asset's frames
are there only when its analysis is, which for a long film is late. So the
pictures of an analysis at work are encoded from memory, as the bytes that were
put into the frame store, and their vectors are written once the frames exist.
Whatever is not written that way, for whatever reason, is still in the queue.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from catalog.db.engine import Database
from catalog.encoders import Encoder
from catalog.encoders.threads import settle_threads, use_threads
from catalog.ingest.attempts import worker_name
from catalog.ingest.buffer import Buffer
from catalog.ingest.encode import STAGE, StoredPictures, encode_readable
from catalog.store import stages, vectors

# On a processor twice as many read its weights half as often, a tenth of a small model's time; of
# a large model, whose pictures are many tokens each, it spares little, and who breaks off would
# wait long for the batches at work.
_CPU_BATCH, _GPU_BATCH = 8, 256
_QUICK_S, _QUICK_CPU_BATCH = 2.0, 16
# Batches at work at the same time on processors: more would take memory, and hardly be quicker.
_MOST_LANES = 4
# Of pictures as JPEG, some 600: the decoders of a few short films need not wait at all.
MOST_BYTES = 16 << 20
_LEASE_S = 300.0

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Sample:
    asset_id: int
    key: str
    jpeg: bytes


class EncodeAhead:
    """Threads that encode what the analyses of a run put into a short queue.

    A full queue makes the analyses wait, and with them the decoders. A batch is
    encoded when there are enough pictures, or when there will be no more; pictures of many
    assets share it. The model computes with the processors that no analysis is
    using. On processors it does so in *lanes*, each a batch of its own on as few threads as there
    are: torch's threads wait for each other busily, so two that share a batch waste what two
    with a batch each do not, and one that has lost its processor would hold up the others.

    Parameters
    ----------
    batch:
        Pictures encoded together; None for what suits the encoder's device.
    processors:
        How many there are to share with the analyses.
    on_encoded:
        Called, from the threads, with how many pictures are done.
    on_written:
        Called, from one thread at a time, with how many new vectors were written.
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
        on_cpu = encoder.device == "cpu"
        self._size = batch or (_CPU_BATCH if on_cpu else _GPU_BATCH)
        self._may_grow = on_cpu and batch is None
        self._processors = processors
        self._on_encoded = on_encoded
        self._on_written = on_written
        self._buffer: Buffer[_Sample] = Buffer(high=MOST_BYTES, low=MOST_BYTES // 4)
        self._lock = threading.Lock()  # of all that follows
        self._analysing: set[int] = set()
        self._unencoded: Counter[int] = Counter()
        self._vectors: dict[int, dict[str, Vector]] = {}
        self._kept: set[int] = set()
        self._dropped: set[int] = set()
        self._over = threading.Event()
        self._error: BaseException | None = None
        self._writing = threading.Lock()
        lanes = min(processors, _MOST_LANES) if on_cpu else 1
        self._lanes = [
            threading.Thread(target=self._run, name=f"encode-{number}", daemon=True)
            for number in range(lanes)
        ]
        self._begun = threading.Barrier(lanes + 1)
        for lane in self._lanes:
            lane.start()
        self._begun.wait()

    # --- from the analyses --------------------------------------------------------

    def begin(self, asset_id: int) -> None:
        """The asset's analysis begins."""
        with self._lock:
            self._analysing.add(asset_id)

    def picture(self, asset_id: int, key: str, jpeg: bytes) -> None:
        """Encode this soon; waits while the queue is full."""
        with self._lock:
            self._unencoded[asset_id] += 1
        self._buffer.put(_Sample(asset_id, key, jpeg), len(jpeg))

    def settle(self, asset_id: int, *, kept: bool) -> None:
        """The asset's frames are in the database; or never will be."""
        with self._lock:
            self._analysing.discard(asset_id)
            (self._kept if kept else self._dropped).add(asset_id)
        self._buffer.wake()
        self._attempt(self._write)

    def complete(self) -> None:
        """There are no more pictures: no batch waits for others to fill it."""
        self._buffer.close()

    def finish(self, *, useful: bool = True) -> None:
        """Encode and write what is left, or (not ``useful``) forget it; ends the threads.

        Raises
        ------
        CatalogError
            What the encoder or the database raised meanwhile.
        """
        if not useful:
            self._over.set()
        self.complete()
        for lane in self._lanes:
            lane.join()
        if self._error is not None and useful:
            raise self._error

    @property
    def error(self) -> BaseException | None:
        """What the encoder or the database has raised; nothing is encoded any more then."""
        return self._error

    # --- the threads --------------------------------------------------------------

    def _run(self) -> None:
        """Empty the queue to the end, even after an error, so that nobody waits for ever."""
        settle_threads()
        self._begun.wait()
        while batch := self._buffer.take(self._size, self._at_once):
            self._attempt(self._encode, batch)
            self._buffer.done()
            self._attempt(self._write)

    def _attempt(self, work: Callable[..., None], *given: object) -> None:
        """Do it, unless something went wrong before; what goes wrong now is told by `finish`."""
        if self._over.is_set():
            return
        try:
            work(*given)
        except BaseException as error:  # noqa: BLE001
            self._error = error
            self._over.set()

    def _free(self) -> int:
        """The processors that no analysis is using."""
        return max(1, self._processors - len(self._analysing) + self._buffer.waiting)

    def _at_once(self) -> int:
        return min(len(self._lanes), self._free())

    def _encode(self, batch: list[_Sample]) -> None:
        with self._lock:
            wanted = [sample for sample in batch if sample.asset_id not in self._dropped]
        pictures = StoredPictures([(sample.key, sample.jpeg) for sample in wanted])
        began = time.monotonic()
        with use_threads(-(-self._free() // len(self._lanes))):
            made = encode_readable(self._encoder, pictures)
        if self._may_grow and len(made) == _CPU_BATCH and time.monotonic() - began < _QUICK_S:
            self._size = _QUICK_CPU_BATCH
        # What is broken is in the frame store as well, and from there it will be told.
        samples = [sample for at, sample in enumerate(wanted) if at not in pictures.broken]
        with self._lock:
            for sample, vector in zip(samples, made, strict=True):
                # Not a view of the whole batch, which it would keep alive.
                self._vectors.setdefault(sample.asset_id, {})[sample.key] = vector.copy()
            self._unencoded.subtract(sample.asset_id for sample in batch)
        self._on_encoded(len(batch))

    def _settled(self) -> tuple[list[int], dict[str, Vector]]:
        """Assets whose frames exist and of which nothing waits, no longer ours, and their vectors.

        What is known of those that were dropped is forgotten.
        """
        with self._lock:
            over = [a for a in self._kept | self._dropped if not self._unencoded[a]]
            ready = sorted(self._kept.intersection(over))
            made = {key: v for a in ready for key, v in self._vectors.pop(a, {}).items()}
            for asset_id in over:
                del self._unencoded[asset_id]
                self._vectors.pop(asset_id, None)
            self._kept.difference_update(over)
            self._dropped.difference_update(over)
            return ready, made

    def _write(self) -> None:
        """Write the vectors of what is settled."""
        ready, made = self._settled()
        if not ready:
            return
        # Whoever reads sidecars meanwhile has words written into the same clips.
        with self._writing:
            written = self._database.in_session(lambda session: self._kept_in(session, ready, made))
        with self._lock:
            self._on_written(written)

    def _kept_in(self, session: Session, ready: list[int], made: Mapping[str, Vector]) -> int:
        """Write these assets' vectors; how many were new."""
        if not vectors.begin_batch(session, self._encoder_id, lease_s=_LEASE_S):
            return 0  # another one answers now, and the frames wait for it
        frames = vectors.claim_frames(session, self._encoder_id, asset_ids=ready)
        frames = [frame for frame in frames if frame.picture in made]
        rows = np.stack([made[frame.picture] for frame in frames]) if frames else np.empty(0)
        written = vectors.write_vectors(session, self._encoder_id, frames, rows)
        missing = vectors.assets_missing(session, self._encoder_id, ready)
        stages.mark_done(session, [a for a in ready if a not in missing], STAGE, worker_name())
        return written
