"""Where the HTTP API gives what pages show."""

from __future__ import annotations

_API = "/api/v1"


def picture(frame: int) -> str:
    """The picture of a frame."""
    return f"{_API}/frames/{frame}/picture"


def strip(asset: int) -> str:
    """The sheet of small pictures of a film."""
    return f"{_API}/assets/{asset}/strip.webp"


def strip_index(asset: int) -> str:
    """When each of them is shown."""
    return f"{_API}/assets/{asset}/strip.vtt"


def waveform(asset: int) -> str:
    """The outline of a sound, drawn."""
    return f"{_API}/assets/{asset}/waveform.png"


def proxy(asset: int) -> str:
    """A copy that every browser plays."""
    return f"{_API}/assets/{asset}/proxy.mp4"


def original(asset: int) -> str:
    """The file itself, as far as a browser plays it."""
    return f"{_API}/assets/{asset}/original"
