"""Finding shots, and what the query box offers."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Query, UploadFile
from pydantic import BaseModel, Field

from catalog.api import Catalog
from catalog.domain import wire
from catalog.domain.query import FIELDS, WHOLE
from catalog.errors import TooLargeError, UnsupportedTypeError
from catalog.web.access import OpenCatalog, needs
from catalog.web.api import addresses
from catalog.web.api.description import Limit, Text, gives, such_as
from catalog.web.api.once import OnceRoute

router = APIRouter(tags=["search"], dependencies=[needs("viewer")], route_class=OnceRoute)

MOST_PICTURE_BYTES = 25 * 1024 * 1024
MOST_PICTURES = 8
# What is taken for a picture. Whether it is one, a decoder in a process of its own finds out.
_PICTURES = {
    "image/jpeg", "image/png", "image/webp", "image/gif", "image/tiff", "image/bmp",
    "image/heic", "image/heif", "image/avif",
}  # fmt: skip
Q = Annotated[Text, Field(max_length=10_000, description="Words, phrases, filters")]
Shots = Annotated[list[Text], Field(max_length=32)]
# Those by score have 4,000 characters at most, those by name what a name takes.
After = Annotated[Text, Field(max_length=5000)]
_HIT = {
    "rank": 1, "score": 0.0328, "cosine": 0.3141, "keyword_rank": 2, "confidence": 0.97,
    "relevant": True,
    "asset": {
        "id": 7, "name": "roll-01.mp4", "kind": "video", "path": "/media/roll-01.mp4",
        "collection": "News",
    },
    "clip": {
        "id": 31, "kind": "shot", "roll": "B", "roll_confidence": 0.97, "start": 12.0, "end": 15.48,
        "timecode_in": "10:00:12:00", "timecode_out": "10:00:15:12",
    },
    "frame": {"id": 118, "at": 13.2, "picture": "/api/v1/frames/118/picture"},
}  # fmt: skip
_FOUND = gives(
    wire.SearchAnswer,
    "The shots that answer the query, best first",
    {
        "query": "a red car at night", "encoder": "demo", "plan": {"kind": "exact", "why": "few"},
        "took_ms": 8.4, "total_candidates": 412, "cutoff": None, "hits": [_HIT], "next": None,
    },
)  # fmt: skip


class SearchRequest(BaseModel):
    """A search: words and filters, and shots to be like."""

    model_config = such_as(q="a red car at night kind:video", limit=10)

    q: Q = ""
    like: Shots = Field(default=[], description="Clips to be like: 17, clip:17, frame:203")
    not_: Shots = Field(default=[], alias="not", description="What hits should not look like")
    keep_examples: bool = False
    then: Text | None = Field(default=None, max_length=10_000, description="The next shot")
    within: Text | None = Field(default=None, max_length=40, description="How soon: 10s")
    sound: Text | None = Field(default=None, max_length=1000, description="What is to be heard")
    weights: Text | None = Field(default=None, max_length=100, description="meaning=1,words=0.5")
    sort: Text | None = Field(default=None, max_length=40, description="date, name, duration")
    limit: Limit = 20
    after: After | None = Field(default=None, description="`next` of a page")
    all: bool = Field(default=False, description="Also what is below the cutoff")
    explain: bool = Field(default=False, description="Also the statement and its plan")


def _search(catalog: Catalog, asked: SearchRequest, images: list[bytes]) -> dict[str, Any]:
    # Pictures come as bytes alone: text would be a path of this machine.
    found = catalog.search(
        asked.q,
        image=images or None,
        like=asked.like,
        not_=asked.not_,
        keep_examples=asked.keep_examples,
        then=asked.then,
        within=asked.within,
        sound=asked.sound,
        weights=asked.weights,
        sort=asked.sort,
        limit=asked.limit,
        after=asked.after,
        all_=asked.all,
        explain=asked.explain,
    )
    return addresses.of_search(found.as_json())


@router.get("/search", responses=_FOUND, response_model=None, summary="Search")
def search(catalog: OpenCatalog, asked: Annotated[SearchRequest, Query()]) -> dict[str, Any]:
    """The shots that answer a query; see docs/query-language.md for what it may say."""
    return _search(catalog, asked, [])


@router.post("/search", responses=_FOUND, response_model=None, summary="Search, asked in JSON")
def search_by_json(catalog: OpenCatalog, asked: SearchRequest) -> dict[str, Any]:
    """The same with the request as JSON: for what is too long for an address."""
    return _search(catalog, asked, [])


@router.post(
    "/search/image", responses=_FOUND, response_model=None, summary="Search by example pictures"
)
def search_by_image(
    catalog: OpenCatalog,
    image: Annotated[list[UploadFile], File(description="Pictures that hits should look like")],
    q: Annotated[Q, Form()] = "",
    limit: Annotated[Limit, Form()] = 20,
    after: Annotated[After | None, Form()] = None,
) -> dict[str, Any]:
    """Shots that look like these pictures (up to 8, of 25 MiB), and answer the query."""
    if len(image) > MOST_PICTURES:
        raise TooLargeError(
            f"{len(image)} pictures were sent; expected {MOST_PICTURES} at most.",
            remedy="A few good examples say more than many.",
        )
    pictures = [_content(each) for each in image]
    return _search(catalog, SearchRequest(q=q, limit=limit, after=after), pictures)


def _content(sent: UploadFile) -> bytes:
    kind = (sent.content_type or "").partition(";")[0].strip().lower()
    if kind not in _PICTURES:
        raise UnsupportedTypeError(
            f"A file of type {kind[:60]!r} was sent; expected a picture.",
            remedy=f"Send one of {', '.join(sorted(_PICTURES))}.",
        )
    content = sent.file.read(MOST_PICTURE_BYTES + 1)
    if len(content) > MOST_PICTURE_BYTES:
        raise TooLargeError(
            f"A picture has more than {MOST_PICTURE_BYTES} bytes.",
            remedy="Send a smaller version of it.",
            limit=MOST_PICTURE_BYTES,
        )
    return content


@router.get(
    "/facets",
    responses=gives(wire.FacetsAnswer, "Values and their numbers"),
    response_model=None,
    summary="Count values",
)
def facets(
    catalog: OpenCatalog,
    q: Annotated[Q, Query()] = "",
    field: Annotated[list[Text], Query(max_length=50)] = [],  # noqa: B006  # FastAPI copies it
    prefix: Annotated[Text, Query(max_length=200)] = "",
    limit: Annotated[Limit, Query()] = 20,
) -> dict[str, Any]:
    """The values of fields among what a query lets through, with how often they occur."""
    return catalog.facets(q, fields=field, prefix=prefix, limit=limit).as_json()


@router.get("/fields", response_model=None, summary="Fields of the query language")
def fields() -> dict[str, Any]:
    """What can be filtered by, with its type and choices: what completes the query box."""
    known = [
        {
            "name": f"{field.name}.KEY" if field.keyed else field.name,
            "aliases": list(field.aliases),
            "about": field.about,
            "expects": field.expected,
            "example": field.example,
            "choices": list(field.choices),
            "suggests": field.suggests,
        }
        for field in (*FIELDS, *WHOLE)
    ]
    return {"fields": known}


@router.get("/fields/{name}/values", response_model=None, summary="Values of a field")
def field_values(
    catalog: OpenCatalog,
    name: Text,
    prefix: Annotated[Text, Query(max_length=200)] = "",
    q: Annotated[Q, Query()] = "",
    limit: Annotated[Limit, Query()] = 20,
) -> dict[str, Any]:
    """The values of one field that begin so, commonest first: what completes a word."""
    return catalog.facets(q, fields=[name], prefix=prefix, limit=limit).as_json()


@router.get("/tags", response_model=None, summary="Tags")
def tags(
    catalog: OpenCatalog,
    prefix: Annotated[Text, Query(max_length=200)] = "",
    limit: Annotated[Limit, Query()] = 100,
) -> dict[str, Any]:
    """Tags that are in use, with how many assets and shots bear each."""
    return catalog.facets("", fields=["tag"], prefix=prefix, limit=limit).as_json()


@router.get("/duplicates", response_model=None, summary="Versions of the same essence")
def duplicates(
    catalog: OpenCatalog, q: Annotated[Q, Query()] = "", *, near: bool = False
) -> dict[str, Any]:
    """Groups of assets that are other encodings of one another; ``near``: trimmed ones, too."""
    return catalog.duplicates(q, near=near)
