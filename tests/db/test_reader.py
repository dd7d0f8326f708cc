"""Typed SQL reads the catalogue and does nothing else, whatever it tries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url, text

from catalog.db import reader as reader_module
from catalog.db.embedded import EmbeddedPostgres
from catalog.db.engine import Database, create_engine_for
from catalog.db.migrate import migrate
from catalog.db.reader import READER_ROLE, ReadOnlyConnection, connect_reader, reader_login
from catalog.errors import DatabaseUnsuitableError, ReadOnlySqlError
from catalog.settings import Settings


@pytest.fixture(scope="module")
def database(shared_settings: Settings) -> Iterator[Database]:
    """One for all tests, which see to it that nobody can change it."""
    with Database.open(shared_settings) as database:
        with database.session() as session:
            session.execute(text("CREATE TABLE public.secret AS SELECT 'not for you' AS word"))
        yield database


@pytest.fixture
def reader(database: Database) -> Iterator[ReadOnlyConnection]:
    with database.readonly_connection() as reader:
        yield reader


def test_it_reads_the_catalogue(reader: ReadOnlyConnection) -> None:
    answer = reader.run("SELECT 7 AS n, '100%' AS share, ':x' AS colon FROM catalog.asset "
                        "RIGHT JOIN (VALUES (1)) v ON true;")  # fmt: skip
    assert answer.columns == ("n", "share", "colon")
    assert answer.rows == [(7, "100%", ":x")]
    assert not answer.more


def test_no_rows_still_have_columns(reader: ReadOnlyConnection) -> None:
    answer = reader.run("SELECT id, name FROM asset WHERE false")
    assert (answer.columns, answer.rows) == (("id", "name"), [])


def test_a_limit_leaves_the_rest_on_the_server(reader: ReadOnlyConnection) -> None:
    answer = reader.run("SELECT generate_series(1, 1000000000)", limit=3)
    assert answer.rows == [(1,), (2,), (3,)]
    assert answer.more
    assert reader.run("SELECT 1", limit=1).more is False


def test_what_explains_and_shows_is_read_too(reader: ReadOnlyConnection) -> None:
    assert reader.run("EXPLAIN SELECT * FROM asset").columns == ("QUERY PLAN",)
    assert reader.run("SHOW transaction_read_only").rows == [("on",)]
    assert reader.run("VALUES (1), (2)").rows == [(1,), (2,)]


def test_an_error_says_where(reader: ReadOnlyConnection) -> None:
    with pytest.raises(ReadOnlySqlError, match='column "nothing" does not exist') as caught:
        reader.run("SELECT nothing FROM asset")
    assert caught.value.details == {"sqlstate": "42703", "position": 7}
    assert caught.value.exit_code == 2
    # The connection is of use afterwards.
    assert reader.run("SELECT 1").rows == [(1,)]


def test_time_runs_out(database: Database) -> None:
    with (
        database.readonly_connection(timeout_s=0.05) as reader,
        pytest.raises(ReadOnlySqlError, match="timeout") as caught,
    ):
        # Lifting the limit inside the statement does not help: the clock already runs.
        reader.run("SELECT set_config('statement_timeout', '0', false), pg_sleep(60)")
    assert "more time" in caught.value.remedy


ATTACKS = [
    # writing
    "INSERT INTO catalog.root (path) VALUES ('/')",
    "WITH gone AS (DELETE FROM catalog.asset RETURNING 1) SELECT * FROM gone",
    "CREATE TABLE public.mine (n int)",
    "CREATE TEMP TABLE mine (n int)",
    "DROP SCHEMA catalog CASCADE",
    "SELECT nextval('catalog.asset_id_seq')",
    "SELECT * FROM catalog.asset FOR UPDATE",
    "SELECT lo_create(0)",
    "CREATE EXTENSION vector",
    # two statements
    "SELECT 1; DROP SCHEMA catalog CASCADE",
    "COMMIT; DROP SCHEMA catalog CASCADE",
    "SELECT 1; SELECT 2",
    # out of the transaction, out of the role
    "COMMIT",
    "ROLLBACK",
    "RESET ROLE",
    "SET ROLE postgres",
    "SET SESSION AUTHORIZATION postgres",
    "RESET SESSION AUTHORIZATION",
    "SET TRANSACTION READ WRITE",
    "SELECT set_config('transaction_read_only', 'off', false)",
    "SELECT set_config('role', 'postgres', false)",
    "SELECT set_config('session_authorization', 'postgres', false)",
    "DO $$ BEGIN COMMIT; DROP SCHEMA catalog CASCADE; END $$",
    "DO $$ BEGIN RESET ROLE; DROP SCHEMA catalog CASCADE; END $$",
    "DO $$ BEGIN EXECUTE 'SET ROLE postgres'; END $$",
    # what is not the catalogue's
    "SELECT * FROM catalog.token",
    "SELECT * FROM public.secret",
    "SELECT * FROM pg_authid",
    "SELECT * FROM pg_shadow",
    "SELECT query_to_xml('SELECT * FROM public.secret', true, true, '')",
    "SELECT * FROM ts_stat('SELECT to_tsvector(''simple'', word) FROM public.secret')",
    # the machine
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_read_binary_file('PG_VERSION')",
    "SELECT pg_ls_dir('.')",
    "SELECT pg_stat_file('.')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT lo_export(1, '/tmp/x')",
    "COPY (SELECT 1) TO PROGRAM 'id'",
    "COPY (SELECT 1) TO '/tmp/x'",
    "COPY catalog.asset FROM PROGRAM 'id'",
    "SELECT pg_reload_conf()",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename <> session_user",
    "SELECT pg_switch_wal()",
    "ALTER SYSTEM SET work_mem = '1GB'",
    "LOAD 'plpgsql'",
    "CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'libc.so.6', 'system'",
    "ALTER ROLE catalog_reader SUPERUSER",
    "ALTER ROLE catalog_reader PASSWORD 'mine'",
    "GRANT postgres TO catalog_reader",
]


@pytest.mark.parametrize("statement", ATTACKS)
def test_attacks_are_refused(reader: ReadOnlyConnection, statement: str) -> None:
    with pytest.raises(ReadOnlySqlError):
        reader.run(statement)
    assert_still_held(reader)


# In one SELECT: back to the privileged role, then a statement inside the statement.
ROLE_ESCAPE = """
SELECT stat.word FROM (SELECT set_config('role', 'none', true) AS role OFFSET 0) AS freed,
    LATERAL ts_stat(
        'SELECT to_tsvector(''simple'', word) FROM public.secret' || left(freed.role, 0)) AS stat
