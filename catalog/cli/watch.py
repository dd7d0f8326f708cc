"""The verb that watches: a process that runs until it is told to end."""

from __future__ import annotations

import threading
from typing import Annotated

import typer

from catalog.cli.options import JsonLines, say_problems
from catalog.cli.session import fail_with_reason, opened, say_json
from catalog.cli.signals import end_by_signals


def watch(
    *,
    once: Annotated[
        bool, typer.Option("--once", help="Look over all roots once, and end: for cron.")
    ] = False,
    rescan: Annotated[
        float | None, typer.Option(help="Seconds between looks at everything; 900 if left out.")
    ] = None,
    json: JsonLines = False,
) -> None:
    """Take in what settles in the watched roots, until it is told to end (SIGTERM, Ctrl-C).

    Which roots are watched, and how, `catalog root watch` says.
    """
    from catalog.cli.watch_log import shown_log  # noqa: PLC0415
    from catalog.domain.watching import RESCAN_S  # noqa: PLC0415
    from catalog.settings import Settings  # noqa: PLC0415

    stop = threading.Event()
    end_by_signals(stop)
    with (
        fail_with_reason(json=json),
        shown_log(json=json or Settings.load().json_logs),
    ):
        with opened() as catalog:
            report = catalog.watch(stop, once=once, rescan=RESCAN_S if rescan is None else rescan)
        if json:
            say_json(report.as_json())
        elif once:
            counts = report.as_json()
            names = ("registered", "known", "back", "missing", "waiting", "failed")
            typer.echo(", ".join(f"{counts[name]} {name}" for name in names) + ".")
            for path in report.paused:
                typer.echo(f"paused: {path}: its storage is away", err=True)
            say_problems(report.failures, report.warnings)
    if once and (report.failed or report.paused):
        raise typer.Exit(1)


def add_to(app: typer.Typer) -> None:
    """Make these verbs of the program."""
    app.command()(watch)
