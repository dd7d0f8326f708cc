"""``catalog encoder``: which models there are, and which answers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from catalog.cli.helping import Program
from catalog.cli.session import fail_with_reason, opened, say_json
from catalog.errors import InvalidInputError

app = Program(help="Encoders: the models that give frames and queries their vectors.")

Name = Annotated[str, typer.Argument(help="MODEL/TAG, hf-hub:…, local-dir:… or demo.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


@app.command("list")
def list_encoders(*, json: Json = False) -> None:
    """List the encoders of this catalogue: which answers, how far the others are."""
    from catalog.cli.encoder_text import encoder_list, sound_encoder_list  # noqa: PLC0415

    with fail_with_reason(json=json):
        with opened() as catalog:
            rows, sounds = catalog.encoder.list(), catalog.sound_figures()
        if json:
            say_json({"encoders": rows, "sounds": sounds})
        else:
            encoder_list(rows)
            sound_encoder_list(sounds)


@app.command()
def add(name: Name, *, json: Json = False) -> None:
    """Enter an encoder and have every frame encoded with it, while the old one answers.

    Workers do that behind what is fresh; without workers: `catalog encoder backfill`.
    """
    with fail_with_reason(json=json):
        with opened() as catalog:
            body = catalog.encoder.add(name)
        if json:
            say_json(body)
            return
        typer.echo(f"{body['name']}: {body['dimension']} dimensions, {body['precision']}.")
        if body["active"]:
            typer.echo("It answers searches already.")
        elif not body["missing"]:
            typer.echo(f"Every frame has its vector: catalog encoder activate {body['name']}")
        elif body["told"]:
            typer.echo(f"Workers were told of {body['missing']} frames: catalog encoder list")
        else:
            typer.echo(f"{body['missing']} frames wait: catalog encoder backfill {body['name']}")


@app.command()
def backfill(
    name: Annotated[
        str | None, typer.Argument(help="An encoder that was added; none: all of them.")
    ] = None,
    *,
    json: Json = False,
) -> None:
    """Encode the frames that an added encoder has no vector of, in this process.

    The old one answers meanwhile. Break it off as you like: it goes on where it was.
    """
    from catalog.cli.progress import shown_progress  # noqa: PLC0415

    with fail_with_reason(json=json):
        with opened() as catalog, shown_progress(quiet=json) as progress:
            body = catalog.encoder.backfill(name, progress=progress)
        if json:
            say_json(body)
            return
        for encoder, count in body["encoded"].items():
            typer.echo(f"{encoder}: {count} frames were encoded. Let it answer:")
            typer.echo(f"  catalog encoder activate {encoder}")
        if not body["encoded"]:
            typer.echo("No encoder is being filled; add one: catalog encoder add NAME")


@app.command()
def compare(
    one: Annotated[str, typer.Argument(help="An encoder of the catalogue.")],
    other: Annotated[str, typer.Argument(help="Another one; it need not be complete yet.")],
    *,
    query: Annotated[list[str] | None, typer.Option(help="What to ask; repeatable.")] = None,
    queries: Annotated[Path | None, typer.Option(help="A file with a query a line.")] = None,
    limit: Annotated[int, typer.Option(help="Shots of each query.", min=1, max=1000)] = 10,
    evaluate: Annotated[
        str | None,
        typer.Option(help="Also measure both on captions, as `catalog evaluate` does on this."),
    ] = None,
    json: Json = False,
) -> None:
    """Ask two encoders the same, and see how far they find the same shots.

    Without queries: what was asked before, or else what people wrote of the footage.
    """
    from catalog.cli.encoder_text import encoder_comparison  # noqa: PLC0415
    from catalog.cli.evaluation_text import evaluation_tables  # noqa: PLC0415
    from catalog.cli.progress import shown_progress  # noqa: PLC0415

    with fail_with_reason(json=json):
        asked = [*(query or []), *_lines(queries)]
        with opened() as catalog, shown_progress(quiet=json) as progress:
            body = catalog.encoder.compare(
                one, other, queries=asked, limit=limit, progress=progress
            )
            names = [each["name"] for each in body["encoders"]]
            found = evaluate and catalog.evaluate(evaluate, encoders=names, progress=progress)
        if json:
            say_json(body | ({"evaluation": found.as_json()} if found else {}))
            return
        encoder_comparison(body)
        if found:
            evaluation_tables(found)


def _lines(file: Path | None) -> list[str]:
    if file is None:
        return []
    try:
        return file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeError) as error:
        raise InvalidInputError(
            f"The queries in {file} cannot be read: {error}.",
            remedy="Give a text file in UTF-8 with one query a line.",
        ) from error


@app.command()
def remove(
    name: Annotated[str, typer.Argument(help="An encoder that does not answer searches.")],
    *,
    json: Json = False,
) -> None:
    """Forget an encoder with all its vectors. To have it again is to encode all again."""
    with fail_with_reason(json=json):
        with opened() as catalog:
            body = catalog.encoder.remove(name)
        if json:
            say_json(body)
        else:
            freed = body["bytes"] / 2**20
            typer.echo(
                f"{body['name']} is gone, and {body['vectors']} vectors with it: {freed:.1f} MiB."
            )


@app.command()
def activate(
    name: Name,
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
def bench(
    name: Annotated[
        str | None, typer.Argument(help="Any encoder; none: the one that answers.")
    ] = None,
    *,
    precision: Annotated[
        list[str] | None,
        typer.Option(help="Of fp32, bf16, fp16, int8, auto; +compile behind it; repeatable."),
    ] = None,
    pictures: Annotated[int, typer.Option(help="How many are drawn.")] = 200,
    json: Json = False,
) -> None:
    """Measure on this machine what each precision gains, and what it costs in Recall@1.

    Pictures and captions are the demonstration's, in all its languages.
    """
    from catalog.cli.encoder_text import encoder_bench  # noqa: PLC0415
    from catalog.cli.progress import shown_progress  # noqa: PLC0415

    with fail_with_reason(json=json):
        with opened() as catalog, shown_progress(quiet=json) as progress:
            chosen = {"precisions": precision} if precision else {}
            body = catalog.encoder.bench(name, pictures=pictures, progress=progress, **chosen)
        if json:
            say_json(body)
        else:
            encoder_bench(body)


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
