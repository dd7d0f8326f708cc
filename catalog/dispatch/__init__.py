"""Dispatch: wake the workers once a commit has left them something to do.

PostgreSQL holds what is due; a message is only a knock on the door. So a
message carries ids and nothing else, is sent after the commit it speaks of,
and may be lost or doubled without losing or doubling work.
"""

from __future__ import annotations

from catalog.dispatch.embedded import EmbeddedRedis
from catalog.dispatch.names import (
    ANALYSE,
    ENCODE,
    ENCODE_QUEUE,
    MEDIA_QUEUE,
    PROXY,
    RECOGNISE,
    RECONCILE,
    SERVICE_QUEUE,
    SOUND,
    SPEECH_QUEUE,
    VERIFY,
)
from catalog.dispatch.protocol import Dispatcher, NoDispatcher, Waiting
from catalog.settings import Settings


def broker_of(settings: Settings) -> str | None:
    """The broker that these settings name, or the one that `catalog up` runs for this home."""
    return settings.broker_url or EmbeddedRedis(settings.home / "redis").url_if_running()


def dispatcher_for(settings: Settings) -> Dispatcher:
    """The dispatcher of these settings: Celery's where there is a broker. Sends nothing."""
    broker_url = broker_of(settings)
    if broker_url is None:
        return NoDispatcher()
    # Celery takes a fifth of a second to import, and most commands send nothing.
    from catalog.dispatch.celery_sender import CeleryDispatcher  # noqa: PLC0415

    return CeleryDispatcher(broker_url)


__all__ = [
    "ANALYSE",
    "ENCODE",
    "ENCODE_QUEUE",
    "MEDIA_QUEUE",
    "PROXY",
    "RECOGNISE",
    "RECONCILE",
    "SERVICE_QUEUE",
    "SOUND",
    "SPEECH_QUEUE",
    "VERIFY",
    "Dispatcher",
    "NoDispatcher",
    "Waiting",
    "broker_of",
    "dispatcher_for",
]
