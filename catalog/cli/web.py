"""The verb that serves pages and the HTTP API."""

from __future__ import annotations

import threading
from typing import Annotated

import typer

from catalog.cli.options import JsonLines
from catalog.cli.session import fail_with_reason
from catalog.cli.signals import end_by_signals
from catalog.cli.starting import importing


def web(
    *,
    host: Annotated[
        str | None, typer.Option(help="Address to serve at; CATALOG_WEB_HOST, or 127.0.0.1.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Port; CATALOG_WEB_PORT, or 8600. 0: any that is free.")
    ] = None,
    auth: Annotated[
        bool, typer.Option("--auth", help="Ask for tokens, even on this machine.")
    ] = False,
    json: JsonLines = False,
) -> None:
    """Serve the pages and the HTTP API until it is told to end (SIGTERM, Ctrl-C).

    At a loopback address this machine's users may all, unless --auth asks for tokens. At any
    other tokens are always asked for: `catalog token create`. With --json, logs are JSON.
    """
    with importing("catalog.api"):
        from catalog.api import Catalog  # noqa: PLC0415
        from catalog.cli.watch_log import shown_log  # noqa: PLC0415
        from catalog.settings import Settings  # noqa: PLC0415
        from catalog.web.server import serve  # noqa: PLC0415

    stop = threading.Event()
    with fail_with_reason(json=json):
        settings = Settings.load()
        with (
            shown_log("catalog.web", json=json or settings.json_logs),
            Catalog.open(settings) as catalog,
        ):
            end_by_signals(stop)
            serve(
                catalog,
                host=settings.web_host if host is None else host,
                port=settings.web_port_number if port is None else port,
                auth=auth or settings.asks_for_tokens,
                ready=lambda url: typer.echo(f"Serving at {url}", err=True),
                stop=stop,
            )


def add_to(app: typer.Typer) -> None:
    """Make the verb one of the program."""
    app.command()(web)
