"""Encode: give every frame its vector, in batches across assets."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence

from PIL import Image
from sqlalchemy.orm import Session

from catalog.db.engine import Database
from catalog.encoders import Encoder
from catalog.errors import CatalogError, FrameStoreError
from catalog.media.frame_store import FrameStore
from catalog.store import stages, vectors
from catalog.store.vectors import ClaimedFrame

STAGE = "encode"
# Frames claimed at a time. A card takes more at once than a processor: how many, its encoder
# finds out, and wants some batches at hand for that.
_CPU_BATCH, _GPU_BATCH = 64, 1024
# A batch of the largest model on a slow processor takes a few minutes.
_LEASE_S = 1800.0


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
        limit = batch or (_CPU_BATCH if self._encoder.device == "cpu" else _GPU_BATCH)
        written, after = 0, 0
        failures: dict[int, CatalogError] = {}
        while True:
            with self._database.session() as session:
                if not vectors.begin_batch(session, self.encoder_id, lease_s=_LEASE_S):
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
                after = claimed[-1].id
                if wait:
                    claimed = vectors.still_missing(session, self.encoder_id, claimed)
                written += self._encode(session, claimed, failures)
            on_frames(len(claimed))
            if until():
                break
        return written, failures

    def _encode(
        self, session: Session, claimed: list[ClaimedFrame], failures: dict[int, CatalogError]
    ) -> int:
        pictures, frames = [], []
        for frame in claimed:
            try:
                pictures.append(read_picture(frame.picture, self._store.get(frame.picture)))
                frames.append(frame)
            except CatalogError as error:
                failures[frame.asset_id] = error
        if not frames:
            return 0
        made = self._encoder.encode_images(pictures)
        return vectors.write_vectors(session, self.encoder_id, frames, made)


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
    with database.session() as session:
        waiting = vectors.assets_missing(session, encoder_id, asset_ids)
    note_failures(database, failures, worker)
    with database.session() as session:
        analysed = stages.done(session, asset_ids, "analyse")
        done = [a for a in analysed if a not in waiting and a not in failures]
        stages.mark_done(session, done, STAGE, worker, took_s=took_s)


def note_failures(database: Database, failures: Mapping[int, CatalogError], worker: str) -> None:
    """Write which assets could not be encoded, and why."""
    if not failures:
        return
    with database.session() as session:
        for asset_id in sorted(failures):
            stages.start_stage(session, asset_id, STAGE, worker)
            stages.fail_stage(session, asset_id, STAGE, failures[asset_id])


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
