"""Statements that the driver sends by itself: the same answers, errors and listeners as any."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import numpy as np
import pytest
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import OperationalError, ProgrammingError

from catalog.db.direct import rows_of
from catalog.db.engine import create_engine_for


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = create_engine_for(database_url)
    yield made
    made.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as opened:
        yield opened


def test_rows_are_named_and_values_go_by_their_names(connection: Connection) -> None:
    statement = """
        SELECT number, %(word)s || '%%' AS word, number %% 2 = %(odd)s AS odd, %(word)s = 'a' AS a
        FROM generate_series(1, 2) AS number ORDER BY number
    """
    rows = rows_of(connection, statement, {"odd": 1, "word": "a", "never asked for": 3})
    assert [tuple(row) for row in rows] == [(1, "a%", True, True), (2, "a%", False, True)]
    assert [row.word for row in rows] == ["a%", "a%"]
    again = connection.exec_driver_sql(statement, {"odd": 1, "word": "a"}).all()
    assert [tuple(row) for row in again] == [tuple(row) for row in rows]


def test_vectors_go_as_those_of_every_statement(connection: Connection) -> None:
    vector = np.array([1, 0.5, -2], np.float16)
    [row] = rows_of(connection, "SELECT %(v)s::halfvec AS v, 'é' AS accent", {"v": vector})
    assert row.v.tolist() == vector.tolist()
    assert row.accent == "é"


def test_it_is_part_of_the_transaction(engine: Engine) -> None:
    insert = "INSERT INTO tag (name) VALUES (%(name)s) RETURNING name"
    count = "SELECT count(*) AS tags FROM tag"
    with engine.connect() as connection:
        [row] = rows_of(connection, insert, {"name": "harbour"})
        assert row.name == "harbour"
        connection.rollback()
        assert rows_of(connection, count, {})[0].tags == 0
        rows_of(connection, insert, {"name": "tram"})
        connection.commit()
    with engine.connect() as other:
        assert rows_of(other, count, {})[0].tags == 1


def test_listeners_hear_of_it(engine: Engine) -> None:
    heard: list[str] = []

    @event.listens_for(engine, "before_cursor_execute")
    def before(_c: object, _k: object, statement: str, *_: object) -> None:
        heard.append(f"before {statement}")

    @event.listens_for(engine, "after_cursor_execute")
    def after(_c: object, _k: object, statement: str, *_: object) -> None:
        heard.append(f"after {statement}")

    with engine.connect() as other:
        rows_of(other, "SELECT 1 AS one", {})
    assert heard == ["before SELECT 1 AS one", "after SELECT 1 AS one"]


def test_errors_are_those_of_sqlalchemy(connection: Connection) -> None:
    with pytest.raises(ProgrammingError, match="nowhere"):
        rows_of(connection, "SELECT * FROM nowhere WHERE 1 = %(n)s", {"n": 1})
    connection.rollback()
    assert not connection.invalidated
    assert rows_of(connection, "SELECT 1 AS one", {})[0].one == 1


def test_a_connection_that_broke_is_used_no_more(engine: Engine) -> None:
    with engine.connect() as killer, engine.connect() as victim:
        [row] = rows_of(victim, "SELECT pg_backend_pid() AS pid", {})
        rows_of(killer, "SELECT pg_terminate_backend(%(pid)s, 10000)", {"pid": row.pid})
        with pytest.raises(OperationalError) as told:
            rows_of(victim, "SELECT 1", {})
        assert told.value.connection_invalidated
        victim.rollback()
        assert rows_of(victim, "SELECT 1 AS one", {})[0].one == 1


def test_a_text_asked_twice_is_planned_no_more(engine: Engine) -> None:
    # Which texts were asked is known for as long as the process runs.
    own = f"own_{uuid.uuid4().hex}"
    text = f"SELECT 17 + %(more)s::int AS found, 1 AS {own}"
    named = f"SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%%AS {own}'"

    def prepared(connection: Connection) -> int:
        return connection.exec_driver_sql(named).scalar_one()

    with engine.connect() as connection:
        rows_of(connection, text, {"more": 1})
        assert prepared(connection) == 0, "most texts are asked once"
        assert rows_of(connection, text, {"more": 2})[0].found == 19
        assert prepared(connection) == 1
        connection.rollback()
        # The driver lets go of all of them with a rollback, for tables may have come and gone.
        rows_of(connection, text, {"more": 3})
        assert prepared(connection) == 1
