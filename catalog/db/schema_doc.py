"""Writes docs/schema.md: ``python -m catalog.db.schema_doc [FILE]``.

Tables come from the models, views and functions from a database that was just
migrated; a test holds that models and migrations say the same, and that the
checked-in document is what this writes.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import (
    CheckConstraint,
    Column,
    Computed,
    Connection,
    Constraint,
    DefaultClause,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex

from catalog.db.embedded import EmbeddedPostgres
from catalog.db.engine import create_engine_for
from catalog.db.migrate import migrate
from catalog.db.models import SCHEMA, Base

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]

_HEAD = f"""\
# The schema

Written by `python -m catalog.db.schema_doc` from the models and the migrations; do not edit it.
Everything lies in the PostgreSQL schema `{SCHEMA}`. For reading it in SQL begin with the
[views](#views) and [functions](#functions). How the database is run: [database.md](database.md).
"""


@dataclass(frozen=True, slots=True)
class Described:
    """A function or a view: its name, its signature or columns, and what it is for."""

    name: str
    signature: str
    comment: str


def document(connection: Connection) -> str:
    """The whole page; ``connection`` leads to a database at the newest revision."""
    tables = sorted(Base.metadata.tables.values(), key=lambda table: table.name)
    parts = [_HEAD, _diagram(tables), "## Tables\n", *map(_table, tables)]
    parts += [_views(views(connection)), _functions(functions(connection)), _triggers(connection)]
    return "\n".join(parts)


def functions(connection: Connection) -> list[Described]:
    """The functions people may call; those of triggers are not among them."""
    query = """
        SELECT proname, pg_get_function_arguments(oid), pg_get_function_result(oid),
               coalesce(obj_description(oid, 'pg_proc'), '')
        FROM pg_proc
        WHERE pronamespace = to_regnamespace(:schema) AND prorettype <> 'trigger'::regtype
        ORDER BY proname, 2
    """
    rows = connection.execute(text(query), {"schema": SCHEMA})
    return [Described(name, f"({given}) → {answer}", said) for name, given, answer, said in rows]


def views(connection: Connection) -> list[Described]:
    """The views, with their columns."""
    query = """
        SELECT c.relname,
               string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', '
                          ORDER BY a.attnum),
               coalesce(obj_description(c.oid, 'pg_class'), '')
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
        WHERE c.relnamespace = to_regnamespace(:schema) AND c.relkind = 'v'
        GROUP BY c.oid, c.relname ORDER BY c.relname
    """
    return [Described(*row) for row in connection.execute(text(query), {"schema": SCHEMA})]


def _diagram(tables: Sequence[Table]) -> str:
    lines = ["## Diagram", "", "```mermaid", "erDiagram"]
    for table in tables:
        for key in sorted(table.foreign_key_constraints, key=lambda key: str(key.name)):
            (column,) = key.columns
            parent = "|o" if column.nullable else "||"
            lines.append(
                f"    {key.referred_table.name} {parent}--o{{ {table.name} : {column.name}"
            )
    for table in tables:
        keys = [c for c in table.columns if c.primary_key or c.foreign_keys]
        lines.append(f"    {table.name} {{")
        lines += [f"        {_type(c)} {c.name} {_key_marks(c)}" for c in keys]
        lines.append("    }")
    return "\n".join([*lines, "```", ""])


def _key_marks(column: Column[object]) -> str:
    marks = ["PK"] if column.primary_key else []
    return ", ".join([*marks, "FK"] if column.foreign_keys else marks)


def _table(table: Table) -> str:
    lines = [f"### {table.name}", "", f"{table.comment}.", ""]
    lines += ["| column | type | null | default | meaning |", "|---|---|---|---|---|"]
    for column in table.columns:
        cells = (f"`{column.name}`", _type(column), "yes" if column.nullable else "")
        lines.append(_row(*cells, _default(column), _meaning(column)))
    lines += ["", "| constraint | |", "|---|---|"]
    ordered = sorted(table.constraints, key=lambda constraint: str(constraint.name))
    lines += [_row(f"`{c.name}`", f"`{_constraint(c)}`") for c in ordered]
    if table.indexes:
        lines += ["", "| index | |", "|---|---|"]
        lines += [_row(f"`{i.name}`", f"`{_index(i)}`") for i in sorted(table.indexes, key=_name)]
    partitions = table.dialect_options["postgresql"]["partition_by"]
    if partitions:
        lines += ["", f"Partitioned by `{partitions}`."]
    return "\n".join([*lines, ""])


def _name(index: Index) -> str:
    return str(index.name)


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _type(column: Column[object]) -> str:
    return column.type.compile(_DIALECT).lower().replace(" with time zone", "tz")


def _default(column: Column[object]) -> str:
    if column.identity is not None:
        return "generated"
    if isinstance(column.server_default, Computed):
        return f"`{column.server_default.sqltext}`"
    if isinstance(column.server_default, DefaultClause):
        return f"`{column.server_default.arg}`"
    return ""


def _meaning(column: Column[object]) -> str:
    for key in column.foreign_keys:
        parent = key.column.table.name
        return f"{column.comment or ''} [{parent}](#{parent})".strip()
    return column.comment or ""


def _constraint(constraint: Constraint) -> str:
    match constraint:
        case PrimaryKeyConstraint():
            return f"PRIMARY KEY ({_columns(constraint.columns)})"
        case UniqueConstraint():
            return f"UNIQUE ({_columns(constraint.columns)})"
        case ForeignKeyConstraint():
            parent = f"{constraint.referred_table.name} ON DELETE {constraint.ondelete}"
            return f"FOREIGN KEY ({_columns(constraint.columns)}) REFERENCES {parent}"
        case CheckConstraint():
            return f"CHECK ({constraint.sqltext})"
    raise TypeError(f"{type(constraint).__name__} is not described yet.")


def _columns(columns: Iterable[Column[object]]) -> str:
    return ", ".join(column.name for column in columns)


def _index(index: Index) -> str:
    statement = str(CreateIndex(index).compile(dialect=_DIALECT))
    before, _, after = statement.partition(f" ON {index.table} ")
    return f"UNIQUE {after}" if before.startswith("CREATE UNIQUE") else after


def _views(described: Sequence[Described]) -> str:
    lines = ["## Views", ""]
    for view in described:
        lines += [f"### {SCHEMA}.{view.name}", "", f"{view.comment.capitalize()}.", ""]
        lines += [f"Columns: {', '.join(f'`{c}`' for c in view.signature.split(', '))}.", ""]
    return "\n".join(lines)


def _functions(described: Sequence[Described]) -> str:
    lines = ["## Functions", "", "| function | |", "|---|---|"]
    lines += [_row(f"`{f.name}{f.signature}`", f.comment) for f in described]
    return "\n".join([*lines, ""])


def _triggers(connection: Connection) -> str:
    query = """
        SELECT t.tgname, c.relname, p.proname, coalesce(obj_description(p.oid, 'pg_proc'), '')
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
        WHERE c.relnamespace = to_regnamespace(:schema) AND NOT t.tgisinternal
        ORDER BY t.tgname
    """
    lines = ["## Triggers", "", "| trigger | table | function | |", "|---|---|---|---|"]
    for name, table, function, said in connection.execute(text(query), {"schema": SCHEMA}):
        lines.append(_row(f"`{name}`", table, f"`{function}()`", said))
    return "\n".join([*lines, ""])


def main(arguments: Sequence[str]) -> None:
    """Write the page to the file named, or to the checkout's docs/schema.md."""
    target = Path(arguments[0]) if arguments else Path(__file__).parents[2] / "docs/schema.md"
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedPostgres(Path(folder) / "postgres")
        engine = create_engine_for(server.start())
        try:
            migrate(engine)
            with engine.connect() as connection:
                target.write_text(document(connection), encoding="utf-8")
        finally:
            engine.dispose()
            server.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
