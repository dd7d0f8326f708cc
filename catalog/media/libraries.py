"""What the libraries that read media can do on this machine."""

from __future__ import annotations


def ffmpeg_versions() -> str:
    """FFmpeg and its libraries as PyAV has them, on one line."""
    import av  # noqa: PLC0415  slow to import

    parts = (f"{name} {'.'.join(map(str, v))}" for name, v in sorted(av.library_versions.items()))
    return f"FFmpeg {av.ffmpeg_version_info} by PyAV {av.__version__} ({', '.join(parts)})"


def missing_decoders() -> list[str]:
    """Codecs the trade delivers that this build of FFmpeg does not decode."""
    import av.codec  # noqa: PLC0415

    wanted = ("h264", "hevc", "vp9", "av1", "prores", "dnxhd", "mpeg2video", "mjpeg", "jpeg2000")
    return sorted(set(wanted) - set(av.codec.codecs_available))


def still_formats() -> dict[str, bool]:
    """Still formats beyond the common ones, and whether they can be read."""
    from PIL import features  # noqa: PLC0415

    try:
        import pillow_heif  # noqa: PLC0415

        heif = pillow_heif.libheif_version() is not None
    except ImportError:
        heif = False
    return {
        "HEIF": heif,
        "AVIF": bool(features.check("avif")),
        "JPEG 2000": bool(features.check("jpg_2000")),
        "WebP": bool(features.check("webp")),
    }
