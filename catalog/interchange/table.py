"""A timeline as a table (CSV after RFC 4180, UTF-8), for spreadsheets and scripts."""

from __future__ import annotations

import csv
import io
from typing import Any

from catalog.domain.timeline import Cut, Timeline, spell_rate
from catalog.interchange.written import Options, Written, one_line

COLUMNS = (
    *("position", "clip", "asset", "name", "file", "kind", "roll", "track"),
    *("rate", "drop_frame", "source_in", "source_out", "frames", "seconds"),
    *("record_in", "record_out", "handle_before", "handle_after", "reel", "scene", "take"),
    *("collection", "text", "note", "path", "relative_path", "online"),
)
# What a spreadsheet would take for a formula.
_FORMULA = ("=", "+", "-", "@", "\t")


def write_csv(timeline: Timeline, options: Options) -> Written:
    """Everything that is known of each cut, a line for each."""
    written = Written(clips=len(timeline.cuts))
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, lineterminator="\r\n")
    table.writeheader()
    for cut in timeline.cuts:
        row = _row(cut, timeline, options)
        table.writerow({key: _cell(value) for key, value in row.items()})
    written.data = text.getvalue().encode("utf-8")
    return written


def _row(cut: Cut, timeline: Timeline, options: Options) -> dict[str, Any]:
    media, place = cut.media, cut.media.place
    return {
        "position": cut.position,
        "clip": cut.clip_id,
        "asset": media.id,
        "name": cut.name,
        "file": media.name,
        "kind": cut.kind,
        "roll": cut.roll,
        "track": cut.track,
        "rate": spell_rate(media.rate),
        "drop_frame": "yes" if media.start.drop else "no",
        "source_in": str(cut.source_in),
        "source_out": str(cut.source_out),
        "frames": cut.frames,
        "seconds": f"{float(cut.frames / media.rate):.6f}",
        "record_in": str(timeline.address(cut.at)),
        "record_out": str(timeline.address(cut.end)),
        "handle_before": cut.handles[0],
        "handle_after": cut.handles[1],
        "reel": media.reel,
        "scene": media.scene,
        "take": media.take,
        "collection": media.collection,
        "text": cut.text,
        "note": cut.note,
        "path": options.whole_path(cut),
        "relative_path": "" if place is None else place.relative,
        "online": "yes" if media.online else "no",
    }


def _cell(value: Any) -> str:  # noqa: ANN401  # numbers and texts of a row
    if value is None:
        return ""
    if isinstance(value, str):
        text = one_line(value)
        return f"'{text}" if text.startswith(_FORMULA) else text
    return str(value)
