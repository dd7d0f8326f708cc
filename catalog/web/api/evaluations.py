"""Evaluations: encoders measured side by side, and the reports that are kept."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from catalog.domain import wire_work
from catalog.web.access import OpenCatalog, needs
from catalog.web.api.description import Text, gives, such_as
from catalog.web.api.errands import BEGINS, Name
from catalog.web.api.once import OnceRoute
from catalog.web.api.reports import REPORT, send_report
from catalog.web.errands import AskedErrands

router = APIRouter(
    prefix="/evaluations",
    tags=["encoders"],
    dependencies=[needs("admin")],
    route_class=OnceRoute,
)


class NewEvaluation(BaseModel):
    """What to measure, and on what; see docs/evaluation.md."""

    model_config = such_as(dataset="demo", encoders=["demo"], limit=100)

    dataset: Annotated[
        Text,
        Field(
            min_length=1,
            max_length=4096,
            description="demo, catalog, published, or a path below a root",
        ),
    ]
    encoders: Annotated[list[Name], Field(max_length=20)] = []
    languages: Annotated[list[Name], Field(max_length=200)] = []
    limit: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    protocol: Literal["first", "every"] = "first"
    calibrate: bool = False


@router.get(
    "",
    responses=gives(wire_work.EvaluationsAnswer, "Those that are kept"),
    response_model=None,
    summary="List evaluations",
)
def list_evaluations(catalog: OpenCatalog) -> dict[str, Any]:
    """The evaluations that are kept, the latest first."""
    return {"evaluations": catalog.evaluations()}


@router.post("", **BEGINS, summary="Evaluate")
def evaluate(errands: AskedErrands, asked: NewEvaluation) -> dict[str, Any]:
    """Measure encoders, as an errand of this server; its `report` names what was `kept`."""
    options = asked.model_dump(exclude={"dataset"})
    return errands.evaluate(asked.dataset, **options)


@router.get("/{evaluation}", response_model=None, summary="Show an evaluation")
def show_evaluation(catalog: OpenCatalog, evaluation: Text) -> dict[str, Any]:
    """Every figure, as `catalog evaluate --json` prints them."""
    return catalog.evaluation(evaluation)


@router.get("/{evaluation}/report.html", **REPORT, summary="Open a report")
def evaluation_report(catalog: OpenCatalog, evaluation: Text) -> Response:
    """The report: one HTML file that needs nothing else. It is shown in a sandbox."""
    return send_report(catalog.evaluation_report(evaluation), f"evaluation-{evaluation}.html")


@router.delete("/{evaluation}", response_model=None, summary="Forget an evaluation")
def forget_evaluation(catalog: OpenCatalog, evaluation: Text) -> dict[str, Any]:
    """Take an evaluation and its report away; calibrations stay."""
    catalog.forget_evaluation(evaluation)
    return {"evaluation": evaluation}
