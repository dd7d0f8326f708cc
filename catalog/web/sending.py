"""Files as answers: whole or in part, or that nothing has changed."""

from __future__ import annotations

import hashlib
import os
import re

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from catalog.domain.served import ServedFile
from catalog.errors import NotFoundError, RangeError

_RANGES = re.compile(r"bytes=\s*(\d*-\d*)(\s*,\s*\d*-\d*)*\s*", re.ASCII)
_SHOWN = ("image/", "video/", "audio/", "text/vtt", "application/json")
# What a stranger's file may do where a browser opens it by itself: nothing.
_POLICY = "default-src 'none'; sandbox"
_FOR_GOOD = "private, max-age=31536000, immutable"
_ASK_AGAIN = "private, no-cache"


def send(request: Request, file: ServedFile) -> Response:
    """The answer that a file is; heeds Range, If-Range and If-None-Match (RFC 9110).

    Raises
    ------
    RangeError
        If none of the bytes that are asked for is in the file.
    NotFoundError
        If it has gone meanwhile.
    """
    etag = f'"{hashlib.sha256(file.mark.encode()).hexdigest()[:32]}"'
    headers = {
        "ETag": etag,
        "Cache-Control": _FOR_GOOD if file.immutable else _ASK_AGAIN,
        "Content-Security-Policy": _POLICY,
    }
    if etag in _tags(request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=headers)
    try:
        state = os.stat(file.path)  # noqa: PTH116  # a result, as Starlette wants it
    except OSError as error:
        raise NotFoundError("The file has gone.", remedy="Ask again.") from error
    _check_range(request, state.st_size)
    inline = file.media_type.startswith(_SHOWN)
    return FileResponse(
        file.path,
        headers=headers,
        media_type=file.media_type,
        filename=file.name,
        stat_result=state,
        content_disposition_type="inline" if inline else "attachment",
    )


def _tags(header: str) -> set[str]:
    return {each.strip().removeprefix("W/") for each in header.split(",")}


def _check_range(request: Request, size: int) -> None:
    """Refuse what lies behind the end; what is no range of bytes is to be ignored."""
    asked = request.headers.get("range")
    if asked is None:
        return
    if _RANGES.fullmatch(asked) is None or not _any_within(asked, size):
        if _RANGES.fullmatch(asked) is not None and "if-range" not in request.headers:
            raise RangeError(
                f"The file has {size} bytes; {asked[:60]!r} lies outside.",
                remedy="Ask for bytes that it has, or for the whole file.",
                size=size,
            )
        _forget_range(request)


def _any_within(asked: str, size: int) -> bool:
    for part in asked.partition("=")[2].split(","):
        first, _, last = part.strip().partition("-")
        if first and int(first) < size and (not last or int(last) >= int(first)):
            return True
        if not first and last and int(last) > 0 and size > 0:
            return True
    return False


def _forget_range(request: Request) -> None:
    request.scope["headers"] = [
        (name, value) for name, value in request.scope["headers"] if name != b"range"
    ]
