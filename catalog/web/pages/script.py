"""Scripts: lines, and beside each what says and what shows it. Its state is the form's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Self

from fastapi import APIRouter, Depends, File, Form, Request, Response, UploadFile

from catalog.api import Catalog
from catalog.domain.recommended import MOST_TAKEN, Recommendation
from catalog.domain.script import MOST_CHARACTERS
from catalog.errors import CatalogError, ForbiddenError
from catalog.web.access import OpenCatalog, Who, needs
from catalog.web.pages.showing import show

router = APIRouter(include_in_schema=False)

_MOST_BYTES = 5_000_000
# A form has a thousand fields at most.
_MOST_PICKS = 400
EXPORTS = ("otio", "aaf", "fcpxml", "fcp7xml", "edl", "ale", "csv", "pdf")


@dataclass(frozen=True, slots=True)
class Planned:
    """What the form holds: a script, how it is planned, and what the editor has chosen.

    ``locks`` are ``LINE=CLIP``, ``avoid`` the same or ``CLIP``.
    """

    text: str = ""
    filter: str = ""
    bin_used: str = ""
    take: int = 3
    locks: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()

    def after(self, act: str) -> Self:
        """What it holds after a button: ``lock:3=17``, ``unlock:3=17``, ``others:3=17,18``."""
        verb, _, what = act.partition(":")
        if verb == "lock" and what:
            return replace(self, locks=(*self.locks, what))
        if verb == "unlock":
            return replace(self, locks=tuple(each for each in self.locks if each != what))
        if verb == "others":
            line, _, clips = what.partition("=")
            more = tuple(f"{line}={clip}" for clip in clips.split(",") if clip)
            return replace(self, avoid=tuple(dict.fromkeys((*self.avoid, *more))))
        if verb == "again":
            return replace(self, avoid=())
        return self


def held(
    *,
    text: Annotated[str, Form(max_length=MOST_CHARACTERS)] = "",
    filter: Annotated[str, Form(max_length=2000)] = "",
    bin_used: Annotated[str, Form(max_length=300)] = "",
    take: Annotated[int, Form(ge=1, le=MOST_TAKEN)] = 3,
    lock: Annotated[list[str] | None, Form(max_length=_MOST_PICKS)] = None,
    avoid: Annotated[list[str] | None, Form(max_length=_MOST_PICKS)] = None,
) -> Planned:
    """What the form sends."""
    return Planned(
        text.replace("\r\n", "\n"), filter, bin_used, take, tuple(lock or ()), tuple(avoid or ())
    )


@router.get("/script", dependencies=[needs("viewer")])
def script(request: Request, catalog: OpenCatalog) -> Response:
    """An empty form."""
    return _page(request, catalog, Planned())


@router.post("/script", dependencies=[needs("viewer")])
def plan(
    *,
    request: Request,
    catalog: OpenCatalog,
    who: Who,
    form: Annotated[Planned, Depends(held)],
    act: Annotated[str, Form(max_length=4000)] = "plan",
    name: Annotated[str, Form(max_length=200)] = "",
    file: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Plan the script, after what a button asks for; with ``act`` bin, make a bin of it."""
    wanted = form.after(act)
    made: str | None = None
    if act == "bin":
        if not who.may("editor"):
            raise ForbiddenError(
                f"{who.name} is {who.role}; making a bin needs editor.",
                remedy="Ask an administrator for a token of that role.",
            )
        made = name
    content = None
    if file is not None and file.filename:
        content = (file.filename, file.file.read(_MOST_BYTES + 1))
        # Another script has other lines.
        wanted = replace(wanted, locks=(), avoid=())
    return _page(request, catalog, wanted, content=content, bin_name=made, planned=True)


def _page(
    request: Request,
    catalog: Catalog,
    form: Planned,
    *,
    content: tuple[str, bytes] | None = None,
    bin_name: str | None = None,
    planned: bool = False,
) -> Response:
    context: dict[str, Any] = {
        "form": form, "plan": None, "wrong": None, "bins": catalog.bin.list(), "bin": None,
        "exports": EXPORTS, "most_taken": MOST_TAKEN,
    }  # fmt: skip
    if planned:
        try:
            found = _recommended(catalog, form, content)
            # A file's text stands in the box, where it can be changed.
            form = replace(form, text=found.script.source)
            context |= {"plan": found, "form": form, "said": _said(found)}
            if bin_name is not None:
                context["bin"] = catalog.bin.create(bin_name, items=found.items())
        except CatalogError as error:
            if error.http_status >= 500:
                raise
            context["wrong"] = error
    wrong = context["wrong"]
    status = 200 if wrong is None else wrong.http_status
    return show(request, "script.html", context, here="script", status=status)


def _recommended(
    catalog: Catalog, form: Planned, content: tuple[str, bytes] | None
) -> Recommendation:
    return catalog.recommend(
        text=form.text if content is None else None,
        content=content,
        filter=form.filter,
        bins_used=[form.bin_used] if form.bin_used else (),
        take=form.take,
        locks=form.locks,
        avoid=form.avoid,
    )


def _said(found: Recommendation) -> Sequence[int]:
    """How many lines have A-roll, and how many B-roll."""
    return (
        sum(bool(each.a_roll) for each in found.lines),
        sum(bool(each.b_roll) for each in found.lines),
    )
