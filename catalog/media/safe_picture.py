"""A stranger's picture, decoded where it can do no harm."""

from __future__ import annotations

import tempfile
from pathlib import Path

from catalog.domain.media import AssetKind, SamplingPolicy
from catalog.errors import (
    MediaError,
    MediaTooLargeError,
    PathNotFoundError,
    UndecodableError,
)
from catalog.media.isolated import DecoderPool

MOST_BYTES = 256 * 1024 * 1024


def safe_jpeg(decoders: DecoderPool, picture: Path | bytes) -> bytes:
    """A stranger's picture as a JPEG of ours, decoded where it can do no harm.

    Raises
    ------
    PathNotFoundError, MediaTooLargeError, MediaError
        If it is not there, above 256 MiB, or no picture that can be decoded.
    DecodersUnavailableError
        If there is no process to decode it.
    """
    if isinstance(picture, Path):
        return _decoded(decoders, picture, _size_of(picture))
    # The catalogue's decoders read files, as the formats need: so the bytes become one.
    with tempfile.NamedTemporaryFile(prefix="catalog-picture-") as file:
        file.write(picture)
        file.flush()
        try:
            return _decoded(decoders, Path(file.name), len(picture))
        except MediaError as error:
            raise _of_bytes(error, Path(file.name), len(picture)) from error


def _of_bytes(error: MediaError, file: Path, size: int) -> MediaError:
    """The same without the name of a file that the asker never heard of."""
    message = error.message.replace(str(file), f"The picture of {size} bytes")
    message = message.replace(f"The picture {file.name!r}", f"The picture of {size} bytes")
    return type(error)(message, remedy=error.remedy)


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except (OSError, ValueError) as error:
        raise PathNotFoundError(
            f"There is no picture {str(path)[:200]!r} that can be read; expected a file.",
            remedy="Check the path.",
        ) from error


def _decoded(decoders: DecoderPool, path: Path, size: int) -> bytes:
    if size > MOST_BYTES:
        raise MediaTooLargeError(
            f"A picture has {size} bytes; expected at most {MOST_BYTES}.",
            remedy="Give a smaller version of it.",
            limit=MOST_BYTES,
        )
    kept: list[bytes] = []

    def keep(_pts: int, jpeg: bytes) -> str:
        kept.append(jpeg)
        return ""

    with decoders.analysis(path, SamplingPolicy(), keep) as analysis:
        if analysis.probe.kind is not AssetKind.STILL:
            raise UndecodableError(
                f"The picture {path.name[:80]!r} is {analysis.probe.kind.value}; expected a still.",
                remedy="Give a picture, or ingest it and use its shots: --like CLIP.",
            )
        for _shot in analysis:
            pass
    return kept[0]
