"""``catalog token``: who may use pages and HTTP API from outside."""

from __future__ import annotations

from typing import Annotated

import typer

from catalog.cli.helping import Program
from catalog.cli.options import Json
from catalog.cli.session import fail_with_reason, opened, say_json

app = Program(help="Tokens: who may use the pages and the HTTP API from outside.")


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Whose it is, or what for.")],
    *,
    role: Annotated[
        str, typer.Option(help="viewer, editor (also changes) or admin (may all).")
    ] = "viewer",
    days: Annotated[float | None, typer.Option(help="How long it holds; else for good.")] = None,
    collection: Annotated[
        list[str], typer.Option(help="All that it lets see; may be repeated.")
    ] = [],  # noqa: B006
    json: Json = False,
) -> None:
    """Make a token, and print its secret: it is not kept, and never printed again."""
    with fail_with_reason(json=json):
        with opened() as catalog:
            made = catalog.token.create(name, role, days=days, collections=collection or None)
        if json:
            say_json(made)
        else:
            typer.echo(made["token"])
            typer.echo(f"Token {made['id']} of {made['name']}, {made['role']}.", err=True)


@app.command("list")
def list_tokens(*, json: Json = False) -> None:
    """List tokens, the newest first; their secrets are not kept."""
    from catalog.cli.text_access import token_list  # noqa: PLC0415

    with fail_with_reason(json=json):
        with opened() as catalog:
            rows = catalog.token.list()
        if json:
            say_json({"tokens": rows})
        else:
            token_list(rows)


@app.command()
def revoke(
    token: Annotated[int, typer.Argument(help="Its number in `catalog token list`.")],
    *,
    json: Json = False,
) -> None:
    """End a token at once, and log out the browsers that came by it."""
    with fail_with_reason(json=json):
        with opened() as catalog:
            revoked = catalog.token.revoke(token)
        if json:
            say_json({"token": revoked})
        else:
            typer.echo(f"Token {revoked} is revoked.")
