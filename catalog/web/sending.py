"""Files as answers: whole or in part, or that nothing has changed."""

from __future__ import annotations

import hashlib
import os
import re
from urllib.parse import quote

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
_SMALL = 512 * 1024


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
    if request.method == "GET" and state.st_size <= _SMALL and "range" not in request.headers:
        return _at_once(file, headers)
    _check_range(request, state.st_size)
    headers["Content-Disposition"] = _disposition(file)
    return FileResponse(file.path, headers=headers, media_type=file.media_type, stat_result=state)


def _at_once(file: ServedFile, headers: dict[str, str]) -> Response:
    """A small picture, read here: a stream would change threads four times for it."""
    try:
        content = file.path.read_bytes()
    except OSError as error:
        raise NotFoundError("The file has gone.", remedy="Ask again.") from error
    answer = Response(content, headers={**headers, "Accept-Ranges": "bytes"})
    answer.headers["Content-Type"] = file.media_type
    answer.headers["Content-Disposition"] = _disposition(file)
    return answer


def _disposition(file: ServedFile) -> str:
    kind = "inline" if file.media_type.startswith(_SHOWN) else "attachment"
    return f"{kind}; filename*=utf-8''{quote(file.name, safe='')}"


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
