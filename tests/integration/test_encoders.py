"""Encoders of a catalogue: the second one, the switch, and a switch broken off."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from small_footage import still

from catalog import Catalog
from catalog.domain.actor import Actor
from catalog.encoders.null import NullEncoder
from catalog.errors import EncoderUnavailableError, InvalidInputError, UnknownEncoderError
from catalog.ingest.encode import EncodeQueue

MANY = 60


@pytest.fixture
def media(catalog: Catalog, tmp_path: Path) -> Path:
    for at, colour in enumerate(["red", "green", "blue", "white"]):
        still(tmp_path / "media" / f"{at}.png", colour, mark=at)
    catalog.ingest(tmp_path / "media")
    return tmp_path / "media"


def vectors(catalog: Catalog) -> dict[str, int]:
    return {row["name"]: row["vectors"] for row in catalog.encoder.list()}


def test_the_first_encoder_is_active_and_has_its_partitions(catalog: Catalog, media: Path):
    assert catalog.encoder.list() == [
        {"name": "null:64", "state": "active", "dimension": 64, "precision": "fp32",
         "weights": NullEncoder(64).weights_digest, "active": True, "vectors": 4, "missing": 0,
         "speech": {"vectors": 0, "missing": 0}, "rate": None, "left_s": None, "problem": None}
    ]  # fmt: skip
    assert catalog.sql("SELECT count(*) FROM catalog.centre WHERE encoder_id = 1").rows == [(4,)]


def test_a_second_encoder_of_another_dimension_takes_over_once_it_is_complete(
    catalog: Catalog, media: Path
):
    before = catalog.search("red").hits[0]
    body = catalog.encoder.activate("null:32")
    assert body == {"name": "null:32", "active": True, "encoded": 4}
    assert vectors(catalog) == {"null:64": 4, "null:32": 4}
    result = catalog.search("red")
    assert result.encoder == "null:32"
    assert result.hits[0].asset == before.asset
    assert result.hits[0].cosine != before.cosine
    assert catalog.ingest(media).frames == 0
    still(media / "new.png", "yellow", mark=9)
    assert catalog.ingest(media).frames == 1
    assert vectors(catalog) == {"null:64": 4, "null:32": 5}
    assert catalog.encoder.activate("null:64")["encoded"] == 1
    assert catalog.encoder.activate("null:64")["encoded"] == 0
    assert [row["active"] for row in catalog.encoder.list()] == [True, False]


def test_a_switch_broken_off_leaves_the_old_one_answering_and_goes_on_later(
    catalog: Catalog, media: Path, monkeypatch
):
    small = {**EncodeQueue.drain.__kwdefaults__, "batch": 1}
    monkeypatch.setattr(EncodeQueue.drain, "__kwdefaults__", small)
    real, calls = NullEncoder.encode_images, []

    def breaks(self, pictures):
        calls.append(len(pictures))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(self, pictures)

    monkeypatch.setattr(NullEncoder, "encode_images", breaks)
    with pytest.raises(KeyboardInterrupt):
        catalog.encoder.activate("null:32")
    assert catalog.search("red").encoder == "null:64"
    assert vectors(catalog) == {"null:64": 4, "null:32": 2}
    assert [row["active"] for row in catalog.encoder.list()] == [True, False]
    assert catalog.encoder.activate("null:32")["encoded"] == 2


def test_unknown_encoders_and_other_weights_are_refused(catalog: Catalog, media: Path, monkeypatch):
    for name in ("", "no-such-model/at-all", "null:0", "null:x", "\udcff", "a\0b"):
        with pytest.raises(UnknownEncoderError):
            catalog.encoder.activate(name)
    with pytest.raises(InvalidInputError, match="4000"):
        catalog.encoder.activate("null:4001")
    assert catalog.search("red").encoder == "null:64"
    with Catalog.open(catalog.settings) as other:
        changed = NullEncoder(64)
        changed.weights_digest = "f" * 32
        monkeypatch.setattr(other._encoders, "_load_spec", lambda name: changed)
        still(media / "later.png", mark=5)
        with pytest.raises(EncoderUnavailableError, match="not those this catalogue"):
            other.ingest(media)


def test_a_lost_picture_keeps_a_new_encoder_from_answering(catalog: Catalog, media: Path):
    Path(catalog.show("0.png")["clips"][0]["frame"]["picture"]).unlink()
    with pytest.raises(EncoderUnavailableError, match="was not activated"):
        catalog.encoder.activate("null:32")
    assert catalog.search("red").encoder == "null:64"


def test_two_drains_at_once_share_the_frames(catalog: Catalog, tmp_path: Path, monkeypatch):
    """Both have claimed before either writes: no frame is encoded twice, none is left."""
    folder = tmp_path / "many"
    for at in range(MANY):
        still(folder / f"{at}.png", (at, 0, 255 - at), mark=at)
    catalog.ingest(folder)
    real, seen = NullEncoder.encode_images, []
    both = threading.Barrier(2, timeout=240)

    def together(self, pictures):
        first = threading.current_thread() not in {thread for thread, _ in seen}
        seen.append((threading.current_thread(), len(pictures)))
        if first:
            both.wait()
        return real(self, pictures)

    monkeypatch.setattr(NullEncoder, "encode_images", together)
    done: list[dict] = []
    with Catalog.open(catalog.settings) as other:
        encoder, row = other._encoders.load("null:32"), other._encoders.entered(NullEncoder(32))

        def drain(opened: Catalog) -> None:
            done.append(EncodeQueue(opened.database, opened.store, encoder, row.id).drain(batch=10))

        threads = [threading.Thread(target=drain, args=(opened,)) for opened in (catalog, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sum(written for written, _ in done) == MANY
    assert sum(count for _, count in seen) == MANY
    assert vectors(catalog)["null:32"] == MANY


def test_what_becomes_of_encoders_is_in_the_trail(catalog: Catalog, media: Path):
    assert catalog.ingest(media).failures == []
    boss = catalog.seen_by(Actor("boss"))
    boss.encoder.add("null:32")
    boss.encoder.backfill("null:32")
    boss.encoder.activate("null:32")
    boss.encoder.activate("null:32")  # it answers already: nothing changes
    boss.encoder.remove("null:64")
    trail = [(e["actor"], e["action"], e["details"]) for e in catalog.audit()["entries"]]
    assert [each for each in trail if each[1].startswith("encoder.")] == [
        ("boss", "encoder.remove", {"encoder": "null:64", "vectors": 4}),
        ("boss", "encoder.activate", {"encoder": "null:32", "before": "null:64"}),
        ("boss", "encoder.backfill", {"encoder": "null:32", "frames": 4}),
        ("boss", "encoder.add", {"encoder": "null:32"}),
    ]
