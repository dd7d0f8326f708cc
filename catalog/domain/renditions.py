"""What is made of an asset for people to see and hear: kinds, and what is known of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class RenditionKind(StrEnum):
    """What a rendition is for; its value ends the key it is kept under."""

    STRIP = "strip"
    STRIP_INDEX = "strip_index"
    WAVEFORM = "waveform"
    PEAKS = "peaks"
    PROXY = "proxy"

    @property
    def file_name(self) -> str:
        """The name of its file, whose suffix tells browsers its type."""
        return _FILE_NAMES[self]


_FILE_NAMES = {
    RenditionKind.STRIP: "strip.webp",
    RenditionKind.STRIP_INDEX: "strip.vtt",
    RenditionKind.WAVEFORM: "waveform.png",
    RenditionKind.PEAKS: "peaks.json",
    RenditionKind.PROXY: "proxy.mp4",
}


DEFAULT_LINES = 720


@dataclass(frozen=True, slots=True)
class Rendition:
    """One rendition that lies in the frame store.

    ``size`` is bytes; ``width`` and ``height`` are pixels, where it has any;
    ``duration_pts`` is its length in the asset's time base, where it runs in
    time; ``settings`` are JSON-ready and tell how it was made.
    """

    kind: RenditionKind
    key: str
    size: int
    width: int | None = None
    height: int | None = None
    duration_pts: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProxySettings:
    """How a proxy is made.

    Attributes
    ----------
    lines:
        Height of its picture at most; smaller pictures are not enlarged.
    quality:
        x264's constant rate factor, 0 (best) to 51.
    keyframe_s:
        Seconds from one picture that can be jumped to, to the next, at most.
    """

    lines: int = DEFAULT_LINES
    quality: int = 23
    keyframe_s: float = 1.0

    def as_json(self) -> dict[str, Any]:
        """The settings by name."""
        return {"lines": self.lines, "quality": self.quality, "keyframe_s": self.keyframe_s}
