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
    with fail_with_reason(json=json, query=query):
        with opened() as catalog:
            body = catalog.duplicates(query, near=near)
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


def add_to(app: typer.Typer) -> None:
    """Make the verb one of the program."""
    app.command()(duplicates)
