"""Pages while the library changes: what stays throughout comes exactly once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count
from random import Random
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from own_databases import count_rows
from sqlalchemy import BigInteger, Double, func, literal, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from vector_library import library, write, write_shots

from catalog import Catalog
from catalog.domain import plan as planning
from catalog.domain.results import SearchResult
from catalog.maintain.graphs import build_graphs
from catalog.settings import Settings
from catalog.store import centres, vectors
from catalog.store.search.passed import (
    Passed,
    _is_before,
    _placed,
    not_passed,
    parameters,
    passed_by,
)

LIST = {
    "meaning": {"query": "query 3 -name:none"},
    "fused": {"query": "query 2"},
    "weighed": {"query": "query 2", "weights": "meaning=0.3,words=2"},
    "meaning=0": {"query": "query 2", "weights": "meaning=0,words=1"},
    "words": {"query": '"query 2"'},
    "date": {"query": "query 2", "sort": "date"},
    "name": {"query": "query 2", "sort": "name"},
    "pairs": {"query": "query 2", "then": "query 3", "within": "20s"},
}


# Gaps between pages in which something happens: most of the library stays.
_CHANGED = 6
_NUMBER = count(1000)


def hits(result: SearchResult) -> list[int]:
    """Clips; an asset that has none left stands for itself."""
    return [hit.clip["id"] if hit.clip else -hit.asset["id"] for hit in result.hits]


@pytest.fixture(scope="module")
def filled(shared_settings: Settings) -> Iterator[Catalog]:
    with Catalog.open(shared_settings) as opened:
        write(opened, library(np.random.default_rng(5))[:10, :9, :2])
        with opened.database.session() as session:
            session.execute(
                text("UPDATE asset SET recorded = timestamp '2026-01-01' + id * interval '1 day'")
            )
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(centres, "INDEX_FROM", 10)
            build_graphs(opened.database)
        count_rows(opened)
        yield opened


@pytest.fixture
def way(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes searches go one way; so few frames are otherwise compared one by one."""

    def go(kind: str) -> None:
        if kind == "exact":
            return
        cheap = ("_STEP", "_WALK") if kind == "graph" else ("_KEPT", "_SCAN", "_FRAME")
        costs = {"_STEP": 1e3, "_FRAME": 1e3, "_PLANNING": 1e9, "_LOOK_UP": 0, "_EXACT_BELOW": 0}
        for name, cost in (costs | dict.fromkeys(cheap, 1e-6)).items():
            monkeypatch.setattr(planning, name, cost)

    return go


class Changes:
    """What others do to the library between two pages; ``touched`` are the clips they did it to."""

    def __init__(self, catalog: Catalog, seed: str) -> None:
        self.catalog = catalog
        self.chance = Random(seed)
        self.rows = library(np.random.default_rng(list(seed.encode())))
        self.touched: set[int] = set()

    def between(self, seen: list[int]) -> None:
        """Something happens, more often than not to the hit seen last."""
        for _ in range(self.chance.randint(1, 2)):
            clips = [each for each in seen if each > 0]
            clip = clips[-1] if self.chance.random() < 0.6 else self.chance.choice(clips)
            change = self.chance.choice(
                (self.gone, self.gone, self.flagged, self.analysed, self.tagged, self.added)
            )
            change(clip)

    def _run(self, statement: str, **values: Any) -> list[int]:
        with self.catalog.database.session() as session:
            result = session.execute(text(statement), values)
            return list(result.scalars()) if result.returns_rows else []

    def gone(self, clip: int) -> None:
        self._run("DELETE FROM clip WHERE id = :c", c=clip)
        self.touched.add(clip)

    def flagged(self, clip: int) -> None:
        self._run("UPDATE clip SET flag = 'black' WHERE id = :c", c=clip)
        self.touched.add(clip)

    def analysed(self, clip: int) -> None:
        """All shots of the asset come again, alike, under other numbers."""
        for asset in self._run("SELECT asset_id FROM clip WHERE id = :c", c=clip):
            self.touched |= set(
                self._run("DELETE FROM clip WHERE asset_id = :a RETURNING id", a=asset)
            )
            with self.catalog.database.session() as session:
                encoder = vectors.active_encoder(session)
                assert encoder is not None
                write_shots(session, encoder.id, asset, self.rows[asset % 10, :9, :2])

    def tagged(self, clip: int) -> None:
        """The asset gains the query's words, loses them, or has them more often."""
        for asset in self._run("SELECT asset_id FROM clip WHERE id = :c", c=clip):
            said = self.chance.choice((None, "query 2", "query 2 query 2 of a film"))
            self._run("UPDATE asset SET description = :s WHERE id = :a", s=said, a=asset)
            self.touched |= set(self._run("SELECT id FROM clip WHERE asset_id = :a", a=asset))

    def added(self, _clip: int) -> None:
        at = self.chance.randrange(10)
        write(self.catalog, self.rows[at : at + 1, :9, :2], first_asset=next(_NUMBER))


