"""The doctor's look at what decodes: FFmpeg, still formats, a graphics card."""

from __future__ import annotations

from collections.abc import Iterator

from catalog.domain.diagnosis import Check, State
from catalog.media.hardware import check_hwaccel, why_not
from catalog.media.libraries import ffmpeg_versions, missing_decoders, still_formats
from catalog.media.raw import RAW_SUFFIXES
from catalog.settings import Settings


def media_checks(settings: Settings) -> Iterator[Check]:
    """FFmpeg's versions and decoders, still formats, and who decodes in hardware or why nobody."""
    missing = missing_decoders()
    found = ffmpeg_versions() + (f"; no decoder of {', '.join(missing)}" if missing else "")
    remedy = "Install PyAV's own wheels: pip install --force-reinstall av." if missing else ""
    yield Check("ffmpeg", State.WARN if missing else State.OK, found, remedy)
    yield _stills()
    yield _hardware(settings)


def _stills() -> Check:
    formats = still_formats()
    missing = [name for name, there in formats.items() if not there]
    raws = ", ".join(sorted(RAW_SUFFIXES))
    found = f"{', '.join(name for name, there in formats.items() if there)}; previews of {raws}"
    if not missing:
        return Check("stills", State.OK, found)
    found = f"{', '.join(missing)} cannot be read; {found} can"
    remedy = "Install the wheels of Pillow and pillow-heif from PyPI."
    return Check("stills", State.WARN, found, remedy)


def _hardware(settings: Settings) -> Check:
    wanted = check_hwaccel(settings.hwaccel)
    if wanted == "none":
        return Check("hardware_decoding", State.OK, "switched off (CATALOG_HWACCEL=none)")
    reason = why_not()
    if reason is None:
        return Check("hardware_decoding", State.OK, "NVDEC, where it knows the codec")
    # Whoever asks for a card wants to hear that there is none; for others software is as good.
    state = State.WARN if wanted == "cuda" else State.OK
    remedy = "Install NVIDIA's driver, or set CATALOG_HWACCEL=auto." if wanted == "cuda" else ""
    return Check("hardware_decoding", state, f"software decodes: {reason}", remedy)
