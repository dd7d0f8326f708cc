"""Two units of work that stand in each other's way: both are done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from catalog.db.engine import Database
from catalog.errors import DatabaseConflictError
from catalog.settings import Settings

Work = Callable[[Session], int]


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    opened = Database.open(settings)
    yield opened
    opened.close()


@pytest.fixture
def crossing(database: Database) -> tuple[Work, Work]:
    """Add one to both of two rows, in either order; both hold one before they want the other."""
    with database.session() as session:
        session.execute(text("CREATE TABLE public.crossing (id int PRIMARY KEY, met int NOT NULL)"))
        session.execute(text("INSERT INTO public.crossing VALUES (1, 0), (2, 0)"))
    barrier = Barrier(2, timeout=240)

    def made(first: int, second: int) -> Work:
        times = 0

        def work(session: Session) -> int:
            nonlocal times
            times += 1
            add = text("UPDATE public.crossing SET met = met + 1 WHERE id = :id")
            session.execute(add, {"id": first})
            if times == 1:
                barrier.wait()
            session.execute(add, {"id": second})
            return times

        return work

    return made(1, 2), made(2, 1)


def test_who_was_ended_for_another_does_it_again(database: Database, crossing: tuple[Work, Work]):
    with ThreadPoolExecutor(2) as pool:
        times = list(pool.map(database.in_session, crossing))
    assert sorted(times) == [1, 2]
    with database.connect() as connection:
        met = connection.execute(text("SELECT met FROM public.crossing")).scalars().all()
    assert met == [2, 2], "nothing is lost, and nothing done twice"


def test_it_is_not_tried_for_ever(database: Database):
    tried = []

    def work(session: Session) -> None:
        tried.append(session)
        raise DatabaseConflictError("in the way", remedy="Do it again.")

    with pytest.raises(DatabaseConflictError):
        database.in_session(work)
    assert len(tried) == 5
