"""Teaching: an encoder learns what was logged here, as an errand; its reports."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from catalog.domain import wire_work
from catalog.web.access import OpenCatalog, needs
from catalog.web.api.description import Label, Text, gives, such_as
from catalog.web.api.errands import BEGINS, Name
from catalog.web.api.once import OnceRoute
from catalog.web.api.reports import REPORT, send_report
from catalog.web.errands import AskedErrands

router = APIRouter(
    prefix="/trainings", tags=["encoders"], dependencies=[needs("admin")], route_class=OnceRoute
)
Words = Annotated[list[Label], Field(max_length=1000)]
Dataset = Annotated[Text, Field(min_length=1, max_length=4096)]


class NewTraining(BaseModel):
    """What to learn from and how; see docs/training.md. What is left out is as usual."""

    model_config = such_as(name="rushes", tags=["windmill"], speech=["windmill"])

    dataset: Annotated[
        Dataset, Field(description="catalog (what was logged here), or a path below a root")
    ] = "catalog"
    encoder: Annotated[Name | None, Field(description="Start from this; null: the active")] = None
    name: Annotated[Name | None, Field(description="What to call what comes of it")] = None
    tags: Annotated[Words, Field(description="Tags that say what is seen")] = []
    speech: Annotated[Words, Field(description="Words by which what is said is a caption")] = []
    keep: Annotated[Dataset | None, Field(description="Recall@1 on this is to be kept")] = None
    method: Literal["auto", "head", "lora", "full"] = "auto"
    steps: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    batch: Annotated[int, Field(ge=2, le=65_536)] = 32
    rate: Annotated[float, Field(gt=0, le=1)] | None = None
    rank: Annotated[int, Field(ge=1, le=4096)] = 8
    alpha: Annotated[float, Field(gt=0, le=1)] | None = None
    most_loss: Annotated[float, Field(ge=0, le=1)] = 0.02
    library: Annotated[int, Field(ge=0, le=100_000)] = 512
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0
    precision: Literal["auto", "fp32", "bf16"] = "auto"


@router.post("", **BEGINS, summary="Teach an encoder")
def train(errands: AskedErrands, asked: NewTraining) -> dict[str, Any]:
    """Fine-tune an encoder, as an errand of this server; nothing is activated.

    Its `report` is what `catalog train --json` prints; the reports are below `/trainings/{id}`,
    where `id` is the name of the folder, the last part of the report's `folder`.
    """
    options = asked.model_dump(exclude={"dataset", "keep"})
    return errands.train(asked.dataset, keep=asked.keep, **options)


@router.get(
    "",
    responses=gives(wire_work.TrainingsAnswer, "Those whose folders are there"),
    response_model=None,
    summary="List taught encoders",
)
def list_trainings(catalog: OpenCatalog) -> dict[str, Any]:
    """The encoders that were taught here, the latest first."""
    return {"trainings": catalog.trainings()}


@router.get("/{training}", response_model=None, summary="Show a teaching")
def show_training(catalog: OpenCatalog, training: Text) -> dict[str, Any]:
    """Every figure, as `catalog train --json` prints them."""
    return catalog.training(training)


@router.get("/{training}/{page}", **REPORT, summary="Open a report of a teaching")
def training_report(
    catalog: OpenCatalog,
    training: Text,
    page: Literal["training.html", "evaluation.html", "remembered.html"],
) -> Response:
    """How it learned; or parent and child measured side by side. Shown in a sandbox."""
    return send_report(catalog.training_report(training, page), f"{training}-{page}")
