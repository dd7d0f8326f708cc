"""What a watcher or a server says while it works: one line per event, on standard error."""

from __future__ import annotations

import json as json_format
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from catalog.domain.log_lines import JsonLines

_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


@contextmanager
def shown_log(name: str = "catalog.watch", *, json: bool) -> Iterator[None]:
    """Show what this logger is told, as text or as one JSON object a line."""
    logger = logging.getLogger(name)
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if json else _Text())
    level, propagate = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        facts = " ".join(f"{name}={_quoted(value)}" for name, value in _facts(record).items())
        time = self.formatTime(record, "%H:%M:%S")
        line = f"{time} {record.levelname.lower()} {record.getMessage()} {facts}".rstrip()
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _PLAIN}


def _quoted(value: object) -> str:
    text = str(value)
    return json_format.dumps(text, ensure_ascii=False) if " " in text or not text else text
