"""The doctor's look at the service: broker, workers, and work that nobody does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.orm import Session

from catalog.db.notices import PHRASE_LOCK
from catalog.dispatch import broker_of
from catalog.domain.diagnosis import Check, State
from catalog.domain.paths import shown_path
from catalog.domain.reconciled import LEASE_S
from catalog.errors import CatalogError
from catalog.ingest.proxies import STAGE as PROXY
from catalog.settings import Settings
from catalog.store import service, verifying, waiting, watching
from catalog.store.locks import is_held

_SOME = 3


def service_checks(settings: Settings) -> Iterator[Check]:
    """Whether the broker answers, and which workers."""
    # The client of Redis, for the doctor alone.
    from catalog.dispatch.reach import answering_workers, reach_broker  # noqa: PLC0415

    url = broker_of(settings)
    if url is None:
        yield Check("broker", State.OK, "none is set, and `catalog ingest` needs none")
        return
    try:
        version = reach_broker(url)
    except CatalogError as error:
        yield Check("broker", State.FAIL, error.message, error.remedy or "", service=True)
        return
    yield Check("broker", State.OK, f"Redis {version} answers", service=True)
    names = answering_workers(url)
    if names:
        yield Check("workers", State.OK, f"{len(names)} answer: {', '.join(names)}")
        return
    remedy = "Start them: `catalog up`, or see docs/workers.md."
    yield Check("workers", State.WARN, "no worker answers", remedy)


def work_check(session: Session) -> Check:
    """What is due, failed, or left lying by whoever began it."""
    if (pause := service.paused(session)) is not None:
        found = f"paused since {pause.since:%Y-%m-%d %H:%M} by {pause.by}"
        return Check("work", State.WARN, found, "Let workers work again: `catalog resume`.")
    rows = service.open_work(session)
    left = service.left_lying(session, after_s=2 * LEASE_S)
    said = ", ".join(f"{row['count']} {row['name']} {row['state']}" for row in rows)
    if left:
        found = f"{said}; nobody does {left} of them"
        return Check("work", State.WARN, found, "Send them again: `catalog doctor --repair`.")
    if any(row["state"] == "failed" for row in rows):
        remedy = "See why: `catalog jobs --failed`; then `catalog retry`."
        return Check("work", State.WARN, said, remedy)
    return Check("work", State.OK, said or "nothing waits")


def proxies_check(session: Session) -> Iterator[Check]:
    """Proxies that wait because the frame store could not be written to; nothing, if none does."""
    found = waiting.why_waiting(session, PROXY)
    if found is None:
        return
    count, reason = found
    remedy = "They go on by themselves, after an hour at most; `catalog retry` makes them at once."
    said = f"{count} {'proxy waits' if count == 1 else 'proxies wait'}: {reason}"
    yield Check("proxies", State.WARN, said, remedy)


def verifying_check(settings: Settings, session: Session) -> Check:
    """What reading the files through has found, and how far that is."""
    name, said = "verifying", verifying.verifying_figures(session)
    if said["faults"]:
        each = "; ".join(
            f"{shown_path(Path(p))}: {why}" for p, why in verifying.faults(session, limit=_SOME)
        )
        found = f"{said['faults']} files are not as they were when last read: {each}"
        remedy = (
            "Compare them with a backup, look after their storage; then `catalog verify --all`."
        )
        return Check(name, State.WARN, found, remedy)
    found = f"{said['files_last_day']} files read through in the last day"
    found += f", {said['never_read']} never" if said["never_read"] else ""
    if not settings.verify_bytes_per_s:
        return Check(name, State.OK, f"{found}; none by itself (CATALOG_VERIFY_GB_PER_DAY is 0)")
    if said["oldest"]:
        found += f"; the longest ago on {said['oldest'][:10]}"
    return Check(name, State.OK, found)


def watcher_check(session: Session) -> Check:
    """Whether every root that is to be watched is."""
    count, alone = watching.unwatched_roots(session)
    if alone:
        found = f"nobody watches {', '.join(map(shown_path, alone))}"
        remedy = "Start the watcher: `catalog up`, or `catalog watch`."
        return Check("watcher", State.WARN, found, remedy)
    found = f"{count} watched" if count else "no root is to be watched"
    return Check("watcher", State.OK, found)


def phrases_check(settings: Settings, session: Session) -> Check:
    """Whether somebody encodes the phrases that SQL clients ask for, where a service runs."""
    if is_held(session, PHRASE_LOCK):
        return Check("phrases", State.OK, "somebody answers")
    if broker_of(settings) is None:
        return Check("phrases", State.OK, "nobody answers; `catalog sql` needs nobody")
    remedy = "Start the service: `catalog up`, or `catalog serve-phrases`."
    return Check("phrases", State.WARN, "nobody answers CALL catalog.encode_phrase", remedy)
