"""The tasks: ids in, one call of the catalogue each. What they did is in PostgreSQL."""

from __future__ import annotations

from celery import Task

from catalog.dispatch import ANALYSE, ENCODE, PROXY
from catalog.errors import (
    AssetBusyError,
    CatalogError,
    DatabaseUnsuitableError,
    EncoderUnavailableError,
    SchemaMismatchError,
    ServiceError,
)
from workers.app import app
from workers.process import catalog


class CatalogTask(Task):  # type: ignore[misc]  # Celery is untyped
    """What becomes of errors: a fault of the item's is told in one line, and is in its stage.

    Where the fault passes by itself the message comes back, each time after a
    longer while: the database or the frame store is away, or another worker has
    the asset and may yet die with it.
    """

    throws = (CatalogError,)
    autoretry_for = (ServiceError, AssetBusyError)
    dont_autoretry_for = (DatabaseUnsuitableError, EncoderUnavailableError, SchemaMismatchError)
    max_retries = None
    retry_backoff = 1
    retry_backoff_max = 300


@app.task(base=CatalogTask, name=ANALYSE)  # type: ignore[untyped-decorator]  # Celery is untyped
def analyse(asset_id: int) -> None:
    """Find the asset's shots and sample its frames, then have them encoded."""
    catalog().analyse(asset_id, dispatch=True)


@app.task(base=CatalogTask, name=ENCODE)  # type: ignore[untyped-decorator]  # Celery is untyped
def encode() -> None:
    """Give every frame that has none its vector under the active encoder."""
    catalog().encode()


@app.task(base=CatalogTask, name=PROXY)  # type: ignore[untyped-decorator]  # Celery is untyped
def proxy(asset_id: int) -> None:
    """Make the asset's proxy."""
    catalog().make_due_proxy(asset_id)
