"""The webhook: what becomes of assets, told to a program by HTTP."""

from __future__ import annotations

import json
import logging
import queue
import random
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from catalog.errors import InvalidSettingError

TIMEOUT_S = 5.0
TRIES = 4
_FIRST_WAIT_S = 0.5
_MOST_WAITING = 10_000
_LAST_WORDS_S = 10.0

_log = logging.getLogger(__name__)


def checked_url(url: str) -> str:
    """The address of a webhook.

    Raises
    ------
    InvalidSettingError
        If it is not one of HTTP. The message repeats no password.
    """
    remedy = "Write it as https://host/path."
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        raise InvalidSettingError("CATALOG_WEBHOOK_URL is not a URL.", remedy=remedy) from None
    if not usable:
        raise InvalidSettingError(
            f"CATALOG_WEBHOOK_URL begins with {parts.scheme or 'no scheme'!r}; expected http or"
            " https, and a host.",
            remedy=remedy,
        )
    return url


class Webhook:
    """Posts JSON objects to one address, from a thread of its own, in their order.

    Nothing waits for it, and nothing fails by it: what cannot be delivered in a
    few tries, or waits behind ten thousand others, is told in the log and dropped.

    Raises
    ------
    InvalidSettingError
        If the address is none.
    """

    def __init__(self, url: str) -> None:
        self._url = checked_url(url)
        self._place = urlsplit(url).hostname or ""
        # No redirects: a POST that is sent elsewhere becomes a GET that says nothing.
        self._opener = urllib.request.build_opener(_NoRedirect)
        self._queue: queue.Queue[Mapping[str, Any] | None] = queue.Queue(_MOST_WAITING)
        self._hurry = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def post(self, body: Mapping[str, Any]) -> None:
        """Have it delivered soon."""
        with self._lock:
            if self._thread is None:
                # A daemon: a server that takes its time holds no program up that ends.
                self._thread = threading.Thread(target=self._run, name="webhook", daemon=True)
                self._thread.start()
        try:
            self._queue.put_nowait(body)
        except queue.Full:
            _log.warning("webhook_dropped", extra={"host": self._place, "reason": "too many wait"})

    def close(self) -> None:
        """Deliver what waits, without trying again, within seconds."""
        self._hurry.set()
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is None:
            return
        try:
            self._queue.put_nowait(None)
        except queue.Full:
            return
        thread.join(_LAST_WORDS_S)

    def _run(self) -> None:
        while (body := self._queue.get()) is not None:
            self._deliver(json.dumps(body).encode())

    def _deliver(self, body: bytes) -> None:
        reason = ""
        for number in range(TRIES):
            if number:
                self._hurry.wait(_FIRST_WAIT_S * 4 ** (number - 1) * random.uniform(0.5, 1.5))  # noqa: S311
            try:
                self._send(body)
            except (OSError, ValueError) as error:
                reason = " ".join(str(error).split())[:300] or type(error).__name__
                if isinstance(error, urllib.error.HTTPError):
                    error.close()
                    if error.code < 500 and error.code not in {408, 429}:
                        break  # it was heard, and refused
            else:
                return
            if self._hurry.is_set():
                break
        _log.warning("webhook_dropped", extra={"host": self._place, "reason": reason})

    def _send(self, body: bytes) -> None:
        request = urllib.request.Request(  # noqa: S310  # http or https, see checked_url
            self._url,
            data=body,
            method="POST",
            headers={"Content-Type": "application/json", "User-Agent": "asset-catalog"},
        )
        with self._opener.open(request, timeout=TIMEOUT_S):
            pass


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object, **__: object) -> None:
        """Follow none: it is an answer that is no success."""
