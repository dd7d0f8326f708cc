"""Lengths of time, as PostgreSQL's intervals."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, func


def seconds(count: float | ColumnElement[Any]) -> ColumnElement[Any]:
    """So many seconds: a number, or an expression that gives one."""
    return func.make_interval(0, 0, 0, 0, 0, 0, count)
