"""A first look at sketches finds what looking at all centres finds, whatever lacks one."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from unittest.mock import Mock

import numpy as np
import pytest
from sqlalchemy import text
from vector_library import ASSETS, DIMENSION, QUERIES, library, unit, write

from catalog import Catalog
from catalog.domain import plan as planning
from catalog.domain.results import SearchResult
from catalog.errors import DatabaseConflictError
from catalog.maintain import sketches as making
from catalog.maintain.graphs import build_graphs
from catalog.search import known_sketches
from catalog.search import planning as looking
from catalog.settings import Settings
from catalog.store import sketches, vectors
from catalog.store.search import sketched

WIDE = "-collection:c3"
# Whoever makes sketches waits for all transactions of the server, other tests' among them.
PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def filled(shared_settings: Settings) -> Iterator[Catalog]:
    with Catalog.open(shared_settings) as opened:
        write(opened, library(np.random.default_rng(3)))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(making, "SKETCHED_FROM", 100)
            patch.setattr(making, "_PATIENCE_S", PATIENCE_S)
            build_graphs(opened.database)
        yield opened


@pytest.fixture
def by_sketches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Searches of wide filters look at sketches first, however small the library."""
    monkeypatch.setattr(planning, "_EXACT_BELOW", 0)
    monkeypatch.setattr(planning, "_SKETCHED", 1e-9)
    monkeypatch.setattr(planning, "_BASIS", -2000.0)
    monkeypatch.setattr(planning, "_DIMMEST", 10.0)
    monkeypatch.setattr(planning, "_KEPT", 1e3)
    monkeypatch.setattr(planning, "_FRAME", 1e-3)
    monkeypatch.setattr(planning, "_PLANNING", 1e9)
    monkeypatch.setattr(planning, "_LOOK_UP", 1e-9)
    monkeypatch.setattr(looking, "of_few", lambda _library, _depth: None)
    # Drawn as a whole, though it is small.
    monkeypatch.setattr(looking, "_COUNTED", 20)
    monkeypatch.setattr(looking, "_SAMPLED", 100.0)
    monkeypatch.setattr(known_sketches, "_TRUSTED_S", 0.0)
    monkeypatch.setattr(making, "SKETCHED_FROM", 100)
    monkeypatch.setattr(making, "_PATIENCE_S", PATIENCE_S)


def clips(result: SearchResult) -> list[int]:
    return [hit.clip["id"] for hit in result.hits]


def exact(catalog: Catalog, query: str, limit: int = 10) -> SearchResult:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planning, "_EXACT_BELOW", 10**9)
        found = catalog.search(query, limit=limit, all_=True)
    assert found.plan.kind == "exact"
    return found


def ask(catalog: Catalog, number: int, condition: str = WIDE, *, limit: int = 10) -> SearchResult:
    found = catalog.search(f"query {number} {condition}", limit=limit, all_=True)
    assert found.plan.kind == "sketches", found.plan.reason
    return found


def explained(catalog: Catalog, query: str) -> str:
    return str(catalog.search(query, explain=True).as_json()["explanation"]["plan"])


def test_a_look_at_sketches_finds_what_looking_at_all_finds(filled: Catalog, by_sketches):
    for number in range(QUERIES):
        for condition in (WIDE, "-collection:c1,c2,c3,c4,c5"):
            found = ask(filled, number, condition)
            assert clips(found) == clips(exact(filled, f"query {number} {condition}"))


def test_the_statement_goes_by_sketches_and_compares_no_centre_in_vain(
    filled: Catalog, by_sketches, monkeypatch
):
    monkeypatch.setattr(planning, "_FEWEST_SKETCHED", 128)
    monkeypatch.setattr(planning, "SURE", 0.0)
    real = planning._settings
    monkeypatch.setattr(
        planning, "_settings", lambda *args: real(*args) | {"enable_seqscan": "off"}
    )
    shown = explained(filled, f"query 1 {WIDE}")
    assert "Seq Scan on sketch" not in shown
    assert "ProjectSet" in shown
    assert "ix_sketch_made" in shown or "using pk_sketch" in shown
    rest = shown[shown.index("One-Time Filter") :].split("CTE")[0]
    assert "never executed" in rest, "all centres are there and wait"
    assert "hnsw" not in shown.split("Settings:")[0]


