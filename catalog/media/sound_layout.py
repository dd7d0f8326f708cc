"""Where a sound's channels belong, told to PyAV in a form that it does not free twice.

QuickTime's and other files may list their channels one by one. PyAV 18 shares such a list between
FFmpeg's structures and its own, and each frees it: the process is aborted, by reading
``codec_context.layout`` or by decoding one frame. A layout of FFmpeg's own has no list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import av
from av.audio.layout import AudioLayout

if TYPE_CHECKING:
    from av.audio.codeccontext import AudioCodecContext
    from av.container import InputContainer

# In the order of their bits (libavutil/channel_layout.h).
_CHANNELS = (
    "FL", "FR", "FC", "LFE", "BL", "BR", "FLC", "FRC", "BC", "SL", "SR", "TC", "TFL", "TFC", "TFR",
    "TBL", "TBC", "TBR", "DL", "DR", "WL", "WR", "SDL", "SDR", "LFE2", "TSL", "TSR", "BFC", "BFL",
    "BFR",
)  # fmt: skip
_SURROUND = {"BL", "BR", "SL", "SR", "WL", "WR"}
_shared: list[AudioLayout] = []
"""Layouts that must live as long as the process: who frees them frees somebody else's list."""


def settle_layouts(container: InputContainer) -> None:
    """Give each audio stream of a container that was just opened a layout without a list.

    What cannot be said so becomes as many channels as there are, of which nobody knows the place.
    """
    for stream in container.streams.audio:
        # PyAV's types do not say that a stream of an unknown codec has no context.
        context: AudioCodecContext | None = stream.codec_context
        if context is not None:
            _settle(context)


def _settle(context: AudioCodecContext) -> None:
    found = context.layout  # asked for once: this one owns the list, if there is any, from here
    plain = plain_name(found.name, found.nb_channels)
    try:
        context.layout = AudioLayout(plain)
    except (ValueError, RuntimeError, av.error.FFmpegError):
        _shared.append(found)


def plain_name(name: str, count: int) -> str:
    """A layout's name if FFmpeg keeps it as bits, else one that only counts: ``8C``.

    Pairs at the sides and the back in another order than FFmpeg's, as QuickTime's 7.1 has them,
    are taken for FFmpeg's: they are one another's likes.
    """
    _, listed, rest = name.partition(" channels (")
    if not listed:
        return name
    names = rest.rstrip(")").split("+")
    usual = sorted(set(names), key=lambda n: _CHANNELS.index(n) if n in _CHANNELS else -1)
    if len(usual) != count or usual[0] not in _CHANNELS:
        return f"{count}C"
    swapped = {
        each for pair in zip(names, usual, strict=True) if pair[0] != pair[1] for each in pair
    }
    return "+".join(usual) if swapped <= _SURROUND else f"{count}C"
