"""Migrations: one process at a time, never for long behind a lock, always with a way on."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, NullPool, event, inspect, text
from sqlalchemy.exc import OperationalError

from catalog.db import migrate as migrate_module
from catalog.db.engine import Database, create_engine_for
from catalog.db.migrate import (
    ADVISORY_LOCK,
    alembic_config,
    check_current,
    current_revision,
    head_revision,
    migrate,
    migrations_dir,
)
from catalog.db.models import Base
from catalog.errors import (
    DatabaseUnavailableError,
    DatabaseUnsuitableError,
    SchemaMismatchError,
)
from catalog.settings import Settings

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def engine(empty_database_url: str) -> Iterator[Engine]:
    engine = create_engine_for(empty_database_url)
    yield engine
    engine.dispose()


Write = Callable[[str, str | None, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write one migration into a folder of this test's own; that folder."""
    folder = tmp_path / "100% migrations"
    (folder / "versions").mkdir(parents=True)
    shutil.copy(migrations_dir() / "env.py", folder)
    shutil.copy(migrations_dir() / "script.py.mako", folder)

    def write(revision: str, after: str | None, body: str) -> Path:
        (folder / "versions" / f"{revision}.py").write_text(
            f'"""Step {revision}."""\nfrom alembic import op\n'
            f"revision = {revision!r}\ndown_revision = {after!r}\n"
            f"def upgrade():\n    {body}\n"
        )
        return folder

    return write


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names(schema="catalog"))


def make(table: str) -> str:
    return f'op.execute("CREATE TABLE catalog.{table} (n int)")'


# --- the normal way -------------------------------------------------------------


def test_to_the_head_and_nothing_twice(engine: Engine, write: Write) -> None:
    write("1", None, make("one"))
    folder = write("2", "1", make("two"))
    said: list[str] = []
    assert migrate(engine, said.append, directory=folder) == ["1", "2"]
    assert said == ["Migrated to 1: Step 1.", "Migrated to 2: Step 2."]
    assert tables(engine) == {"one", "two", "alembic_version"}
    assert current_revision(engine) == head_revision(folder) == "2"
    assert migrate(engine, said.append, directory=folder) == []
    check_current(engine, folder)


def test_a_later_program_goes_on_from_there(engine: Engine, write: Write) -> None:
    migrate(engine, directory=write("1", None, make("one")))
    folder = write("2", "1", make("two"))
    with pytest.raises(SchemaMismatchError, match="at revision 1; this program needs 2") as caught:
        check_current(engine, folder)
    assert caught.value.remedy == "Run: catalog migrate"
    assert caught.value.details == {"database": "1", "program": "2"}
    assert migrate(engine, directory=folder) == ["2"]


def test_an_empty_database_is_named(engine: Engine, write: Write) -> None:
    with pytest.raises(SchemaMismatchError, match="no catalogue yet") as caught:
        check_current(engine, write("1", None, make("one")))
    assert caught.value.exit_code == 3


def test_a_newer_database_is_left_alone(engine: Engine, write: Write) -> None:
    folder = write("1", None, make("one"))
    migrate(engine, directory=folder)
    with engine.begin() as connection:
        connection.execute(text("UPDATE catalog.alembic_version SET version_num = '9'"))
    for action in (
        lambda: check_current(engine, folder),
        lambda: migrate(engine, directory=folder),
    ):
        with pytest.raises(SchemaMismatchError, match="revision 9, which this") as caught:
            action()
        assert "upgrade the program" in caught.value.remedy
        assert caught.value.details == {"database": "9", "program": "1"}


def test_a_migration_that_fails_is_undone_and_earlier_ones_stay(
    engine: Engine, write: Write
) -> None:
    write("1", None, make("one"))
    folder = write("2", "1", make("two") + "; op.execute('SELECT 1/0')")
    with pytest.raises(Exception, match="division by zero"):
        migrate(engine, directory=folder)
    assert tables(engine) == {"one", "alembic_version"}
    write("2", "1", make("two"))
    # The lock was let go of, and the way on is open.
    assert migrate(engine, directory=folder) == ["2"]


def test_an_index_can_be_built_concurrently(engine: Engine, write: Write) -> None:
    write("1", None, make("one"))
    folder = write(
        "2",
        "1",
        "with op.get_context().autocommit_block():\n"
        "        op.execute('CREATE INDEX CONCURRENTLY i ON catalog.one (n)')",
    )
    assert migrate(engine, directory=folder) == ["1", "2"]


