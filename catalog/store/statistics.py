"""The server's statistics of the catalogue's tables, by which it plans."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from catalog.db.models import SCHEMA

_MISSING = text("""
    SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = :schema AND c.relkind = 'r'
      AND (CAST(:tables AS text[]) IS NULL OR c.relname = ANY(:tables))
      AND pg_relation_size(c.oid) > 0
      AND NOT EXISTS (
          SELECT FROM pg_stats s WHERE s.schemaname = n.nspname AND s.tablename = c.relname
      )
    ORDER BY c.relname
""")


def missing(executor: Session | Connection, tables: Collection[str] | None = None) -> list[str]:
    """Tables that hold something and have no statistics: all such, or those among ``tables``."""
    named = None if tables is None else list(tables)
    found = executor.execute(_MISSING, {"schema": SCHEMA, "tables": named})
    return list(found.scalars())


def analyze(executor: Session | Connection, tables: Iterable[str]) -> None:
    """Have the server make statistics of the tables.

    Of a table that the role does not own it makes none, and only warns.
    """
    for name in tables:
        executor.execute(text(f"ANALYZE {SCHEMA}.{name}"))
