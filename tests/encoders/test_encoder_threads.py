"""How many processors a model takes beside others that compute."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from catalog.encoders import threads


@pytest.mark.parametrize(("running", "free"), [(1, 4), (3, 2), (4, 1), (40, 1)])
def test_a_model_leaves_to_others_what_they_compute_with(
    running: int, free: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stat = tmp_path / "stat"
    stat.write_text(f"cpu  1 2 3\nprocs_running {running}\nprocs_blocked 0\n")
    monkeypatch.setattr(threads, "_STAT", stat)
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    assert threads.free_processors() == free
    # Some of the machine's processors are not ours: what runs may run on those.
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    assert threads.free_processors() is None


@pytest.mark.parametrize("said", ["cpu 1 2\n", "procs_running\n", "procs_running many\n", None])
def test_a_system_that_does_not_say_what_runs(
    said: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if said is not None:
        (tmp_path / "stat").write_text(said)
    monkeypatch.setattr(threads, "_STAT", tmp_path / "stat")
    assert threads.free_processors() is None
