"""The verb that answers SQL."""

from __future__ import annotations

import threading

import typer

from catalog.cli.options import Json
from catalog.cli.session import fail_with_reason, opened, say_json
from catalog.cli.signals import end_by_signals


def serve_phrases(*, json: Json = False) -> None:
    """Encode the phrases that SQL asks for by CALL catalog.encode_phrase('…'); Ctrl-C ends it."""
    stop = threading.Event()
    with fail_with_reason(json=json):
        with opened() as catalog:
            end_by_signals(stop)
            answered = catalog.serve_phrases(
                stop=stop, ready=lambda: typer.echo("Answering phrases.", err=True)
            )
        if json:
            say_json({"answered": answered})


def add_to(app: typer.Typer) -> None:
    """Make the verb one of the program."""
    app.command("serve-phrases")(serve_phrases)
