"""A catalogue of the test's own, and counting what it sends."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import event, make_url

from catalog import Catalog
from catalog.settings import Settings


@pytest.fixture(scope="module")
def shared_settings(
    postgres_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """A catalogue for the tests of one module that only read."""
    name = f"test_{uuid.uuid4().hex[:16]}"
    server = make_url(postgres_url).set(drivername="postgresql")
    url = server.render_as_string(hide_password=False)

    def run(statement: str, *names: str) -> None:
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    run("CREATE DATABASE {} TEMPLATE {}", name, template_database)
    home: Path = tmp_path_factory.mktemp("shared") / "home"
    own = server.set(database=name).render_as_string(hide_password=False)
    yield Settings(home=home, database_url=own, encoder="null")
    run("DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture
def catalog(settings: Settings) -> Iterator[Catalog]:
    with Catalog.open(settings) as opened:
        yield opened


class Statements(list[str]):
    """Statements sent while the block ran."""

    @contextmanager
    def of(self, catalog: Catalog) -> Iterator[None]:
        def note(_c, _k, statement, _p, _x, _m) -> None:
            self.append(statement)

        event.listen(catalog.database.engine, "before_cursor_execute", note)
        try:
            yield
        finally:
            event.remove(catalog.database.engine, "before_cursor_execute", note)


@pytest.fixture
def statements() -> Statements:
    return Statements()
