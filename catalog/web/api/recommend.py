"""Scripts: shots for each line, and the plan as a bin. Nothing is kept between requests."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, File, Form, UploadFile
from pydantic import BaseModel, Field

from catalog.api import Catalog
from catalog.domain import wire
from catalog.domain.recommended import MOST_TAKEN, Pick, Recommendation
from catalog.domain.script import MOST_CHARACTERS
from catalog.errors import TooLargeError
from catalog.web.access import OpenCatalog, needs
from catalog.web.api import addresses
from catalog.web.api.bins import Name
from catalog.web.api.description import STRICT, Id, Text, gives, such_as
from catalog.web.api.once import OnceRoute

router = APIRouter(prefix="/recommend", tags=["recommend"], route_class=OnceRoute)

MOST_BYTES = 5_000_000
_LOOK, _CHANGE = [needs("viewer")], [needs("editor")]

Take = Annotated[int, Field(ge=1, le=MOST_TAKEN, description="Proposals per line and roll")]
Filter = Annotated[Text, Field(max_length=10_000, description="Filters, phrases: no free words")]
Pace = Annotated[float, Field(ge=40, le=400, description="Words read a minute")]
_CLIP = {
    "id": 31, "kind": "shot", "roll": "B", "flag": None, "start": 12.0, "end": 19.48,
    "timecode_in": "10:00:12:00", "timecode_out": "10:00:19:12", "text": None, "language": None,
    "by_person": False, "frame_id": 118, "picture": "/api/v1/frames/118/picture",
    "asset": {"id": 7, "name": "roll-01.mp4", "kind": "video", "collection": "News"},
}  # fmt: skip
_PROPOSAL = {
    "rank": 1, "score": 0.8, "cosine": 0.3141, "confidence": 0.97, "words": [],
    "long_enough": True, "locked": False, "reason": "shows it: cosine 0.31, 97 % sure",
    "use": {"start": 13.9, "end": 17.58, "timecode_in": "10:00:13:23",
            "timecode_out": "10:00:17:15", "trimmed": True},
    "clip": _CLIP,
}  # fmt: skip
_PLAN = gives(
    wire.RecommendAnswer,
    "For each line what says it (A-roll) and what shows it (B-roll), best first",
    {
        "kind": "text", "seconds": 3.68, "encoder": "demo", "took_ms": 41.2, "notices": [],
        "lines": [{
            "number": 1, "text": "Claudia Roth is the presenter of MediaCentral Moments.",
            "kind": "said", "speaker": None, "scene": None, "seconds": 3.68,
            "names": ["Claudia Roth", "MediaCentral Moments"], "a_roll": [],
            "b_roll": [_PROPOSAL],
        }],
    },
)  # fmt: skip


class LinePick(BaseModel):
    """A clip of a line of the script."""

    model_config = STRICT

    line: Annotated[int, Field(ge=1, le=1_000_000)]
    clip: Id


class Avoided(BaseModel):
    """A clip that is not to be proposed: for one line, or (null) for any."""

    model_config = STRICT

    clip: Id
    line: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


class Planning(BaseModel):
    """How a script is planned."""

    model_config = such_as(
        text="A red car drives through the rain.",
        filter="collection:News",
        take=3,
        locks=[{"line": 1, "clip": 31}],
    )

    text: Annotated[Text, Field(max_length=MOST_CHARACTERS, description="The script")]
    kind: Literal["text", "fountain"] | None = None
    words_per_minute: Pace | None = None
    filter: Filter = ""
    bins_used: Annotated[list[Id], Field(max_length=100)] = []
    take: Take = 3
    locks: Annotated[list[LinePick], Field(max_length=1000)] = []
    avoid: Annotated[list[Avoided], Field(max_length=1000)] = []


class BinPlanning(Planning):
    """How a script is planned, and the name of the bin that its first proposals make."""

    model_config = such_as(text="A red car drives through the rain.", name="Tonight")

    name: Name


@router.post("", dependencies=_LOOK, responses=_PLAN, response_model=None, summary="Plan a script")
def recommend(catalog: OpenCatalog, asked: Planning) -> dict[str, Any]:
    """Shots for each line of a script, planned around what is locked."""
    return addresses.of_plan(_planned(catalog, asked).as_json())


@router.post(
    "/file",
    dependencies=_LOOK,
    responses=_PLAN,
    response_model=None,
    summary="Plan the script in a file",
)
def recommend_file(
    catalog: OpenCatalog,
    script: Annotated[UploadFile, File(description="Plain text, Fountain, .docx, .srt or .vtt")],
    filter: Annotated[Filter, Form()] = "",
    take: Annotated[Take, Form()] = 3,
) -> dict[str, Any]:
    """The same of a file (up to 5 MB); the lines' texts in the answer are what was read of it."""
    content = script.file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise TooLargeError(
            f"The script has more than {MOST_BYTES} bytes.",
            remedy="Send its text, without pictures.",
            limit=MOST_BYTES,
        )
    named = (script.filename or "script", content)
    return addresses.of_plan(catalog.recommend(content=named, filter=filter, take=take).as_json())


@router.post(
    "/bin",
    dependencies=_CHANGE,
    responses=gives(wire.Bin, "The bin", status=201),
    response_model=None,
    status_code=201,
    summary="Plan a script into a bin",
)
def recommend_bin(catalog: OpenCatalog, asked: BinPlanning) -> dict[str, Any]:
    """The first proposals of each line as a bin: A-roll on V1 with its sound, B-roll on V2."""
    made = _planned(catalog, asked, bin=asked.name).bin
    assert made is not None  # noqa: S101  # it was asked for
    return addresses.of_bin(dict(made))


def _planned(catalog: Catalog, asked: Planning, **options: Any) -> Recommendation:  # noqa: ANN401  # of recommend
    return catalog.recommend(
        text=asked.text,
        kind=asked.kind,
        words_per_minute=asked.words_per_minute,
        filter=asked.filter,
        bins_used=asked.bins_used,
        take=asked.take,
        locks=[Pick(each.clip, each.line) for each in asked.locks],
        avoid=[Pick(each.clip, each.line) for each in asked.avoid],
        **options,
    )
