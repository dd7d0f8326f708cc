"""`catalog doctor`: every part looked at, whatever is broken, and an exit code that means it."""

from __future__ import annotations

import shutil

from sqlalchemy import text

from catalog import Catalog


def _states(answer):
    return {check["name"]: check for check in answer.json["checks"]}


def test_a_catalogue_in_order(cli, settings):
    with Catalog.open(settings) as catalog:
        assert catalog.doctor().exit_code == 0
    answer = cli("doctor", "--json")
    assert answer.code == 0
    checks = _states(answer)
    assert {"database", "schema", "encoder", "roots", "frame_store", "broker"} <= set(checks)
    assert "pgvector" in checks["database"]["found"]
    assert "libavcodec" in checks["ffmpeg"]["found"]
    assert not settings.frames_dir.exists()  # it looks, and makes nothing


def test_a_root_that_is_away_and_an_old_schema(cli, settings, tmp_path):
    root = tmp_path / "rushes"
    root.mkdir()
    with Catalog.open(settings) as catalog:
        catalog.root.add(root)
        shutil.rmtree(root)
        answer = cli("doctor", "--json")
        assert answer.code == 1
        assert _states(answer)["roots"]["state"] == "fail"
        assert str(root) in _states(answer)["roots"]["found"]
        with catalog.database.session() as session:
            session.execute(text("UPDATE catalog.alembic_version SET version_num = '0001'"))
    answer = cli("doctor", "--json")
    assert answer.code == 1
    assert "catalog migrate" in _states(answer)["schema"]["remedy"]


def test_services_that_are_away_are_named_with_what_to_do(cli, monkeypatch, tmp_path):
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("CATALOG_FRAME_STORE", str(file / "frames"))
    monkeypatch.setenv("CATALOG_DATABASE_URL", "postgresql://me:secret@127.0.0.1:1/none")
    monkeypatch.setenv("CATALOG_BROKER_URL", "redis://:secret@127.0.0.1:1/0")
    monkeypatch.setenv("CATALOG_ENCODER", "ViT-B-32@/no/such/weights.pt")
    monkeypatch.setenv("CATALOG_HWACCEL", "none")
    answer = cli("doctor", "--json")
    assert answer.code == 3
    assert "secret" not in answer.out
    checks = _states(answer)
    for name in ("database", "broker", "frame_store"):
        assert checks[name]["state"] == "fail", name
        assert checks[name]["remedy"]
    assert checks["encoder"]["state"] == "warn"
    assert checks["hardware_decoding"]["found"].startswith("switched off")
    told = cli("doctor")
    assert told.code == 3
    assert "fail  database" in told.out


def test_a_setting_that_does_not_exist_is_a_failed_check(cli, monkeypatch):
    monkeypatch.setenv("CATALOG_HWACCEL", "nvidia")
    answer = cli("doctor", "--json")
    assert answer.code == 1
    assert any("nvidia" in check["found"] for check in answer.json["checks"])
