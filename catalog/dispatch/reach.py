"""Whether the broker answers, without sending it anything."""

from __future__ import annotations

from redis import Redis
from redis.exceptions import RedisError

from catalog.dispatch.celery_app import celery_settings
from catalog.errors import BrokerUnavailableError

_PATIENCE_S = 3.0


def reach_broker(url: str) -> str:
    """The version of the Redis at ``url``.

    Raises
    ------
    InvalidSettingError
        If the URL is not one of a Redis.
    BrokerUnavailableError
        If it does not answer within seconds. The message repeats no password.
    """
    broker = str(celery_settings(url)["broker_url"])
    # Celery says redis+socket, the client unix.
    address = broker.replace("redis+socket://", "unix://", 1)
    try:
        with Redis.from_url(
            address, socket_connect_timeout=_PATIENCE_S, socket_timeout=_PATIENCE_S
        ) as client:
            return str(client.info("server")["redis_version"])
    except (RedisError, OSError, ValueError) as error:
        reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise BrokerUnavailableError(
            f"The broker does not answer: {reason}.",
            remedy="Start Redis and check CATALOG_BROKER_URL; the work stays due.",
        ) from error
