"""What workers log: Celery's text, or (CATALOG_LOG_FORMAT=json) JSON with the ids at hand."""

from __future__ import annotations

import logging
from typing import Any

from celery import current_task
from celery.signals import after_setup_logger, after_setup_task_logger

from catalog.domain.log_lines import JsonLines
from catalog.settings import Settings


def _ids(record: logging.LogRecord) -> dict[str, Any]:
    """Task and asset that the record is of: Celery tells them as ``data``, or works on them."""
    data = getattr(record, "data", None)
    request = current_task.request if current_task else None
    if isinstance(data, dict):
        found = {"task": data.get("name"), "task_id": data.get("id"), "args": data.get("args")}
    elif request is not None:
        found = {"task": request.task, "task_id": request.id, "args": request.args}
    else:
        return {}
    args = found.pop("args")
    # Of our tasks the one argument, if any, is an asset's id; Celery may tell it as text.
    asset_id = str(args).strip("()[],") if args else ""
    return found | ({"asset_id": int(asset_id)} if asset_id.isdigit() else {})


def _as_json(logger: logging.Logger, **_signal: Any) -> None:  # noqa: ANN401  # Celery's keywords
    if Settings.load().json_logs:
        for handler in logger.handlers:
            handler.setFormatter(JsonLines(_ids))


after_setup_logger.connect(_as_json, weak=False)
after_setup_task_logger.connect(_as_json, weak=False)
