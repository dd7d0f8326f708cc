"""The partitions of one encoder: made beside the tables, and joined to them while all go on.

``CREATE TABLE … PARTITION OF`` would lock the whole table of vectors against every
search, behind the longest statement that runs; ``ATTACH PARTITION`` lets others read and
write (PostgreSQL, "ALTER TABLE", notes on ATTACH). Foreign keys of the partition still ask
for a lock of clips and frames that excludes writers. It is asked for briefly and again,
so that nobody queues behind us for long.

Dropping a partition is short as well, but for that moment nobody may read or write the
tables it belongs to (PostgreSQL's ``DROP TABLE`` locks the whole and what its foreign keys
name): again asked for briefly, until a moment comes when nobody is at them.
"""

from __future__ import annotations

import time

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from catalog.db.models import SCHEMA
from catalog.errors import ServiceError

TABLES = ("embedding", "centre", "speech_embedding")
# Who waits behind us waits no longer than this, and what the joining itself takes.
LOCK_TIMEOUT_MS = 40
PATIENCE_S = 60.0
_PAUSE_S = 0.1
# lock_not_available, deadlock_detected
_BUSY = ("55P03", "40P01")


def add_partitions(session: Session, encoder_id: int, dimension: int) -> None:
    """Give the encoder its partitions of vectors and centres, and of speech, unless it has them.

    Raises
    ------
    ServiceError
        If others kept the tables of clips or frames locked for a minute.
    """
    # A backup of an older program has not all the tables; its migration makes what they lack.
    tables = [name for name in TABLES if _is_there(session, name)]
    missing = [name for name in tables if not _is_there(session, f"{name}_{encoder_id}")]
    for name in missing:
        for statement in _standalone(name, encoder_id, dimension):
            session.execute(text(statement))
    if missing:
        _insist(session, "entered", _joining(missing, encoder_id))


def drop_partitions(session: Session, encoder_id: int) -> None:
    """Take the encoder's partitions away, with all that is in them.

    Raises
    ------
    ServiceError
        If others kept the tables locked for a minute.
    """
    there = [name for name in TABLES if _is_there(session, f"{name}_{encoder_id}")]
    if there:
        _insist(session, "removed", _dropping(there, encoder_id))


def _insist(session: Session, what: str, statements: list[str]) -> None:
    """Run them all once nobody is in their way, or nothing."""
    until = time.monotonic() + PATIENCE_S
    while not _done(session, statements):
        if time.monotonic() > until:
            raise ServiceError(
                f"The encoder cannot be {what}: clips and frames were locked for "
                f"{PATIENCE_S:.0f} s by others.",
                remedy="Try again once the long transaction is over; pg_stat_activity shows it.",
            )
        time.sleep(_PAUSE_S)


def _is_there(session: Session, table: str) -> bool:
    found = session.execute(text("SELECT to_regclass(:name)"), {"name": f"{SCHEMA}.{table}"})
    return found.scalar_one() is not None


def _standalone(name: str, encoder_id: int, dimension: int) -> list[str]:
    """Tables that nobody else sees yet, with all that takes time to make."""
    table = f"{SCHEMA}.{name}_{encoder_id}"
    statements = [
        # Without the comments of its indexes and columns; those of the whole say enough.
        f"CREATE TABLE {table} (LIKE {SCHEMA}.{name} INCLUDING DEFAULTS INCLUDING CONSTRAINTS "
        f"INCLUDING INDEXES, CONSTRAINT ck_{name}_{encoder_id}_dimension "
        f"CHECK (vector_dims(vector) = {dimension}))",
        # A row wider than 2 kB would be moved out of line and be slow to scan.
        f"ALTER TABLE {table} ALTER COLUMN vector SET STORAGE PLAIN",
    ]
    if name == "embedding":
        # The parent's trigger does not see statements that name the partition.
        statements.append(
            f"CREATE TRIGGER embedding_added AFTER INSERT ON {table} REFERENCING NEW TABLE "
            f"AS added FOR EACH STATEMENT EXECUTE FUNCTION {SCHEMA}.embedding_added()"
        )
    return statements


def _joining(names: list[str], encoder_id: int) -> list[str]:
    # In the order in which an analysis comes by the tables: a film's clips, their frames.
    return [
        f"LOCK TABLE {SCHEMA}.clip IN SHARE ROW EXCLUSIVE MODE",
        f"LOCK TABLE {SCHEMA}.frame IN SHARE ROW EXCLUSIVE MODE",
        *(
            f"ALTER TABLE {SCHEMA}.{name} ATTACH PARTITION {SCHEMA}.{name}_{encoder_id} "
            f"FOR VALUES IN ({encoder_id})"
            for name in names
        ),
    ]


def _dropping(names: list[str], encoder_id: int) -> list[str]:
    tables = ("clip", "frame", *names)
    return [
        *(f"LOCK TABLE ONLY {SCHEMA}.{name} IN ACCESS EXCLUSIVE MODE" for name in tables),
        *(f"DROP TABLE {SCHEMA}.{name}_{encoder_id}" for name in names),
    ]


def _done(session: Session, statements: list[str]) -> bool:
    """Run them; False, and nothing is done, if others are in the way."""
    limits = f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_MS}ms'", "SET LOCAL lock_timeout TO DEFAULT"
    try:
        with session.begin_nested():
            for statement in (limits[0], *statements, limits[1]):
                session.execute(text(statement))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) not in _BUSY:
            raise
        return False
    return True
