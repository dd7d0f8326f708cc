"""Open a container with PyAV, safely, and choose the stream whose pictures count."""

from __future__ import annotations

import io
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import av
import av.error

from catalog.domain.paths import shown_path
from catalog.errors import MediaError, MediaTooLargeError, NotMediaError, UndecodableError
from catalog.media.cineon import CINEON, as_dpx
from catalog.media.files import check_readable, unreadable
from catalog.media.signatures import RED_RAW, Signature, recognise
from catalog.media.sound_layout import settle_layouts
from catalog.media.truncation import missing_bytes, truncated

if TYPE_CHECKING:
    from av.codec.hwaccel import HWAccel
    from av.container import InputContainer
    from av.stream import Stream
    from av.video.stream import VideoStream

# Playlists would have FFmpeg open other files, even over the network, on a stranger's word; the
# teletext reader draws any text file; patterns such as %03d in a name must mean themselves.
_REFUSED_FORMATS = frozenset(
    {"hls", "dash", "webm_dash_manifest", "concat", "imf", "image2", "image2pipe", "tty", "sdp"}
    | {"vobsub", "mlv"}  # these open files beside the one they were given
    | {"rtsp", "rtp", "rtp_mpegts", "sap", "smil", "ffmetadata", "lavfi", "avisynth", "vapoursynth"}
)
# Their readers must be told: FFmpeg itself looks at the name first, and may find a pattern in it.
_FRAMES = {"DPX": "dpx_pipe", "OpenEXR": "exr_pipe"}
_LARGEST_CINEON = 1 << 28  # 8K has half of that
_ATTACHED_PICTURE = 0x400  # AV_DISPOSITION_ATTACHED_PIC
_TIMED_THUMBNAILS = 0x800  # AV_DISPOSITION_TIMED_THUMBNAILS
_DEFAULT = 0x1  # AV_DISPOSITION_DEFAULT
_DEPENDENT = 0x80000  # AV_DISPOSITION_DEPENDENT
MP4_FAMILY = "mov,mp4,m4a,3gp,3g2,mj2"
"""As FFmpeg calls the one family whose index leads straight to each stream."""


def open_container(path: Path, hwaccel: HWAccel | None = None) -> InputContainer:
    """Open a file with FFmpeg's demuxers; ``hwaccel`` is what decodes its pictures.

    Only the file itself is read: demuxers that follow references to other
    files or addresses are refused.

    Raises
    ------
    UnreadableFileError, EmptyFileError
        As `check_readable`.
    NotMediaError
        If no demuxer recognises the file.
    TruncatedError
        If it cannot be opened because its end is missing.
    UndecodableError
        If it begins as media, but its structure is broken.
    MediaTooLargeError
        If it has more than 1000 streams.
    """
    head = check_readable(path)
    signature = recognise(head)
    if signature is not None and signature.name == CINEON:
        return _open_cineon(path)
    # An absolute path cannot be taken for an address such as "concat:a|b".
    name = os.path.abspath(path)  # noqa: PTH100  Path.resolve would follow links
    try:
        container = av.open(
            name,
            "r",
            format=_FRAMES.get(signature.name) if signature is not None else None,
            container_options={
                "format_whitelist": _allowed_formats(),
                "protocol_whitelist": "file",
            },
            metadata_errors="surrogateescape",
            hwaccel=hwaccel,
        )
        settle_layouts(container)
    except MemoryError as error:
        # FFmpeg gives this word to its limit of a thousand streams as well.
        raise MediaTooLargeError(
            f"{shown_path(path)} has more than 1000 streams, or an index that wants more memory"
            " than one file may have; expected a usual number.",
            remedy="Re-wrap it with the streams that are wanted.",
            path=shown_path(path),
        ) from error
    except (av.error.FFmpegError, ValueError) as error:
        # Demuxers say "input/output error" of broken files too; only storage fails twice.
        check_readable(path)
        _refuse(path, signature, error)
    return container


