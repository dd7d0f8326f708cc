"""The reconciler: what the tables say is due is sent again, if nobody seems to know of it.

Messages may be lost (a broker that was wiped, a machine that vanished) and
nothing is lost with them, as long as somebody compares the truth with what was
sent. Celery's beat does that every half minute, `catalog doctor --repair` at once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from catalog.db.engine import Database
from catalog.dispatch import ENCODE_QUEUE, MEDIA_QUEUE, SPEECH_QUEUE, Dispatcher, Waiting
from catalog.domain.reconciled import GRACE_S, LEASE_S, MOST_WAITING, Reconciled
from catalog.errors import FrameStoreError
from catalog.ingest.looks import BackfillLooks
from catalog.ingest.proxies import STAGE as PROXY
from catalog.ingest.rolls import anything_untold, tell_untold
from catalog.ingest.sending import tell
from catalog.ingest.sounds import STAGE as SOUND
from catalog.ingest.speech import STAGE as RECOGNISE
from catalog.ingest.verifying import STILL, Pace, wants_verifying
from catalog.media.frame_store import Swept
from catalog.store import filling, service, stages, vectors
from catalog.store import waiting as put_off

_log = logging.getLogger(__name__)

TAKEN_S = 60.0
"""The same where no message waits: whoever took it would be at work, or is gone."""
ROLLS_S = 10.0
"""How long a round tells rolls anew: a library's take some, and others want a round as well."""


def reconcile(
    database: Database,
    dispatcher: Dispatcher,
    *,
    lease_s: float = LEASE_S,
    grace_s: float = GRACE_S,
    limit: int = MOST_WAITING,
    looks: BackfillLooks | None = None,
    sweep: Callable[[], Swept] = Swept,
    pace: Pace = STILL,
) -> Reconciled:
    """One round. Any number may run at once: one works, the others do nothing.

    ``looks`` remembers from one round to the next what there was none of in all the catalogue;
    ``sweep`` deletes what killed writers have left in the frame store. At ``pace`` a worker is
    sent to read files through when nothing else is to be done with media.

    Raises
    ------
    BrokerUnavailableError
        If workers cannot be told. What was not sent is sent in the next round.
    """
    looks = looks or BackfillLooks()
    with database.session() as turn:
        if (pause := service.paused(turn)) is not None:
            return Reconciled(idle=f"paused by {pause.by}")
        if not service.take_round(turn):
            return Reconciled(idle="another reconciler is at it")
        # What is told of rolls from another encoder, or by weights of before. No worker is needed.
        untold = anything_untold(database, looks)
        told = tell_untold(database, within_s=ROLLS_S) if untold else 0
        swept = _swept(sweep)
        waiting = dispatcher.waiting()
        with database.session() as session:
            again = stages.try_again(session, limit=limit)
            put_off.probe(session, PROXY)
            put_off.probe(session, RECOGNISE)
            put_off.probe(session, SOUND)
        sent: dict[str, list[int]] = {}
        sends: dict[str, Callable[[int], None]] = {
            "analyse": partial(dispatcher.analyse, backfill=True),
            PROXY: dispatcher.proxy,
            RECOGNISE: dispatcher.recognise,
            SOUND: dispatcher.sound,
        }
        room = {queue: max(0, limit - count) for queue, count in waiting.queues.items()}
        for name, send in sends.items():
            queue = SPEECH_QUEUE if name == RECOGNISE else MEDIA_QUEUE
            # Nothing waits and nobody is at work: whatever was sent and is not done is lost.
            taken = TAKEN_S if not waiting.queues[queue] else lease_s
            lease = grace_s if waiting.none_at_all else min(taken, lease_s)
            with database.session() as session:
                sent[name] = service.claim_unsent(
                    session, name, lease_s=lease, grace_s=grace_s, limit=room[queue]
                )
            tell(database, name, sent[name], send)
            room[queue] -= len(sent[name])
        encode = _wants_encoding(database, waiting, looks)
        if encode is not None:
            dispatcher.encode(backfill=encode == "backfill")
        verifies = _send_verifying(database, dispatcher, pace, room[MEDIA_QUEUE] >= limit)
        return Reconciled(
            sent, encode is not None, again, rolls=told, swept=swept.files, verifies=verifies
        )


def _send_verifying(
    database: Database, dispatcher: Dispatcher, pace: Pace, nothing_waits: bool
) -> bool:
    if not nothing_waits:
        return False
    with database.session() as session:
        wanted = wants_verifying(session, pace)
    if wanted:
        dispatcher.verify()
    return wanted


def _swept(sweep: Callable[[], Swept]) -> Swept:
    try:
        return sweep()
    except FrameStoreError as error:
        # The others are not to wait for it; the doctor says what is wrong with the store.
        _log.warning("sweep_failed", extra={"reason": error.message})
        return Swept()


def _wants_encoding(database: Database, waiting: Waiting, looks: BackfillLooks) -> str | None:
    """``fresh`` or ``backfill``: a frame lacks a vector, and no message brings a worker to it."""
    if waiting.queues[ENCODE_QUEUE]:
        return None
    with database.session() as session:
        active = vectors.active_encoder(session)
        active_id = active.id if active else None
        if vectors.assets_waiting(session, active_id, fresh=True, limit=1):
            return "fresh"
        backfills = [*([active_id] if active_id else []), *(r.id for r in filling.filling(session))]
        for each in backfills:
            look = partial(vectors.assets_waiting, session, each, fresh=False, limit=1)
            if looks.found(each, look):
                return "backfill"
        return None
