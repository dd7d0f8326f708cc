"""What an administrator looks at: is it well, what is it doing, what has failed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from catalog.api import Catalog
from catalog.domain.paths import full_path, given_path
from catalog.errors import CatalogError, OutsideRootError
from catalog.web.access import OpenCatalog, needs
from catalog.web.ingests import AskedIngests
from catalog.web.pages.showing import show

router = APIRouter(prefix="/admin", include_in_schema=False, dependencies=[needs("admin")])

STAGES = ("analyse", "encode", "proxy", "recognise", "sound")
_FAILURES, _FEW = 200, 8


@router.get("")
def overview(request: Request, catalog: OpenCatalog, part: str = "") -> Response:
    """Figures, work under way, and what it comes to in an hour; ``part=live``: these alone."""
    stats = catalog.stats()
    context = {"stats": stats, "stages": list(_stages(stats))}
    return shown(request, "live" if part == "live" else "overview", context)


@router.get("/failures")
def failures(request: Request, catalog: OpenCatalog) -> Response:
    """What failed, why, and what can be done."""
    return shown(request, "failures", {"jobs": catalog.jobs(failed=True, limit=_FAILURES)})


@router.post("/failures")
def retry(catalog: OpenCatalog, asset: Annotated[list[int] | None, Form()] = None) -> Response:
    """Make failed work due again: of these assets, or all of it."""
    catalog.retry(asset or ())
    return RedirectResponse("/admin/failures", 303)


@router.get("/roots")
def roots(
    request: Request, catalog: OpenCatalog, ingests: AskedIngests, part: str = ""
) -> Response:
    """Folders that are catalogued, those that are watched, and what is taken in at the moment.

    ``part=live``: the last alone, for the figures of roots are counted file by file.
    """
    asked = {"ingests": ingests.list()[:_FEW]}
    if part == "live":
        return shown(request, "roots_live", asked)
    return shown(request, "roots", {**asked, "roots": catalog.root.list()})


@router.post("/roots")
def change_root(
    catalog: OpenCatalog,
    ingests: AskedIngests,
    act: Annotated[Literal["ingest", "add", "watch", "unwatch"], Form()],
    path: Annotated[str, Form(min_length=1, max_length=4000)],
) -> Response:
    """Enter a folder, take it in, or have it watched, or no longer."""
    folder = str(full_path(given_path(path)))
    if act == "ingest":
        _enter(catalog, folder)
        ingests.begin([folder])
    elif act == "add":
        catalog.root.add(folder)
    else:
        catalog.root.watch(folder, off=act == "unwatch")
    return RedirectResponse("/admin/roots", 303)


@router.post("/ingests/{ingest}/cancel")
def cancel_ingest(ingests: AskedIngests, ingest: str) -> Response:
    """Break an ingest off."""
    ingests.cancel(ingest)
    return RedirectResponse("/admin/roots", 303)


@router.get("/tokens")
def tokens(request: Request, catalog: OpenCatalog) -> Response:
    """Who may come in."""
    return shown(request, "tokens", {"tokens": catalog.token.list(), "made": None})


@router.post("/tokens")
def change_tokens(
    *,
    request: Request,
    catalog: OpenCatalog,
    act: Annotated[Literal["create", "revoke"], Form()],
    name: Annotated[str, Form(max_length=200)] = "",
    role: Annotated[Literal["viewer", "editor", "admin"], Form()] = "viewer",
    days: Annotated[float | None, Form(gt=0, le=3660)] = None,
    token: Annotated[int, Form()] = 0,
) -> Response:
    """Make a token, which is shown this once, or end one."""
    if act == "revoke":
        catalog.token.revoke(token)
        return RedirectResponse("/admin/tokens", 303)
    made = catalog.token.create(name, role, days=days)
    context = {"tokens": catalog.token.list(), "made": made}
    return shown(request, "tokens", context, headers={"Cache-Control": "no-store"})


@router.get("/doctor")
def doctor(request: Request, catalog: OpenCatalog) -> Response:
    """Every part looked over, with what is to be done."""
    try:
        body = catalog.doctor().as_json()
    except CatalogError as error:
        body = {"checks": [], "error": str(error)}
    return shown(request, "doctor", {"diagnosis": body})


def shown(request: Request, name: str, context: dict[str, Any], **more: Any) -> Response:  # noqa: ANN401
    """A page of the administration, or a part of one that changes while one looks."""
    return show(request, f"admin/{name}.html", {"page": name, **context}, here="admin", **more)


def _enter(catalog: Catalog, folder: str) -> None:
    """Make a root of what none holds: one within another would take its files from that."""
    try:
        catalog.root.holding(folder)
    except OutsideRootError:
        catalog.root.add(folder)


def _stages(stats: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Per stage how many assets are in each state, and how far that is."""
    for name in STAGES:
        states = {
            key.partition("/")[2]: count
            for key, count in stats["stages"].items()
            if key.startswith(f"{name}/")
        }
        total = sum(states.values())
        if total:
            done = states.get("done", 0)
            yield {"name": name, "states": states, "total": total, "done": done}
