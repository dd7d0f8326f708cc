"""Bring the database's schema to what this program was written for.

Guard rails: one migrator at a time (an advisory lock, waited for by asking, not
inside a statement: a waiting statement holds a snapshot, and CREATE INDEX
CONCURRENTLY in the other process would wait for it in turn); a short lock
timeout, so that a migration behind a long query fails and is tried again
instead of blocking every reader queued up behind it; one transaction per
migration.
"""

from __future__ import annotations

import logging
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from sqlalchemy import Connection, Engine, NullPool, text
from sqlalchemy.exc import DBAPIError, OperationalError

from catalog.db.availability import translated
from catalog.db.engine import Database, check_server, create_engine_for
from catalog.errors import (
    DatabaseUnavailableError,
    DatabaseUnsuitableError,
    SchemaMismatchError,
)

if TYPE_CHECKING:
    from alembic.config import Config

SCHEMA = "catalog"
# Any number, as long as it stays the same: the first bytes of sha256("catalog.migrate").
ADVISORY_LOCK = 0x36F5_5E4A_0D1B_C8A2
LOCK_TIMEOUT = "10s"
ATTEMPTS = 5
WAIT_FOR_OTHER_S = 1800.0
POLL_S = 0.1

Progress = Callable[[str], None]

_NAMED = re.compile(r"""^(revision|down_revision)(?:: [^=]+)? = ["'](\w+)["']$""", re.MULTILINE)

_log = logging.getLogger(__name__)


def migrations_dir() -> Path:
    """Where the migrations lie: beside this module when installed, else in the checkout."""
    installed = Path(__file__).parent / "migrations"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "migrations"


def alembic_config(directory: Path | None = None) -> Config:
    """Alembic's configuration without an ``alembic.ini``."""
    from alembic.config import Config  # noqa: PLC0415  # a schema that is current needs none

    # Its own default is whatever standard output was when it was imported.
    config = Config(stdout=sys.stdout)
    # Alembic reads % as the start of an interpolation.
    location = str(directory or migrations_dir()).replace("%", "%%")
    config.set_main_option("script_location", location)
    config.set_main_option("path_separator", "newline")
    return config


def head_revision(directory: Path | None = None) -> str:
    """The revision this program was written for."""
    return _own_head() if directory is None else _head(directory)


@cache
def _own_head() -> str:
    # Alembic loads every migration to tell, and itself takes longer to import than to ask the
    # database; they do not change while the program runs.
    named: dict[str, list[str]] = {"revision": [], "down_revision": []}
    for file in (migrations_dir() / "versions").glob("*.py"):
        for name, revision in _NAMED.findall(file.read_text(encoding="utf-8")):
            named[name].append(revision)
    heads = set(named["revision"]) - set(named["down_revision"])
    if len(heads) != 1 or len(set(named["revision"])) != len(named["revision"]):
        raise SchemaMismatchError(
            f"{migrations_dir()} holds {len(named['revision'])} migrations that end in"
            f" {', '.join(sorted(heads)) or 'none'}; expected one line of them, each once.",
            remedy="Install the program anew.",
        )
    return heads.pop()


def _head(directory: Path) -> str:
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    head = ScriptDirectory.from_config(alembic_config(directory)).get_current_head()
    if head is None:
        raise SchemaMismatchError(
            f"{directory} holds no migrations.",
            remedy="Install the program anew.",
        )
    return head


def current_revision(engine: Engine) -> str | None:
    """The revision the database is at; None if it holds no catalogue."""
    with translated(engine.url), engine.connect() as connection:
        return _current(connection)


def _current(connection: Connection) -> str | None:
    # By hand: this is asked whenever a catalogue is opened, and Alembic is seldom needed.
    table = f"{SCHEMA}.alembic_version"
    if (
        connection.execute(text("SELECT to_regclass(:table)"), {"table": table}).scalar_one()
        is None
    ):
        return None
    revision: str | None = connection.execute(
        text(f"SELECT version_num FROM {table}")  # noqa: S608  # of our own words alone
    ).scalar_one_or_none()
    return revision


def revision_of(connection: Connection) -> str:
    """The revision of the catalogue this connection sees, in its transaction.

    Raises
    ------
    SchemaMismatchError
        If there is none.
    """
    current = _current(connection)
    if current is None:
        raise SchemaMismatchError(
            "The database holds no catalogue yet.", remedy="Run: catalog migrate"
        )
    return current


