"""The verb that has assets heard."""

from __future__ import annotations

from typing import Annotated

import typer

from catalog.cli.options import Json
from catalog.cli.session import fail_with_reason, opened, say_done


def listen(
    references: Annotated[
        list[str] | None,
        typer.Argument(help="Assets, by id, path or file name; none: all not heard yet."),
    ] = None,
    *,
    again: Annotated[bool, typer.Option("--again", help="Also what was heard before.")] = False,
    dispatch: Annotated[bool, typer.Option("--dispatch", help="Have workers do it.")] = False,
    json: Json = False,
) -> None:
    """Give the sound of assets its vectors, so that `search --sound` finds it."""
    from catalog.cli.progress import shown_progress  # noqa: PLC0415

    with (
        fail_with_reason(json=json),
        opened() as catalog,
        shown_progress(quiet=json) as progress,
    ):
        body = catalog.listen(references or (), again=again, dispatch=dispatch, progress=progress)
    if dispatch:
        told = f"{len(body['assets'])} assets sent to workers."
    else:
        told = f"{body['made']} assets heard, {body['windows']} windows of sound."
    say_done(body, told, json=json)


def add_to(app: typer.Typer) -> None:
    """Make this a verb of the program."""
    app.command()(listen)
