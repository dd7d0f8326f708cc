"""What a statement is and how PostgreSQL goes about it, for people to read."""

from __future__ import annotations

from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from catalog.store.search.asked import Asked

_SHOWN_VALUES = 4


def explain(session: Session, statement: Asked) -> dict[str, Any]:
    """The statement with its parameters beside it, and ``EXPLAIN (ANALYZE, BUFFERS)`` of it."""
    connection = session.connection()
    rows = connection.exec_driver_sql(
        f"EXPLAIN (ANALYZE, BUFFERS, SETTINGS) {statement.sql}",
        {key: _bound(value) for key, value in statement.values.items()},
    )
    plan = "\n".join(row[0] for row in rows)
    return {
        "sql": statement.sql,
        "parameters": {key: _shown(value) for key, value in statement.values.items()},
        "plan": plan,
    }


def _bound(value: Any) -> Any:  # noqa: ANN401  # whatever a statement was given
    if isinstance(value, np.ndarray):
        return "[" + ",".join(f"{x:.8g}" for x in value.tolist()) + "]"
    return value


def _shown(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, np.ndarray):
        head = ", ".join(f"{x:.4f}" for x in value[:_SHOWN_VALUES].tolist())
        return f"[{head}, …] ({len(value)} values)"
    return value if isinstance(value, int | float | str | bool | None) else str(value)
