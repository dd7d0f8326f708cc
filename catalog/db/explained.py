"""How PostgreSQL goes about a statement that is sent with parameters.

Given values, EXPLAIN plans for just these. What is sent with parameters may be planned for any
(``plan_cache_mode``), which shows only of a statement that is prepared first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

import numpy as np
import psycopg
from psycopg import sql as written
from psycopg.adapt import PyFormat, Transformer
from sqlalchemy import Connection

from catalog.db.direct import numbered

_NAMES = """
    SELECT coalesce(format_type(nullif(oid, 0), NULL), 'unknown')
    FROM unnest($1::oid[]) WITH ORDINALITY AS t (oid, place) ORDER BY place
"""


def explained(
    connection: Connection,
    sql: str,
    values: Mapping[str, Any],
    *,
    options: str = "ANALYZE, BUFFERS, SETTINGS",
) -> list[str]:
    """The lines of ``EXPLAIN (options) EXECUTE`` of a statement, as `rows_of` would send it.

    Its parameters have the types that the driver sends, and those whose type it leaves open are
    left open; the settings are the transaction's. With ``ANALYZE`` it is run. If it fails, the
    name it was prepared under goes with the connection.
    """
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)  # noqa: S101  # we know no other
    text, names = numbered(sql)
    given = [values[name] for name in names]
    sent = Transformer(driver)
    sent.dump_sequence(given, [PyFormat.AUTO] * len(given))
    cursor = psycopg.RawCursor(driver)
    kinds = [row[0] for row in cursor.execute(_NAMES, [list(sent.types or ())]).fetchall()]
    name = f"explained_{uuid4().hex}"
    cursor.execute(f"PREPARE {name}{_listed(kinds)} AS ".encode() + text)
    execute = f"EXECUTE {name}{_listed([_literal(each, driver) for each in given])}"
    lines = cursor.execute(f"EXPLAIN ({options}) {execute}".encode()).fetchall()
    cursor.execute(f"DEALLOCATE {name}".encode())
    return [line for (line,) in lines]


def _listed(parts: Sequence[str]) -> str:
    return f" ({', '.join(parts)})" if parts else ""


def _literal(value: Any, driver: psycopg.Connection[Any]) -> str:  # noqa: ANN401  # any parameter
    if isinstance(value, np.ndarray):
        # In halves, as the driver sends it.
        numbers = ",".join(f"{x:.8g}" for x in value.astype(np.float16).tolist())
        return f"'[{numbers}]'::halfvec"
    return written.Literal(value).as_string(driver)