def _open_cineon(path: Path) -> InputContainer:
    """A Cineon file, for which FFmpeg has no reader, as the DPX file it might be."""
    try:
        if path.stat().st_size > _LARGEST_CINEON:
            raise MediaTooLargeError(
                f"{shown_path(path)} has more than {_LARGEST_CINEON} bytes; expected one frame.",
                remedy="Look whether it is what it is called.",
                path=shown_path(path),
            )
        content = as_dpx(path, path.read_bytes())
        return av.open(io.BytesIO(content), "r", format=_FRAMES["DPX"])
    except OSError as error:
        raise unreadable(path, error) from error
    except (av.error.FFmpegError, ValueError) as error:
        raise UndecodableError(
            f"{shown_path(path)} begins as Cineon, but cannot be read ({reason(error)});"
            " expected a complete frame.",
            remedy="It is truncated or damaged: copy it again from its source.",
            path=shown_path(path),
        ) from error


@cache
def _allowed_formats() -> str:
    return ",".join(sorted(av.formats_available - _REFUSED_FORMATS))


def _refuse(path: Path, signature: Signature | None, error: BaseException) -> NoReturn:
    if signature is None:
        raise not_media(path) from error
    if missing := missing_bytes(path):
        raise truncated(path, signature.name, missing) from error
    if signature.name == RED_RAW:
        raise UndecodableError(
            f"{shown_path(path)} is {RED_RAW}, which only its maker's programs decode; expected a"
            " film.",
            remedy="Catalogue the proxies beside it, or transcode it with REDCINE-X.",
            path=shown_path(path),
        ) from error
    raise UndecodableError(
        f"{shown_path(path)} begins as {signature.name}, but its structure cannot be read"
        f" ({reason(error)}); expected a complete file.",
        remedy="It is truncated or of an unsupported variety: copy it again or re-wrap it.",
        path=shown_path(path),
        format=signature.name,
    ) from error


def not_media(path: Path) -> MediaError:
    """The error for a file nothing recognises."""
    suffix = shown_path(path.suffix)
    called = f" although it is called {suffix}" if suffix else ""
    return NotMediaError(
        f"{shown_path(path)} is neither video, sound nor a picture{called}; expected a media file.",
        remedy="Check that it is the file it should be, or leave it out.",
        path=shown_path(path),
    )


def reason(error: BaseException) -> str:
    """FFmpeg's own words for what went wrong, in lower case."""
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(words).lower()


def video_candidates(container: InputContainer) -> list[VideoStream]:
    """The video streams a viewer may be shown, the likeliest first, as FFmpeg's own choice.

    Cover pictures, thumbnails, tracks that were declared and never written and
    tracks no decoder exists for are passed over. Of the others: default tracks
    first, moving pictures before single ones, then most pixels, then the first.
    """
    shown = [stream for stream in container.streams.video if _is_shown(stream)]
    return sorted(shown, key=_rank, reverse=True)


def undecodable_video(container: InputContainer) -> list[VideoStream]:
    """Video streams that are meant to be seen, but that no decoder here knows."""
    return [
        stream
        for stream in container.streams.video
        if not has_decoder(stream) and not _is_picture_beside(stream)
    ]


def has_decoder(stream: Stream) -> bool:
    """Whether FFmpeg knows the stream's codec."""
    # PyAV's types do not say that a stream of an unknown codec has no context.
    context: object = stream.codec_context
    return context is not None


def _is_picture_beside(stream: VideoStream) -> bool:
    return bool(int(stream.disposition) & (_ATTACHED_PICTURE | _TIMED_THUMBNAILS))


def _is_shown(stream: VideoStream) -> bool:
    if not has_decoder(stream) or _is_picture_beside(stream):
        return False
    if stream.container.format.name != MP4_FAMILY:
        return True
    return bool(stream.frames or len(stream.index_entries) or stream.pix_fmt)


def _rank(stream: VideoStream) -> tuple[bool, bool, bool, int, int]:
    flags = int(stream.disposition)
    return (
        not flags & _DEPENDENT,
        bool(flags & _DEFAULT),
        stream.frames != 1,
        stream.width * stream.height,
        -stream.index,
    )
