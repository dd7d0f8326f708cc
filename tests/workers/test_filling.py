"""A second encoder, filled by workers behind what is fresh."""

from __future__ import annotations

from typing import Any

from conftest import Service, eventually, waits_for_a_lock
from sqlalchemy import text

from catalog.dispatch import ENCODE_QUEUE
from catalog.dispatch.names import BACKFILL


def encoders(service: Service) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in service.catalog.encoder.list()}


def test_workers_fill_an_added_encoder_and_one_that_is_killed_over_it_is_made_up_for(
    service: Service,
) -> None:
    catalog = service.catalog
    catalog.ingest(*(service.footage(f"{c}.mp4", c) for c in ("red", "green", "blue")))
    body = catalog.encoder.add("null:32")
    assert (body["missing"], body["told"]) == (3, True)
    assert catalog.dispatcher.waiting().queues[ENCODE_QUEUE] == 1
    (behind,) = service.redis.keys(f"{ENCODE_QUEUE}*{BACKFILL}")
    assert service.redis.llen(behind) == 1, "it waits behind what is fresh"
    # Nobody can write a vector, so the worker dies in the middle of its batch.
    with catalog.database.engine.connect() as connection:
        connection.execute(text("LOCK TABLE catalog.embedding IN SHARE MODE"))
        with service.worker(queues="encode") as worker:
            eventually(
                lambda: waits_for_a_lock(catalog, "RowExclusiveLock"),
                "the worker wants to write its vectors",
            )
            worker.kill()
    assert encoders(service)["null:32"]["vectors"] == 0
    service.redis.flushall()
    assert catalog.reconcile().encode, "the message is lost, and what it said is still true"
    with service.worker():
        eventually(lambda: encoders(service)["null:32"]["missing"] == 0, "it is complete")
        assert catalog.search("red").encoder == "null:64"
        fresh = catalog.register(service.footage("white.mp4", "white"), dispatch=True).asset_id
        eventually(lambda: service.is_ready(fresh), "the new one is searchable")
        eventually(lambda: encoders(service)["null:32"]["vectors"] == 4, "and has both vectors")
        assert encoders(service)["null:64"]["vectors"] == 4
        catalog.encoder.activate("null:32")
        assert catalog.encoder.remove("null:64")["vectors"] == 4
        yellow = catalog.register(service.footage("yellow.mp4", "yellow"), dispatch=True).asset_id
        eventually(lambda: service.is_ready(yellow), "workers go on with the one that answers")
    assert encoders(service)["null:32"]["vectors"] == 5
    assert not catalog.reconcile().encode
