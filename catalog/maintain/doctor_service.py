"""The doctor's look at the service: broker, workers, and work that nobody does."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.orm import Session

from catalog.dispatch import broker_of
from catalog.domain.diagnosis import Check, State
from catalog.errors import CatalogError
from catalog.maintain.reconcile import LEASE_S
from catalog.settings import Settings
from catalog.store import service


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
