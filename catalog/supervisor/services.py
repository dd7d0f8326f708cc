"""Which processes the service of one machine is, and how each is called."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from catalog.dispatch import ENCODE_QUEUE, MEDIA_QUEUE, SERVICE_QUEUE, SPEECH_QUEUE
from catalog.settings import Settings
from catalog.supervisor.child import Command

# KiB; a media worker's child holds no model. The encoder's weights are gigabytes.
_MEDIA_MEMORY, _ENCODE_MEMORY = 1_500_000, 12_000_000


def commands(settings: Settings, *, media: int) -> list[Command]:
    """Everything but the database and the broker; ``media`` processes decode."""
    schedule = str(settings.home / "beat-schedule")
    return [
        _worker(MEDIA_QUEUE, media, "--max-memory-per-child", str(_MEDIA_MEMORY)),
        _worker(ENCODE_QUEUE, 1, "--max-memory-per-child", str(_ENCODE_MEMORY)),
        _worker(SPEECH_QUEUE, 1, "--max-memory-per-child", str(_ENCODE_MEMORY)),
        _worker(SERVICE_QUEUE, 1, "--pool", "solo", "--beat", "--schedule", schedule),
        _verb("phrases", "Answering phrases.", "serve-phrases"),
        _verb("watch", "watching", "watch", *(["--json"] if settings.json_logs else [])),
        _verb("web", "Serving at ", "web", *(["--json"] if settings.json_logs else [])),
    ]


def environment(settings: Settings, broker_url: str) -> Mapping[str, str]:
    """The children's: ours, and these settings in full."""
    mine = {
        f"CATALOG_{field.name.upper()}": str(value)
        for field in fields(settings)
        if (value := getattr(settings, field.name)) is not None
    }
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CATALOG_")}
    # Lines are shown as they are written.
    return {**kept, **mine, "CATALOG_BROKER_URL": broker_url, "PYTHONUNBUFFERED": "1"}


def media_processes() -> int:
    """As many as there are cores this process may use, but one for everything else."""
    return max(1, len(os.sched_getaffinity(0)) - 1)


def log_of(settings: Settings, name: str) -> Path:
    """Where the log of a child lies."""
    return settings.home / "logs" / f"{name}.log"


def _worker(queue: str, processes: int, *options: str) -> Command:
    return Command(
        queue,
        [
            *(sys.executable, "-m", "celery", "--quiet", "-A", "workers.app", "worker"),
            *("-Q", queue, "--concurrency", str(processes), "--hostname", f"{queue}@%h"),
            *("--without-gossip", "--without-mingle", "--loglevel", "INFO", *options),
        ],
        # Celery's word, at the end of its greeting.
        ready_words=" ready.",
        # Hands unfinished work back, and ends.
        hurry_signal=signal.SIGQUIT,
    )


def _verb(name: str, ready_words: str, *arguments: str) -> Command:
    return Command(name, [sys.executable, "-m", "catalog.cli", *arguments], ready_words)