"""

# Statements that succeed on PostgreSQL's side and must have gained nothing.
ESCAPES = [
    ROLE_ESCAPE,
    "SELECT set_config('default_transaction_read_only', 'off', false)",
    "SELECT set_config('search_path', 'public', false)",
    "SELECT pg_advisory_lock(1)",
]


@pytest.mark.parametrize("statement", ESCAPES)
def test_escapes_lead_nowhere(reader: ReadOnlyConnection, statement: str) -> None:
    try:
        answer = reader.run(statement)
    except ReadOnlySqlError:
        answer = None
    assert "you" not in str(answer)
    assert_still_held(reader)


def assert_still_held(reader: ReadOnlyConnection) -> None:
    ((user, session_user, read_only),) = reader.run(
        "SELECT current_user, session_user, current_setting('transaction_read_only')"
    ).rows
    assert (user, session_user, read_only) == (READER_ROLE, READER_ROLE, "on")
    for statement in ("SELECT * FROM public.secret", "DELETE FROM catalog.asset"):
        with pytest.raises(ReadOnlySqlError):
            reader.run(statement)


def test_why_it_is_a_login_and_not_set_role(database: Database) -> None:
    """The design this one replaced: a privileged session that sets its role."""
    with database.connect() as connection:
        connection.execute(text("SET TRANSACTION READ ONLY"))
        connection.execute(text(f"SET LOCAL ROLE {READER_ROLE}"))
        assert "you" in connection.execute(text(ROLE_ESCAPE)).scalars().all()


def test_one_use_leaves_nothing_for_the_next(database: Database) -> None:
    with database.readonly_connection() as first:
        first.run("SELECT set_config('search_path', 'public', false), pg_advisory_lock(7)")
    with database.readonly_connection() as second:
        assert second.run("SHOW search_path").rows == [("catalog,public",)]
        assert second.run("SELECT pg_try_advisory_lock(7)").rows == [(True,)]


# --- the login --------------------------------------------------------------------


def test_the_readers_password_comes_from_the_owners() -> None:
    one = reader_login(make_url("postgresql+psycopg://me:word@host/films"))
    same = reader_login(make_url("postgresql+psycopg://you:word@other/films"))
    other = reader_login(make_url("postgresql+psycopg://me:w0rd@host/films"))
    assert one.username == READER_ROLE
    assert one.password == same.password != other.password
    assert "word" not in str(one.password)
    assert reader_login(make_url("postgresql+psycopg://me@host/films")).password is None


@pytest.mark.parametrize(
    "role",
    ["SUPERUSER", "CREATEROLE", "IN ROLE pg_read_server_files", "IN ROLE pg_write_all_data"],
)
def test_a_login_that_may_too_much_is_refused(database: Database, role: str) -> None:
    with _role(database, f"LOGIN {role}") as url, pytest.raises(DatabaseUnsuitableError) as caught:
        connect_reader(database.engine, url)
    assert "CATALOG_READER_URL" in caught.value.remedy


def test_a_login_of_the_administrators_own(database: Database) -> None:
    with (
        _role(database, f"LOGIN IN ROLE {READER_ROLE}") as url,
        connect_reader(database.engine, url.replace("+psycopg", "")) as reader,
    ):
        assert reader.run("SELECT count(*) FROM asset").rows == [(0,)]


def test_an_owner_who_may_not_make_a_login(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No such login exists, and the role that asks may not make one.
    monkeypatch.setattr(reader_module, "READER_ROLE", "catalog_reader_to_be")
    with _role(database, "LOGIN") as url:
        engine = create_engine_for(url)
        with pytest.raises(DatabaseUnsuitableError, match="catalog_reader_to_be") as caught:
            connect_reader(engine)
        engine.dispose()
    assert "CATALOG_READER_URL" in caught.value.remedy


def test_a_missing_login_is_made(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"{database.url.database}_reader"
    monkeypatch.setattr(reader_module, "READER_ROLE", name)
    try:
        with database.readonly_connection() as reader:
            assert reader.run("SELECT session_user, count(*) FROM asset").rows == [(name, 0)]
            with pytest.raises(ReadOnlySqlError):
                reader.run("SELECT * FROM token")
    finally:
        with database.session() as session:
            session.execute(text(f"DROP OWNED BY {name}"))
            session.execute(text(f"DROP ROLE {name}"))


def test_a_server_that_asks_for_passwords(open_folder: Path) -> None:
    server = EmbeddedPostgres(open_folder / "postgres", options={"fsync": "off"})
    with server:
        pass
    asks = f"local all {READER_ROLE} scram-sha-256\nlocal all all trust\n"
    (server.pgdata / "pg_hba.conf").write_text(asks)
    with server:
        # The owner's password changes later, and the reader's with it.
        for password in ("first", "second"):
            url = server.url().replace("postgres@", f"postgres:{password}@")
            settings = Settings(home=open_folder, database_url=url)
            with Database.open(settings) as database:
                migrate(database)
                with database.readonly_connection() as reader:
                    assert reader.run("SELECT session_user").rows == [(READER_ROLE,)]
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(server.url(user=READER_ROLE).replace("+psycopg", ""))


class _role:  # noqa: N801  # reads as a function
    """A role of this test's own, and its URL."""

    def __init__(self, database: Database, options: str) -> None:
        self._database = database
        self._options = options
        self._name = f"{database.url.database}_role"

    def __enter__(self) -> str:
        self._execute(f"CREATE ROLE {self._name} {self._options}")
        url = self._database.url.set(username=self._name)
        return url.render_as_string(hide_password=False)

    def __exit__(self, *_error: object) -> None:
        self._execute(f"DROP ROLE {self._name}")

    def _execute(self, statement: str) -> None:
        with self._database.session() as session:
            session.execute(text(statement))
