"""``catalog bin``: ordered selections of clips."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from catalog.cli.helping import Program
from catalog.cli.options import Json
from catalog.cli.session import fail_with_reason, opened, say_json

app = Program(help="Bins: ordered selections of clips.")

Bin = Annotated[str, typer.Argument(metavar="BIN", help="Its name or number.")]
Items = Annotated[list[int], typer.Argument(help="Items, by their numbers in `catalog bin show`.")]


@app.command("list")
def list_bins(*, json: Json = False) -> None:
    """List bins."""
    from catalog.cli.text_access import bin_list  # noqa: PLC0415

    with fail_with_reason(json=json):
        with opened() as catalog:
            rows = catalog.bin.list()
        if json:
            say_json({"bins": rows})
        else:
            bin_list(rows)


@app.command()
def show(bin_: Bin, *, json: Json = False) -> None:
    """Show what a bin holds, in order."""
    with fail_with_reason(json=json):
        with opened() as catalog:
            body = catalog.bin.show(bin_)
        _say(body, json=json)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What it is called.")],
    clips: Annotated[list[int] | None, typer.Argument(help="Clips to put in.")] = None,
    *,
    note: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    search: Annotated[str | None, typer.Option(help="Put in the best hits of this query.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", help="How many of them.")] = 20,
    json: Json = False,
) -> None:
    """Make a bin: empty, with clips, or with the hits of a search."""
    with fail_with_reason(json=json, query=search):
        with opened() as catalog:
            wanted = list(clips or [])
            if search is not None:
                hits = catalog.search(search, limit=limit).hits
                wanted += [hit.clip["id"] for hit in hits if hit.clip is not None]
            body = catalog.bin.create(name, note=note, clips=wanted)
        _say(body, json=json)


@app.command()
def rename(
    bin_: Bin,
    name: Annotated[str, typer.Argument(help="Its new name.")],
    *,
    json: Json = False,
) -> None:
    """Give a bin another name."""
    with fail_with_reason(json=json):
        with opened() as catalog:
            body = catalog.bin.rename(bin_, name)
        _say(body, json=json)


@app.command()
def delete(bin_: Bin, *, json: Json = False) -> None:
    """Forget a bin; its clips stay."""
    with fail_with_reason(json=json):
        with opened() as catalog:
            gone = catalog.bin.delete(bin_)
        if json:
            say_json({"bin": gone})
        else:
            typer.echo(f"Bin {gone} is gone.")


@app.command()
def add(
    bin_: Bin,
    clips: Annotated[list[int], typer.Argument(help="Clips, by number.")],
    *,
    note: Annotated[str | None, typer.Option(help="What there is to remark of them.")] = None,
    json: Json = False,
) -> None:
    """Put clips at a bin's end."""
    with fail_with_reason(json=json):
        with opened() as catalog:
            notes = None if note is None else dict.fromkeys(clips, note)
            catalog.bin.add(bin_, clips, notes=notes)
            body = catalog.bin.show(bin_)
        _say(body, json=json)


@app.command()
def move(
    bin_: Bin,
    items: Items,
    *,
    before: Annotated[int | None, typer.Option(help="The item to put them before.")] = None,
    json: Json = False,
) -> None:
    """Put items, in this order, before another one, or at the bin's end."""
    with fail_with_reason(json=json):
        with opened() as catalog:
            body = catalog.bin.move(bin_, items, before=before)
        _say(body, json=json)


@app.command()
def note(
    bin_: Bin,
    item: Annotated[int, typer.Argument(help="Its number in `catalog bin show`.")],
    text: Annotated[str | None, typer.Argument(help="What there is to remark.")] = None,
    *,
    json: Json = False,
) -> None:
    """Remark something of an item; without a text, nothing any more."""
    with fail_with_reason(json=json):
        with opened() as catalog:
            body = catalog.bin.note(bin_, item, text)
        _say(body, json=json)


@app.command()
def trim(
    bin_: Bin,
    item: Annotated[int, typer.Argument(help="Its number in `catalog bin show`.")],
    *,
    in_: Annotated[
        str | None, typer.Option("--in", help="First moment used: seconds or timecode.")
    ] = None,
    out: Annotated[str | None, typer.Option(help="End of what is used, exclusive.")] = None,
    json: Json = False,
) -> None:
    """Set in and out of an item; without both, the clip as it is. The clip itself stays."""
    with fail_with_reason(json=json):
        with opened() as catalog:
            body = catalog.bin.trim(bin_, item, start=in_, end=out)
        _say(body, json=json)


@app.command()
def remove(bin_: Bin, items: Items, *, json: Json = False) -> None:
    """Take items out of a bin; the clips stay."""
    with fail_with_reason(json=json):
        with opened() as catalog:
            body = catalog.bin.remove(bin_, items)
        _say(body, json=json)


def _say(body: dict[str, Any], *, json: bool) -> None:
    from catalog.cli.text_access import bin_contents  # noqa: PLC0415

    if json:
        say_json(body)
    else:
        bin_contents(body)
