"""The search page, and the parts of it that scripts ask for."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Any, Literal, NamedTuple

from fastapi import APIRouter, File, Form, Query, Request, Response, UploadFile
from fastapi.responses import RedirectResponse

from catalog.api import Catalog
from catalog.domain.query import terms
from catalog.domain.results import SearchResult
from catalog.errors import (
    CatalogError,
    EncoderUnavailableError,
    InvalidQueryError,
    NotFoundError,
)
from catalog.web.access import OpenCatalog, needs
from catalog.web.pages import facets, formats, links, watch
from catalog.web.pages.asked import SORTS, Asked, AskedFor, asked_by
from catalog.web.pages.cards import cards_of
from catalog.web.pages.showing import show
from catalog.web.pages.strings import STRINGS

router = APIRouter(include_in_schema=False)

PAGE, FURTHER = 60, 200
"""Hits of the first page, and of each that a script asks for while somebody scrolls."""

_VALUES, _SHOTLESS = 12, 5

Part = Annotated[Literal["", "page", "cards", "facets", "watch"], Query()]


class Example(NamedTuple):
    """A shot that hits should be like, or unlike: its name where it has one, and its picture."""

    name: str
    picture: str | None


@router.get("/", dependencies=[needs("viewer")])
def search(request: Request, catalog: OpenCatalog, asked: AskedFor, part: Part = "") -> Response:
    """Shots by words, filters and examples; ``part`` is what a script replaces of the page."""
    if part == "cards":
        return _cards(request, catalog, asked)
    context: dict[str, Any] = {"asked": asked, "watch": None}
    if asked.shot:
        context["watch"] = watch.watched(catalog, asked)
    if part == "watch":
        return show(request, "parts/watch.html", context)
    if part == "facets":
        return show(request, "parts/facets.html", {"facets": counted(catalog, asked)})
    # A script shows the results first, and asks for the counts beside them after that.
    context |= found(catalog, asked, counts=part != "page")
    return show(request, "search.html", context)


@router.post("/", dependencies=[needs("viewer")])
def by_picture(
    catalog: OpenCatalog,
    picture: Annotated[UploadFile, File()],
    state: Annotated[str, Form(max_length=8000)] = "",
) -> Response:
    """Keep a picture to search by, and go to what looks like it."""
    name = catalog.keep_picture(picture.file.read())
    return RedirectResponse(asked_by(state).url(image=name, like=(), shot=""), 303)


@router.get("/complete", dependencies=[needs("viewer")])
def complete(
    catalog: OpenCatalog,
    q: Annotated[str, Query(max_length=2000)],
    at: Annotated[int, Query(ge=0, le=2000)],
) -> dict[str, Any]:
    """What can be typed at a place of the query box."""
    return catalog.complete(q, at)


@router.get("/pictures/{name}", dependencies=[needs("viewer")])
def picture(catalog: OpenCatalog, name: str) -> Response:
    """A picture that somebody searched by."""
    content = catalog.kept_picture(name).read_bytes()
    return Response(
        content, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=86400"}
    )


@router.post("/clips/{clip}/roll", dependencies=[needs("editor")])
def change_roll(
    catalog: OpenCatalog,
    clip: int,
    roll: Annotated[Literal["A", "B", "auto"], Form()],
    state: Annotated[str, Form(max_length=8000)] = "",
) -> Response:
    """Put right which roll a shot is, and go on watching it."""
    catalog.roll([clip], None if roll == "auto" else roll)
    return RedirectResponse(asked_by(state.partition("?")[2]).url(shot=str(clip)), 303)


def _cards(request: Request, catalog: Catalog, asked: Asked) -> Response:
    """A further page of cards; the header says after what the next one begins."""
    result = run(catalog, asked, limit=FURTHER)
    cards = cards_of(result, catalog.passages(result), grouped=asked.group == "asset")
    headers = {"X-Next": result.next or ""}
    return show(request, "parts/cards.html", {"asked": asked, "cards": cards}, headers=headers)


def run(catalog: Catalog, asked: Asked, *, limit: int = PAGE) -> SearchResult:
    """The page of results that is asked for."""
    return catalog.search(
        asked.query,
        image=catalog.kept_picture(asked.image) if asked.image else None,
        like=asked.like or None,
        not_=asked.not_ or None,
        sort=asked.order,
        limit=limit,
        after=asked.after or None,
        all_=asked.all_,
    )


def counted(catalog: Catalog, asked: Asked) -> list[facets.Facet]:
    """The counts beside the results; none where the query cannot be read."""
    try:
        return facets.shown(catalog.facets(asked.query, fields=facets.FIELDS, limit=_VALUES), asked)
    except CatalogError as error:
        if error.http_status >= 500:
            raise
        return []


def found(catalog: Catalog, asked: Asked, *, counts: bool = True) -> dict[str, Any]:
    """What the page shows of a search, or of why it could not be made."""
    context: dict[str, Any] = {
        "result": None, "cards": [], "wrong": None, "ranked": False, "corrections": (),
        "empty_catalog": False, "facets": [], "sorts": SORTS, "examples": {}, "looser": [],
        "said": "", "expected": 0, "shotless": [],
    }  # fmt: skip
    try:
        result = run(catalog, asked)
    except CatalogError as error:
        # Who asks for sounds where nothing hears them is told so beside what was asked.
        if error.http_status >= 500 and not isinstance(error, EncoderUnavailableError):
            raise
        return context | {"wrong": _wrong(error, asked)}
    cards = cards_of(result, catalog.passages(result), grouped=asked.group == "asset")
    return context | {
        "result": result,
        "cards": cards,
        "ranked": any(card.by for card in cards),
        "examples": _examples(catalog, asked),
        "corrections": result.corrections,
        "empty_catalog": asked.is_empty and not result.hits and catalog.stats()["assets"] == 0,
        "facets": counted(catalog, asked) if counts else [],
        "looser": [] if result.hits else _looser(asked, result),
        "shotless": [] if result.hits else _shotless(catalog, asked),
        "said": _said(result, asked),
        "expected": _expected(result),
    }


def _examples(catalog: Catalog, asked: Asked) -> dict[str, Example]:
    """The shots that hits should be like, or unlike: what is written of each, and its picture."""
    shown: dict[str, Example] = {}
    for each in (*asked.like, *asked.not_):
        kind, _, number = each.rpartition(":")
        if number.isascii() and number.isdigit():
            with suppress(NotFoundError):
                shown[each] = _example(catalog, kind, int(number))
    return shown


def _example(catalog: Catalog, kind: str, number: int) -> Example:
    if kind == "frame":
        return Example("", links.picture(number))
    clip = catalog.clip(number)
    name = " ".join(filter(None, (clip["asset"]["name"], clip["timecode_in"])))
    return Example(name, None if clip["frame_id"] is None else links.picture(clip["frame_id"]))


def _expected(result: SearchResult) -> int:
    """How many hits there are in all, as far as it is known."""
    return result.total_candidates if result.cutoff is None else result.cutoff["relevant"]


def _said(result: SearchResult, asked: Asked) -> str:
    total, relevant = formats.number(result.total_candidates), _expected(result)
    if result.cutoff is None or asked.all_:
        only = result.total_candidates == 1
        return STRINGS["found_all_one" if only else "found_all"].format(total=total)
    text = STRINGS["found_one" if relevant == 1 else "found"]
    return text.format(shown=formats.number(relevant), total=total)


def _looser(asked: Asked, result: SearchResult) -> Sequence[tuple[str, str]]:
    """Ways out of an empty list: without each filter in turn, only the words, what is weaker."""
    filters = [each.text for each in terms(asked.q) if each.is_filter]
    ways = [
        (STRINGS["without_filter"].format(each), asked.filtered(each).url()) for each in filters
    ]
    if result.total_candidates and not asked.all_:
        ways.append((STRINGS["weaker"], asked.url(all_=True)))
    return ways[:4] or [(STRINGS["everything"], "/")]


def _shotless(catalog: Catalog, asked: Asked) -> list[dict[str, Any]]:
    """Assets that pass and have no shot: what failed, or is not analysed yet, is not lost."""
    if asked.is_empty or asked.image or asked.like or asked.after:
        return []
    rows: list[dict[str, Any]] = catalog.assets(asked.query, limit=_SHOTLESS)["assets"]
    return [row for row in rows if not row["frames"]]


def _wrong(error: CatalogError, asked: Asked) -> dict[str, Any]:
    """What was wrong, with the query cut before and behind the place where it is."""
    told: dict[str, Any] = {
        "message": error.message, "remedy": error.remedy, "marked": None,
        "position": "", "length": "", "meant": None,
    }  # fmt: skip
    query = asked.q
    if isinstance(error, InvalidQueryError) and query and error.details.get("length"):
        begin = error.details["position"]
        end = begin + error.details["length"]
        told |= {"position": begin, "length": end - begin}
        if meant := error.details.get("meant"):
            told["meant"] = (STRINGS["search_for"].format(meant), asked.url(q=meant))
        told["marked"] = (query[:begin], query[begin:end] or " ", query[end:])
    return told
