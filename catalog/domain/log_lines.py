"""Logs for programs: one JSON object per line."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

Context = Callable[[logging.LogRecord], dict[str, Any]]

# What every record has; the rest was given as `extra`, and is said.
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "data", "processName"}


class JsonLines(logging.Formatter):
    """``at``, ``level``, ``logger``, ``event``, ``process``, then what is known beside it.

    ``context`` adds fields, such as the asset that is being worked on.
    """

    def __init__(self, context: Context = lambda _: {}) -> None:
        super().__init__()
        self._context = context

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        body: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "event": record.getMessage(),
            "process": record.process,
        }
        body |= {key: value for key, value in vars(record).items() if key not in _USUAL}
        body |= self._context(record)
        if record.exc_info:
            body["trace"] = self.formatException(record.exc_info)
        return json.dumps(body, ensure_ascii=False, default=str)
