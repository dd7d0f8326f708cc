"""The tables: models, migrations and documentation say the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Table, text

from catalog.db import schema_doc
from catalog.db.engine import create_engine_for
from catalog.db.models import SCHEMA, Base
from catalog.settings import Settings

TABLES = sorted(Base.metadata.tables.values(), key=lambda table: table.name)
# What these are, their names say: in every table the same.
OBVIOUS = {
    "token_id",
    "id",
    "created_at",
    "measured_at",
    "root_id",
    "asset_id",
    "clip_id",
    "frame_id",
} | {
    "encoder_id",
    "tag_id",
    "bin_id",
}
DOCUMENT = Path(__file__).parents[2] / "docs" / "schema.md"


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    engine = create_engine_for(database_url)
    with engine.connect() as connected:
        yield connected
    engine.dispose()


def differences(connection: Connection) -> list[object]:
    """What Alembic would change to make the database equal the models."""
    # As migrations/env.py does: the models name their schema.
    connection.dialect.default_schema_name = "public"
    partitions = set(
        connection.execute(text("SELECT relname FROM pg_class WHERE relispartition")).scalars()
    )

    def include(item: object, name: str | None, kind: str, *_: object) -> bool:
        table = name if kind == "table" else getattr(getattr(item, "table", None), "name", None)
        return table not in partitions

    context = MigrationContext.configure(
        connection,
        opts={
            "include_schemas": True,
            "include_name": lambda name, kind, _parents: kind != "schema" or name == SCHEMA,
            "include_object": include,
            "compare_type": True,
            "compare_server_default": True,
            "version_table_schema": SCHEMA,
        },
    )
    return compare_metadata(context, Base.metadata)


def test_migrations_make_what_the_models_say(connection: Connection) -> None:
    assert differences(connection) == []


def test_partitions_of_encoders_are_no_difference(settings: Settings) -> None:
    from catalog import Catalog

    with Catalog.open(settings) as catalog:
        catalog.encoder.activate("null:64")
        with catalog.database.connect() as connection:
            found = connection.execute(text("SELECT to_regclass('catalog.embedding_1')"))
            assert found.scalar_one() is not None
            assert differences(connection) == []


def test_a_difference_would_be_seen(connection: Connection) -> None:
    connection.execute(text("ALTER TABLE catalog.bin ADD COLUMN surplus text"))
    connection.execute(text("COMMENT ON COLUMN catalog.tag.name IS 'other'"))
    connection.execute(text("DROP INDEX catalog.ix_asset_codec"))
    assert len(differences(connection)) == 3


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_everything_has_a_name_and_what_needs_it_a_comment(table: Table) -> None:
    assert table.comment
    assert [c for c in table.constraints if not c.name] == []
    assert [i for i in table.indexes if not i.name] == []
    assert [c.name for c in table.columns if not c.comment and c.name not in OBVIOUS] == []


def test_names_are_those_in_the_database(connection: Connection) -> None:
    query = """
        SELECT conname FROM pg_constraint
        WHERE connamespace = 'catalog'::regnamespace AND contype <> 'n'
        UNION SELECT indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = indrelid
        WHERE relnamespace = 'catalog'::regnamespace
    """
    in_database = {
        name.rpartition(".")[2] for name in connection.execute(text(query)).scalars()
    } - {"alembic_version_pkc"}
    named = {str(c.name) for t in TABLES for c in t.constraints}
    assert in_database == named | {str(i.name) for t in TABLES for i in t.indexes}


def test_every_function_and_view_has_a_comment(connection: Connection) -> None:
    described = schema_doc.functions(connection) + schema_doc.views(connection)
    assert {"phrase", "timecode_at", "shots", "frames"} <= {entry.name for entry in described}
    assert [entry.name for entry in described if not entry.comment] == []


def test_the_checked_in_document_is_what_the_generator_writes(connection: Connection) -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == schema_doc.document(connection), (
        "run: python -m catalog.db.schema_doc"
    )
