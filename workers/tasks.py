"""The tasks: ids in, one call of the catalogue each. What they did is in PostgreSQL."""

from __future__ import annotations

from celery import Task

from catalog.dispatch import ANALYSE, ENCODE, PROXY, RECOGNISE, RECONCILE, SOUND, VERIFY
from catalog.errors import (
    AssetBusyError,
    CatalogError,
    DatabaseUnsuitableError,
    EncoderUnavailableError,
    SchemaMismatchError,
    ServiceError,
    SpeechUnavailableError,
)
from workers.app import app
from workers.process import catalog


class CatalogTask(Task):  # type: ignore[misc]  # Celery is untyped
    """What becomes of errors: a fault of the item's is told in one line, and is in its stage.

    Where the fault passes by itself the message comes back a few times, each time
    after a longer while: the database or the frame store is away, or another
    worker has the asset and may yet die with it. After that the reconciler knows
    better when to send it again.
    """

    throws = (CatalogError,)
    autoretry_for = (ServiceError, AssetBusyError)
    dont_autoretry_for = (
        DatabaseUnsuitableError,
        EncoderUnavailableError,
        SchemaMismatchError,
        SpeechUnavailableError,
    )
    max_retries = 6
    retry_backoff = 1
    # Decoding has limits of its own, by the length of the file; this is for what hangs.
    soft_time_limit = 6 * 3600
    time_limit = 6 * 3600 + 600


@app.task(base=CatalogTask, name=ANALYSE)  # type: ignore[untyped-decorator]  # Celery is untyped
def analyse(asset_id: int) -> None:
    """Find the asset's shots and sample its frames, then have them encoded."""
    catalog().analyse(asset_id, dispatch=True, heed_pause=True)


@app.task(base=CatalogTask, name=ENCODE)  # type: ignore[untyped-decorator]  # Celery is untyped
def encode() -> None:
    """Give every frame the vectors it lacks: the active encoder's, then those being filled."""
    catalog().encode(heed_pause=True)


@app.task(base=CatalogTask, name=PROXY)  # type: ignore[untyped-decorator]  # Celery is untyped
def proxy(asset_id: int) -> None:
    """Make the asset's proxy."""
    if catalog().may_work():
        catalog().make_due_proxy(asset_id)


# A long programme on a slow processor takes a day; what is too slow for that gives up by itself.
@app.task(  # type: ignore[untyped-decorator]  # Celery is untyped
    base=CatalogTask, name=RECOGNISE, soft_time_limit=48 * 3600, time_limit=48 * 3600 + 600
)
def recognise(asset_id: int) -> None:
    """Recognise what is said in the asset."""
    if catalog().may_work():
        catalog().recognise_due(asset_id)


@app.task(base=CatalogTask, name=SOUND)  # type: ignore[untyped-decorator]  # Celery is untyped
def sound(asset_id: int) -> None:
    """Give the asset's sound its vectors."""
    if catalog().may_work():
        catalog().listen_due(asset_id)


@app.task(base=CatalogTask, name=VERIFY)  # type: ignore[untyped-decorator]  # Celery is untyped
def verify() -> None:
    """Read files through that were not read for long, at the pace that is set."""
    if catalog().may_work():
        catalog().verify_some()


# Acknowledged before it begins: it must not count itself as work on its way.
@app.task(  # type: ignore[untyped-decorator]  # Celery is untyped
    name=RECONCILE, acks_late=False, throws=(CatalogError,), time_limit=600
)
def reconcile() -> str:
    """Send again what is due and nobody knows of."""
    return str(catalog().reconcile())
