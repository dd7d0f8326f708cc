"""The steps of an ingest one by one, as workers take them: analyse one asset, encode what waits."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from catalog.db.engine import Database
from catalog.encoders import Encoder
from catalog.errors import AssetBusyError, CatalogError, NotFoundError
from catalog.ingest.analyse import STAGE, Analysed, Tools, analyse_asset, worker_name
from catalog.ingest.encode import EncodeQueue, settle
from catalog.ingest.sidecars import read_sidecars
from catalog.media.frame_store import FrameStore
from catalog.store import assets, service, stages, vectors

# Assets at a time: of a backfill few, for what is fresh waits for them.
_FRESH, _BACKFILL = 500, 50


@dataclass(frozen=True, slots=True)
class Encoded:
    """What one drain of the queue brought: vectors written, and why some assets lack theirs."""

    vectors: int
    failures: dict[int, CatalogError]


def analyse_step(tools: Tools, asset_id: int) -> Analysed | None:
    """Analyse an asset if that is due; None if it was done or has failed before.

    Raises
    ------
    NotFoundError
        If there is no such asset.
    AssetBusyError
        If another process is at work on it. It may die yet, so come back later.
    MediaError
        If the file cannot be catalogued; also kept in the asset's stage.
    """
    found = analyse_asset(tools, asset_id)
    if found is not None:
        read_sidecars(tools, [asset_id])
        return found
    with tools.database.session() as session:
        state = stages.stage_of(session, asset_id, STAGE)
        if state is None and assets.get_asset(session, asset_id) is None:
            raise NotFoundError(
                f"There is no asset {asset_id}.", remedy="List the assets with `catalog assets`."
            )
    if state is not None and state.state in {"due", "running"}:
        raise AssetBusyError(
            f"Another process is at work on asset {asset_id}.",
            remedy="Wait for it, or see who it is with `catalog jobs`.",
            asset=asset_id,
        )
    return None


def is_analysed(database: Database, asset_id: int) -> bool:
    """Whether the asset's frames are there to be encoded."""
    with database.session() as session:
        return bool(stages.done(session, [asset_id], STAGE))


def encode_step(
    database: Database,
    store: FrameStore,
    load_encoder: Callable[[], tuple[Encoder, int]],
    *,
    heed_pause: bool = False,
) -> Encoded:
    """Encode every frame that has no vector under the active encoder, and mark its asset.

    Any number of processes may do this at once; they share the frames. What was
    never encoded comes before a backfill, also when it comes during one. The
    encoder is loaded only if something waits. With ``heed_pause`` it ends when the
    service is paused.

    Raises
    ------
    EncoderUnavailableError
        If its weights are not to be had.
    """
    written, after = 0, {True: 0, False: 0}
    failures: dict[int, CatalogError] = {}
    while True:
        with database.session() as session:
            stopped = heed_pause and service.paused(session) is not None
            fresh, waiting = (False, []) if stopped else _next(session, after)
        if not waiting:
            return Encoded(written, failures)
        queue = EncodeQueue(database, store, *load_encoder())
        began = time.monotonic()
        count, failed = queue.drain(waiting)
        took_s = time.monotonic() - began
        settle(database, queue.encoder_id, waiting, failed, worker_name(), took_s=took_s)
        written, after[fresh] = written + count, waiting[-1]
        failures.update(failed)


def _next(session: Session, after: dict[bool, int]) -> tuple[bool, list[int]]:
    """The next assets to encode, and whether they are fresh. Each comes once in a drain."""
    active = vectors.active_encoder(session)
    encoder_id = None if active is None else active.id
    for fresh, limit in ((True, _FRESH), (False, _BACKFILL)):
        waiting = vectors.assets_waiting(
            session, encoder_id, fresh=fresh, after=after[fresh], limit=limit
        )
        if waiting:
            return fresh, waiting
    return False, []
