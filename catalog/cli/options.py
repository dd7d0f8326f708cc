"""Options that several verbs share, and what they print alike."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

import typer

from catalog.cli.session import say_json
from catalog.domain.results import Failure

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
JsonLines = Annotated[
    bool, typer.Option("--json", help="Print one JSON object a line instead of text.")
]
Limit = Annotated[int, typer.Option("--limit", "-n", help="How many at most.")]
References = Annotated[list[str], typer.Argument(help="Assets, each by id, path or file name.")]


def say_problems(failures: Sequence[Failure], warnings: Sequence[Failure]) -> None:
    """What failed, and what could not be read, each with its reason."""
    for kind, problems in (("failed", failures), ("warning", warnings)):
        for each in problems:
            typer.echo(f"{kind}: {_reason(each.path, each.reason)} [{each.code}]", err=True)


def _reason(path: str, reason: str) -> str:
    """Why something is not right, with its path, once."""
    # Not as a part of another: 1.mov in 11.mov, or in 1.mov.part.
    named = re.search(rf"(?<![\w.-]){re.escape(path)}(?![\w/\\-]|\.\w)", reason)
    return reason if named or not path else f"{path}: {reason}"


def say_changed(ids: list[int], *, json: bool) -> None:
    """How many assets a verb changed."""
    if json:
        say_json({"assets": ids})
    else:
        typer.echo(f"{len(ids)} asset{'' if len(ids) == 1 else 's'}.")
