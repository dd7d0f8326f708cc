"""Dispatchers: both implementations, what is sent, when, and what happens if it cannot be."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from celery import Celery
from conftest import Service, footage
from sqlalchemy import text

from catalog import Catalog
from catalog.dispatch import ENCODE_QUEUE, Dispatcher, NoDispatcher, dispatcher_for
from catalog.dispatch.celery_app import celery_settings
from catalog.dispatch.celery_sender import CeleryDispatcher
from catalog.errors import (
    AssetBusyError,
    BrokerUnavailableError,
    InvalidSettingError,
    NotFoundError,
    WorkersLostError,
)
from catalog.settings import Settings
from catalog.store import stages
from catalog.store.locks import asset_lock

NOBODY = "redis://:secret@127.0.0.1:1/0"


@pytest.fixture(params=["no broker", "broker away", "broker there"])
def dispatcher(request: pytest.FixtureRequest) -> Dispatcher:
    if request.param == "no broker":
        return NoDispatcher()
    if request.param == "broker away":
        return CeleryDispatcher(NOBODY)
    server = request.getfixturevalue("redis_server")
    return CeleryDispatcher(f"redis+socket://{server.socket_file}")


@pytest.mark.parametrize("message", ["analyse", "encode"])
def test_a_dispatcher_sends_or_says_that_it_cannot(
    dispatcher: Dispatcher, message: str, request: pytest.FixtureRequest
) -> None:
    expected = nullcontext()
    if "broker there" not in request.node.name:
        expected = pytest.raises(BrokerUnavailableError)
    with expected as caught:
        dispatcher.analyse(7) if message == "analyse" else dispatcher.encode()
    if caught is not None:
        assert caught.value.exit_code == 3
        assert caught.value.retryable
        assert "CATALOG_BROKER_URL" in caught.value.remedy
        assert "secret" not in str(caught.value)
    dispatcher.close()
    dispatcher.close()


def test_a_message_holds_an_id_and_nothing_else(service: Service) -> None:
    service.catalog.dispatcher.analyse(7)
    (raw,) = service.redis.lrange("media", 0, -1)
    message = json.loads(raw)
    assert message["headers"]["task"] == "catalog.analyse"
    assert message["content-type"] == "application/json"
    assert message["headers"]["argsrepr"] == "(7,)"
    assert service.redis.llen("encode") == 0


def test_one_message_to_encode_does_for_all_that_were_analysed(service: Service) -> None:
    for number in range(3):
        path = service.footage(f"{number}.mp4", "red", 5 + number)
        service.catalog.analyse(service.catalog.register(path).asset_id, dispatch=True)
    assert service.redis.llen("encode") == 1
    service.catalog.dispatcher.encode(backfill=True)
    service.redis.delete("encode")
    service.catalog.dispatcher.encode()
    assert service.redis.llen("encode") == 1, "a backfill that waits is no reason to wait with it"


class Eavesdropper:
    """Looks, when it is told of an asset, whether others can see it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.seen: list[tuple[int, int]] = []

    def analyse(self, asset_id: int, *, backfill: bool = False) -> None:
        with Catalog.open(self._settings) as other, other.database.connect() as connection:
            found = connection.execute(
                text("SELECT count(*) FROM stage WHERE asset_id = :id"), {"id": asset_id}
            )
            self.seen.append((asset_id, found.scalar_one()))

    def encode(self, *, backfill: bool = False) -> None:
        self.seen.append((0, 0))

    def proxy(self, asset_id: int) -> None:
        raise AssertionError(f"nobody asked for the proxy of asset {asset_id}")

    def recognise(self, asset_id: int) -> None:
        raise AssertionError(f"asset {asset_id} has no sound in which somebody could speak")

    def sound(self, asset_id: int) -> None:
        raise AssertionError(f"asset {asset_id} has no sound to listen to")

    def close(self) -> None:
        pass


def test_messages_are_sent_after_the_commit_and_only_for_what_is_due(
    settings: Settings, tmp_path: Path
) -> None:
    path = footage(tmp_path / "red.mp4", "red")
    listener = Eavesdropper(settings)
    with Catalog.open(settings) as opened:
        catalog = Catalog(settings, opened.database, opened.store, dispatcher=listener)
        asset_id = catalog.register(path, dispatch=True).asset_id
        assert listener.seen == [(asset_id, 1)]
        again = catalog.register(path, dispatch=True)
        assert (again.asset_id, again.new) == (asset_id, False)
        assert len(listener.seen) == 2, "still due, so sent again"
        catalog.register(path)
        assert len(listener.seen) == 2, "nothing is sent unasked"
        assert catalog.analyse(asset_id) is not None
        catalog.register(path, dispatch=True)
        assert len(listener.seen) == 2, "no longer due"
        # Who analysed it may have died before it told anyone.
        assert catalog.analyse(asset_id, dispatch=True) is None
        assert listener.seen[2:] == [(0, 0)]


