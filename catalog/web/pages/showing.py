"""What every page is rendered with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import Request, Response

from catalog.web.pages import formats, links
from catalog.web.pages.asked import Asked
from catalog.web.pages.strings import STRINGS, for_scripts
from catalog.web.templating import render

THEMES = ("dark", "light")


def show(
    request: Request,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    here: str = "",
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A page or a part of one; ``here`` is the entry of the main menu it belongs to."""
    values = {"here": here, "asked": Asked(), **(context or {})}
    return render(request, template, values, status=status, headers=headers)


def theme_of(request: Request) -> str:
    """Dark, unless somebody has asked for light."""
    theme = request.cookies.get("theme")
    return theme if theme in THEMES else THEMES[0]


# What every template knows, also that of an error.
GLOBALS: Mapping[str, Any] = {
    "t": STRINGS,
    "fmt": formats,
    "links": links,
    "js_strings": for_scripts,
    "theme_of": theme_of,
    "nothing_asked": Asked(),
}
