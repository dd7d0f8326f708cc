"""Databases of a test's or a module's own, on the server of the run."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import make_url, text

from catalog import Catalog
from catalog.settings import Settings


@contextmanager
def own_database(server: str, *, template: str) -> Iterator[str]:
    """URL of a new database, gone at the end."""
    name = f"test_{uuid.uuid4().hex[:16]}"
    with administrator(server) as admin:
        # By its files: a third quicker than through the log, which nobody here will read.
        execute(admin, "CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy", name, template)
    yield with_database(server, name)
    with administrator(server) as admin:
        # A test that leaves a connection open fails in its own way, not here.
        execute(admin, "DROP DATABASE {} WITH (FORCE)", name)


@contextmanager
def own_settings(server: str, template: str, home: Path) -> Iterator[Settings]:
    """Settings of a catalogue with a database of its own."""
    with own_database(server, template=template) as url:
        yield Settings(home=home, database_url=url, encoder="null")


@contextmanager
def copied_settings(server: str, filled: Settings, home: Path) -> Iterator[Settings]:
    """Settings of a catalogue that begins as another one is, which nobody has open."""
    template = make_url(str(filled.database_url)).database
    assert template is not None
    shutil.copytree(filled.home, home)
    with own_settings(server, template, home) as settings:
        yield settings


@contextmanager
def copied_catalog(server: str, filled: Settings, home: Path, **changes: str) -> Iterator[Catalog]:
    """The same, opened; with some settings changed."""
    with (
        copied_settings(server, filled, home) as settings,
        Catalog.open(replace(settings, **changes)) as opened,
    ):
        yield opened


def count_rows(catalog: Catalog) -> None:
    """Tell the planner how much there is, as autovacuum would, which is off here.

    A search among thousands of vectors is planned badly without it, and takes thrice as long.
    """
    with catalog.database.session() as session:
        session.execute(text("ANALYZE"))


@contextmanager
def administrator(url: str) -> Iterator[psycopg.Connection]:
    """A connection that may create databases."""
    parsed = make_url(url).set(drivername="postgresql")
    with psycopg.connect(
        parsed.render_as_string(hide_password=False), autocommit=True
    ) as connection:
        yield connection


def execute(admin: psycopg.Connection, statement: str, *names: str) -> None:
    """Send a statement with these names in its braces."""
    admin.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def with_database(url: str, name: str) -> str:
    """The URL of another database of the server."""
    return make_url(url).set(database=name).render_as_string(hide_password=False)
