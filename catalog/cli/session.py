"""What every verb shares: an open catalogue, errors as messages and exit codes, JSON."""

from __future__ import annotations

import io
import json as json_format
import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer

from catalog.cli.starting import importing
from catalog.errors import CatalogError

if TYPE_CHECKING:
    from catalog.api import Catalog

EXIT_INTERRUPTED = 130
BROKEN_OFF = "Broken off. What is done stays done; run it again to go on."


@contextmanager
def opened() -> Iterator[Catalog]:
    """The catalogue of the environment."""
    with importing("catalog.api"):
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
        _fail(error, json=json, query=query)
        raise typer.Exit(error.exit_code) from error
    except KeyboardInterrupt:
        typer.echo(BROKEN_OFF, err=True)
        raise typer.Exit(EXIT_INTERRUPTED) from None
    except BrokenPipeError:
        # The reader (head, less) has seen enough; nothing more can be written.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None
    except (typer.Exit, typer.Abort):
        raise
    except Exception as error:
        if os.environ.get("CATALOG_DEBUG"):
            raise
        _fail(_unexpected(error), json=json, query=None)
        raise typer.Exit(CatalogError.exit_code) from error


def _unexpected(error: Exception) -> CatalogError:
    """A fault of our own as an error like any other: people are not shown a traceback."""
    reason = " ".join(str(error).split())[:300]
    return CatalogError(
        f"Something in the catalogue itself went wrong: {type(error).__name__}: {reason}",
        remedy="Please report this; CATALOG_DEBUG=1 shows where it was.",
    )


def _fail(error: CatalogError, *, json: bool, query: str | None) -> None:
    if json:
        say_json(error.as_json())
    else:
        _tell(error, query)


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
    # A terminal that has no Unicode still gets JSON, for escapes are JSON too.
    ascii_only = "utf" not in (sys.stdout.encoding or "").lower()
    text = json_format.dumps(_finite(body), ensure_ascii=ascii_only, default=_plain)
    typer.echo(text)


def say_done(body: dict[str, Any], told: str, *, json: bool) -> None:
    """Say what was done, and of each item that failed why; then the program ends with code 1."""
    if json:
        say_json(body)
    else:
        typer.echo(told)
        for failure in body["failures"]:
            reason = f"{failure['path']}: {failure['reason']} [{failure['code']}]"
            typer.echo(f"failed: {reason}", err=True)
    if body["failures"]:
        raise typer.Exit(1)


def _finite(value: Any) -> Any:  # noqa: ANN401  # whatever SQL selected
    """JSON has no NaN and no infinity; they become text."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {str(key): _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return value


def steady_output() -> None:
    """Let nothing in a name or a query keep the answer from being written.

    What the terminal's encoding has not (or half a character, from an argument
    that is no UTF-8) is written as an escape.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if hasattr(value, "tolist"):
        return value.tolist()  # a vector that SQL selected
    return str(value)
