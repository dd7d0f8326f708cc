"""All that is known of one asset, as text for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from catalog.cli.tables import add_row, new_table, print_table
from catalog.cli.text_stats import size

# Told in another form, or elsewhere; --json has all as it stands in the table.
_APART = frozenset({
    "clips", "locations", "history", "stages", "renditions", "metadata", "speaking", "speech",
    "width", "height", "coded_width", "coded_height", "sar_num", "sar_den", "frame_rate_num",
    "frame_rate_den", "time_base_num", "time_base_den", "duration_pts", "size_bytes", "file_keys",
})  # fmt: skip
_NOT_IF_0 = frozenset({"damaged", "decode_errors", "rotation", "variable_frame_rate"})


def asset_details(details: Mapping[str, Any]) -> None:
    """One asset: what is known, where it lies, its clips."""
    table = new_table("", "")
    for name, told in _facts(details):
        add_row(table, name, told)
    for place in details["locations"]:
        there = "online" if place["online"] else "missing"
        unread = "" if place["verified"] else " (recognised, not yet read)"
        add_row(table, there, f"{place['root']}/{place['path']}{unread}")
    for place in details["history"]:
        until = f"until {place['held_until'][:19]}, then {place['why']}"
        add_row(table, "before", f"{place['root']}/{place['path']} ({until})")
    for name, said in _rows_of(details):
        add_row(table, name, said)
    for made in details["renditions"]:
        add_row(table, made["kind"], f"{made['path']} ({size(made['bytes'])})")
    for key, value in _leaves("meta", details["metadata"]):
        add_row(table, key, value)
    print_table(table)
    clips = new_table(
        "clip", "kind", "roll", "timecode in", "timecode out", "start", "end", "frames"
    )
    for clip in details["clips"]:
        add_row(
            clips,
            clip["id"],
            clip["kind"] + (f" ({clip['flag']})" if clip["flag"] else ""),
            _roll(clip),
            clip["timecode_in"],
            clip["timecode_out"],
            f"{clip['start']:.2f}",
            f"{clip['end']:.2f}",
            clip["frames"],
        )
    if details["clips"]:
        print_table(clips)


def _rows_of(details: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """How long somebody speaks in an asset, who has the words of it, and where its work stands."""
    speaking = details["speaking"]
    if speaking is not None:
        seconds = sum(end - start for start, end in speaking)
        said = f"{seconds:.1f} s in {len(speaking)} part(s)" if speaking else "nobody"
        yield "speaking", said
    for source in details["speech"]:
        who = source.get("by") or source["path"] or "a person"
        languages = ", ".join(source["languages"]) or "language unknown"
        lines = f"{source['lines']} line(s), {languages}"
        others = ", ".join(name for name in source.get("carried", ()) if name not in source["read"])
        who = f"{', '.join(source['read'])} of {who}" if source.get("read") else who
        who += f"; not read: {others}" if others else ""
        yield "speech by", f"{source['kind']}: {lines} ({who})"
    for stage in details["stages"]:
        yield stage["name"], _stage(stage)


def _roll(clip: Mapping[str, Any]) -> str:
    if clip["roll"] is None or clip["roll_confidence"] is None:
        return clip["roll"] or ""
    how = "said" if clip["roll_by_person"] else f"{clip['roll_confidence']:.0%}"
    return f"{clip['roll']} ({how})"


def standing(stage: Mapping[str, Any]) -> str:
    """The state of a stage, and how far it is where that is known."""
    progress = stage["progress"]
    return stage["state"] if progress is None else f"{stage['state']}, {progress:.0%}"


def _stage(stage: Mapping[str, Any]) -> str:
    tries = "" if stage["attempts"] == 1 else f" after {stage['attempts']} attempts"
    reason = f": {stage['error_message']} [{stage['error_code']}]" if stage["error_code"] else ""
    return f"{standing(stage)}{tries}{reason}"


def _facts(details: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Names and values of what is known; what is not so (no damage, no rotation) is left out."""
    for key, value in details.items():
        if key == "size_bytes":
            yield "size", f"{size(value)} ({value:,} bytes)"
        elif key == "width" and value:
            yield "picture", f"{value} × {details['height']}{_pixels(details)}"
        elif key == "frame_rate_num" and value:
            yield "frame rate", f"{float(Fraction(value, details['frame_rate_den'])):.6g}"
        elif key == "duration" and value:
            yield key, f"{value:.2f} s"
        elif key in _APART or value in (None, []) or (key in _NOT_IF_0 and not value):
            continue
        else:
            told = ", ".join(value) if isinstance(value, list) else value
            yield key.replace("_", " "), "yes" if value is True else told


def _pixels(details: Mapping[str, Any]) -> str:
    aspect = details["sar_num"], details["sar_den"]
    return "" if None in aspect or aspect[0] == aspect[1] else f", pixels {aspect[0]}:{aspect[1]}"


def _leaves(name: str, value: object) -> Iterator[tuple[str, object]]:
    """Each value of nested metadata, under the whole of its name."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(f"{name}.{key}", inner)
    elif isinstance(value, list) and any(isinstance(each, Mapping) for each in value):
        for number, inner in enumerate(value, 1):
            yield from _leaves(f"{name}.{number}", inner)
    else:
        yield name, ", ".join(map(str, value)) if isinstance(value, list) else value