# --- guard rails ------------------------------------------------------------------

RACER = """
import sys
from pathlib import Path
from catalog.db.engine import create_engine_for
from catalog.db.migrate import migrate
engine = create_engine_for(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
print(migrate(engine, directory=Path(sys.argv[2])), flush=True)
"""


def test_processes_that_start_at_once(empty_database_url: str, write: Write) -> None:
    folder = write("1", None, make("one") + '; op.execute("SELECT pg_sleep(0.3)")')
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, empty_database_url, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=REPOSITORY,
        )
        for _ in range(3)
    ]
    for racer in racers:
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        racer.stdin.write("\n")
        racer.stdin.flush()
    answers = sorted(racer.communicate(timeout=240)[0].strip() for racer in racers)
    assert answers == ["['1']", "[]", "[]"]


def test_a_migrator_that_never_ends(
    engine: Engine, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate_module, "WAIT_FOR_OTHER_S", 0.05)
    monkeypatch.setattr(migrate_module, "POLL_S", 0.01)
    said: list[str] = []
    folder = write("1", None, make("one"))
    with engine.connect() as other:
        other.execute(text(f"SELECT pg_advisory_lock({ADVISORY_LOCK})"))
        with pytest.raises(DatabaseUnavailableError, match="Another process has been migrating"):
            migrate(engine, said.append, directory=folder)
    assert said == ["Another process is migrating the database; waiting for it."]


def test_a_locked_table_is_not_waited_for_long(
    engine: Engine, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate_module, "LOCK_TIMEOUT", "20ms")
    migrate(engine, directory=write("1", None, make("one")))
    folder = write("2", "1", 'op.execute("ALTER TABLE catalog.one ADD m int")')
    said: list[str] = []
    with engine.begin() as reader:
        reader.execute(text("SELECT * FROM catalog.one"))
        with pytest.raises(DatabaseUnavailableError, match="stayed locked") as caught:
            migrate(engine, said.append, directory=folder)
    assert "pg_stat_activity" in caught.value.remedy
    assert said == [f"A table is in use; trying again ({i} of 4)." for i in (1, 2, 3, 4)]
    assert migrate(engine, directory=folder) == ["2"]


def test_a_lock_that_is_let_go_of_in_time(
    engine: Engine, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate_module, "LOCK_TIMEOUT", "20ms")
    migrate(engine, directory=write("1", None, make("one")))
    folder = write("2", "1", 'op.execute("ALTER TABLE catalog.one ADD m int")')
    with engine.connect() as reader:
        reader.execute(text("SELECT * FROM catalog.one"))
        # Told that the table is in use, the reader ends.
        assert migrate(engine, lambda _said: reader.rollback(), directory=folder) == ["2"]


def test_a_role_that_may_not_create(engine: Engine, write: Write) -> None:
    name = f"{engine.url.database}_poor"
    with engine.begin() as connection:
        connection.execute(text(f"CREATE ROLE {name} LOGIN"))
    poor = create_engine_for(engine.url.set(username=name), poolclass=NullPool)
    try:
        with pytest.raises(DatabaseUnsuitableError, match="permission denied") as caught:
            migrate(poor, directory=write("1", None, make("one")))
        assert "CREATE EXTENSION vector" in caught.value.remedy
    finally:
        with engine.begin() as connection:
            connection.execute(text(f"DROP ROLE {name}"))


def test_a_server_that_is_away() -> None:
    away = create_engine_for("postgresql://127.0.0.1:1/films")
    with pytest.raises(DatabaseUnavailableError):
        migrate(away)
    with pytest.raises(DatabaseUnavailableError):
        check_current(away)


# --- ours -----------------------------------------------------------------------------


def test_our_own_migrations(engine: Engine) -> None:
    applied = migrate(engine)
    assert applied[-1] == head_revision() == head_revision(migrations_dir())
    check_current(engine)