@pytest.mark.parametrize(
    ("kind", "listed", "seed"),
    [
        # First, while the graph is as it was built.
        *((wide, "fused", 0) for wide in ("graph", "centres")),
        *(("exact", listed, seed) for listed in LIST for seed in range(2)),
    ],
)
def test_what_stays_comes_exactly_once(
    filled: Catalog, way: Callable[[str], None], kind: str, listed: str, seed: int
):
    changes = Changes(filled, f"{kind} {listed} {seed}")
    changes.added(0)  # in the place of what went before
    with filled.database.session() as session:
        session.execute(text("UPDATE clip SET flag = NULL"))
        session.execute(
            text("UPDATE asset SET description = repeat('query 2 ', (id % 4)::int) || 'film'")
        )
    asked = {**LIST[listed], "all_": True}
    before = set(hits(filled.search(**asked, limit=1000)))
    assert len(before) > 20
    way(kind)
    seen: list[int] = []
    went: set[str] = set()
    after, pages, limit = None, 0, changes.chance.choice((3, 5, 8))
    while True:
        # Once nothing happens any more, the rest may come at once.
        page = filled.search(**asked, limit=limit if pages <= _CHANGED + 1 else 1000, after=after)
        went.add(page.plan.kind)
        seen += hits(page)
        after, pages = page.next, pages + 1
        if after is None:
            break
        if pages <= _CHANGED:
            changes.between(seen)
    # Where much has changed a later page may go another way.
    assert listed in ("words", "date", "name", "pairs") or kind in went
    # A pair changes with either of its shots.
    with filled.database.session() as session:
        left = set(session.scalars(text("SELECT id FROM clip WHERE flag IS NULL")))
        if listed == "pairs":
            ids = {"ids": list(changes.touched)}
            beside = "SELECT DISTINCT asset_id FROM clip WHERE id = ANY(:ids)"
            whole = text(f"SELECT id FROM clip WHERE asset_id NOT IN ({beside})")
            left &= set(session.scalars(whole, ids))
    stayed = (before & left) - changes.touched
    times = Counter(seen)
    assert [clip for clip in stayed if times[clip] != 1] == []
    assert len(stayed) > 5


def test_no_hit_is_lost_with_the_one_seen_last(filled: Catalog):
    """The next one moves up to the very score that the one seen last had."""
    asked = {"query": "query 4 -name:none", "all_": True}
    whole = hits(filled.search(**asked, limit=1000))
    for limit in range(1, len(whole) - 3, 9):
        page = filled.search(**asked, limit=limit)
        with filled.database.session() as session:
            flag = text("UPDATE clip SET flag = :flag WHERE id = ANY(:ids)")
            gone = {"ids": whole[max(0, limit - 2) : limit]}
            session.execute(flag, gone | {"flag": "black"})
        rest = filled.search(**asked, limit=1000, after=page.next)
        with filled.database.session() as session:
            session.execute(flag, gone | {"flag": None})
        assert [each for each in hits(rest) if each > 0] == whole[limit:]


VALUES = st.sampled_from([None, 0.25, 0.5, float("nan")])
HITS = st.lists(
    st.builds(Passed, st.tuples(VALUES, VALUES, VALUES), st.integers(1, 3), st.integers(0, 3)),
    min_size=1,
    max_size=8,
)


@pytest.mark.parametrize("apart", [False, True])
@hypothesis_settings(max_examples=40, deadline=None)
@given(shown=HITS, others=HITS)
def test_sql_and_python_agree_on_what_was_passed(
    filled: Catalog, apart: bool, shown: list[Passed], others: list[Passed]
):
    every = [*shown, *others]
    listed = [(*one.values, one.asset_id, one.clip_id) for one in every]
    kinds = [Double(), Double(), Double(), BigInteger(), BigInteger()]
    given_ = [
        literal(list(values), ARRAY(kind))
        for values, kind in zip(zip(*listed, strict=True), kinds, strict=True)
    ]
    names = ("a", "b", "c", "asset_id", "clip_id")
    of = func.unnest(*given_).table_valued(*names, with_ordinality="at", name="of")
    of = of.render_derived()
    new = not_passed(of, [of.c[name] for name in names[:3]], apart=apart)
    # Of those shown only the last ones are kept: they speak for all.
    rows = [
        SimpleNamespace(
            **dict(zip("abc", one.values, strict=True)), asset_id=one.asset_id, clip_id=one.clip_id
        )
        for one in shown
    ]
    told = parameters(passed_by(rows, "abc"))
    with filled.database.session() as session:
        found = set(session.scalars(select(of.c.at).where(new), told))
    placed = [_placed(one) for one in every]
    last = placed[: len(shown)]
    assert found == {
        at
        for at, one in enumerate(placed, 1)
        if not any(_is_before(one, other, apart=apart) for other in last)
    }
