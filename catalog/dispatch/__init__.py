"""Dispatch: wake the workers once a commit has left them something to do.

PostgreSQL holds what is due; a message is only a knock on the door. So a
message carries ids and nothing else, is sent after the commit it speaks of,
and may be lost or doubled without losing or doubling work.
"""

from __future__ import annotations

from catalog.dispatch.names import (
    ANALYSE,
    ENCODE,
    ENCODE_QUEUE,
    MEDIA_QUEUE,
    PROXY,
    RECONCILE,
    SERVICE_QUEUE,
)
from catalog.dispatch.protocol import Dispatcher, NoDispatcher, Waiting
from catalog.settings import Settings


def dispatcher_for(settings: Settings) -> Dispatcher:
    """The dispatcher of these settings: Celery's where a broker is named. Connects to nothing."""
    if settings.broker_url is None:
        return NoDispatcher()
    # Celery takes a fifth of a second to import, and most commands send nothing.
    from catalog.dispatch.celery_sender import CeleryDispatcher  # noqa: PLC0415

    return CeleryDispatcher(settings.broker_url)


__all__ = [
    "ANALYSE",
    "ENCODE",
    "ENCODE_QUEUE",
    "MEDIA_QUEUE",
    "PROXY",
    "RECONCILE",
    "SERVICE_QUEUE",
    "Dispatcher",
    "NoDispatcher",
    "Waiting",
    "dispatcher_for",
]
