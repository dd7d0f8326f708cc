"""The steps of an ingest one by one, as workers take them: analyse one asset, encode what waits."""

from __future__ import annotations

import time
from dataclasses import dataclass

from catalog.db.engine import Database
from catalog.encoders import Encoder, TextEncoder
from catalog.errors import AssetBusyError, CatalogError, EncoderUnavailableError, NotFoundError
from catalog.ingest.analyse import STAGE, Analysed, Tools, analyse_asset
from catalog.ingest.attempts import worker_name
from catalog.ingest.encode import EncodeQueue, note_failures, settle
from catalog.ingest.encode_speech import SpeechQueue
from catalog.ingest.looks import BackfillLooks
from catalog.ingest.rolls import know_cues
from catalog.ingest.sidecars import look_beside
from catalog.ingest.turns import EncoderLoader, Turn, Turns
from catalog.media.frame_store import FrameStore
from catalog.store import assets, service, stages


@dataclass(frozen=True, slots=True)
class Encoded:
    """What one drain of the queue brought: vectors written, and why some assets lack theirs."""

    vectors: int
    failures: dict[int, CatalogError]


def analyse_step(tools: Tools, asset_id: int, *, heed_pause: bool = False) -> Analysed | None:
    """Analyse an asset if that is due; None if it was done or has failed before.

    With ``heed_pause`` also None, and left due, while the service is paused.

    Raises
    ------
    NotFoundError
        If there is no such asset.
    AssetBusyError
        If another process is at work on it. It may die yet, so come back later.
    MediaError
        If the file cannot be catalogued; also kept in the asset's stage.
    """
    found = analyse_asset(tools, asset_id, heed_pause=heed_pause)
    if found is not None:
        look_beside(tools, [asset_id])
        return found
    with tools.database.session() as session:
        state = stages.stage_of(session, asset_id, STAGE)
        if state is None and assets.get_asset(session, asset_id) is None:
            raise NotFoundError(
                f"There is no asset {asset_id}.", remedy="List the assets with `catalog assets`."
            )
        if heed_pause and service.paused(session) is not None:
            return None
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
    loader: EncoderLoader,
    *,
    looks: BackfillLooks,
    heed_pause: bool = False,
) -> Encoded:
    """Give frames and spoken lines the vectors they lack: of the active encoder, then of others.

    The others are those being filled. Any number of processes may do this at once; they
    share the work. What was
    never encoded comes before a backfill, also when it comes during one. An
    encoder is loaded only if something waits for it. ``looks`` remembers backfills that
    there were none of, from one drain to the next. With ``heed_pause`` it ends
    when the service is paused.

    Raises
    ------
    EncoderUnavailableError
        If an encoder's weights are not to be had; what needs others is done first.
    """
    turns, written = Turns(database, looks), 0
    failures: dict[int, CatalogError] = {}
    try:
        loader.enter_speech()
    except EncoderUnavailableError as error:
        turns.refused.append(error)
    while (turn := turns.next(heed_pause=heed_pause)) is not None:
        try:
            chosen = loader.active() if turn.of is None else loader.filling(turn.of)
        except EncoderUnavailableError as error:
            if turn.of is None:
                raise
            turns.refuse(turn.of, error)
            continue
        began = time.monotonic()
        count, failed = _encoded(database, store, chosen, turns, turn)
        took_s = time.monotonic() - began
        if turn.of is None:
            settle(database, chosen[1], turn.assets, failed, worker_name(), took_s=took_s)
        else:
            note_failures(database, failed, worker_name())
        written += count
        failures.update(failed)
    loader.hear()
    if turns.refused:
        raise turns.refused[0]
    return Encoded(written, failures)


def _encoded(
    database: Database,
    store: FrameStore,
    chosen: tuple[TextEncoder, int],
    turns: Turns,
    turn: Turn,
) -> tuple[int, dict[int, CatalogError]]:
    """What a turn's assets lack of one encoder; vectors written, and why some were not."""
    encoder, encoder_id = chosen
    count, failed = 0, dict[int, CatalogError]()
    until, counting = turns.pressed(turn), turns.counting(turn)
    if isinstance(encoder, Encoder):
        know_cues(database, encoder, encoder_id)
        queue = EncodeQueue(database, store, encoder, encoder_id)
        count, failed = queue.drain(turn.assets, until=until, on_frames=counting)
    lines = SpeechQueue(database, encoder, encoder_id)
    return count + lines.drain(turn.assets, until=until, on_lines=counting), failed
