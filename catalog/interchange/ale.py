"""Avid Log Exchange: a bin's clips as a table that Media Composer imports.

After Avid's description of the format ("Avid Log Specifications" in the guides of
Media Composer): a heading of pairs, one line of column names, a line per clip, all
parted by tabs; required are Name, Tracks, Start and End. Our own writer:
OpenTimelineIO's takes drop-frame from the rate and leaves tabs in values.
"""

from __future__ import annotations

from catalog.domain.timecode import frames_to_timecode
from catalog.domain.timeline import Cut, Timeline, spell_rate
from catalog.interchange.written import Options, Written, of_one_rate, one_line

_COLUMNS = (
    *("Name", "Tracks", "Start", "End", "Duration", "Mark IN", "Mark OUT", "Tape", "FPS"),
    *("Source File", "Source Path", "UNC Path", "Image Size", "Audio SR", "Scene", "Take"),
    *("Description", "Comments"),
)
_RATES = ("23.976", "24", "25", "29.97", "30", "47.952", "48", "50", "59.94", "60")
_RASTERS = {"720x576": "PAL", "720x486": "NTSC", "1280x720": "720", "1920x1080": "1080"}


def write_ale(timeline: Timeline, options: Options) -> Written:
    """The timeline's clips as master clips; their order, not their places."""
    written = Written()
    cuts = of_one_rate(timeline, written, "an ALE")
    if spell_rate(timeline.rate) not in _RATES:
        spelt = spell_rate(timeline.rate)
        written.leave("rate", f"Avid knows no project of {spelt} frames/s")
    written.leave("timeline", "an ALE lists clips; it has no places on a timeline")
    rows = [_row(cut, options) for cut in cuts]
    heading = {
        "FIELD_DELIM": "TABS",
        "VIDEO_FORMAT": _raster(cuts),
        "AUDIO_FORMAT": _sampling(cuts),
        "FPS": spell_rate(timeline.rate),
    }
    lines = ["Heading", *(f"{key}\t{value}" for key, value in heading.items()), "", "Column"]
    lines += ["\t".join(_COLUMNS), "", "Data"]
    lines += ["\t".join(row[column] for column in _COLUMNS) for row in rows]
    written.data = ("\n".join(lines) + "\n").encode("utf-8")
    written.clips = len(rows)
    return written


def _row(cut: Cut, options: Options) -> dict[str, str]:
    media = cut.media
    path = options.path(cut)
    cells = {
        "Name": cut.name,
        "Tracks": _tracks(cut),
        "Start": str(cut.source_in),
        "End": str(cut.source_out),
        "Duration": frames_to_timecode(cut.frames, media.rate, drop=media.start.drop),
        "Tape": media.reel,
        "FPS": spell_rate(media.rate),
        "Source File": options.file_name(cut),
        "Source Path": _folder(path),
        "UNC Path": path,
        "Image Size": f"{media.width} x {media.height}" if media.width else "",
        "Audio SR": str(media.sample_rate or ""),
        "Scene": media.scene,
        "Take": media.take,
        "Description": cut.text or media.description,
        "Comments": cut.note,
    }
    if any(cut.handles):
        cells["Mark IN"] = str(cut.source_in + cut.handles[0])
        cells["Mark OUT"] = str(cut.source_out + -cut.handles[1])
    return {column: one_line(cells.get(column)) for column in _COLUMNS}


def _tracks(cut: Cut) -> str:
    channels = cut.media.channels if cut.sound else 0
    sound = "".join(f"A{number}" for number in range(1, channels + 1))
    return ("V" if cut.media.video else "") + sound


def _folder(path: str) -> str:
    cut_at = max(path.rfind("/"), path.rfind("\\"))
    return path[: cut_at + 1]


def _raster(cuts: list[Cut]) -> str:
    sizes = {f"{cut.media.width}x{cut.media.height}" for cut in cuts if cut.media.width}
    if not sizes:
        return "1080"
    return _RASTERS.get(sizes.pop(), "CUSTOM") if len(sizes) == 1 else "CUSTOM"


def _sampling(cuts: list[Cut]) -> str:
    rates = [cut.media.sample_rate for cut in cuts if cut.media.sample_rate]
    return f"{max(set(rates), key=rates.count) / 1000:g}khz" if rates else "48khz"
