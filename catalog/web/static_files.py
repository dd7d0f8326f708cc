"""Static files under URLs that hold their hash."""

from __future__ import annotations

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from catalog.web.templating import STATIC, tree_hash

_FOR_GOOD = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"


class HashedFiles:
    """Serves ``/static/HASH/NAME``; under another hash it is the same file, not to be kept."""

    def __init__(self) -> None:
        self._files = StaticFiles(directory=STATIC, follow_symlink=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; ETag and Last-Modified are Starlette's."""
        root = scope.get("root_path", "")
        _, _, rest = scope["path"].removeprefix(root).lstrip("/").partition("/")
        held = scope["path"].removeprefix(root).lstrip("/").startswith(f"{tree_hash()}/")
        response: Response = await self._files.get_response(rest, scope)
        response.headers["Cache-Control"] = _FOR_GOOD if held else _ASK_AGAIN
        await response(scope, receive, send)
