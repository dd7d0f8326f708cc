"""How the API describes itself: OpenAPI's texts, shapes and examples."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field

from catalog.domain import wire

PREFIX = "/api/v1"

DESCRIPTION = """
Everything the catalogue can do, over HTTP. `docs/http-api.md` tells it with examples.

* **Who asks.** In local mode nobody is asked. Else send `Authorization: Bearer TOKEN`;
  `catalog token create` makes one. Roles: viewer, editor (also changes), admin (may all).
* **Errors** have one shape: `{"error": {"code", "message", "remedy", "retryable", "details"}}`.
* **Pages.** What is listed has `next`: send it as `after` (the audit trail: `before`) for the
  following page; null is the end.
* **Writes** may bear an `Idempotency-Key`: sent again within 24 hours, they are answered as
  the first time and not done again.
* **Times** are seconds from an asset's first picture; timecodes are the essence's own.
"""

_ERROR = {"model": wire.ErrorAnswer}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {**_ERROR, "description": "What was sent cannot be read at all"},
    401: {**_ERROR, "description": "The token is missing, unknown, expired or revoked"},
    403: {**_ERROR, "description": "Whoever asks may not do this"},
    404: {**_ERROR, "description": "What is named does not exist, or is not to be seen"},
    409: {**_ERROR, "description": "It contradicts what is there, or is being done already"},
    413: {**_ERROR, "description": "More was sent than is taken"},
    415: {**_ERROR, "description": "What was sent is of a type that is not taken"},
    422: {**_ERROR, "description": "A value cannot be used"},
    429: {**_ERROR, "description": "Asked too often"},
    503: {**_ERROR, "description": "A service that is needed is away"},
}


def gives(shape: Any, text: str, example: Any = None, status: int = 200) -> dict[int | str, Any]:  # noqa: ANN401  # a type; JSON
    """What a route answers: its shape, which is described and not checked again, and an example."""
    described: dict[str, Any] = {"model": shape, "description": text}
    if example is not None:
        described["content"] = {"application/json": {"example": example}}
    return {status: described}


def sends(kind: str, text: str) -> dict[int | str, Any]:
    """What a route of a file answers."""
    whole = {
        "description": text,
        "content": {kind: {"schema": {"type": "string", "format": "binary"}}},
    }
    return {
        200: whole,
        206: {**whole, "description": "The part that was asked for"},
        304: {"description": "It is what you have"},
        416: {"model": wire.ErrorAnswer, "description": "It has no such part"},
    }


def _no_nul(text: str) -> str:
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise ValueError("it holds NUL or half a character, which no text has")
    return text


Text = Annotated[str, AfterValidator(_no_nul)]
"""Text that PostgreSQL takes."""
Label = Annotated[Text, Field(min_length=1, max_length=300)]
"""What people call something: a tag, a collection, a bin."""
Id = Annotated[int, Field(ge=1, le=2**63 - 1)]
"""The number of something in the catalogue."""
Ids = Annotated[list[Id], Field(min_length=1, max_length=1000)]
"""Several numbers: what is done in bulk is done to a thousand at most."""
Limit = Annotated[int, Field(ge=1, le=1000, description="How many at most")]


STRICT = ConfigDict(extra="forbid")
"""Of what is sent as JSON: a field that is not known is a slip of somebody's, and refused."""


def such_as(**body: Any) -> ConfigDict:  # noqa: ANN401  # JSON
    """As `STRICT`, with an example, which the description shows."""
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [body]})
