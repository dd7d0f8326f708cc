"""Processor time of the processes of a catalogue: who of them it went to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psutil

# What a process is told by, in its command line; the first that fits.
_ROLES = {
    "redis-server": "redis",
    "celery@": "celery",
    "-Q media": "media worker",
    "-Q encode": "encode worker",
    "-Q speech": "speech worker",
    "-Q service": "service worker",
    "isolated_worker": "decoder",
    "serve-phrases": "phrases",
    "catalog.cli watch": "watcher",
    "catalog.cli web": "pages",
    "catalog.cli up": "supervisor",
    "postgres": "postgres",
}


def processor_time(home: Path) -> dict[str, float]:
    """Seconds so far, by role: of this process, all below it, and the database under ``home``.

    Those that ended count for whoever started them.
    """
    spent: dict[str, float] = {}
    seen: set[int] = set()
    for process in _processes(home):
        if process.pid in seen:
            continue
        seen.add(process.pid)
        try:
            times, words = process.cpu_times(), " ".join(process.cmdline()) or process.name()
        except psutil.Error:
            continue  # it ends just now; its parent has counted it
        role = "this process" if process.pid == os.getpid() else _role(words)
        spent[role] = spent.get(role, 0.0) + sum(times[:4])
    return spent


def spent_since(before: dict[str, float], now: dict[str, float]) -> dict[str, float]:
    """The difference, rounded, the most first."""
    found = {role: round(s - before.get(role, 0.0), 1) for role, s in now.items()}
    return dict(sorted(((r, s) for r, s in found.items() if s > 0), key=lambda each: -each[1]))


def _processes(home: Path) -> Iterator[psutil.Process]:
    me = psutil.Process()
    yield me
    yield from me.children(recursive=True)
    for process in psutil.process_iter():
        try:
            if str(home) in " ".join(process.cmdline()):
                yield process
                yield from process.children(recursive=True)
        except psutil.Error:
            continue


def _role(words: str) -> str:
    return next((role for mark, role in _ROLES.items() if mark in words), "other")
