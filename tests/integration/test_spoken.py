"""Vectors of spoken lines: the queue, and encoders that come and go."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from small_footage import sound, video
from sqlalchemy import text

from catalog import Catalog
from catalog.domain.everyday import SENTENCES
from catalog.encoders.null import NullEncoder
from catalog.ingest.encode_speech import SpeechQueue
from catalog.settings import Settings
from catalog.store import spoken


@pytest.fixture
def media(catalog: Catalog, tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    video(folder / "news.mp4", ("red", "green"))
    (folder / "news.srt").write_text(
        "1\n00:00:00,100 --> 00:00:00,900\nGood evening\n\n"
        "2\n00:00:01,100 --> 00:00:01,900\nand good night\n",
        encoding="utf-8",
    )
    catalog.ingest(folder)
    return folder


def counts(catalog: Catalog) -> dict[str, tuple[int, int]]:
    rows = catalog.encoder.list()
    return {r["name"]: (r["speech"]["vectors"], r["speech"]["missing"]) for r in rows}


def change(catalog: Catalog, statement: str, **values: object) -> None:
    with catalog.database.session() as session:
        session.execute(text(statement), values)


def test_an_ingest_leaves_no_line_without_its_vector(catalog: Catalog, media: Path):
    assert counts(catalog) == {"null:64": (2, 0)}
    [asset] = catalog.assets()["assets"]
    assert asset["state"] == "ready"
    rows = catalog.sql("SELECT text FROM catalog.phrase WHERE encoder_id = 1").rows
    assert {row[0] for row in rows} == set(SENTENCES)


def test_a_line_that_comes_later_is_encoded_by_the_next_ingest(catalog: Catalog, media: Path):
    (media / "news.de.srt").write_text("1\n00:00:00,100 --> 00:00:00,900\nGuten Abend\n")
    report = catalog.ingest(media)
    assert (report.frames, report.ready) == (0, 1)
    assert counts(catalog) == {"null:64": (3, 0)}


def test_a_line_whose_text_changes_is_encoded_anew(catalog: Catalog, media: Path):
    change(catalog, "UPDATE clip SET text = 'Good morning' WHERE text = 'Good evening'")
    assert counts(catalog) == {"null:64": (1, 1)}
    assert catalog.encode().vectors == 1
    query = "SELECT embedding::text FROM catalog.speech WHERE text = 'Good morning'"
    [(vector,)] = catalog.sql(query).rows
    made = NullEncoder(64).encode_texts(["Good morning"])[0]
    assert [float(n) for n in vector[1:-1].split(",")] == pytest.approx(list(made), abs=0.001)


def test_a_change_of_anything_else_keeps_the_vector(catalog: Catalog, media: Path):
    change(catalog, "UPDATE clip SET language = 'en', text = text WHERE kind = 'speech'")
    assert counts(catalog) == {"null:64": (2, 0)}


def test_vectors_go_with_their_lines(catalog: Catalog, media: Path):
    (media / "news.srt").unlink()
    catalog.ingest(media)
    assert counts(catalog) == {"null:64": (0, 0)}


def test_speech_without_words_waits_for_nothing(catalog: Catalog, media: Path):
    for words in (None, "", " \n"):
        change(
            catalog,
            "INSERT INTO clip (asset_id, kind, start_pts, end_pts, text) "
            "SELECT id, 'speech', 0, 5, :words FROM asset",
            words=words,
        )
    assert counts(catalog) == {"null:64": (2, 0)}
    assert catalog.encode().vectors == 0


def test_two_drains_at_once_write_each_line_once(catalog: Catalog, media: Path):
    change(
        catalog,
        "INSERT INTO clip (asset_id, kind, start_pts, end_pts, text) "
        "SELECT id, 'speech', n, n + 1, 'line ' || n FROM asset, generate_series(1, 1500) n",
    )
    queues = [SpeechQueue(catalog.database, NullEncoder(64), 1) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        written = list(pool.map(lambda queue: queue.drain(wait=True), queues))
    assert sum(written) == 1500
    assert counts(catalog) == {"null:64": (1502, 0)}


def test_a_second_encoder_is_complete_only_with_its_lines(catalog: Catalog, media: Path):
    assert catalog.encoder.add("null:32")["speech"] == {"vectors": 0, "missing": 2}
    body = catalog.encoder.activate("null:32")
    assert body == {"name": "null:32", "active": True, "encoded": 4}
    assert counts(catalog) == {"null:64": (2, 0), "null:32": (2, 0)}
    hits = catalog.search("Good evening").hits
    assert [h.said["text"] for h in hits if h.said and h.said["rank"]] == ["Good evening"]
    removed = catalog.encoder.remove("null:64")
    assert removed["vectors"] == 4
    assert counts(catalog) == {"null:32": (2, 0)}


def test_a_backfill_counts_lines_and_can_be_broken_off(catalog: Catalog, media: Path):
    catalog.encoder.add("null:32")
    encoder, row = NullEncoder(32), 2
    with catalog.database.session() as session:
        [line] = spoken.claim_lines(session, row, limit=1)
        spoken.write_vectors(session, row, [line], encoder.encode_texts([line.text]))
    assert catalog.encoder.backfill()["encoded"] == {"null:32": 3}
    assert counts(catalog)["null:32"] == (2, 0)


def test_a_sound_alone_has_its_lines_encoded(catalog: Catalog, tmp_path: Path):
    sound(tmp_path / "talk.wav", seconds=2)
    (tmp_path / "talk.srt").write_text("1\n00:00:00,100 --> 00:00:00,900\nHello\n")
    report = catalog.ingest(tmp_path / "talk.wav")
    assert (report.ready, report.warnings) == (1, [])
    assert counts(catalog) == {"null:64": (1, 0)}


def test_a_backup_brings_them_back(
    catalog: Catalog, media: Path, tmp_path: Path, empty_database_url: str
):
    query = "SELECT text, embedding::text FROM catalog.speech ORDER BY 1"
    before = catalog.sql(query).rows
    assert len(before) == 2
    catalog.backup(tmp_path / "all.backup")
    target = Settings(home=tmp_path / "other", database_url=empty_database_url, encoder="null")
    Catalog.open(target).close()
    Catalog.restore(tmp_path / "all.backup", target)
    with Catalog.open(target) as again:
        assert again.sql(query).rows == before
        assert counts(again) == {"null:64": (2, 0)}
