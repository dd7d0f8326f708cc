"""Wake workers through Celery, by the names of their tasks."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from celery import Celery
from kombu.exceptions import KombuError, OperationalError
from redis.exceptions import RedisError

from catalog.dispatch.celery_app import celery_settings
from catalog.dispatch.names import (
    ANALYSE,
    BACKFILL,
    ENCODE,
    ENCODE_QUEUE,
    FRESH,
    PROXY,
    RECOGNISE,
    SOUND,
    VERIFY,
)
from catalog.dispatch.protocol import Waiting
from catalog.dispatch.reach import count_waiting
from catalog.errors import BrokerUnavailableError

# Whoever waits for this has done the work already: a short outage is bridged,
# a long one is reported within seconds.
_RETRIES = {"max_retries": 2, "interval_start": 0.1, "interval_step": 0.3, "interval_max": 0.5}


_FAULTS = (OperationalError, KombuError, RedisError, OSError)


class CeleryDispatcher:
    """Sends to the workers' broker; connects when there is something to send.

    Raises
    ------
    InvalidSettingError
        If the URL is not one of a Redis.
    """

    def __init__(self, broker_url: str) -> None:
        # set_as_current: a library must not become the host program's Celery app.
        self._app = Celery("catalog.dispatch", set_as_current=False)
        self._app.conf.update(celery_settings(broker_url))
        self._url = broker_url
        self._place = _place(broker_url)

    def analyse(self, asset_id: int, *, backfill: bool = False) -> None:
        """Have a worker analyse this asset."""
        self._send(ANALYSE, asset_id, priority=BACKFILL if backfill else FRESH)

    def encode(self, *, backfill: bool = False) -> None:
        """Have a worker encode whatever frames lack a vector. One message that waits does for all.

        Who takes that one comes after the commit of whoever calls, and so finds what it made.
        """
        if backfill or not self._one_waits():
            self._send(ENCODE, priority=BACKFILL if backfill else FRESH)

    def proxy(self, asset_id: int) -> None:
        """Have a worker make this asset's proxy, when no asset waits to be found."""
        self._send(PROXY, asset_id, priority=BACKFILL)

    def recognise(self, asset_id: int) -> None:
        """Have a worker recognise what is said in this asset."""
        self._send(RECOGNISE, asset_id)

    def sound(self, asset_id: int) -> None:
        """Have a worker hear this asset's sound, when no asset waits to be found."""
        self._send(SOUND, asset_id, priority=BACKFILL)

    def verify(self) -> None:
        """Have a worker read files through, when nothing else waits."""
        self._send(VERIFY, priority=BACKFILL)

    def waiting(self) -> Waiting:
        """How many messages wait in each queue, and how many are being worked on."""
        return count_waiting(self._url)

    def close(self) -> None:
        """Close the connections to the broker."""
        self._app.close()

    def _one_waits(self) -> bool:
        """Whether a fresh message to encode waits; False as well if the broker does not say."""
        try:
            with (
                self._app.pool.acquire(block=True) as connection,
                # Not the channel's own client: whoever listened for answers before, over the same
                # connections of this process, has left its question open there.
                connection.default_channel.conn_or_acquire() as client,
            ):
                # Of a queue's lists in Redis, that of what is fresh has its name.
                return bool(client.llen(ENCODE_QUEUE))
        except _FAULTS:  # sending tells what is wrong
            return False

    def _send(self, task: str, *ids: int, priority: int = FRESH) -> None:
        options: dict[str, Any] = {"retry": True, "retry_policy": _RETRIES, "priority": priority}
        try:
            self._app.send_task(task, args=ids, **options)
        except _FAULTS as error:
            raise BrokerUnavailableError(
                f"The broker at {self._place} cannot be told of {task}: {str(error).rstrip('.')}.",
                remedy="Start Redis and check CATALOG_BROKER_URL; the work stays due and "
                "can be sent again.",
                task=task,
                ids=list(ids),
            ) from error


def _place(url: str) -> str:
    """Where the URL leads, for messages: no password."""
    parts = urlsplit(url)
    host = parts.hostname or "localhost"
    return parts.path if parts.scheme == "redis+socket" else f"{host}:{parts.port or 6379}"
