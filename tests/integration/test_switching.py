"""From one encoder to another while the catalogue answers."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from own_databases import count_rows
from small_footage import still
from sqlalchemy import text

from catalog import Catalog
from catalog.encoders.null import COLOURS, NullEncoder
from catalog.errors import EncoderUnavailableError, InvalidInputError, NotFoundError
from catalog.ingest.encode import EncodeQueue
from catalog.maintain.switching import Switching
from catalog.search.wishes import Wishes
from catalog.store import filling, vectors


@pytest.fixture
def media(catalog: Catalog, tmp_path: Path) -> Path:
    for at, colour in enumerate(["red", "green", "blue", "white"]):
        still(tmp_path / "media" / f"{at}.png", colour, mark=at)
    catalog.ingest(tmp_path / "media")
    return tmp_path / "media"


def states(catalog: Catalog) -> dict[str, tuple[str, int, int]]:
    rows = catalog.encoder.list()
    return {row["name"]: (row["state"], row["vectors"], row["missing"]) for row in rows}


def tables(catalog: Catalog) -> set[str]:
    found = catalog.sql(
        "SELECT relname FROM pg_class WHERE relname ~ '^(embedding|centre)_[0-9]+$'"
    )
    return {name for (name,) in found.rows}


def test_an_added_encoder_is_filled_while_the_old_one_answers(catalog: Catalog, media: Path):
    body = catalog.encoder.add("null:32")
    assert (body["state"], body["missing"], body["told"]) == ("filling", 4, False)
    assert catalog.encoder.add("null:32") == body
    assert states(catalog) == {"null:64": ("active", 4, 0), "null:32": ("filling", 0, 4)}
    assert catalog.search("red").encoder == "null:64"
    # What comes meanwhile gets vectors of both; what was there waits for the backfill.
    still(media / "new.png", "yellow", mark=9)
    assert catalog.ingest(media).frames == 1
    assert states(catalog) == {"null:64": ("active", 5, 0), "null:32": ("filling", 1, 4)}
    assert catalog.encoder.backfill() == {"encoded": {"null:32": 4}}
    row = catalog.encoder.list()[1]
    assert (row["missing"], row["rate"], row["left_s"]) == (0, None, None)
    assert catalog.search("red").encoder == "null:64"
    assert catalog.encoder.activate("null:32")["encoded"] == 0
    assert states(catalog) == {"null:64": ("kept", 5, 0), "null:32": ("active", 5, 0)}


def test_workers_drains_fill_after_what_is_fresh(catalog: Catalog, media: Path, monkeypatch):
    catalog.encoder.add("null:32")
    file = still(media / "new.png", "yellow", mark=9)
    catalog.analyse(catalog.register(file).asset_id)
    order = []
    real = NullEncoder.encode_images

    def noting(self, pictures):
        order.append((self.dimension, len(pictures)))
        return real(self, pictures)

    monkeypatch.setattr(NullEncoder, "encode_images", noting)
    assert catalog.encode().vectors == 6
    assert order == [(64, 1), (32, 5)]
    assert states(catalog)["null:32"] == ("filling", 5, 0)
    assert [row["stage"] for row in catalog.jobs()] == []


def test_what_is_fresh_interrupts_a_backfill(catalog: Catalog, media: Path, monkeypatch):
    catalog.encoder.add("null:32")
    small = {**EncodeQueue.drain.__kwdefaults__, "batch": 1}
    monkeypatch.setattr(EncodeQueue.drain, "__kwdefaults__", small)
    monkeypatch.setattr("catalog.ingest.turns._PATIENCE_S", 0.0)
    fresh = catalog.register(still(media / "new.png", "yellow", mark=9)).asset_id
    real, order = NullEncoder.encode_images, []

    def coming(self, pictures):
        order.append(self.dimension)
        if len(order) == 2:
            catalog.analyse(fresh)
        return real(self, pictures)

    monkeypatch.setattr(NullEncoder, "encode_images", coming)
    assert catalog.encode().vectors == 6
    assert order == [32, 32, 64, 32, 32, 32]


def test_rate_and_time_left_are_of_all_who_work(catalog: Catalog, media: Path):
    catalog.encoder.add("null:32")
    with catalog.database.session() as session:
        session.execute(
            text("UPDATE encoder SET filling_since = now() - interval '1 hour', problem = 'no'"
                 " WHERE name = 'null:32'")
        )  # fmt: skip
        session.execute(
            text("INSERT INTO encoder_pace SELECT id, date_trunc('minute', now()) - '2 min'"
                 "::interval, 1200 FROM encoder WHERE name = 'null:32'")
        )  # fmt: skip
    row = catalog.encoder.list()[1]
    assert 1200 / 190 < row["rate"] <= 10
    assert row["left_s"] in (0, 1)
    assert row["problem"] == "no"
    with catalog.database.session() as session:
        found = vectors.find_encoder(session, "null:32")
        filling.note_pace(session, found.id, 5)
    assert catalog.encoder.list()[1]["problem"] is None


def test_an_encoder_that_cannot_be_loaded_holds_nobody_up(
    catalog: Catalog, media: Path, monkeypatch
):
    for name in ("null:16", "null:32"):
        catalog.encoder.add(name)
    catalog._encoders.forget("null:16")
    real = catalog._encoders._load_spec

    def load(name):
        if name == "null:16":
            raise EncoderUnavailableError("The weights are on another machine.")
        return real(name)

    monkeypatch.setattr(catalog._encoders, "_load_spec", load)
    fresh = catalog.register(still(media / "new.png", "yellow", mark=9)).asset_id
    catalog.analyse(fresh)
    with pytest.raises(EncoderUnavailableError, match="on another machine"):
        catalog.encode()
    assert states(catalog) == {
        "null:64": ("active", 5, 0), "null:16": ("filling", 0, 5), "null:32": ("filling", 5, 0)
    }  # fmt: skip
    assert catalog.encoder.list()[1]["problem"] == "The weights are on another machine."
    still(media / "newer.png", "black", mark=8)
    report = catalog.ingest(media)
    assert (report.frames, report.failed) == (1, 0)
    assert [(each.path, each.code) for each in report.warnings] == [
        ("null:16", "encoder_unavailable")
    ]


def test_the_switch_hides_no_frame(catalog: Catalog, media: Path, monkeypatch):
    """A frame that the old encoder gets at the last moment is waited for."""
    catalog.encoder.add("null:32")
    real, done = Switching._carry_phrases, []

    def late(self, row):
        real(self, row)
        # Ingested by a process that was begun before, and knows nothing of the new one.
        with monkeypatch.context() as blind:
            blind.setattr("catalog.ingest.pipeline.Ingest._fill_others", lambda *_: None)
            still(media / "late.png", "yellow", mark=7)
            catalog.ingest(media / "late.png")
        done.append(states(catalog)["null:32"])

    monkeypatch.setattr(Switching, "_carry_phrases", late)
    assert catalog.encoder.activate("null:32")["encoded"] == 5
    assert done == [("filling", 4, 1)]
    assert states(catalog)["null:32"] == ("active", 5, 0)


def test_phrases_that_sql_knows_are_known_after_the_switch(catalog: Catalog, media: Path):
    catalog.phrases(["a red car", "blue"])
    catalog.encoder.activate("null:32")
    with catalog.database.connect() as connection:
        found = connection.execute(text("SELECT vector_dims(catalog.phrase('a red car'))"))
        assert found.scalar_one() == 32


def test_a_removed_encoder_leaves_nothing(catalog: Catalog, media: Path):
    catalog.search("red")
    catalog.encoder.activate("null:32")
    before = tables(catalog)
    body = catalog.encoder.remove("null")  # in whatever spelling
    assert (body["name"], body["vectors"]) == ("null:64", 4)
    assert body["bytes"] > 0
    assert {name for name in before if not name.endswith("_1")} == tables(catalog)
    counts = "SELECT count(*) FROM catalog.{} WHERE encoder_id = 1"
    for table in ("phrase", "calibration", "centre", "embedding"):
        assert catalog.sql(counts.format(table)).rows == [(0,)]
    assert states(catalog) == {"null:32": ("active", 4, 0)}
    assert catalog.search("red").hits[0].asset["name"] == "0.png"
    with pytest.raises(InvalidInputError, match="answers searches"):
        catalog.encoder.remove("null:32")
    with pytest.raises(NotFoundError, match=r"has no encoder 'null:64'; it has null:32\."):
        catalog.encoder.remove("null:64")
    assert catalog.encoder.activate("null:64")["encoded"] == 4  # and comes back as a new one


def test_a_search_whose_encoder_goes_meanwhile_is_asked_again(
    catalog: Catalog, media: Path, monkeypatch
):
    real, gone = Wishes.of, []

    def overtaken(self, *asked):
        found = real(self, *asked)
        if not gone:
            gone.append(found.encoder.name)
            with Catalog.open(catalog.settings) as other:
                other.encoder.activate("null:32")
                other.encoder.remove("null:64")
        return found

    monkeypatch.setattr(Wishes, "of", overtaken)
    result = catalog.search("red")
    assert gone == ["null:64"]
    assert result.encoder == "null:32"
    assert result.hits[0].asset["name"] == "0.png"


def test_removal_waits_for_a_batch_and_ends_the_backfill(
    catalog: Catalog, media: Path, monkeypatch
):
    small = {**EncodeQueue.drain.__kwdefaults__, "batch": 1}
    monkeypatch.setattr(EncodeQueue.drain, "__kwdefaults__", small)
    catalog.encoder.add("null:32")
    real, removed = NullEncoder.encode_images, []
    with Catalog.open(catalog.settings) as other, ThreadPoolExecutor(1) as pool:

        def slow(self, pictures):
            if not removed:
                removed.append(pool.submit(other.encoder.remove, "null:32"))
                # Of this database: other tests have theirs on the same server.
                waits = """SELECT FROM pg_locks WHERE NOT granted AND locktype = 'advisory' AND
                    database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
                with other.database.connect() as connection:
                    while not connection.execute(text(waits)).rowcount:
                        assert not removed[0].done(), removed[0].result()
            return real(self, pictures)

        monkeypatch.setattr(NullEncoder, "encode_images", slow)
        assert catalog.encoder.backfill("null:32") == {"encoded": {"null:32": 1}}
        assert removed[0].result()["vectors"] == 1
    assert states(catalog) == {"null:64": ("active", 4, 0)}


