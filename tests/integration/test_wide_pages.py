"""Pages of wide searches: nothing twice, nothing lost, whatever is added or changed meanwhile."""

from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import event, text
from vector_library import ASSETS, clips, library, write

from catalog import Catalog
from catalog.maintain.graphs import build_graphs
from catalog.store import centres, vectors


@pytest.mark.parametrize("kind", ["exact", "graph"])
def test_pages_hold_while_films_are_added(
    catalog: Catalog, way, monkeypatch: pytest.MonkeyPatch, kind: str
):
    """What is added between two pages neither hides nor repeats what was there before."""
    rng = np.random.default_rng(5)
    write(catalog, library(rng)[:12])
    monkeypatch.setattr(centres, "INDEX_FROM", 100)
    build_graphs(catalog.database)
    way("exact")
    before = clips(catalog.search("query 2", limit=1000, all_=True))
    way(kind)
    seen: list[int] = []
    after, added = None, 0
    while True:
        page = catalog.search("query 2", limit=15, after=after, all_=True)
        seen += clips(page)
        if (after := page.next) is None:
            break
        if added < 4:  # some of them lie nearer to the query than all that was seen
            write(catalog, library(rng)[:1], first_asset=100 + added)
            added += 1
    assert len(seen) == len(set(seen)), "none twice"
    old = [clip for clip in seen if clip in set(before)]
    assert old == before, "all that was there, in its order"


@pytest.mark.parametrize("kind", ["centres", "graph"])
def test_pages_of_a_wide_search_show_what_words_bring_once(
    catalog: Catalog, way, monkeypatch: pytest.MonkeyPatch, kind: str
):
    """A deeper page knows more places by cosine; those that were estimated stay as they were."""
    # Half the library: dozens of pages all the same, each deeper than the one before.
    write(catalog, library(np.random.default_rng(5))[: ASSETS // 2])
    with catalog.database.session() as session:
        said = text("UPDATE asset SET description = repeat('query 2 ', id::int % 3) || 'film'")
        session.execute(said)
    monkeypatch.setattr(centres, "INDEX_FROM", 100)
    build_graphs(catalog.database)
    way("exact")
    every = set(clips(catalog.search("query 2", limit=1000, all_=True)))
    way(kind)
    for limit in (7, 61):
        seen: list[int] = []
        after, pages = None, 0
        while pages == 0 or after is not None:
            page = catalog.search("query 2", limit=limit, after=after, all_=True)
            assert page.plan.wide
            seen += clips(page)
            after, pages = page.next, pages + 1
        assert len(seen) == len(set(seen)), "none twice"
        assert set(seen) == every, "none lost"


@pytest.mark.parametrize("gains", [False, True])
def test_pages_hold_while_the_last_hit_gains_or_loses_the_word(catalog: Catalog, gains: bool):
    """Whoever tags what was seen last pages on from where it stood."""
    write(catalog, library(np.random.default_rng(5))[:12])
    describe = text("UPDATE asset SET description = :said WHERE id % 2 = 0 AND id = ANY(:ids)")
    with catalog.database.session() as session:
        ids = list(session.scalars(text("SELECT id FROM asset")))
        session.execute(describe, {"said": "query 2", "ids": ids})
    before = clips(catalog.search("query 2", limit=1000, all_=True))
    # The last one of its page has the word, or has it not.
    limit = next(
        at
        for at, hit in enumerate(catalog.search("query 2", limit=1000, all_=True).hits, 1)
        if at > 20 and (hit.keyword_rank is None) == gains
    )
    first = catalog.search("query 2", limit=limit, all_=True)
    last = first.hits[-1].asset["id"]
    with catalog.database.session() as session:
        session.execute(
            text("UPDATE asset SET description = :said WHERE id = :id"),
            {"said": "query 2" if gains else None, "id": last},
        )
        changed = set(
            session.scalars(text("SELECT id FROM clip WHERE asset_id = :id"), {"id": last})
        )
    second = clips(catalog.search("query 2", limit=1000, all_=True, after=first.next))
    rest = [clip for clip in before[limit:] if clip not in changed]
    assert [clip for clip in second if clip not in changed] == rest


def test_what_is_to_be_encoded_is_found_without_looking_at_all_that_is(catalog: Catalog):
    """A worker asks several times a second; of a million assets few wait."""
    asked: list[tuple[str, object]] = []
    with catalog.database.session() as session:
        made = vectors.add_encoder(
            session, name="null:8", dimension=8, precision="fp32", weights_digest="0"
        )
        # Their words, which nobody asks for, take two milliseconds each.
        session.execute(text("ALTER TABLE asset DISABLE TRIGGER USER"))
        session.execute(
            text(
                "INSERT INTO asset (fingerprint, size_bytes, name)"
                " SELECT 'asset-' || number, 1, 'a' FROM generate_series(1, 1000) number"
            )
        )
        session.execute(
            text(
                "INSERT INTO stage (asset_id, name, state) SELECT id, step, 'done'"
                " FROM asset, unnest(ARRAY['analyse', 'encode']) step"
            )
        )
        first = "(SELECT min(id) FROM asset)"
        session.execute(
            text(f"UPDATE stage SET state = 'due' WHERE name = 'encode' AND asset_id = {first}")
        )
        session.execute(text("ANALYZE stage"))
        connection = session.connection()
        event.listen(
            connection,
            "before_cursor_execute",
            lambda _c, _cursor, sql, values, *_: asked.append((sql, values)),
        )
        [waits] = vectors.assets_waiting(session, made.id, fresh=True)
        assert waits == session.execute(text("SELECT min(id) FROM asset")).scalar_one()
        sql, values = asked[0]
        plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN {sql}", values).scalars())
    assert "ix_stage_open" in plan, plan
    assert "Seq Scan" not in plan, plan
