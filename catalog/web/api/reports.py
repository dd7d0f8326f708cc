"""Reports as answers: HTML files that need nothing else, shown in a sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import Response

# It holds its style and its pictures; nothing in it runs, and nothing is fetched for it.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; sandbox"
)
REPORT: dict[str, Any] = {
    "response_model": None,
    "response_class": Response,
    "responses": {200: {"description": "The report", "content": {"text/html": {}}}},
}
"""Of a route that answers with a report."""


def send_report(path: Path, name: str) -> Response:
    """The report in the file, which is saved as ``name`` (letters, digits and ``._-``)."""
    headers = {
        "Content-Security-Policy": _POLICY,
        "Cache-Control": "private, max-age=86400",
        "Content-Disposition": f'inline; filename="{name}"',
    }
    return Response(path.read_bytes(), media_type="text/html; charset=utf-8", headers=headers)
