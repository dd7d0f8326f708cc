"""What the broker says of itself and of its queues, without sending it anything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kombu.exceptions import KombuError
from redis import Redis
from redis.exceptions import RedisError

from catalog.dispatch.celery_app import celery_settings
from catalog.dispatch.names import PRIORITY_STEPS, QUEUES
from catalog.dispatch.protocol import Waiting
from catalog.errors import BrokerUnavailableError

_PATIENCE_S = 3.0
# Of kombu's Redis transport: what stands between a queue's name and a priority that is
# not 0, and the hash of messages that were handed out and not acknowledged.
_SEPARATOR, _HANDED_OUT = "\x06\x16", "unacked"


def reach_broker(url: str) -> str:
    """The version of the Redis at ``url``.

    Raises
    ------
    InvalidSettingError
        If the URL is not one of a Redis.
    BrokerUnavailableError
        If it does not answer within seconds. The message repeats no password.
    """
    with _client(url) as client:
        return str(client.info("server")["redis_version"])


def count_waiting(url: str) -> Waiting:
    """How many messages wait in each queue at ``url``, and how many are handed out.

    Raises as `reach_broker`.
    """
    with _client(url) as client, client.pipeline(transaction=False) as pipeline:
        for queue in QUEUES:
            for step in PRIORITY_STEPS:
                pipeline.llen(f"{queue}{_SEPARATOR}{step}" if step else queue)
        pipeline.hlen(_HANDED_OUT)
        *lengths, in_flight = pipeline.execute()
    steps = len(PRIORITY_STEPS)
    queues = {q: sum(lengths[at * steps : (at + 1) * steps]) for at, q in enumerate(QUEUES)}
    return Waiting(queues, in_flight)


def answering_workers(url: str) -> list[str]:
    """The names of the workers that answer within a second.

    Raises as `reach_broker`.
    """
    # A fifth of a second to import, for the doctor alone.
    from celery import Celery  # noqa: PLC0415

    app = Celery("catalog.doctor", set_as_current=False)
    app.conf.update(celery_settings(url))
    try:
        answers = app.control.ping(timeout=1.0)
    except (RedisError, KombuError, OSError) as error:
        raise _away(error) from error
    finally:
        app.close()
    return sorted(name for answer in answers for name in answer)


@contextmanager
def _client(url: str) -> Iterator[Redis]:
    broker = str(celery_settings(url)["broker_url"])
    # Celery says redis+socket and virtual_host, the client unix and db.
    address = broker.replace("redis+socket://", "unix://", 1).replace("virtual_host=", "db=", 1)
    try:
        with Redis.from_url(
            address, socket_connect_timeout=_PATIENCE_S, socket_timeout=_PATIENCE_S
        ) as client:
            yield client
    except (RedisError, OSError, ValueError) as error:
        raise _away(error) from error


def _away(error: Exception) -> BrokerUnavailableError:
    reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    return BrokerUnavailableError(
        f"The broker does not answer: {reason}.",
        remedy="Start Redis and check CATALOG_BROKER_URL; the work stays due.",
    )
