"""Speech by workers: heard by one queue, recognised by another, and waiting for weights."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest
from conftest import EVERY_QUEUE, Service, age, beat, eventually
from sqlalchemy import text

from catalog import Catalog
from catalog.dispatch import SPEECH_QUEUE

JFK = Path(__file__).resolve().parents[2].parent / "shared" / "media" / "sound" / "speech_jfk.flac"
STAGE = "recognise"


def spoken(service: Service, count: int = 1) -> list[int]:
    """Sounds in which somebody speaks, registered."""
    if not JFK.exists():
        pytest.skip(f"no {JFK.name} among the shared sounds")
    ids = []
    for number in range(count):
        path = service.folder / f"speech{number}.flac"
        path.write_bytes(JFK.read_bytes() + bytes([number]))
        ids.append(service.catalog.register(path, dispatch=True).asset_id)
    return ids


def state(service: Service, asset_id: int) -> str | None:
    return service.stages(asset_id).get(STAGE, (None, 0))[0]


def handed_on(service: Service) -> bool:
    """Whether a message about speech waits, and the worker that sent it is done with its own.

    A worker is killed here, and what it had not acknowledged would be in flight for an hour.
    """
    waiting = service.catalog.dispatcher.waiting()
    return waiting.queues[SPEECH_QUEUE] > 0 and not waiting.in_flight


def at_rest(service: Service) -> bool:
    """Whether no message about speech waits, and no worker holds one."""
    waiting = service.catalog.dispatcher.waiting()
    return not waiting.in_flight and not waiting.queues[SPEECH_QUEUE]


def reason(catalog: Catalog) -> str:
    with catalog.database.connect() as connection:
        found = text("SELECT error_message FROM stage WHERE state = 'waiting'")
        return str(connection.execute(found).scalars().first())


def test_speech_waits_for_weights_and_holds_nothing_up(service: Service) -> None:
    (asset_id,) = spoken(service)
    with service.worker(queues="media"):
        eventually(lambda: state(service, asset_id) == "due", "it is listened to")
        eventually(lambda: handed_on(service), "it is sent")
    shown = service.catalog.show(asset_id)
    assert sum(end - start for start, end in shown["speaking"]) > 7
    with service.worker(queues="speech") as worker:
        eventually(lambda: state(service, asset_id) == "waiting", "it waits")
        eventually(lambda: at_rest(service), "nothing is tried again and again")
    assert "Task catalog.recognise" in worker.log
    assert "raised" not in worker.log, "what waits is no error"
    assert "not on this machine" in reason(service.catalog)
    assert service.catalog.jobs(failed=True) == []
    assert [clip for clip in shown["clips"] if clip["kind"] == "speech"] == []


def test_one_that_waits_is_sent_to_see_once_in_a_while(service: Service) -> None:
    catalog = service.catalog
    ids = spoken(service, 3)
    for asset_id in ids:
        catalog.analyse(asset_id, dispatch=True)
        assert not catalog.recognise_due(asset_id)
    assert [state(service, each) for each in ids] == ["waiting"] * 3
    service.redis.flushall()
    assert catalog.reconcile().sent[STAGE] == [], "they have only just begun to wait"
    with catalog.database.session() as session:
        session.execute(
            text("UPDATE stage SET retry_at = now() - interval '1 s' WHERE state = 'waiting'")
        )
    catalog.reconcile()
    assert sorted(state(service, each) for each in ids) == ["due", "waiting", "waiting"]
    age(catalog, 60)
    sent = catalog.reconcile().sent[STAGE]
    assert len(sent) == 1, "one goes to see for all"
    assert catalog.reconcile().sent[STAGE] == []


def test_what_waited_goes_on_by_itself(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that could be done has all others sent; here silence, which needs no weights."""
    catalog = service.catalog
    waiting, other = spoken(service, 2)
    for asset_id in (waiting, other):
        catalog.analyse(asset_id)
        with catalog.database.session() as session:
            session.execute(
                text("INSERT INTO stage (asset_id, name) VALUES (:a, 'recognise')"), {"a": asset_id}
            )
    assert not catalog.recognise_due(waiting)
    with catalog.database.session() as session:
        session.execute(text("UPDATE asset SET speaking = '{}' WHERE id = :a"), {"a": other})
    monkeypatch.setattr(catalog.recognisers, "missing", lambda: None)
    assert catalog.recognise_due(other)
    assert state(service, waiting) == "due"
    assert catalog.dispatcher.waiting().queues[SPEECH_QUEUE] == 1


def test_nothing_is_wanted_of_a_sound_in_which_nobody_speaks(service: Service) -> None:
    path = service.folder / "hush.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(bytes(64_000))
    asset_id = service.catalog.register(path, dispatch=True).asset_id
    with service.worker(*beat(service), queues=EVERY_QUEUE):
        eventually(lambda: service.stages(asset_id).get("analyse", ("",))[0] == "done", "analysed")
        eventually(service.no_messages, "every message is acknowledged")
    assert service.catalog.show(asset_id)["speaking"] == []
    assert STAGE not in service.stages(asset_id)
