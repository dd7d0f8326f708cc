"""Encoders, teaching and evaluations, for administrators: what there is, and how far it is."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from catalog.api import Catalog
from catalog.web.access import OpenCatalog, needs
from catalog.web.errands import DATASETS, AskedErrands, Errands
from catalog.web.pages.admin import shown

router = APIRouter(prefix="/admin", include_in_schema=False, dependencies=[needs("admin")])

_FEW = 8
Name = Annotated[str, Form(max_length=400)]


@router.get("/encoders")
def encoders(
    request: Request, catalog: OpenCatalog, errands: AskedErrands, part: str = ""
) -> Response:
    """Which encoders there are, how far and how fast each is filled, and which answers."""
    encoders, trainings = catalog.encoder.list(), catalog.trainings()
    context = {"encoders": encoders, "trainings": trainings, **_under_way(errands)}
    return shown(request, "encoders_live" if part == "live" else "encoders", context)


@router.post("/encoders")
def change_encoder(
    catalog: OpenCatalog,
    errands: AskedErrands,
    act: Annotated[Literal["add", "backfill", "activate", "remove"], Form()],
    name: Annotated[str, Form(min_length=1, max_length=400)],
) -> Response:
    """Enter an encoder, fill it, let it answer, or forget it."""
    if act == "remove":
        catalog.encoder.remove(name)
        return RedirectResponse("/admin/encoders", 303)
    begin = {"add": errands.add, "backfill": errands.backfill, "activate": errands.activate}
    return _to(begin[act](name))


@router.post("/encoders/compare")
def compare(
    errands: AskedErrands,
    one: Name,
    other: Name,
    queries: Annotated[str, Form(max_length=20_000)] = "",
) -> Response:
    """See how far two encoders agree; a query a line."""
    return _to(errands.compare(one, other, _parts(queries), limit=10))


@router.post("/encoders/train")
def train(
    *,
    errands: AskedErrands,
    encoder: Name = "",
    name: Annotated[str, Form(max_length=80)] = "",
    tags: Annotated[str, Form(max_length=20_000)] = "",
    speech: Annotated[str, Form(max_length=20_000)] = "",
    method: Annotated[Literal["auto", "head", "lora", "full"], Form()] = "auto",
) -> Response:
    """Teach an encoder what was logged here; tags and words are parted by commas or lines."""
    begun = errands.train(
        "catalog",
        encoder=encoder or None,
        name=name.strip() or None,
        method=method,
        tags=_parts(tags, ","),
        speech=_parts(speech, ","),
    )
    return _to(begun)


@router.get("/evaluations")
def evaluations(
    request: Request, catalog: OpenCatalog, errands: AskedErrands, part: str = ""
) -> Response:
    """The evaluations that are kept, and those under way."""
    context = {"evaluations": catalog.evaluations(), **_under_way(errands)}
    if part != "live":
        context |= {"encoders": catalog.encoder.list(), "datasets": DATASETS}
    return shown(request, "evaluations_live" if part == "live" else "evaluations", context)


@router.post("/evaluations")
def evaluate(
    *,
    catalog: OpenCatalog,
    errands: AskedErrands,
    act: Annotated[Literal["evaluate", "forget"], Form()] = "evaluate",
    evaluation: Annotated[str, Form(max_length=64)] = "",
    dataset: Annotated[str, Form(max_length=4096)] = "",
    path: Annotated[str, Form(max_length=4096)] = "",
    encoder: Annotated[list[str] | None, Form()] = None,
    limit: Annotated[str, Form(pattern=r"^\d{0,7}$")] = "",
    calibrate: Annotated[bool, Form()] = False,
) -> Response:
    """Measure encoders, or forget what was measured."""
    if act == "forget":
        catalog.forget_evaluation(evaluation)
        return RedirectResponse("/admin/evaluations", 303)
    chosen = path.strip() or dataset
    count = int(limit) if limit else None
    return _to(errands.evaluate(chosen, encoders=encoder or (), limit=count, calibrate=calibrate))


@router.get("/errands/{errand}")
def show_errand(
    request: Request, catalog: OpenCatalog, errands: AskedErrands, errand: str, part: str = ""
) -> Response:
    """How far an errand is, and what came of it."""
    told = errands.get(errand)
    context = {"errand": told, "kept": _kept(catalog, told), "taught": _taught(catalog, told)}
    return shown(request, "errand_live" if part == "live" else "errand", context)


@router.post("/errands/{errand}/cancel")
def cancel_errand(errands: AskedErrands, errand: str) -> Response:
    """Break an errand off."""
    return _to(errands.cancel(errand))


def _kept(catalog: Catalog, errand: dict[str, Any]) -> dict[str, Any] | None:
    """The evaluation that came of it, as it is listed."""
    key = (errand["report"] or {}).get("kept")
    return next((each for each in catalog.evaluations() if each["id"] == key), None)


def _taught(catalog: Catalog, errand: dict[str, Any]) -> dict[str, Any] | None:
    """The taught encoder that came of it, as it is listed."""
    name = (errand["report"] or {}).get("name") if errand["what"] == "train" else None
    return name and next((each for each in catalog.trainings() if each["encoder"] == name), None)


def _parts(text: str, by: str = "\n") -> list[str]:
    """What stands in a field for several: each on a line, or parted by ``by``."""
    found = (part.strip() for line in text.splitlines() for part in line.split(by))
    return [part for part in found if part]


def _under_way(errands: Errands) -> dict[str, Any]:
    return {"errands": errands.list()[:_FEW]}


def _to(errand: dict[str, Any]) -> Response:
    return RedirectResponse(f"/admin/errands/{errand['id']}", 303)
