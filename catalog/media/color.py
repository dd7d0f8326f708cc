"""How pictures are coded, in words: colour, fields, chroma, levels."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av.video.format import VideoFormat

# FFmpeg's names of ITU-T H.273's code points, as ffprobe prints them; 2 is "unspecified".
PRIMARIES = {
    1: "bt709",
    4: "bt470m",
    5: "bt470bg",
    6: "smpte170m",
    7: "smpte240m",
    8: "film",
    9: "bt2020",
    10: "smpte428",
    11: "smpte431",
    12: "smpte432",
    22: "ebu3213",
}
TRANSFERS = {
    1: "bt709",
    4: "bt470m",
    5: "bt470bg",
    6: "smpte170m",
    7: "smpte240m",
    8: "linear",
    9: "log100",
    10: "log316",
    11: "iec61966-2-4",
    12: "bt1361e",
    13: "iec61966-2-1",
    14: "bt2020-10",
    15: "bt2020-12",
    16: "smpte2084",
    17: "smpte428",
    18: "arib-std-b67",
}
SPACES = {
    0: "gbr",
    1: "bt709",
    4: "fcc",
    5: "bt470bg",
    6: "smpte170m",
    7: "smpte240m",
    8: "ycgco",
    9: "bt2020nc",
    10: "bt2020c",
    11: "smpte2085",
    12: "chroma-derived-nc",
    13: "chroma-derived-c",
    14: "ictcp",
}
RANGES = {1: "tv", 2: "pc"}
FIELD_ORDERS = {1: "progressive", 2: "tt", 3: "bb", 4: "tb", 5: "bt"}

_LARGEST_SD_HEIGHT, _LARGEST_SD_WIDTH = 576, 1024
UNSPECIFIED = 2
"""Where a matrix, primaries or a transfer is not said."""

_SAMPLINGS = {
    (1, 1): "4:4:4",
    (2, 1): "4:2:2",
    (2, 2): "4:2:0",
    (4, 1): "4:1:1",
    (1, 2): "4:4:0",
    (4, 4): "4:1:0",
}
# How a codec's standard spells the number that its bitstream has.
_TENTHS = {"h264": 10.0, "hevc": 30.0, "vvc": 16.0}
_MPEG2_LEVELS = {10: "low", 8: "main", 6: "high 1440", 4: "high"}


def chroma(pixels: VideoFormat | None) -> str | None:
    """How colour is sampled: ``4:2:0`` and its like, ``4:0:0`` for grey, ``rgb``."""
    if pixels is None:
        return None
    if pixels.is_rgb or pixels.is_bayer or pixels.has_palette:
        return "rgb" if not pixels.is_bayer else "bayer"
    kinds = [component for component in pixels.components if not component.is_alpha]
    if len(kinds) == 1:
        return "4:0:0"
    if len(kinds) != 3:
        return None
    # A size whose divisors tell the sampling, whatever the picture's own is.
    wide = 64
    across, down = wide // pixels.chroma_width(wide), wide // pixels.chroma_height(wide)
    return _SAMPLINGS.get((across, down))


def level(codec: str, number: int | None) -> str | None:
    """The codec's level as its standard spells it: ``4.1``, ``main``; None if it has none."""
    if number is None or number <= 0:  # FFmpeg says -99 where it does not know
        return None
    if codec in _TENTHS:
        return f"{number / _TENTHS[codec]:.1f}" if number != 9 or codec != "h264" else "1b"
    if codec == "mpeg2video":
        return _MPEG2_LEVELS.get(number)
    if codec == "av1":  # AV1 specification, annex A.3: seq_level_idx
        return f"{2 + number // 4}.{number % 4}" if number < 24 else None
    return str(number)


def is_standard_definition(width: int, height: int) -> bool:
    """Whether untagged pictures of a stored size in pixels are of BT.601's matrix, not BT.709's.

    It is what players assume. FFmpeg itself would take all pictures for SD.
    """
    return height <= _LARGEST_SD_HEIGHT and width <= _LARGEST_SD_WIDTH
