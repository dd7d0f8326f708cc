"""The catalogue's figures in the text format of Prometheus (version 0.0.4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Gauge, generate_latest, write_to_textfile

from catalog.errors import InvalidInputError

_TIMES = ("mean_s", "p50_s", "p95_s")

_VERIFYING = {
    "never_read": "files that were recognised and never read through",
    "bytes_last_day": "bytes of files that were read through in the last day",
    "faults": "files that could not be read through, or were not what they had been",
}


def metrics_text(stats: Mapping[str, Any]) -> str:
    """These figures (of `Catalog.stats`) as text."""
    return generate_latest(_registry(stats)).decode()


def write_metrics(stats: Mapping[str, Any], path: Path) -> None:
    """Write them to a file, whole or not at all: for node_exporter's textfile collector.

    Raises
    ------
    InvalidInputError
        If it cannot be written there.
    """
    try:
        write_to_textfile(str(path), _registry(stats))
    except OSError as error:
        raise InvalidInputError(
            f"The metrics cannot be written to {path}: {error.strerror}.",
            remedy="Name a file in a folder that is there and can be written.",
        ) from error


def _registry(stats: Mapping[str, Any]) -> CollectorRegistry:
    registry = CollectorRegistry()

    def gauge(
        name: str, about: str, labels: tuple[str, ...], rows: Iterable[tuple[tuple[str, ...], Any]]
    ) -> None:
        made = Gauge(f"catalog_{name}", about, labels, registry=registry)
        for values, value in rows:
            (made.labels(*values) if labels else made).set(float(value))

    for name in ("assets", "locations", "clips", "frames", "seconds_of_media", "bytes"):
        gauge(name, f"{name.replace('_', ' ')} in the catalogue", (), [((), stats[name])])
    gauge("paused", "1 if workers are told to rest", (), [((), stats["paused"] is not None)])
    stages = [(tuple(key.split("/")), count) for key, count in stats["stages"].items()]
    gauge("stage_assets", "assets per stage and state", ("stage", "state"), stages)
    waits = [((stage,), seconds) for stage, seconds in stats["oldest_pending_s"].items()]
    gauge("oldest_pending_seconds", "how long the oldest work waits", ("stage",), waits)
    queues = [((queue,), count) for queue, count in (stats["queues"] or {}).items()]
    gauge("queue_messages", "messages that wait in a queue, or are in flight", ("queue",), queues)
    for name, count in stats["rates"].items():
        gauge(name, f"{name.split('_')[0]} made searchable in the last hour", (), [((), count)])
    vectors = [((row["name"],), row["vectors"]) for row in stats["encoders"]]
    gauge("vectors", "frames that have a vector", ("encoder",), vectors)
    for name, about in _VERIFYING.items():
        gauge(f"verify_{name}", about, (), [((), stats["verifying"][name])])
    times = [
        ((stage, time.removesuffix("_s")), row[time])
        for stage, row in stats["timings"].items()
        for time in _TIMES
    ]
    about = "how long a stage took, of those done in the last day"
    gauge("stage_seconds", about, ("stage", "of"), times)
    return registry
