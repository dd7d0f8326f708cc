"""Clips: shots, speech, and the subclips that people mark."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from catalog.domain import wire
from catalog.domain.media import FLAGS
from catalog.web.access import OpenCatalog, needs
from catalog.web.api import addresses
from catalog.web.api.description import STRICT, Id, Ids, Text, gives, such_as
from catalog.web.api.once import OnceRoute

router = APIRouter(tags=["clips"], route_class=OnceRoute)
_look, _change = [needs("viewer")], [needs("editor")]
_CLIP = gives(wire.Clip, "The clip")

Moment = Annotated[
    Annotated[float, Field(ge=0, le=10_000_000)] | Annotated[Text, Field(max_length=40)],
    Field(description="Seconds from the first picture, or a timecode", union_mode="left_to_right"),
]
Name = Annotated[Text, Field(max_length=1000)]


class Mark(BaseModel):
    """A range that somebody marks."""

    model_config = such_as(start=12.0, end="10:00:15:12", name="the dog")

    start: Moment
    end: Moment
    name: Name | None = None


class MarkChange(BaseModel):
    """What is to be changed of a subclip; what is left out stays."""

    model_config = STRICT

    start: Moment | None = None
    end: Moment | None = None
    name: Name | None = None


class Flag(BaseModel):
    """What shots are, that searches leave them out; null: they are worth searching."""

    model_config = such_as(clips=[31], flag="slate")

    clips: Ids
    flag: Text | None = Field(description=f"{', '.join(FLAGS)}, or null")


class Roll(BaseModel):
    """Which roll shots are, where what was told is wrong; null: as it is told."""

    model_config = such_as(clips=[31], roll="A")

    clips: Ids
    roll: Literal["A", "B"] | None = Field(description="A: somebody speaks; B: cutaway; or null")


class Poster(BaseModel):
    """The frame that stands for a clip."""

    model_config = STRICT

    frame: Id


@router.post(
    "/assets/{asset}/clips",
    dependencies=_change,
    responses=gives(wire.Clip, "The subclip", status=201),
    response_model=None,
    status_code=201,
    summary="Mark a subclip",
)
def mark(catalog: OpenCatalog, asset: Id, asked: Mark) -> dict[str, Any]:
    """Mark a range of an asset, in seconds or by timecode."""
    made = catalog.mark(asset, asked.start, asked.end, name=asked.name)
    return addresses.of_clip(made)


@router.get("/clips", dependencies=_look, response_model=None, summary="Several clips")
def several_clips(
    catalog: OpenCatalog,
    clip: Annotated[list[Id], Query(alias="id", min_length=1, max_length=200)],
) -> dict[str, Any]:
    """Several clips at once, in the order asked for; those that are not there are left out."""
    return {"clips": [addresses.of_clip(each) for each in catalog.clips(clip)]}


@router.put("/clips/flag", dependencies=_change, response_model=None, summary="Flag shots")
def flag(catalog: OpenCatalog, asked: Flag) -> dict[str, Any]:
    """Say that shots are bars, black, leader or slate, or (null) worth searching."""
    return {"clips": catalog.flag(asked.clips, asked.flag)}


@router.put("/clips/roll", dependencies=_change, response_model=None, summary="A- or B-roll")
def roll(catalog: OpenCatalog, asked: Roll) -> dict[str, Any]:
    """Say that shots are A-roll or B-roll, or (null) take back what was said."""
    return {"clips": catalog.roll(asked.clips, asked.roll)}


@router.get(
    "/clips/{clip}",
    dependencies=_look,
    responses=_CLIP,
    response_model=None,
    summary="Show a clip",
)
def show_clip(catalog: OpenCatalog, clip: Id) -> dict[str, Any]:
    """A clip with its own frames."""
    return addresses.of_clip(catalog.clip(clip))


@router.patch(
    "/clips/{clip}",
    dependencies=_change,
    responses=_CLIP,
    response_model=None,
    summary="Change a subclip",
)
def change_mark(catalog: OpenCatalog, clip: Id, asked: MarkChange) -> dict[str, Any]:
    """Change range or name of a subclip that a person marked."""
    given: dict[str, Any] = {name: getattr(asked, name) for name in asked.model_fields_set}
    return addresses.of_clip(catalog.change_mark(clip, **given))


@router.delete(
    "/clips/{clip}",
    dependencies=_change,
    responses=gives(wire.Changed, "Its asset", {"assets": [7]}),
    response_model=None,
    summary="Forget a subclip",
)
def unmark(catalog: OpenCatalog, clip: Id) -> dict[str, Any]:
    """Forget a subclip that a person marked, also where it is in bins."""
    return {"assets": [catalog.unmark(clip)]}


@router.put("/clips/{clip}/poster", dependencies=_change, response_model=None, summary="Poster")
def poster(catalog: OpenCatalog, clip: Id, asked: Poster) -> dict[str, Any]:
    """Let one of its frames stand for the clip."""
    catalog.poster(clip, asked.frame)
    return {"clip": clip, "frame": asked.frame}
