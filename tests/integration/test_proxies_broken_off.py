"""Proxies that are broken off or fail leave nothing, and can be made again."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small_footage import video
from sqlalchemy import text
from sqlalchemy.orm import Session
from watched_proxies import Listener, put_sound_to, renditions

from catalog import Catalog
from catalog.errors import DatabaseUnavailableError, FrameStoreError
from catalog.ingest import proxies
from catalog.maintain import proxy_status


class Interrupted:
    """A listener that breaks off as soon as something was done, as Ctrl-C does."""

    def begin(self, stage: str, total: float | None, unit: str) -> None: ...

    def end(self, stage: str) -> None: ...

    def advance(self, stage: str, amount: float, note: str = "") -> None:
        raise KeyboardInterrupt


def test_broken_off_or_on_a_full_disk_nothing_is_left_and_it_can_be_done_again(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video(tmp_path / "film.mp4", ["red", "green"], frames=75)
    catalog.ingest(tmp_path)
    folder = Path(renditions(catalog, "film.mp4")["strip"]["path"]).parent
    before = sorted(folder.iterdir())
    with pytest.raises(KeyboardInterrupt):
        catalog.proxy(["film.mp4"], progress=Interrupted())
    assert sorted(folder.iterdir()) == before
    assert [job["state"] for job in catalog.jobs()] == ["due"]

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr("catalog.media.isolated_proxy._write", full)
        with pytest.raises(FrameStoreError, match="no space left"):
            catalog.proxy(["film.mp4"])
    assert sorted(folder.iterdir()) == before
    [job] = catalog.jobs()
    assert (job["state"], job["error_code"]) == ("waiting", "frame_store_unavailable")

    assert catalog.proxy(["film.mp4"])["made"] == 1
    assert catalog.jobs() == []


def test_where_none_can_be_kept_none_is_made_for_longer_and_longer(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["red.mp4", "blue.mp4", "green.mp4"]
    for name in names:
        video(tmp_path / name, [name[:-4]], frames=5)
    catalog.ingest(tmp_path)
    tried: list[int] = []

    def full(*_: object) -> None:
        tried.append(1)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def pause() -> float:
        left = text("SELECT extract(epoch FROM max(retry_at) - now()) FROM catalog.stage")
        with catalog.database.session() as session:
            found = float(session.execute(left).scalar_one())
            session.execute(
                text("UPDATE catalog.stage SET retry_at = now() WHERE retry_at > now()")
            )
        return found

    pauses = []
    with monkeypatch.context() as patched:
        patched.setattr("catalog.media.isolated_proxy._write", full)
        for name in names:
            catalog.request_proxy(name)
        due = catalog.due_proxies()
        assert len(due) == 3
        for _ in range(5):
            with pytest.raises(FrameStoreError, match="no space left"):
                catalog.make_due_proxy(due[0])
            assert catalog.due_proxies() == [], "all wait: a processor has better to do"
            pauses.append(round(pause() / 60))
            due = catalog.due_proxies()
            assert len(due) == 1, "one is tried"
    assert pauses == [1, 4, 16, 64, 64]
    assert len(tried) == 5
    checks = {check.name: check for check in catalog.doctor().checks}
    assert "2 proxies wait" in checks["proxies"].found
    assert "no space left" in checks["proxies"].found
    assert catalog.make_due_proxy(due[0])
    assert len(catalog.due_proxies()) == 2, "it can be written to again: nobody waits longer"
    told = [catalog.proxy_status(name) for name in names]
    assert sorted((each["state"], each["error"]) for each in told) == [
        ("done", None), ("due", None), ("due", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "when", ["before it is entered", "when it is entered", "the database is gone for good"]
)
def test_the_row_of_a_proxy_names_a_file_whatever_fails(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    video(tmp_path / "film.mp4", ["red"])
    catalog.ingest(tmp_path)
    catalog.proxy(["film.mp4"])
    old = Path(renditions(catalog, "film.mp4")["proxy"]["path"])
    content = old.read_bytes()
    away = DatabaseUnavailableError("It is away.", remedy="Wait.")

    def fails(session: Session, *given: Any) -> None:
        assert old.read_bytes() == content, "the old one plays until the row names another"
        if when == "when it is entered":
            proxies.renditions.save_rendition(session, given[0].asset_id, given[1][0])
            session.commit()  # and nobody hears of it
        if when == "the database is gone for good":
            monkeypatch.setattr(catalog.database, "session", gone)
        raise away

    def gone() -> None:
        raise away

    with monkeypatch.context() as patched:
        patched.setattr(proxies, "_save", fails)
        with pytest.raises(DatabaseUnavailableError):
            catalog.proxy(["film.mp4"], lines=24)
    monkeypatch.undo()
    now = renditions(catalog, "film.mp4")["proxy"]
    assert Path(now["path"]).stat().st_size == now["bytes"]
    entered = when == "when it is entered"
    assert (now["height"], old.read_bytes()) == (24 if entered else 48, content)
    assert catalog.proxy(["film.mp4"], lines=16)["made"] == 1
    now = renditions(catalog, "film.mp4")["proxy"]
    assert now["height"] == 16
    assert list(old.parent.glob("proxy*")) == [Path(now["path"])], "nothing else is left"


def test_a_file_that_is_gone_fails_its_proxy_alone(catalog: Catalog, tmp_path: Path) -> None:
    video(tmp_path / "gone.mp4", ["red"])
    video(tmp_path / "there.mp4", ["green"])
    catalog.ingest(tmp_path)
    (tmp_path / "gone.mp4").unlink()
    body = catalog.proxy(["gone.mp4", "there.mp4"])
    assert body["made"] == 1
    assert [(f["path"], f["code"]) for f in body["failures"]] == [("gone.mp4", "unreadable")]
    (job,) = catalog.jobs(failed=True)
    assert (job["stage"], job["asset"]) == ("proxy", "gone.mp4")
    # The asset is found all the same, and its ingest has not failed.
    assert catalog.ingest(tmp_path).failed == 0


def test_an_attempt_that_was_broken_off_says_no_longer_how_far_it_was(
    catalog: Catalog, tmp_path: Path
) -> None:
    video(tmp_path / "film.mp4", ["red"], frames=75)
    catalog.ingest(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        catalog.proxy(["film.mp4"], progress=Interrupted())
    told = catalog.proxy_status("film.mp4")
    assert (told["state"], told["progress"], told["made"]) == ("due", None, False)


@pytest.mark.parametrize("when", ["while it is decoded", "when it is whole"])
def test_an_asset_removed_while_its_proxy_is_made_leaves_nothing(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    monkeypatch.setattr("catalog.ingest.proxies.NOTED_S", 0.0)
    loud = put_sound_to(video(tmp_path / "film.mp4", ["red", "green"], frames=75)).name
    catalog.ingest(tmp_path)
    removed: list[int] = []

    def remove() -> None:
        if not removed:
            removed.extend(catalog.remove([loud]))

    if when == "when it is whole":
        described = proxies._described

        def then_removed(*given: object) -> object:
            remove()
            return described(*given)

        monkeypatch.setattr(proxies, "_described", then_removed)
        body = catalog.proxy([loud])
    else:
        body = catalog.proxy([loud], progress=Listener(remove))
    assert [each["code"] for each in body["failures"]] == ["not_found"]
    assert "was removed while its proxy was made" in body["failures"][0]["reason"]
    assert removed
    assert [each for each in catalog.store.root.rglob("*") if each.is_file()] == []
    assert catalog.jobs() == []


def test_who_breaks_off_need_not_wait_until_a_file_was_read_through(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was only recognised is read before a proxy is made of it, which may take long."""
    video(tmp_path / "film.mp4", ["red"])
    catalog.ingest(tmp_path)
    asset = catalog.show("film.mp4")["id"]
    with catalog.database.session() as session:
        session.execute(text("UPDATE catalog.location SET verified = false"))
    catalog.request_proxy(asset)
    decoded: list[object] = []
    monkeypatch.setattr(proxies, "proxy_of", lambda *given, **_: decoded.append(given))

    def stop(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        catalog.make_due_proxy(asset, stop)
    assert decoded == []
    assert catalog.proxy_status(asset)["state"] == "due"


def test_a_proxy_that_is_finished_while_one_asks_is_not_done_without_being_made(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video(tmp_path / "film.mp4", ["red"])
    catalog.ingest(tmp_path)
    asked: list[str] = []

    def made_after_the_first(name: str, ask: Callable[..., Any]) -> Callable[..., Any]:
        def asking(*given: object) -> object:
            found = ask(*given)
            asked.append(name)
            if len(asked) == 1:
                catalog.proxy(["film.mp4"])
            return found

        return asking

    for module, name in (
        (proxy_status.jobs, "all_stages"),
        (proxy_status.renditions, "assets_with"),
    ):
        monkeypatch.setattr(module, name, made_after_the_first(name, getattr(module, name)))
    told = catalog.proxy_status("film.mp4")
    assert {"all_stages", "assets_with"} <= set(asked)
    assert (told["state"], told["made"]) == ("done", True)
