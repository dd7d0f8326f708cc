"""Pages for people."""

from __future__ import annotations

from fastapi import APIRouter

from catalog.web.pages import admin, assets, bins, demo, encoders, logs, script, search, theme
from catalog.web.pages.showing import GLOBALS
from catalog.web.templating import environment

environment().globals.update(GLOBALS)

router = APIRouter(include_in_schema=False)
for part in (search, assets, bins, logs, admin, encoders, demo, script, theme):
    router.include_router(part.router)