@pytest.mark.parametrize("url", [None, NOBODY])
def test_without_a_broker_the_file_stays_registered_and_due(
    settings: Settings, tmp_path: Path, url: str | None
) -> None:
    path = footage(tmp_path / "red.mp4", "red")
    with Catalog.open(replace(settings, broker_url=url)) as catalog:
        with pytest.raises(BrokerUnavailableError) as caught:
            catalog.register(path, dispatch=True)
        assert caught.value.exit_code == 3
        (job,) = catalog.jobs()
        assert (job["asset"], job["state"]) == ("red.mp4", "due")
        assert catalog.ingest(path).ready == 1, "it can still be done here and now"


@pytest.mark.parametrize("url", ["nonsense", "amqp://u:secret@host", "http://[secret"])
def test_a_broker_that_is_no_redis_is_a_wrong_setting(settings: Settings, url: str) -> None:
    with pytest.raises(InvalidSettingError) as caught:
        dispatcher_for(replace(settings, broker_url=url))
    assert "secret" not in str(caught.value)


def test_steps_one_by_one_equal_an_ingest(settings: Settings, tmp_path: Path) -> None:
    with Catalog.open(settings) as catalog:
        ids = {
            colour: catalog.register(footage(tmp_path / f"{colour}.mp4", colour)).asset_id
            for colour in ("red", "blue")
        }
        assert catalog.encode().vectors == 0, "nothing is analysed yet"
        for asset_id in ids.values():
            assert catalog.analyse(asset_id).frames == 1
            assert catalog.analyse(asset_id) is None
        assert catalog.encode().vectors == 2
        assert catalog.encode().vectors == 0
        assert catalog.search("blue").hits[0].asset["id"] == ids["blue"]
        assert catalog.jobs() == []


def test_encode_fails_an_asset_once_and_goes_on(settings: Settings, tmp_path: Path) -> None:
    with Catalog.open(settings) as catalog:
        first, second = (
            catalog.register(footage(tmp_path / f"{colour}.mp4", colour)).asset_id
            for colour in ("red", "blue")
        )
        catalog.analyse(first)
        for picture in settings.frames_dir.rglob("*.*"):
            if picture.is_file():
                picture.unlink()
        catalog.analyse(second)
        done = catalog.encode()
        assert (done.vectors, list(done.failures)) == (1, [first])
        assert catalog.encode().failures == {}, "what failed waits for an administrator"
        assert [job["asset_id"] for job in catalog.jobs(failed=True)] == [first]
        # Only a new analysis brings a picture back, so that is what retrying asks for.
        assert catalog.retry([first]) == [first]
        assert catalog.analyse(first) is not None
        done = catalog.encode()
        assert (done.vectors, done.failures) == (1, {})


def test_analyse_refuses_what_it_cannot_have(settings: Settings, tmp_path: Path) -> None:
    with Catalog.open(settings) as catalog:
        with pytest.raises(NotFoundError, match="999"):
            catalog.analyse(999)
        asset_id = catalog.register(footage(tmp_path / "red.mp4", "red")).asset_id
        with (
            asset_lock(catalog.database.engine, asset_id),
            pytest.raises(AssetBusyError, match=str(asset_id)),
        ):
            catalog.analyse(asset_id)
        assert catalog.analyse(asset_id) is not None


def test_a_file_that_kills_its_workers_is_not_given_to_every_worker_for_ever(
    settings: Settings, tmp_path: Path
) -> None:
    with Catalog.open(settings) as catalog:
        asset_id = catalog.register(footage(tmp_path / "red.mp4", "red")).asset_id
        for _ in range(3):
            with catalog.database.session() as session:
                stages.start_stage(session, asset_id, "analyse", "a process that then dies")
        with pytest.raises(WorkersLostError, match="attempt 3"):
            catalog.analyse(asset_id)
        (job,) = catalog.jobs(failed=True)
        assert job["error_code"] == "workers_lost"
        catalog.retry([asset_id])
        assert catalog.analyse(asset_id) is not None


def test_who_sends_nothing_does_not_import_celery(settings: Settings) -> None:
    program = (
        "import sys; from catalog import Catalog; from catalog.dispatch import dispatcher_for;"
        "print('celery' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=240
    )
    assert run.stdout.strip() == "False"


@pytest.mark.parametrize("name", ["VERIFY_GB_PER_DAY", "VERIFY_AFTER_DAYS", "RECONCILE_EVERY"])
def test_workers_do_not_begin_with_a_setting_that_is_no_number(name: str, tmp_path: Path):
    """Else each round of the reconciler would break off over it, and nothing be sent again."""
    told = subprocess.run(
        [sys.executable, "-c", "import workers.app; workers.app.app.conf.beat_schedule"],
        env={**os.environ, "CATALOG_HOME": str(tmp_path), f"CATALOG_{name}": "much"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == InvalidSettingError.exit_code
    assert f"CATALOG_{name}" in told.stderr
    assert "Traceback" not in told.stderr


def test_what_waits_is_known_also_after_workers_were_asked_who_they_are(service: Service):
    """The doctor of the same process listens over the same connections, and stops listening."""
    url = str(service.settings.broker_url)
    dispatcher = CeleryDispatcher(url)
    app = Celery("catalog.doctor", set_as_current=False)
    app.conf.update(celery_settings(url))
    app.control.ping(timeout=0.2)
    for _ in range(3):  # one message that waits does for all
        dispatcher.encode()
    assert dispatcher.waiting().queues[ENCODE_QUEUE] == 1
