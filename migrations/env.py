"""What Alembic runs: online only, on a connection it is given or makes itself.

`catalog migrate` goes through :mod:`catalog.db.migrate`, which takes the locks and
hands its connection over. A developer's `alembic revision --autogenerate` and
friends come here directly, with CATALOG_DATABASE_URL in the environment.
"""

import os
from collections.abc import Callable

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection, NullPool, text

from catalog.db.engine import create_engine_for
from catalog.db.models import Base
from catalog.db.vectors import HALFVEC

SCHEMA = "catalog"


def include_name(name: str | None, type_: str, _parents: object) -> bool:
    """Only our schema is ours to compare."""
    return type_ != "schema" or name == SCHEMA


def not_a_partition(connection: Connection) -> Callable[..., bool]:
    """Partitions of ``embedding`` come and go with encoders; no migration speaks of them."""
    query = text("SELECT relname FROM pg_class WHERE relispartition")
    partitions = set(connection.execute(query).scalars())
    connection.rollback()

    def include_object(
        item: object, name: str | None, type_: str, _reflected: bool, _compare_to: object
    ) -> bool:
        table = name if type_ == "table" else getattr(getattr(item, "table", None), "name", None)
        return table not in partitions

    return include_object


def render_item(type_: str, item: object, autogen_context: AutogenContext) -> str | bool:
    """Write vectors as pgvector's own type, which old migrations will always find."""
    if type_ == "type" and isinstance(item, HALFVEC):
        autogen_context.imports.add("from pgvector.sqlalchemy import HALFVEC")
        return f"HALFVEC({item.dim or ''})"
    return False


def run(connection: Connection) -> None:
    """Run what was asked for, one transaction per migration."""
    # The tables name their schema; "catalog" first in the search path would make
    # Alembic see them as those of the default schema, without a name.
    connection.dialect.default_schema_name = "public"
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        version_table_schema=SCHEMA,
        include_schemas=True,
        include_name=include_name,
        include_object=not_a_partition(connection),
        compare_type=True,
        render_item=render_item,
        transaction_per_migration=True,
        on_version_apply=context.config.attributes.get("on_version_apply"),
    )
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("Migrations look at the database they change: there is no offline mode.")

given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    url = os.environ.get("CATALOG_DATABASE_URL")
    if not url:
        raise SystemExit("Set CATALOG_DATABASE_URL to the database that Alembic should look at.")
    with create_engine_for(url, poolclass=NullPool).connect() as connection:
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
        connection.execute(text("SET lock_timeout = '10s'"))
        connection.commit()
        run(connection)
