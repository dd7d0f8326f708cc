"""Decoding by a graphics card (NVDEC), where there is one; or why there is not.

FFmpeg takes a stream to the card if the card knows its codec, profile and size, and decodes it in
software otherwise. Where the card cannot be used at all, nothing fails: the reason is what
`catalog doctor` shows.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.errors import InvalidSettingError

if TYPE_CHECKING:
    from av.codec.hwaccel import HWAccel

CHOICES = ("auto", "none", "cuda")
# The kernel driver's door, on Linux and in WSL 2.
_DOORS = (Path("/dev/nvidiactl"), Path("/dev/dxg"))


def check_hwaccel(wanted: str) -> str:
    """The setting itself.

    Raises
    ------
    InvalidSettingError
        If it is none of `CHOICES`.
    """
    if wanted not in CHOICES:
        raise InvalidSettingError(
            f"hwaccel is {wanted!r}; expected one of {', '.join(CHOICES)}.",
            remedy="Set CATALOG_HWACCEL to auto, cuda (the same) or none.",
        )
    return wanted


def accelerator(wanted: str) -> HWAccel | None:
    """What to open a container with; None where software is to decode."""
    if wanted == "none" or why_not() is not None:
        return None
    from av.codec.hwaccel import HWAccel  # noqa: PLC0415  the catalogue's own process needs none

    return HWAccel("cuda", allow_software_fallback=True)


def has_door() -> bool:
    """Whether an NVIDIA driver is loaded, as far as the file system tells."""
    return sys.platform == "linux" and any(door.exists() for door in _DOORS)


@cache
def why_not() -> str | None:
    """Why no card decodes here, in words; None if one does. Asked once in each process."""
    import av  # noqa: PLC0415
    import av.error  # noqa: PLC0415
    from av.codec.hwaccel import HWAccel, hwdevices_available  # noqa: PLC0415

    if "cuda" not in hwdevices_available():
        return "this build of FFmpeg has no CUDA"
    if not has_door():
        return "no NVIDIA driver is loaded (/dev/nvidiactl is not there)"
    try:
        device = HWAccel("cuda", allow_software_fallback=False)
        context = av.CodecContext.create("h264", "r", hwaccel=device)
    except (av.error.FFmpegError, NotImplementedError, RuntimeError) as error:
        return f"the driver refuses a CUDA device: {error}"
    return None if context.is_hwaccel else "FFmpeg's H.264 decoder does not take the CUDA device"
