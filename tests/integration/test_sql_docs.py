"""Every statement of docs/sql.md runs, and finds something."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from catalog import Catalog
from catalog.db.reader import reader_login
from catalog.errors import InvalidInputError, ReadOnlySqlError
from catalog.settings import Settings
from tests.integration.small_footage import still, video

PAGE = Path(__file__).parents[2] / "docs" / "sql.md"
BLOCKS = re.findall(r"^```sql( owner)?\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)


@pytest.fixture(scope="module")
def filled(
    shared_settings: Settings,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Catalog]:
    media = tmp_path_factory.mktemp("media")
    video(media / "harbour.mp4", ("red", "blue"), timecode="10:00:00:00", frames=30)
    (media / "harbour.srt").write_text("1\n00:00:00,200 --> 00:00:00,900\nThe strike goes on\n")
    video(media / "harbour two.mp4", ("red", "green"), mark=2, frames=30)
    still(media / "stock" / "rose.png", "red", mark=4)
    with Catalog.open(shared_settings) as catalog:
        catalog.ingest(media / "stock", collection="Stock")
        catalog.ingest(media, collection="News", tags=["night", "archive"])
        with catalog.database.session() as session:
            session.execute(text("UPDATE catalog.asset SET recorded = '2024-03-05' "
                                 "WHERE collection = 'News'"))  # fmt: skip
            for owner, statement in BLOCKS:
                if owner:
                    session.connection().exec_driver_sql(statement)
        yield catalog


@pytest.mark.parametrize("statement", [body for owner, body in BLOCKS if not owner])
def test_the_page_is_true(filled: Catalog, statement: str) -> None:
    # Distances of the tests' encoder are not those of a real one, and its films are short.
    wider = re.sub(r"< 0\.\d+", "< 3", statement).replace("[30,)", "[1,)")
    assert filled.sql(wider).rows, statement
    filled.sql(statement)


def reader_psql(catalog: Catalog) -> psycopg.Connection:
    url = reader_login(catalog.database.url)
    catalog.sql("SELECT 1")  # the login is there from here on
    return psycopg.connect(
        url.set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True
    )


@pytest.fixture
def service(filled: Catalog) -> Iterator[Callable[[], int]]:
    stop, ready, answered = threading.Event(), threading.Event(), []
    thread = threading.Thread(
        target=lambda: answered.append(filled.serve_phrases(stop=stop, ready=ready.set))
    )
    thread.start()
    assert ready.wait(240)

    def end() -> int:
        stop.set()
        thread.join(240)
        return answered[0]

    yield end
    end()


def test_a_service_encodes_what_sql_asks_for(filled: Catalog, service: Callable[[], int]) -> None:
    asked = [f"phrase {at % 2} of psql" for at in range(6)]

    def ask(phrase: str) -> None:
        with reader_psql(filled) as connection:
            connection.execute("CALL catalog.encode_phrase(%s)", [phrase])
            found = connection.execute("SELECT catalog.phrase(%s) IS NOT NULL", [phrase]).fetchone()
            assert found == (True,)

    threads = [threading.Thread(target=ask, args=[phrase]) for phrase in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(240)
    with filled.database.session() as session:
        kept = session.execute(
            text("SELECT count(*) FROM catalog.phrase WHERE text LIKE 'phrase % of psql'")
        ).scalar_one()
    assert kept == 2
    assert service() >= 2


def test_whoever_may_call_needs_no_other_right(filled: Catalog, service: Callable[[], int]) -> None:
    role = f"{filled.database.url.database}_caller"
    with filled.database.session() as session:
        session.execute(text(f"CREATE ROLE {role} LOGIN"))
        session.execute(text(f"GRANT USAGE ON SCHEMA catalog TO {role}"))
    try:
        url = filled.database.url.set(drivername="postgresql", username=role, password=None)
        with psycopg.connect(
            url.render_as_string(hide_password=False), autocommit=True
        ) as connection:
            connection.execute("CALL catalog.encode_phrase('of a stranger')")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("SELECT * FROM catalog.phrase")
    finally:
        with filled.database.session() as session:
            session.execute(text(f"DROP OWNED BY {role}"))
            session.execute(text(f"DROP ROLE {role}"))


def test_where_nobody_answers_it_says_so_at_once(filled: Catalog) -> None:
    with reader_psql(filled) as connection:
        with pytest.raises(psycopg.Error, match="no service is running") as caught:
            connection.execute("CALL catalog.encode_phrase('nobody hears this')")
        assert "catalog sql" in (caught.value.diag.message_hint or "")
        for wrong in ("", "   ", "x" * 2001):
            with pytest.raises(psycopg.Error, match="expected 1 to 2000"):
                connection.execute("CALL catalog.encode_phrase(%s)", [wrong])


def test_a_statement_has_its_time(filled: Catalog) -> None:
    with pytest.raises(ReadOnlySqlError, match="timeout"):
        filled.sql("SELECT pg_sleep(600)", timeout=0.05)
    for wrong in (0, -1, float("nan"), float("inf"), 1e9):
        with pytest.raises(InvalidInputError, match="timeout"):
            filled.sql("SELECT 1", timeout=wrong)
