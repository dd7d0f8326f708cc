"""The verbs of whoever runs the service."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from catalog.cli.options import Json
from catalog.cli.session import fail_with_reason, opened, say_json


def pause(
    *,
    reason: Annotated[str, typer.Option(help="Shown with the pause, to whoever wonders.")] = "",
    json: Json = False,
) -> None:
    """Let all workers leave work due, until `catalog resume`; what they are at they finish."""
    with fail_with_reason(json=json):
        with opened() as catalog:
            held = catalog.pause(reason)
        if json:
            say_json(held)
        else:
            typer.echo(f"Paused since {held['paused']} by {held['by']}.")


def resume(*, json: Json = False) -> None:
    """Let workers work again; what waited meanwhile is sent to them within the minute."""
    with fail_with_reason(json=json):
        with opened() as catalog:
            resumed = catalog.resume()
        if json:
            say_json({"resumed": resumed})
        else:
            typer.echo("Resumed." if resumed else "It was not paused.")


def reconcile(*, json: Json = False) -> None:
    """Send again what is due and no worker seems to know of; a service does so by itself."""
    with fail_with_reason(json=json):
        with opened() as catalog:
            done = catalog.reconcile()
        if json:
            say_json(done.as_json())
        else:
            typer.echo(f"{str(done).capitalize()}.")


def metrics(
    *,
    textfile: Annotated[
        Path | None, typer.Option(help="Write them here, whole or not at all, not to the terminal.")
    ] = None,
    json: Json = False,
) -> None:
    """Print the figures of `catalog stats` in Prometheus's text format."""
    with fail_with_reason(json=json):
        with opened() as catalog:
            text = catalog.metrics(textfile)
        if json:
            say_json({"metrics": text, "textfile": textfile})
        elif textfile is None:
            typer.echo(text, nl=False)


def add_to(app: typer.Typer) -> None:
    """Make these verbs of the program."""
    for verb in (pause, resume, reconcile, metrics):
        app.command()(verb)
