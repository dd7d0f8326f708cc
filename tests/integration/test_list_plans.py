"""Lists and keywords by the indexes meant for them, as the server plans them when they are sent.

Each statement is explained at the moment it is sent, prepared, and under the settings of then.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event, text

from catalog import Catalog
from catalog.db.explained import explained
from catalog.settings import Settings

# Few have a word in their names, few shots a line that says it; one collection is small.
FILLING = """
    INSERT INTO asset (fingerprint, size_bytes, name, kind, collection, recorded, time_base_num,
                       time_base_den, duration_pts, reel, latitude, longitude)
    SELECT 'film-' || n, 1, CASE WHEN n % 400 = 7 THEN 'harbour-' ELSE 'film-' END || n || '.mov',
           'video', CASE WHEN n % 400 = 0 THEN 'rare' ELSE 'c' || n % 10 END,
           timestamptz '2024-01-01' + n * interval '1 hour', 1, 25, 1000, 'R' || n,
           n % 80, n % 170
    FROM generate_series(1, 2000) n;
    ALTER TABLE clip DISABLE TRIGGER USER;
    INSERT INTO clip (asset_id, kind, start_pts, end_pts, words)
    SELECT id, 'shot', at * 100, at * 100 + 100,
           CASE WHEN (id + at) % 500 = 3
                THEN (SELECT words FROM asset WHERE fingerprint = 'film-7')
                ELSE ''::tsvector END
    FROM asset, generate_series(0, 3) at;
    ALTER TABLE clip ENABLE TRIGGER USER
"""


@pytest.fixture(scope="module")
def uncounted(shared_settings: Settings) -> Iterator[Catalog]:
    """8000 shots, of which the server has no statistics."""
    with Catalog.open(shared_settings) as opened:
        with opened.database.session() as session:
            for statement in FILLING.split(";\n"):
                session.execute(text(statement))
        yield opened


@pytest.fixture(scope="module")
def counted(uncounted: Catalog) -> Catalog:
    """The same, analysed a moment ago; asked for after all that want none."""
    with uncounted.database.session() as session:
        session.execute(text("ANALYZE asset, clip"))
    return uncounted


def plan_of(catalog: Catalog, query: str) -> str:
    """How the statement that answers is planned."""
    plans: list[str] = []

    def note(connection: Any, _cursor: Any, sql: str, values: Any, *_: Any) -> None:
        if "FROM total" in sql:
            plans.append("\n".join(explained(connection, sql, values, options="COSTS OFF")))

    event.listen(catalog.database.engine, "before_cursor_execute", note)
    try:
        assert catalog.search(query, limit=10).hits
    finally:
        event.remove(catalog.database.engine, "before_cursor_execute", note)
    [plan] = plans
    return plan


ALL_SHOTS = ("Seq Scan on clip", "Index Scan using pk_clip on clip clip_1")
KINDS = {
    "name:film-12.mov": (("ix_asset_name_lower",), ("Seq Scan on asset", *ALL_SHOTS)),
    "reel:r12": (("ix_asset_reel_lower",), ("Seq Scan on asset", *ALL_SHOTS)),
    "recorded:2024-01-02": (("ix_asset_recorded",), ("Seq Scan on asset", *ALL_SHOTS)),
    "near:51,51,10km": (("ix_asset_latitude_longitude",), ("Seq Scan on asset", *ALL_SHOTS)),
    # No index is of a collection in any case; its shots come by theirs all the same.
    "collection:rare": (("Seq Scan on asset", "clip_1"), ALL_SHOTS),
    "harbour": (("ix_asset_words", "ix_clip_words"), ()),
}


@pytest.mark.parametrize("query", ["name:film-12.mov", "reel:r12"])
def test_a_list_goes_by_its_index_without_statistics_too(uncounted: Catalog, query: str):
    plan = plan_of(uncounted, query)
    assert [node for node in KINDS[query][0] if node not in plan] == [], plan


@pytest.mark.parametrize("query", KINDS)
def test_a_list_goes_by_its_index(counted: Catalog, query: str):
    must, never = KINDS[query]
    plan = plan_of(counted, query)
    assert [node for node in must if node not in plan] == [], plan
    assert [node for node in never if node in plan] == [], plan
