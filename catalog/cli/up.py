"""The verb that runs everything on one machine."""

from __future__ import annotations

import json as json_format
import threading
from typing import TYPE_CHECKING, Annotated

import typer

from catalog.cli.options import JsonLines
from catalog.cli.session import fail_with_reason, say_json
from catalog.cli.signals import end_by_signals
from catalog.cli.starting import importing

if TYPE_CHECKING:
    from catalog.supervisor import Change


class _Text:
    """Lines of all, each behind the name of who wrote it."""

    def changed(self, change: Change) -> None:
        typer.echo(f"{change.service:>8} ─ {change}")

    def line(self, service: str, line: str) -> None:
        typer.echo(f"{service:>8} │ {line}")


class _Json:
    """One JSON object per change; what the children write is in their logs alone."""

    def changed(self, change: Change) -> None:
        say_json(change.as_json())

    def line(self, service: str, line: str) -> None:
        """Nothing."""


class _JsonLogs(_Json):
    """Changes and lines of all, one JSON object each."""

    def line(self, service: str, line: str) -> None:
        try:
            body = json_format.loads(line)
        except ValueError:
            body = None
        said = body if isinstance(body, dict) else {"event": line}
        say_json({"service": service, **said})


def up(
    *,
    media: Annotated[
        int | None, typer.Option(min=1, help="Processes that decode; default: cores less one.")
    ] = None,
    json: JsonLines = False,
) -> None:
    """Run everything on this machine: database, broker, workers, watcher; Ctrl-C stops all.

    Logs lie in CATALOG_HOME/logs. With --json, one line per change of state.
    """
    with importing("catalog.api"):
        from catalog.api import Catalog  # noqa: PLC0415
        from catalog.settings import Settings  # noqa: PLC0415

    stop = threading.Event()
    with fail_with_reason(json=json):
        settings = Settings.load()
        tell = _Json() if json else _JsonLogs() if settings.json_logs else _Text()
        with Catalog.open(settings) as catalog:
            end_by_signals(stop)
            catalog.up(tell=tell, stop=stop, media=media)


def add_to(app: typer.Typer) -> None:
    """Make the verb one of the program."""
    app.command()(up)
