"""Connections: what is accepted, what is refused, and with which words."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psycopg
import pytest
from sqlalchemy import event, make_url, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from catalog.db import engine as engine_module
from catalog.db.availability import describe
from catalog.db.engine import Database, ServerFacts, check_server, create_engine_for, parse_url
from catalog.db.notices import listening
from catalog.db.vectors import from_binary, from_text, to_binary
from catalog.errors import (
    DatabaseUnavailableError,
    DatabaseUnsuitableError,
    InvalidSettingError,
)
from catalog.settings import Settings
from catalog.store.locks import asset_lock

SECRET = "h4rd-to-gu3ss"


def settings_for(tmp_path: Path, url: str) -> Settings:
    return Settings(home=tmp_path, database_url=url)


# --- URLs ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:word@host:5433/films",
        "postgres://user:word@host:5433/films",
        "postgresql+psycopg://user:word@host:5433/films",
        "  postgresql://user:word@host:5433/films\n",
    ],
)
def test_every_spelling_of_a_url_becomes_one(url: str) -> None:
    rendered = parse_url(url).render_as_string(hide_password=False)
    assert rendered == "postgresql+psycopg://user:word@host:5433/films"


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "sqlite:///films.db",
        "mysql://host/films",
        "postgresql+psycopg2://host/films",
        f"postgresql://user:{SECRET}@host:port/films",
        f"//user:{SECRET}@host",
    ],
)
def test_what_is_no_url_of_a_postgresql(url: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidSettingError, match="CATALOG_DATABASE_URL") as caught:
        Database.open(settings_for(tmp_path, url))
    assert "postgresql://" in caught.value.remedy
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_description_has_no_password() -> None:
    url = parse_url(f"postgresql://user:{SECRET}@host/films?password={SECRET}")
    assert describe(url) == "database films at host:5432"


# --- servers that are away ------------------------------------------------------


def test_nobody_listens(tmp_path: Path) -> None:
    url = f"postgresql://user:{SECRET}@127.0.0.1:1/films"
    with pytest.raises(DatabaseUnavailableError, match=r"films at 127\.0\.0\.1:1") as caught:
        Database.open(settings_for(tmp_path, url))
    assert caught.value.exit_code == 3
    assert caught.value.retryable
    assert SECRET not in str(caught.value)


def test_no_such_host(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailableError):
        Database.open(settings_for(tmp_path, "postgresql://nowhere.invalid/films"))


def test_no_such_database(tmp_path: Path, postgres_url: str) -> None:
    url = make_url(postgres_url).set(database="no_such_films")
    with pytest.raises(DatabaseUnavailableError, match="no_such_films") as caught:
        Database.open(settings_for(tmp_path, url.render_as_string(hide_password=False)))
    assert "createdb" in caught.value.remedy


def test_a_broken_connection_is_replaced(settings: Settings) -> None:
    with Database.open(settings) as database:
        with database.session() as session:
            backend = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with psycopg.connect(settings.database_url.replace("+psycopg", "")) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])
        with database.session() as session:
            assert session.execute(text("SELECT pg_backend_pid()")).scalar_one() != backend


def test_who_waited_a_moment_is_not_asked_whether_the_server_is_there(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    with Database.open(settings) as database:
        ping = database.engine.dialect.do_ping
        monkeypatch.setattr(
            database.engine.dialect, "do_ping", lambda c: [asked.append(c), ping(c)][1]
        )
        monkeypatch.setattr("catalog.db.pooling._TRUSTED_S", 60.0)
        for _ in range(3):
            with database.connect() as connection:
                connection.execute(text("SELECT 1"))
        assert asked == []
        monkeypatch.setattr("catalog.db.pooling._TRUSTED_S", 0.0)
        with database.connect() as connection:
            connection.execute(text("SELECT 1"))
        assert len(asked) == 1


def test_a_connection_that_breaks_within_a_session(shared_settings: Settings) -> None:
    with (
        Database.open(shared_settings) as database,
        pytest.raises(DatabaseUnavailableError),
        database.session() as session,
    ):
        session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))


def test_a_connection_that_is_lost_as_it_is_opened(settings: Settings) -> None:
    assert settings.database_url
    with Database(create_engine_for(settings.database_url)) as database:

        def cut(connection: psycopg.Connection[object], _record: object) -> None:
            victim = connection.info.backend_pid
            with psycopg.connect(settings.database_url.replace("+psycopg", "")) as other:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", [victim])

        event.listen(database.engine, "connect", cut)
        with pytest.raises(DatabaseUnavailableError), database.session() as session:
            session.connection()
        with pytest.raises(DatabaseUnavailableError), asset_lock(database.engine, 1):
            pass
        with pytest.raises(DatabaseUnavailableError), listening(database, "catalog_asset"):
            pass
        event.remove(database.engine, "connect", cut)
        with database.session() as session:
            assert session.execute(text("SELECT 1")).scalar_one() == 1


@pytest.mark.parametrize("state", ["53100", "53300", "58030", "57P01"])
def test_a_server_that_lacks_what_it_needs_is_unavailable(
    shared_settings: Settings, state: str
) -> None:
    with (
        Database.open(shared_settings) as database,
        pytest.raises(DatabaseUnavailableError),
        database.session() as session,
    ):
        session.execute(text(f"DO $$ BEGIN RAISE SQLSTATE '{state}'; END $$"))


def test_a_failing_statement_is_not_an_unavailable_server(shared_settings: Settings) -> None:
    with (
        Database.open(shared_settings) as database,
        pytest.raises(OperationalError, match="canceling statement"),
        database.session() as session,
    ):
        session.execute(text("SELECT pg_cancel_backend(pg_backend_pid())"))


# --- servers that will not do ---------------------------------------------------

GOOD = ServerFacts(180004, "UTF8", "0.8.5", "0.8.5")


@pytest.mark.parametrize(
    ("facts", "message", "remedy"),
    [
        (ServerFacts(150018, "UTF8", "0.8.0", "0.8.0"), "PostgreSQL 15; 16", "pgvector/pgvector"),
        (ServerFacts(170000, "UTF8", None, None), "no pgvector", "postgresql-17-pgvector"),
        (ServerFacts(170000, "UTF8", "0.7.4", "0.8.1"), "0.7.4", "ALTER EXTENSION vector UPDATE"),
        (ServerFacts(170000, "UTF8", "0.7.4", "0.7.4"), "0.7.4", "postgresql-17-pgvector"),
        (ServerFacts(170000, "UTF8", None, "0.6.2"), "0.6.2", "postgresql-17-pgvector"),
        (ServerFacts(170000, "UTF8", "0.7.4", None), "0.7.4", "postgresql-17-pgvector"),
        (ServerFacts(170000, "LATIN1", "0.8.0", "0.8.0"), "LATIN1", "--encoding=UTF8"),
    ],
)
def test_an_unsuitable_server_is_named_with_the_remedy(
    facts: ServerFacts,
    message: str,
    remedy: str,
    shared_settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine_module, "probe_server", lambda _connection: facts)
    with pytest.raises(DatabaseUnsuitableError, match=message) as caught:
        Database.open(shared_settings)
    assert remedy in caught.value.remedy
    assert caught.value.exit_code == 3
    assert not caught.value.retryable


@pytest.mark.parametrize(
    "facts",
    [
        GOOD,
        ServerFacts(160000, "UTF8", None, "0.8.0"),
        ServerFacts(180000, "UTF8", "0.10.0", "0.10.0"),
        ServerFacts(180000, "UTF8", "1.0", "1.0"),
    ],
)
def test_suitable_servers(
    facts: ServerFacts, shared_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "probe_server", lambda _connection: facts)
    Database.open(shared_settings).close()


def test_the_real_server_is_suitable(database_url: str, empty_database_url: str) -> None:
    for url in (database_url, empty_database_url):
        engine = create_engine_for(url)
        with engine.connect() as connection:
            check_server(connection)
        engine.dispose()


def test_an_extension_left_behind_by_its_update(empty_database_url: str, tmp_path: Path) -> None:
    with psycopg.connect(empty_database_url.replace("+psycopg", "")) as connection:
        connection.execute("CREATE EXTENSION vector")
        connection.execute("UPDATE pg_extension SET extversion = '0.7.0' WHERE extname = 'vector'")
    with pytest.raises(DatabaseUnsuitableError, match=r"pgvector is 0\.7\.0"):
        Database.open(settings_for(tmp_path, empty_database_url))


# --- sessions ---------------------------------------------------------------------


@pytest.fixture
def notes(settings: Settings) -> Iterator[Database]:
    """A database with a table of our own, so that these tests know no models."""
    with Database.open(settings) as database:
        with database.session() as session:
            session.execute(text("CREATE TABLE note (word text PRIMARY KEY)"))
        yield database


def write_note(session: Session) -> None:
    session.execute(text("INSERT INTO note VALUES ('a')"))


def count_notes(database: Database) -> int:
    with database.session() as session:
        return session.execute(text("SELECT count(*) FROM note")).scalar_one()


def test_a_session_commits_at_the_end(notes: Database) -> None:
    with notes.session() as session:
        write_note(session)
    assert count_notes(notes) == 1


def write_and_fail(database: Database) -> None:
    with database.session() as session:
        write_note(session)
        raise ZeroDivisionError


def test_a_session_that_raises_leaves_nothing(notes: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        write_and_fail(notes)
    assert count_notes(notes) == 0


def test_a_broken_rule_stays_what_it_is(notes: Database) -> None:
    with notes.session() as session:
        write_note(session)
    with pytest.raises(IntegrityError), notes.session() as session:
        write_note(session)


def test_every_connection_has_our_settings(shared_settings: Settings) -> None:
    with Database.open(shared_settings) as database, database.connect() as connection:
        shown = {
            name: connection.execute(text(f"SHOW {name}")).scalar_one()
            for name in ("search_path", "timezone", "jit", "application_name")
        }
    assert shown == {
        "search_path": "catalog,public",
        "timezone": "UTC",
        "jit": "off",
        "application_name": "catalog",
    }


def test_the_urls_own_options_are_kept(database_url: str) -> None:
    url = make_url(database_url).update_query_dict(
        {"application_name": "ours", "options": "-c work_mem=9MB"}
    )
    engine = create_engine_for(url)
    with engine.connect() as connection:
        assert connection.execute(text("SHOW work_mem")).scalar_one() == "9MB"
        assert connection.execute(text("SHOW application_name")).scalar_one() == "ours"
        assert connection.execute(text("SHOW jit")).scalar_one() == "off"
    engine.dispose()


def test_a_forked_child_uses_connections_of_its_own(settings: Settings) -> None:
    with Database.open(settings) as database:
        with database.session() as session:
            ours = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                with database.session() as session:
                    pid = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
                os.write(write, str(pid).encode())
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        os.close(write)
        theirs = int(os.read(read, 100))
        os.close(read)
        assert theirs != ours
        with database.session() as session:
            assert session.execute(text("SELECT pg_backend_pid()")).scalar_one() == ours


def test_embedded_by_default(open_folder: Path) -> None:
    database = Database.open(Settings(home=open_folder / "home"))
    try:
        assert database.server is not None
        with database.session() as session:
            assert session.execute(text("SELECT 1")).scalar_one() == 1
    finally:
        database.close()
    assert not (open_folder / "home" / "postgres" / "data" / "postmaster.pid").exists()


# --- vectors ------------------------------------------------------------------------

VECTOR = np.array([0.25, -1.5, 0.0, 65504.0, 1e-4], dtype=np.float16)


def test_binary_form_is_its_own_inverse() -> None:
    assert np.array_equal(from_binary(to_binary(VECTOR)), VECTOR)
    assert np.array_equal(from_text(b"[0.25,-1.5]"), np.array([0.25, -1.5], dtype=np.float16))
    with pytest.raises(ValueError, match="shape"):
        to_binary(VECTOR.reshape(1, -1))


@pytest.mark.parametrize("binary", [False, True])
def test_the_driver_reads_and_writes_arrays(shared_settings: Settings, binary: bool) -> None:
    with Database.open(shared_settings) as database, database.connect() as connection:
        driver = connection.connection.driver_connection
        row = driver.cursor(binary=binary).execute("SELECT %s, NULL::halfvec", [VECTOR]).fetchone()
    assert row[0].dtype == np.float16
    assert np.array_equal(row[0], VECTOR)
    assert row[1] is None


def test_sqlalchemy_reads_and_writes_arrays(shared_settings: Settings) -> None:
    with Database.open(shared_settings) as database, database.session() as session:
        session.execute(text("CREATE TEMP TABLE v (id int, vector halfvec(5))"))
        session.execute(
            text("INSERT INTO v VALUES (1, :one), (2, :two)"),
            {"one": VECTOR, "two": VECTOR.astype(np.float32)},
        )
        rows = session.execute(text("SELECT vector FROM v ORDER BY id")).scalars().all()
        assert all(np.array_equal(row, VECTOR) for row in rows)
        distance = text("SELECT vector <-> :near FROM v WHERE id = 1")
        assert session.execute(distance, {"near": VECTOR}).scalar_one() == 0