def test_an_ingest_whose_encoder_is_replaced_and_removed_ends_well(
    catalog: Catalog, media: Path, monkeypatch
):
    real, done = NullEncoder.encode_images, []

    def overtaken(self, pictures):
        if self.dimension == 64 and not done:
            done.append(True)
            with Catalog.open(catalog.settings) as other:
                other.encoder.activate("null:32")
                other.encoder.remove("null:64")
        return real(self, pictures)

    monkeypatch.setattr(NullEncoder, "encode_images", overtaken)
    still(media / "new.png", "yellow", mark=9)
    report = catalog.ingest(media / "new.png")
    assert (report.ready, report.failed) == (1, 0)
    assert states(catalog) == {"null:32": ("active", 5, 0)}


def test_the_same_queries_are_put_to_both(catalog: Catalog, media: Path):
    catalog.encoder.add("null:32")
    with pytest.raises(InvalidInputError, match="No frame has a vector under both"):
        catalog.encoder.compare("null:64", "null:32")
    catalog.encoder.backfill()
    with pytest.raises(InvalidInputError, match="There are no queries"):
        catalog.encoder.compare("null:64", "null:32")
    body = catalog.encoder.compare("null:64", "null:32", queries=["red", "blue", " red "], limit=2)
    assert body["frames"] == {"compared": 4, "all": 4}
    assert body["source"] == "given"
    assert [each["dimension"] for each in body["encoders"]] == [64, 32]
    assert {row["query"] for row in body["queries"]} == {"red", "blue"}
    assert body["same_first"] == 1.0
    firsts = {row["query"]: [each["asset"] for each in row["first"]] for row in body["queries"]}
    assert firsts == {"red": ["0.png"] * 2, "blue": ["2.png"] * 2}
    by_hand = [row["overlap"] for row in body["queries"]]
    assert body["overlap"] == pytest.approx(sum(by_hand) / 2)
    # Now they are known, and so is what people wrote.
    assert catalog.encoder.compare("null:64", "null:32")["source"] == "asked before"
    with pytest.raises(InvalidInputError, match="compared with itself"):
        catalog.encoder.compare("null", "null:64")
    with pytest.raises(NotFoundError, match="has no encoder 'null:8'"):
        catalog.encoder.compare("null:64", "null:8")