def test_no_migration_of_the_files_holds_them_for_long(
    engine: Engine, request: pytest.FixtureRequest
) -> None:
    migrate(engine, revision="0041")
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO catalog.root (path, raw_path) VALUES ('/r', '/r')"))
        connection.execute(
            text(
                "INSERT INTO catalog.asset (fingerprint, size_bytes, name) VALUES ("
                " repeat('a', 64), 1, 'a')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO catalog.location (root_id, asset_id, path, raw_path, size_bytes,"
                " modified_ns, verified) SELECT root.id, asset.id, 'a' || n, ('a' || n)::bytea,"
                " 1, 1, n > 1 FROM catalog.root, catalog.asset, generate_series(1, 3) n"
            )
        )
    others: dict[str, str] = {}

    def work_meanwhile(*given: Any) -> None:
        said = given[2].split("catalog.location")[0].strip()
        if threading.current_thread() is not me or said in others:
            return
        if said == "UPDATE" or said.startswith("CREATE INDEX"):
            with ThreadPoolExecutor(1) as pool:
                others[said] = pool.submit(ingest).result()

    def ingest() -> str:
        try:
            with engine.begin() as connection:
                connection.execute(text("SET LOCAL lock_timeout = '1s'"))
                connection.execute(text("UPDATE catalog.location SET seen_at = now()"))
        except OperationalError as error:
            return str(error.orig)
        return "goes on"

    me = threading.current_thread()
    event.listen(Engine, "before_cursor_execute", work_meanwhile)
    request.addfinalizer(lambda: event.remove(Engine, "before_cursor_execute", work_meanwhile))
    migrate(engine, revision="0042")
    assert list(others.values()) == ["goes on"] * 3, others
    with engine.connect() as connection:
        dated = text("SELECT verified_at = held_since FROM catalog.location ORDER BY id")
        assert connection.execute(dated).scalars().all() == [None, True, True]
    migrate(engine, revision="0041")
    migrate(engine)


def test_connections_know_the_vectors_at_once(tmp_path: Path, empty_database_url: str) -> None:
    settings = Settings(home=tmp_path, database_url=empty_database_url)
    with Database.open(settings) as database:
        migrate(database)
        with database.session() as session:
            vector = session.execute(text("SELECT '[1,2]'::halfvec")).scalar_one()
            assert vector.tolist() == [1, 2]


def test_the_models_and_the_migrations_agree(database_url: str) -> None:
    engine = create_engine_for(database_url)
    with engine.connect() as connection:
        # An encoder's partition is no difference.
        connection.execute(
            text(
                "CREATE TABLE catalog.embedding_7 PARTITION OF catalog.embedding FOR VALUES IN (7)"
            )
        )
        connection.commit()
    config = alembic_config()
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.check(config)
    engine.dispose()


def test_a_difference_is_seen(database_url: str) -> None:
    engine = create_engine_for(database_url)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE catalog.asset ADD surplus int"))
    with engine.connect() as connection:
        connection.dialect.default_schema_name = "public"
        context = MigrationContext.configure(
            connection,
            opts={"include_schemas": True, "include_name": lambda n, t, _p: t != "schema" or n == "catalog"},  # noqa: E501
        )  # fmt: skip
        found = compare_metadata(context, Base.metadata)
    engine.dispose()
    assert "surplus" in str(found)


def test_alembic_on_its_own(empty_database_url: str, tmp_path: Path) -> None:
    (tmp_path / "alembic.ini").write_text(
        f"[alembic]\nscript_location = {migrations_dir()}\npath_separator = os\n"
    )
    environment = {"CATALOG_DATABASE_URL": empty_database_url, "PYTHONPATH": str(REPOSITORY)}

    def alembic(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "alembic", "-c", tmp_path / "alembic.ini", *arguments],
            capture_output=True,
            check=False,
            text=True,
            env={**environment, **env},
        )

    assert alembic("upgrade", "head").returncode == 0
    assert head_revision() in alembic("current").stdout
    assert "CATALOG_DATABASE_URL" in alembic("current", CATALOG_DATABASE_URL="").stderr
    assert "no offline mode" in alembic("upgrade", "head", "--sql").stderr


def test_the_migrations_lie_where_the_wheel_puts_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert migrations_dir() == REPOSITORY / "migrations"
    installed = tmp_path / "catalog" / "db"
    (installed / "migrations").mkdir(parents=True)
    monkeypatch.setattr(migrate_module, "__file__", str(installed / "migrate.py"))
    assert migrations_dir() == installed / "migrations"


def test_psycopg_connection_settings_of_the_migrator(
    engine: Engine, write: Write, empty_database_url: str
) -> None:
    body = 'op.execute("CREATE TABLE catalog.seen AS SELECT name, setting FROM pg_settings")'
    migrate(engine, directory=write("1", None, body))
    with psycopg.connect(empty_database_url.replace("+psycopg", "")) as connection:
        seen = dict(connection.execute("SELECT name, setting FROM catalog.seen").fetchall())
    assert seen["lock_timeout"] == "10000"
    assert seen["statement_timeout"] == "0"
