"""The verb that finds duplicates."""

from __future__ import annotations

from typing import Annotated

import typer

from catalog.cli.options import Json
from catalog.cli.session import fail_with_reason, opened, say_json


def duplicates(
    query: Annotated[str, typer.Argument(help="Among which assets; empty for all.")] = "",
    *,
    near: Annotated[bool, typer.Option("--near", help="Also trimmed versions.")] = False,
    json: Json = False,
) -> None:
    """Find other encodings, sizes and containers of the same essence."""
    from catalog.cli.progress import shown_progress  # noqa: PLC0415

    with fail_with_reason(json=json, query=query):
        with opened() as catalog, shown_progress(quiet=json) as progress:
            body = catalog.duplicates(query, near=near, progress=progress)
        if json:
            say_json(body)
            return
        for group in body["groups"]:
            differs = ", ".join(group["differs"]) or "nothing of note"
            typer.echo(f"{group['kind']} {group['score']:.3f}, different: {differs}")
            for asset in group["assets"]:
                typer.echo(
                    f"  {asset['id']}  {asset['name']}  {asset['width']}x{asset['height']}"
                    f"  {asset['codec']}  {asset['size_bytes']} bytes"
                )
        typer.echo(f"{len(body['groups'])} groups; {body['compared']} pairs compared.")
        if body["left_out"]:
            typer.echo(
                f"{body['left_out']} more pairs share a shot that looks alike, too many to compare:"
                " choose among fewer assets, such as one collection, to have them compared.",
                err=True,
            )


def add_to(app: typer.Typer) -> None:
    """Make the verb one of the program."""
    app.command()(duplicates)
