"""How sender and worker set Celery up; both must, or messages go where nobody listens."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from catalog.dispatch.names import (
    ANALYSE,
    ENCODE,
    ENCODE_QUEUE,
    FRESH,
    MEDIA_QUEUE,
    PRIORITY_STEPS,
    PROXY,
    QUEUES,
    RECOGNISE,
    RECONCILE,
    SERVICE_QUEUE,
    SOUND,
    SPEECH_QUEUE,
    VERIFY,
)
from catalog.errors import BrokerUnavailableError, InvalidSettingError

SCHEMES = ("redis", "rediss", "redis+socket")
CONNECT_TIMEOUT_S = 5

# Redis gives a message to another worker when it was not acknowledged for this
# long, whether its worker died or is only slow. A slow one is safe: the asset's
# lock makes the second worker wait. So this is how long the work of a machine
# that vanished lies still (a killed worker *process* is noticed at once).
VISIBILITY_TIMEOUT_S = 3600


def celery_settings(broker_url: str | None) -> dict[str, Any]:
    """Celery's configuration around this broker.

    Raises
    ------
    BrokerUnavailableError
        If no broker is named.
    InvalidSettingError
        If it is no Redis URL.
    """
    return {
        "broker_url": _checked(broker_url),
        "broker_connection_retry_on_startup": True,
        "broker_transport_options": {
            "socket_connect_timeout": CONNECT_TIMEOUT_S,
            "visibility_timeout": VISIBILITY_TIMEOUT_S,
            "priority_steps": list(PRIORITY_STEPS),
        },
        # An exchange and a key each: left out, both queues would share the default
        # ones, and a direct exchange gives a message to every queue of its key.
        "task_queues": {name: {"exchange": name, "routing_key": name} for name in QUEUES},
        "task_default_priority": FRESH,
        "task_default_queue": MEDIA_QUEUE,
        "task_create_missing_queues": False,
        "task_routes": {
            ANALYSE: {"queue": MEDIA_QUEUE},
            ENCODE: {"queue": ENCODE_QUEUE},
            PROXY: {"queue": MEDIA_QUEUE},
            RECOGNISE: {"queue": SPEECH_QUEUE},
            SOUND: {"queue": MEDIA_QUEUE},
            VERIFY: {"queue": MEDIA_QUEUE},
            RECONCILE: {"queue": SERVICE_QUEUE},
        },
        # Ids travel as JSON; a pickle from the broker would be code to run.
        "task_serializer": "json",
        "accept_content": ["json"],
        # Results are rows in PostgreSQL.
        "task_ignore_result": True,
        "task_store_errors_even_if_ignored": False,
        "enable_utc": True,
        "timezone": "UTC",
    }


def _checked(url: str | None) -> str:
    remedy = "Write it as redis://:password@host:6379/0."
    if not url:
        raise BrokerUnavailableError(
            "CATALOG_BROKER_URL is not set; workers take their work from a Redis.", remedy=remedy
        )
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        # "from None": the parser's message may repeat the URL, password and all.
        raise InvalidSettingError("CATALOG_BROKER_URL is not a URL.", remedy=remedy) from None
    if scheme not in SCHEMES:
        raise InvalidSettingError(
            f"CATALOG_BROKER_URL begins with {scheme or 'no scheme'!r}; expected one of "
            f"{', '.join(SCHEMES)}.",
            remedy=remedy,
        )
    return url