def test_where_sketches_tell_too_little_all_are_compared(filled: Catalog, by_sketches, monkeypatch):
    """Few are taken, and the error is such that any other might be nearer."""
    monkeypatch.setattr(planning, "compared_after_sketches", lambda *_: 12)
    shown = explained(filled, f"query 2 {WIDE}")
    assert "never executed" not in shown[shown.index("One-Time Filter") :].split("CTE")[0]
    for number in range(QUERIES):
        assert clips(ask(filled, number)) == clips(exact(filled, f"query {number} {WIDE}"))


def test_what_sketches_show_of_flagged_shots_hides_no_others(
    filled: Catalog, by_sketches, monkeypatch
):
    monkeypatch.setattr(planning, "compared_after_sketches", lambda *_: 16)
    monkeypatch.setattr(looking, "SURE", 0.0)
    monkeypatch.setattr(sketched, "SURE", 0.0)
    near = clips(ask(filled, 3, limit=12))
    with filled.database.session() as session:
        session.execute(text("UPDATE clip SET flag = 'slate' WHERE id = ANY (:c)"), {"c": near})
    try:
        found = clips(ask(filled, 3))
        assert found == clips(exact(filled, f"query 3 {WIDE}"))
    finally:
        with filled.database.session() as session:
            session.execute(text("UPDATE clip SET flag = NULL WHERE id = ANY (:c)"), {"c": near})
    assert not set(found) & set(near)


