"""``catalog encoder``: which models there are, and which answers."""

from __future__ import annotations

from typing import Annotated

import typer

from catalog.cli.session import fail_with_reason, opened, say_json

app = typer.Typer(help="Encoders: the models that give frames and queries their vectors.")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


@app.command("list")
def list_encoders(*, json: Json = False) -> None:
    """List the encoders of this catalogue."""
    from catalog.cli.text import encoder_list  # noqa: PLC0415

    with fail_with_reason(json=json):
        with opened() as catalog:
            rows = catalog.encoder.list()
        if json:
            say_json({"encoders": rows})
        else:
            encoder_list(rows)


@app.command()
def activate(
    name: Annotated[str, typer.Argument(help="MODEL/TAG, hf-hub:…, local-dir:… or demo.")],
    *,
    json: Json = False,
) -> None:
    """Encode every frame with this encoder, then let it answer searches.

    The encoder before it answers until all is ready.
    """
    from catalog.cli.progress import shown_progress  # noqa: PLC0415

    with fail_with_reason(json=json):
        with opened() as catalog, shown_progress(quiet=json) as progress:
            body = catalog.encoder.activate(name, progress=progress)
        if json:
            say_json(body)
        else:
            typer.echo(f"{body['name']} is active; {body['encoded']} frames were encoded for it.")


@app.command()
def index(*, json: Json = False) -> None:
    """Build the graphs that large libraries are searched by, where they are due.

    Ingesting does so by itself; others may go on working meanwhile.
    """
    from catalog.cli.progress import shown_progress  # noqa: PLC0415

    with fail_with_reason(json=json):
        with opened() as catalog, shown_progress(quiet=json) as progress:
            built = catalog.encoder.index(progress=progress)
        if json:
            say_json({"built": built})
        else:
            for graph in built:
                typer.echo(f"{graph['encoder']}: a graph over {graph['centres']} centres.")
            if not built:
                typer.echo("No graph is due.")
