"""The catalogue in figures, as text for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from catalog.cli.tables import add_row, new_table, print_table
from catalog.cli.text_roll import roll_lines


def figures(body: Mapping[str, Any]) -> None:
    """What there is, what was done, what waits: a line each. Whoever sees little is told that."""
    table = new_table("", "")
    for row in (*_there(body), *_work(body), *_service(body)):
        add_row(table, *row)
    print_table(table)


def _there(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    kinds = ", ".join(f"{count} {kind}" for kind, count in body.get("kinds", {}).items())
    yield "assets", f"{body['assets']:,}" + (f" ({kinds})" if kinds else "")
    for key, name in (("locations", "files"), ("clips", "clips"), ("frames", "pictures")):
        if key in body:
            yield name, f"{body[key]:,}"
    if body.get("collapsed"):
        yield "near-identical pictures left out", f"{body['collapsed']:,}"
    if "seconds_of_media" in body:
        yield "media", _clock(body["seconds_of_media"])
    if "bytes" in body:
        yield "size of the files", size(body["bytes"])
    if body.get("rendition_bytes"):
        made = body["rendition_bytes"].items()
        yield "made of them", ", ".join(f"{size(n)} {kind.replace('_', ' ')}" for kind, n in made)
    for row in body.get("encoders", ()):
        active = " (active)" if row["active"] else ""
        yield f"vectors of {row['name']}{active}", f"{row['vectors']:,}"
    yield from roll_lines(body["rolls"])


def _work(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    stages: dict[str, list[str]] = {}
    for key, count in body.get("stages", {}).items():
        stage, _, state = key.partition("/")
        stages.setdefault(stage, []).append(f"{count:,} {state}")
    for stage, states in stages.items():
        yield stage, ", ".join(states)
    for stage, seconds in body.get("oldest_pending_s", {}).items():
        yield f"{stage}, the oldest waits for", _clock(seconds)
    rates = body.get("rates")
    if rates:
        last = f"{rates['assets_last_hour']:,} assets, {rates['frames_last_hour']:,} pictures"
        yield "searchable in the last hour", last


def _service(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for stage, row in body.get("timings", {}).items():
        yield f"{stage}, of the last day", _times(row)
    for row in body.get("workers", ()):
        yield f"{row['worker']}: {row['name']}", _times(row)
    for key, seconds in body.get("latency", {}).items():
        yield f"from settled to searchable, {key}", f"{seconds:g}"
    if verifying := body.get("verifying"):
        yield "files read through in the last day", _verified(verifying)
    if body.get("paused"):
        yield "paused", str(body["paused"])
    for queue, waiting in (body.get("queues") or {}).items():
        yield f"messages waiting: {queue}", f"{waiting:,}"


def _verified(body: Mapping[str, Any]) -> str:
    said = f"{body['files_last_day']:,} ({size(body['bytes_last_day'])})"
    said += f", {body['never_read']:,} never" if body["never_read"] else ""
    return said + (f", {body['faults']:,} with faults" if body["faults"] else "")


def _times(row: Mapping[str, Any]) -> str:
    return f"{row['done']:,} done, {row['p50_s']} s (median), {row['p95_s']} s (95 %)"


def _clock(seconds: float) -> str:
    """``12.5 s``, else ``h:mm:ss``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def size(count: int) -> str:
    """Bytes in the unit that suits them."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"