def test_what_varies_beyond_the_basis_is_found(catalog: Catalog, by_sketches, monkeypatch):
    """Shots of another kind than those that the basis was made of: it is further off than known."""
    rng = np.random.default_rng(13)
    flat = library(rng)[:30]
    flat[..., DIMENSION // 2 :] *= 0.02
    other = library(rng)[:15]
    other[..., : DIMENSION // 2] *= 0.5
    other[..., : DIMENSION // 2] += 0.5 * flat[:1, :1, :1, : DIMENSION // 2]
    write(catalog, unit(flat))
    build_graphs(catalog.database)
    write(catalog, unit(other), first_asset=30)
    with catalog.database.session() as session:
        texts = [f"other {at}" for at in range(8)]
        vectors.save_phrases(session, 1, texts, unit(other)[:8, 3, 0])
        session.execute(text("UPDATE asset SET collection = 'other' WHERE name >= 'asset-030'"))
    build_graphs(catalog.database)
    assert counts(catalog) == {1: 45}, "of the same basis"
    monkeypatch.setattr(planning, "compared_after_sketches", lambda *_: 24)

    def missed() -> int:
        count = 0
        for query in texts:
            found = catalog.search(f"{query} collection:other", limit=10, all_=True)
            assert found.plan.kind == "sketches", found.plan.reason
            count += clips(found) != clips(exact(catalog, f"{query} collection:other"))
        return count

    assert missed() == 0
    with monkeypatch.context() as patch:
        patch.setattr(sketched, "SURE", 0.0)
        assert missed() > 0, "by the error of the basis alone"


def test_filters_that_ask_of_shots_take_another_way(filled: Catalog, by_sketches):
    assert filled.search("query 1 -roll:B", limit=10, all_=True).plan.kind != "sketches"


def counts(catalog: Catalog) -> dict[int | None, int]:
    with catalog.database.session() as session:
        rows = session.execute(text("SELECT basis_id, count(*) FROM sketch GROUP BY 1")).all()
    return dict(map(tuple, rows))


def test_all_is_found_while_sketches_lack_centres(catalog: Catalog, by_sketches):
    """New assets, changed ones, and those that went; then all are sketched again."""
    rows = library(np.random.default_rng(4))
    write(catalog, rows[:30])
    build_graphs(catalog.database)
    [basis] = counts(catalog)
    assert counts(catalog) == {basis: 30}
    write(catalog, rows[30:], first_asset=30)
    assert counts(catalog) == {basis: 30}, "the new ones have none yet"

    def same() -> None:
        for number in range(0, QUERIES, 3):
            assert clips(ask(catalog, number)) == clips(exact(catalog, f"query {number} {WIDE}"))

    same()
    with catalog.database.session() as session:
        [asset, clip, frame, vector] = session.execute(
            text("SELECT asset_id, clip_id, frame_id, vector FROM embedding ORDER BY 3 LIMIT 1")
        ).one()
        session.execute(text("DELETE FROM embedding WHERE frame_id = :f"), {"f": frame})
        claimed = [vectors.ClaimedFrame(frame, clip, asset, "x")]
        vectors.write_vectors(session, 1, claimed, -np.asarray(vector, np.float32)[None])
    assert counts(catalog) == {basis: 29, None: 1}, "its centres have changed"
    same()
    with catalog.database.session() as session:
        session.execute(text("DELETE FROM asset WHERE fingerprint = 'asset-005'"))
    assert counts(catalog) == {basis: 28, None: 1}
    same()
    build_graphs(catalog.database)
    assert sum(counts(catalog).values()) == ASSETS - 1
    assert None not in counts(catalog)
    same()


def test_sketches_that_all_have_changed_are_made_anew(catalog: Catalog, by_sketches):
    """As after an analysis of everything anew, which leaves as many centres as before."""
    write(catalog, library(np.random.default_rng(8))[:12])
    build_graphs(catalog.database)
    with catalog.database.session() as session:
        every = session.execute(text("SELECT array_agg(id) FROM clip")).scalar_one()
        session.execute(text("SELECT make_centres(1, :clips)"), {"clips": every})
        held = session.execute(text("SELECT count(clips) + count(vectors) FROM sketch"))
        assert held.scalar_one() == 0, "what serves nobody takes no room"
    assert counts(catalog) == {None: 12}
    build_graphs(catalog.database)
    assert counts(catalog) == {1: 12}
    assert clips(ask(catalog, 1)) == clips(exact(catalog, f"query 1 {WIDE}"))


def test_assets_without_centres_are_not_looked_for_in_each_search(catalog: Catalog, by_sketches):
    write(catalog, library(np.random.default_rng(9))[:12])
    with catalog.database.session() as session:
        session.execute(
            text(
                "INSERT INTO asset (fingerprint, size_bytes, name, kind) "
                "SELECT 'sound-' || n, 1, 'sound', 'audio' FROM generate_series(1, 5) n"
            )
        )
    build_graphs(catalog.database)
    with catalog.database.session() as session:
        assert sketches.lacking(session, 1, 1, 100) == 0
        empty = "SELECT count(*) FROM sketch WHERE basis_id = 1 AND clips = '{}'"
        assert session.execute(text(empty)).scalar_one() == 5
    assert clips(ask(catalog, 1)) == clips(exact(catalog, f"query 1 {WIDE}"))


def test_whoever_writes_unseen_is_waited_for(catalog: Catalog, by_sketches, monkeypatch):
    """A sketch that was made before its asset's last centres were seen would hide them."""
    rows = library(np.random.default_rng(5))
    write(catalog, rows[:20])
    wrote, go_on = threading.Event(), threading.Event()

    def writer() -> None:
        with catalog.database.session() as session:
            session.execute(text("UPDATE asset SET name = name WHERE fingerprint = 'asset-001'"))
            wrote.set()
            go_on.wait(30)

    thread = threading.Thread(target=writer)
    thread.start()
    try:
        assert wrote.wait(30)
        with monkeypatch.context() as patch:
            patch.setattr(making, "_PATIENCE_S", 0.0)
            build_graphs(catalog.database)
            assert list(counts(catalog)) == [-1], "announced, and not made"
            build_graphs(catalog.database)
            assert list(counts(catalog)) == [-1]
        assert catalog.search(f"query 1 {WIDE}", limit=10).plan.kind != "sketches"
        write(catalog, rows[20:26], first_asset=20)
    finally:
        go_on.set()
        thread.join()
    build_graphs(catalog.database)
    assert counts(catalog) == {1: 26}, "also what came after it was announced"


def test_a_library_that_has_grown_has_another_basis(catalog: Catalog, by_sketches):
    rows = library(np.random.default_rng(6))
    write(catalog, rows[:12])
    build_graphs(catalog.database)
    write(catalog, rows[12:14], first_asset=12)
    with catalog.database.session() as session:
        session.execute(text("UPDATE sketch_basis SET awaits = 1::bigint << 40"))
    build_graphs(catalog.database)
    assert counts(catalog) == {1: 14}, "what another server has announced is announced anew"
    write(catalog, rows[14:], first_asset=14)
    build_graphs(catalog.database)
    assert counts(catalog) == {2: ASSETS}
    with catalog.database.session() as session:
        assert session.execute(text("SELECT id FROM sketch_basis")).scalars().all() == [2]
    assert clips(ask(catalog, 1)) == clips(exact(catalog, f"query 1 {WIDE}"))


def test_sketches_go_with_their_encoder(catalog: Catalog, by_sketches):
    write(catalog, library(np.random.default_rng(7))[:20])
    with catalog.database.session() as session:
        other = vectors.add_encoder(
            session, name="null:32", dimension=32, precision="fp32", weights_digest="1"
        )
        session.execute(
            text(
                "INSERT INTO embedding (encoder_id, frame_id, clip_id, asset_id, vector) "
                "SELECT :e, frame_id, clip_id, asset_id, l2_normalize(subvector("
                "vector::vector, 1, 32))::halfvec FROM embedding WHERE encoder_id = 1"
            ),
            {"e": other.id},
        )
    build_graphs(catalog.database)
    assert sorted(counts(catalog).values()) == [20, 20]
    assert clips(ask(catalog, 2)) == clips(exact(catalog, f"query 2 {WIDE}"))
    catalog.encoder.remove("null:32")
    assert sorted(counts(catalog).values()) == [20]


def test_upkeep_ends_nothing_that_was_done(catalog: Catalog, by_sketches):
    """An asset that goes while it is announced, and a transaction that was in another's way."""
    write(catalog, library(np.random.default_rng(10))[:12])
    with catalog.database.session() as session:
        session.execute(text("DELETE FROM asset WHERE fingerprint = 'asset-003'"))
        thread = threading.Thread(target=build_graphs, args=(catalog.database,))
        thread.start()
        wait_for_lock(catalog)
    thread.join()
    assert counts(catalog) == {1: 11}

    write(catalog, library(np.random.default_rng(11))[:2], first_asset=12)
    ended = DatabaseConflictError("ended", remedy="again")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sketches, "announce", Mock(side_effect=ended))
        encoder = encoder_of(catalog)
        assert not making.keep_sketches(catalog.database, encoder, 1000)
        sketches.announce.assert_called_once()
    assert making.keep_sketches(catalog.database, encoder, 1000)


def test_writers_lock_sketches_in_order(catalog: Catalog, by_sketches):
    """Two who write of the same assets wait for each other at the first, and none is ended."""
    write(catalog, library(np.random.default_rng(12))[:12])
    build_graphs(catalog.database)
    marked = threading.Event()
    with catalog.database.session() as session:
        [first, *_, last] = session.execute(text("SELECT id FROM asset ORDER BY id")).scalars()
        # The first comes last in the table.
        moved = text("UPDATE sketch SET basis_id = basis_id WHERE asset_id = :a")
        session.execute(moved, {"a": first})
    with catalog.database.session() as session:
        lock = text("SELECT FROM sketch WHERE asset_id = :a FOR NO KEY UPDATE")
        session.execute(lock, {"a": first})

        def mark() -> None:
            with catalog.database.session() as other:
                # The last asset's clips first, as a plan may meet them.
                every = "SELECT make_centres(1, array_agg(id ORDER BY id DESC)) FROM clip"
                other.execute(text(every))
            marked.set()

        thread = threading.Thread(target=mark)
        thread.start()
        wait_for_lock(catalog)
        session.execute(lock, {"a": last})
    thread.join()
    assert marked.is_set()
    assert counts(catalog) == {None: 12}


def encoder_of(catalog: Catalog) -> vectors.EncoderRow:
    with catalog.database.session() as session:
        encoder = vectors.active_encoder(session)
    assert encoder is not None
    return encoder


def wait_for_lock(catalog: Catalog) -> None:
    """Until somebody waits for a row."""
    waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with catalog.database.session() as session:
            if session.execute(text(waits)).scalar_one():
                return
        time.sleep(0.02)
    raise AssertionError("nobody waits")
