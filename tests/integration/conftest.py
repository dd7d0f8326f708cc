"""A catalogue of the test's own, and counting what it sends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from catalog import Catalog
from catalog.settings import Settings


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
