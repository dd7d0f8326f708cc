"""What an administrator sees of the service, and the verbs that steer it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Service
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from catalog.errors import InvalidInputError


@pytest.fixture
def verb(service: Service, preloaded_catalog: Path) -> Callable[..., dict[str, Any]]:
    """Run a verb, and give its answer."""

    def run(*arguments: str) -> dict[str, Any]:
        done = subprocess.run(
            [preloaded_catalog / "catalog", *arguments, "--json"],
            env=service.environment(),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    return run


def test_stats_and_metrics_tell_of_the_service(service: Service, tmp_path: Path) -> None:
    catalog = service.catalog
    done = catalog.register(service.footage("red.mp4", "red")).asset_id
    catalog.analyse(done)
    catalog.encode()
    waiting = catalog.register(service.footage("blue.mp4", "blue"), dispatch=True).asset_id
    with catalog.database.session() as session:
        older = "UPDATE catalog.stage SET due_at = now() - interval '90 s' WHERE asset_id = :a"
        session.execute(text(older), {"a": waiting})
    stats = catalog.stats()
    assert stats["queues"] == {"media": 1, "encode": 0, "speech": 0, "service": 0, "in_flight": 0}
    assert stats["rates"] == {"assets_last_hour": 1, "frames_last_hour": 1}
    assert 90 <= stats["oldest_pending_s"]["analyse"] < 180
    assert set(stats["timings"]) == {"analyse", "encode"}
    assert stats["timings"]["analyse"]["done"] == 1
    assert 0 < stats["timings"]["analyse"]["p50_s"] < 60
    assert {row["name"] for row in stats["workers"]} == {"analyse", "encode"}

    file = tmp_path / "catalog.prom"
    catalog.metrics(file)
    families = {f.name: f for f in text_string_to_metric_families(file.read_text("utf-8"))}
    assert families["catalog_assets"].samples[0].value == 2
    queues = {s.labels["queue"]: s.value for s in families["catalog_queue_messages"].samples}
    assert queues["media"] == 1
    states = {
        (s.labels["stage"], s.labels["state"]): s.value
        for s in families["catalog_stage_assets"].samples
    }
    assert states == {("analyse", "done"): 1, ("analyse", "due"): 1, ("encode", "done"): 1}
    with pytest.raises(InvalidInputError, match="nowhere"):
        catalog.metrics(tmp_path / "nowhere" / "catalog.prom")


def test_verbs_pause_resume_and_repair(
    service: Service, verb: Callable[..., dict[str, Any]]
) -> None:
    catalog = service.catalog
    asset_id = catalog.register(service.footage("red.mp4", "red"), dispatch=True).asset_id
    service.redis.flushall()
    with catalog.database.session() as session:
        older = "due_at = now() - interval '1 h', sent_at = now() - interval '1 h'"
        session.execute(text(f"UPDATE catalog.stage SET {older}"))

    def checks(*more: str) -> dict[str, dict[str, Any]]:
        found = verb("doctor", *more)["checks"]
        return {check["name"]: check for check in found}

    before = checks()
    assert before["workers"]["state"] == "warn"
    assert "--repair" in before["work"]["remedy"]
    held = verb("pause", "--reason", "new storage")
    assert "new storage" in held["by"]
    assert "paused by" in verb("reconcile")["idle"]
    assert "catalog resume" in checks()["work"]["remedy"]
    assert verb("resume") == {"resumed": True}
    repaired = checks("--repair")
    assert "1 to analyse" in repaired["repair"]["found"]
    assert repaired["work"]["state"] == "ok"
    (message,) = service.redis.lrange("media\x06\x169", 0, -1)
    assert json.loads(message)["headers"]["argsrepr"] == f"({asset_id},)"
