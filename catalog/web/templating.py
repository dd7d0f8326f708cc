"""Pages from templates: everything is escaped, and files are named with their content's hash."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse

from catalog import __version__
from catalog.web.access import Principal

_HERE = Path(__file__).parent
TEMPLATES, STATIC = _HERE / "templates", _HERE / "static"


@cache
def environment() -> jinja2.Environment:
    """The templates' environment: strict about names, and every value is escaped."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(static=static_url, version=__version__)
    return made


@cache
def tree_hash() -> str:
    """The first digits of a SHA-256 over all static files: their URLs change when they do.

    Of all together, since modules import each other by relative names.
    """
    digest = hashlib.sha256()
    for path in sorted(STATIC.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(STATIC).as_posix().encode() + b"\0")
            digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def static_url(name: str) -> str:
    """The URL of a static file, ``css/base.css``, which a browser may keep for good."""
    return f"/static/{tree_hash()}/{name}"


def render(
    request: Request,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """A page. Templates also see ``request``, ``who`` (a `Principal`, or None) and ``csrf``."""
    who = request.scope.get("catalog.principal")
    csrf = who.csrf if isinstance(who, Principal) else ""
    values = {"request": request, "who": who, "csrf": csrf, **(context or {})}
    text = environment().get_template(template).render(values)
    return HTMLResponse(text, status, dict(headers or {}))
