"""What a search sent, for whoever wants it explained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import ParamSpec

from catalog.db.noted import noted
from catalog.domain.results import SearchResult

_Given = ParamSpec("_Given")


def tells_what_it_sent(search: Callable[_Given, SearchResult]) -> Callable[_Given, SearchResult]:
    """The search, whose explanation also has the ``statements`` that it sent, in their order.

    Each with its beginning and how long it took. What only explains is not among them.
    """

    @wraps(search)
    def telling(*given: _Given.args, **named: _Given.kwargs) -> SearchResult:
        if not named.get("explain"):
            return search(*given, **named)
        with noted() as sent:
            found = search(*given, **named)
        told = {"statements": [each.as_json() for each in sent], **(found.explanation or {})}
        return replace(found, explanation=told)

    return telling
