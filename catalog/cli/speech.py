"""The verb that has speech recognised."""

from __future__ import annotations

from typing import Annotated

import typer

from catalog.cli.options import Json
from catalog.cli.session import fail_with_reason, opened, say_done


def recognise(
    references: Annotated[
        list[str] | None,
        typer.Argument(help="Assets, by id, name or path; none: all that wait for it."),
    ] = None,
    *,
    again: Annotated[
        bool, typer.Option("--again", help="Also what was recognised before.")
    ] = False,
    dispatch: Annotated[bool, typer.Option("--dispatch", help="Have workers do it.")] = False,
    fetch: Annotated[
        bool, typer.Option("--fetch", help="First download the recogniser's weights.")
    ] = False,
    json: Json = False,
) -> None:
    """Recognise what is said where no subtitles tell it."""
    from catalog.cli.progress import shown_progress  # noqa: PLC0415

    with (
        fail_with_reason(json=json),
        opened() as catalog,
        shown_progress(quiet=json) as progress,
    ):
        if fetch:
            folder = catalog.fetch_recogniser()
            typer.echo(f"The weights lie in {folder}.", err=True)
        body = catalog.recognise(
            references or [], again=again, dispatch=dispatch, progress=progress
        )
    if dispatch:
        told = f"Workers were told of {body['assets']} asset(s)."
    else:
        told = f"{body['recognised']} of {body['assets']} done: {body['lines']} line(s) of text."
        if body["assets"] == 0:
            told = "Nothing is due."
        if body["waiting"] and not json:
            typer.echo(body["waiting"], err=True)
    say_done(body, told, json=json)


def add_to(app: typer.Typer) -> None:
    """Make this verb one of the program."""
    app.command()(recognise)
