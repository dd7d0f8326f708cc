"""What every verb shares: an open catalogue, errors as messages and exit codes, JSON."""

from __future__ import annotations

import json as json_format
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer

from catalog.errors import CatalogError

if TYPE_CHECKING:
    from catalog.api import Catalog

EXIT_INTERRUPTED = 130


@contextmanager
def opened() -> Iterator[Catalog]:
    """The catalogue of the environment."""
    from catalog.api import Catalog  # noqa: PLC0415  # SQLAlchemy is not for --help

    with Catalog.open() as catalog:
        yield catalog


@contextmanager
def fail_with_reason(*, json: bool, query: str | None = None) -> Iterator[None]:
    """End the program with the message and exit code of an error of ours.

    With ``json`` the error is one JSON object on standard output, so that a
    program reads one stream whatever happens.
    """
    try:
        yield
    except CatalogError as error:
        if json:
            say_json(error.as_json())
        else:
            _tell(error, query)
        raise typer.Exit(error.exit_code) from error
    except KeyboardInterrupt:
        typer.echo("Broken off. What is done stays done; run it again to go on.", err=True)
        raise typer.Exit(EXIT_INTERRUPTED) from None
    except BrokenPipeError:
        # The reader (head, less) has seen enough; nothing more can be written.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None


def _tell(error: CatalogError, query: str | None) -> None:
    typer.echo(f"Error: {error.message}", err=True)
    position = error.details.get("position")
    if query and isinstance(position, int):
        from catalog.domain.query import point_at  # noqa: PLC0415

        typer.echo(point_at(query, position, error.details.get("length") or 1), err=True)
    if error.remedy:
        typer.echo(error.remedy, err=True)


def say_json(body: dict[str, Any]) -> None:
    """Print one JSON object on one line, readable in any language."""
    typer.echo(json_format.dumps(body, ensure_ascii=False, default=_plain))


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if hasattr(value, "tolist"):
        return value.tolist()  # a vector that SQL selected
    return str(value)