def test_switch_under_load(catalog: Catalog, tmp_path: Path):
    """Eight search while an encoder is filled, takes over, and the first goes: all are answered."""
    folder = tmp_path / "many"
    names = [name for name in COLOURS if name != "black"]
    for at in range(60):
        still(folder / f"{names[at % len(names)]}-{at}.png", names[at % len(names)], mark=at)
    catalog.ingest(folder)
    count_rows(catalog)
    over, first = threading.Event(), threading.Barrier(9, timeout=240)
    answered: list[str] = []

    def client(number: int) -> None:
        asked, begun = 0, False
        while not over.is_set():
            colour = names[(number + asked) % len(names)]
            result = catalog.search(colour, limit=5)
            assert result.hits
            assert result.hits[0].asset["name"].startswith(colour)
            answered.append(str(result.encoder))
            if not begun:
                first.wait()
            asked, begun = asked + 1, True

    with ThreadPoolExecutor(8) as pool, Catalog.open(catalog.settings) as admin:
        clients = [pool.submit(client, number) for number in range(8)]
        first.wait()
        try:
            admin.encoder.add("null:32")
            admin.encoder.backfill("null:32")
            admin.encoder.activate("null:32")
            admin.encoder.remove("null:64")
            last = catalog.search("red").encoder
        finally:
            over.set()
        for each in clients:
            each.result()
    assert last == "null:32"
    assert answered.count("null:64") >= 8
    assert states(catalog) == {"null:32": ("active", 60, 0)}


def test_a_model_that_answered_before_is_let_go(catalog: Catalog, media: Path):
    with Catalog.open(catalog.settings) as other:
        other.encode()
        other.search("a text that is new")
        other.encoder.activate("null:32")
        held = {*other._encoders._loaded, *other._encoders._untried}
        assert held >= {"null:64", "null:32"}
        still(media / "new.png", "yellow", mark=9)
        other.ingest(media / "new.png")
        assert "null:64" not in {*other._encoders._loaded, *other._encoders._untried}
        assert other.search("yellow").encoder == "null:32"
