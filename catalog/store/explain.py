"""What a statement is and how PostgreSQL goes about it, for people to read."""

from __future__ import annotations

from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from catalog.db.explained import explained
from catalog.store.search.asked import Asked

_SHOWN_VALUES = 4


def explain(session: Session, statement: Asked) -> dict[str, Any]:
    """The statement with its parameters beside it, and ``EXPLAIN (ANALYZE, BUFFERS)`` of it.

    It is run once more, under the transaction's settings: where these have it planned for any
    values, the plan shows ``$1`` in their places.
    """
    return {
        "sql": statement.sql,
        "parameters": {key: _shown(value) for key, value in statement.values.items()},
        "plan": "\n".join(explained(session.connection(), statement.sql, statement.values)),
    }


def _shown(value: Any) -> Any:  # noqa: ANN401  # whatever a statement was given
    if isinstance(value, np.ndarray):
        head = ", ".join(f"{x:.4f}" for x in value[:_SHOWN_VALUES].tolist())
        return f"[{head}, …] ({len(value)} values)"
    return value if isinstance(value, int | float | str | bool | None) else str(value)
