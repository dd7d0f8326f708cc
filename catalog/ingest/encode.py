"""Encode: give every frame its vector, in batches across assets."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import overload

from PIL import Image
from sqlalchemy.orm import Session

from catalog.db.engine import Database
from catalog.encoders import Encoder, Vectors
from catalog.encoders.threads import free_processors, use_threads
from catalog.errors import CatalogError, FrameStoreError, UndecodableError
from catalog.ingest.rolls import tell_untold
from catalog.media.frame_store import FrameStore
from catalog.store import stages, vectors
from catalog.store.vectors import ClaimedFrame

STAGE = "encode"
# Frames claimed at a time. A card takes more at once than a processor: how many, its encoder
# finds out, and wants some batches at hand for that.
CPU_BATCH, _GPU_BATCH = 64, 1024
# The frame store may be across a network, where reading is waiting.
_READERS = 8
# A batch of the largest model on a slow processor takes a few minutes.
LEASE_S = 1800.0


class EncodeQueue:
    """Drains the frames that have no vector under one encoder.

    Two drains at once, here or on other machines, share the frames: each
    claims rows the other does not hold, and a vector is written once.
    """

    def __init__(
        self, database: Database, store: FrameStore, encoder: Encoder, encoder_id: int
    ) -> None:
        self._database = database
        self._store = store
        self._encoder = encoder
        self.encoder_id = encoder_id

    def drain(
        self,
        asset_ids: Sequence[int] | None = None,
        *,
        batch: int | None = None,
        wait: bool = False,
        until: Callable[[], bool] = lambda: False,
        on_frames: Callable[[int], None] = lambda _: None,
    ) -> tuple[int, dict[int, CatalogError]]:
        """Encode what is missing (of these assets, or of all).

        With ``wait``, frames that another drain holds are waited for, not
        skipped: in the end every frame has its vector or its failure. It ends
        early once ``until`` says so after a batch, or the encoder is removed.

        Returns
        -------
        tuple
            How many vectors were written, and per asset the reason why some were not.
        """
        limit = batch or (CPU_BATCH if self._encoder.device == "cpu" else _GPU_BATCH)
        written, after = 0, 0
        failures: dict[int, CatalogError] = {}
        while True:
            with self._database.session() as session:
                if not vectors.begin_batch(session, self.encoder_id, lease_s=LEASE_S):
                    break
                claimed = vectors.claim_frames(
                    session,
                    self.encoder_id,
                    limit=limit,
                    after=after,
                    asset_ids=asset_ids,
                    wait=wait,
                )
                if not claimed:
                    break
                # Each frame is tried once per drain: a picture that is gone must not
                # be claimed for ever.
                after, last = claimed[-1].id, len(claimed) < limit
                if wait:
                    claimed = vectors.still_missing(session, self.encoder_id, claimed)
                written += self._encode(session, claimed, failures)
            on_frames(len(claimed))
            if last or until():
                break
        return written, failures

    def _encode(
        self, session: Session, claimed: list[ClaimedFrame], failures: dict[int, CatalogError]
    ) -> int:
        frames, stored = [], []
        with ThreadPoolExecutor(_READERS, "read") as readers:
            for frame, found in zip(claimed, readers.map(self._read, claimed), strict=True):
                if isinstance(found, bytes):
                    frames.append(frame)
                    stored.append((frame.picture, found))
                else:
                    failures[frame.asset_id] = found
        pictures = StoredPictures(stored)
        # Workers that decode are at it beside us; see `use_threads`.
        free = free_processors() if self._encoder.device == "cpu" else None
        with use_threads(free):
            made = encode_readable(self._encoder, pictures)
        for at, error in pictures.broken.items():
            failures[frames[at].asset_id] = error
        kept = [frame for at, frame in enumerate(frames) if at not in pictures.broken]
        return vectors.write_vectors(session, self.encoder_id, kept, made)

    def _read(self, frame: ClaimedFrame) -> bytes | CatalogError:
        try:
            return self._store.get(frame.picture)
        except CatalogError as error:
            return error


def settle(
    database: Database,
    encoder_id: int,
    asset_ids: Sequence[int],
    failures: dict[int, CatalogError],
    worker: str,
    *,
    took_s: float | None = None,
) -> None:
    """Write where the assets now stand in the encode stage, after so many seconds together."""
    note_failures(database, failures, worker)
    with database.session() as session:
        waiting = vectors.assets_missing(session, encoder_id, asset_ids)
        analysed = stages.done(session, asset_ids, "analyse")
        done = [a for a in analysed if a not in waiting and a not in failures]
        stages.mark_done(session, done, STAGE, worker, took_s=took_s)
    tell_untold(database, done)


def note_failures(database: Database, failures: Mapping[int, CatalogError], worker: str) -> None:
    """Write which assets could not be encoded, and why."""
    if not failures:
        return
    with database.session() as session:
        for asset_id in sorted(failures):
            stages.start_stage(session, asset_id, STAGE, worker)
            stages.fail_stage(session, asset_id, STAGE, failures[asset_id])


class StoredPictures(Sequence[Image.Image]):
    """Pictures as they were kept, each opened when it is asked for.

    So the encoder's threads decode them, a batch at a time, and a thousand
    decoded pictures are never in memory at once.

    Attributes
    ----------
    broken:
        By place, why a picture is left out.
    """

    def __init__(self, stored: Sequence[tuple[str, bytes]]) -> None:
        self._stored = stored
        self._places = list(range(len(stored)))
        self.broken: dict[int, FrameStoreError] = {}

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> Image.Image: ...
    @overload
    def __getitem__(self, index: slice) -> list[Image.Image]: ...
    def __getitem__(self, index: int | slice) -> Image.Image | list[Image.Image]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        try:
            return Image.open(io.BytesIO(self._stored[self._places[index]][1]))
        except (OSError, SyntaxError) as error:
            raise UndecodableError(str(error), index=index) from error

    def leave_out_broken(self) -> None:
        """From now on the pictures are all but those that cannot be read."""
        for place in self._places:
            try:
                read_picture(*self._stored[place])
            except FrameStoreError as error:
                self.broken[place] = error
        self._places = [place for place in self._places if place not in self.broken]


def encode_readable(encoder: Encoder, pictures: StoredPictures) -> Vectors:
    """The vectors of all pictures that can be read; `broken` names the others."""
    try:
        return encoder.encode_images(pictures)
    except UndecodableError:  # one of thousands, seldom: the others are done again
        pictures.leave_out_broken()
        return encoder.encode_images(pictures)


def read_picture(key: str, jpeg: bytes) -> Image.Image:
    """The picture that was kept under the key, decoded.

    Raises
    ------
    FrameStoreError
        If it is broken.
    """
    try:
        picture = Image.open(io.BytesIO(jpeg))
        picture.load()
    except (OSError, SyntaxError) as error:
        raise FrameStoreError(
            f"The stored picture {key!r} cannot be read: {error}.",
            remedy="Analyse the asset again: catalog retry.",
            key=key,
        ) from error
    return picture