def is_known(revision: str, directory: Path | None = None) -> bool:
    """Whether the revision is this program's or one it can migrate from."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    script = ScriptDirectory.from_config(alembic_config(directory))
    return revision in {known.revision for known in script.walk_revisions()}


def check_current(engine: Engine, directory: Path | None = None) -> None:
    """Check that the database's schema is the one this program was written for.

    Raises
    ------
    SchemaMismatchError
        If it is older, newer or not there; the message names both revisions.
    DatabaseUnavailableError
        If the server cannot be reached.
    """
    head, current = head_revision(directory), current_revision(engine)
    if current == head:
        return
    if current is None:
        message = f"The database holds no catalogue yet; this program needs revision {head}."
        remedy = "Run: catalog migrate"
    elif is_known(current, directory):
        message = f"The database is at revision {current}; this program needs {head}."
        remedy = "Run: catalog migrate"
    else:
        message = (
            f"The database is at revision {current}, which this program does not know; "
            f"it was written for {head}."
        )
        remedy = "The database is newer: upgrade the program."
    raise SchemaMismatchError(message, remedy=remedy, database=current, program=head)


def migrate(
    database: Database | Engine,
    progress: Progress | None = None,
    *,
    directory: Path | None = None,
    revision: str | None = None,
) -> list[str]:
    """Upgrade the schema to this program's; the revisions applied, none if it was current.

    ``revision`` names another of this program's to go to, up or down: a restore
    wants the one of its backup, in a database that holds nothing.

    Any number of processes may call this at once: one works, the others wait
    and find nothing to do. ``progress`` is told what happens, in sentences.

    Raises
    ------
    DatabaseUnavailableError
        If the server cannot be reached, a table stays locked, or another
        migrator does not end.
    DatabaseUnsuitableError
        If the server is unsuitable, or we may not create what is needed.
    SchemaMismatchError
        If the database is newer than this program.
    """
    engine = database.engine if isinstance(database, Database) else database
    if revision is None and current_revision(engine) == head_revision(directory):
        return []  # as nearly always; nobody has to be waited for
    say = progress or (lambda _sentence: None)
    # Its own connection: this one has other settings, and a pool would keep them.
    single = create_engine_for(engine.url, poolclass=NullPool)
    try:
        with translated(engine.url), single.connect() as connection:
            check_server(connection)
            connection.rollback()
            with _one_at_a_time(connection, say):
                return _upgrade(connection, say, directory, revision)
    finally:
        single.dispose()


@contextmanager
def _one_at_a_time(connection: Connection, say: Progress) -> Iterator[None]:
    deadline = time.monotonic() + WAIT_FOR_OTHER_S
    said = False
    while not _ask(connection, "pg_try_advisory_lock"):
        if not said:
            say("Another process is migrating the database; waiting for it.")
            said = True
        if time.monotonic() > deadline:
            raise DatabaseUnavailableError(
                f"Another process has been migrating for more than {WAIT_FOR_OTHER_S:.0f} s.",
                remedy="Look for it in pg_stat_activity (application_name catalog).",
            )
        time.sleep(POLL_S)
    try:
        yield
    finally:
        if not connection.invalidated:
            connection.rollback()
            _ask(connection, "pg_advisory_unlock")


def _ask(connection: Connection, function: str) -> bool:
    answer = connection.execute(text(f"SELECT {function}(:key)"), {"key": ADVISORY_LOCK})
    granted = bool(answer.scalar_one())
    connection.commit()
    return granted


def _upgrade(
    connection: Connection, say: Progress, directory: Path | None, revision: str | None
) -> list[str]:
    head, before = revision or head_revision(directory), _current(connection)
    connection.rollback()
    if before == head:
        return []
    if before is not None and not is_known(before, directory):
        raise SchemaMismatchError(
            f"The database is at revision {before}, which this program does not know; "
            f"it was written for {head}.",
            remedy="The database is newer: upgrade the program.",
            database=before,
            program=head,
        )
    applied: list[str] = []
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _run_alembic(connection, say, directory, applied, head)
        except OperationalError as error:
            connection.rollback()
            if not isinstance(error.orig, psycopg.errors.LockNotAvailable):
                raise
            if attempt == ATTEMPTS:
                raise _locked(error) from error
            say(f"A table is in use; trying again ({attempt} of {ATTEMPTS - 1}).")
        except DBAPIError as error:
            connection.rollback()
            if isinstance(error.orig, psycopg.errors.InsufficientPrivilege):
                raise _not_allowed(error) from error
            raise
        else:
            break
    return applied


def _run_alembic(
    connection: Connection,
    say: Progress,
    directory: Path | None,
    applied: list[str],
    target: str,
) -> None:
    from alembic import command  # noqa: PLC0415

    current = _current(connection)
    connection.rollback()
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
    # After the session's own settings, so that they hold however the URL is written.
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.execute(text("SET statement_timeout = 0"))
    connection.execute(text("SET idle_in_transaction_session_timeout = 0"))
    connection.commit()

    def on_step(*, step: Any, **_facts: object) -> None:  # noqa: ANN401  # Alembic's
        applied.append(step.up_revision_id)
        say(f"Migrated to {step.up_revision_id}: {step.up_revision.doc}")
        _log.info("migrated", extra={"revision": step.up_revision_id})

    config = alembic_config(directory)
    config.attributes.update(connection=connection, on_version_apply=on_step)
    back = current is not None and target in _below(current, directory)
    (command.downgrade if back else command.upgrade)(config, target)


def _below(revision: str, directory: Path | None) -> set[str]:
    """The revisions that come before this one."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    script = ScriptDirectory.from_config(alembic_config(directory))
    return {known.revision for known in script.iterate_revisions(revision, "base")} - {revision}


def _locked(error: OperationalError) -> DatabaseUnavailableError:
    return DatabaseUnavailableError(
        f"A table stayed locked by other work, {ATTEMPTS} times for {LOCK_TIMEOUT}: "
        f"{str(error.orig).strip()}.",
        remedy="Stop the workers or end the long query (pg_stat_activity), then: catalog migrate",
    )


def _not_allowed(error: DBAPIError) -> DatabaseUnsuitableError:
    return DatabaseUnsuitableError(
        f"The database's role may not make what the catalogue needs: {str(error.orig).strip()}.",
        remedy="Let the database's owner run `catalog migrate`, or have an administrator run, in "
        "this database: CREATE EXTENSION vector; GRANT CREATE ON DATABASE … TO ….",
    )
