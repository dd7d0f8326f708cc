"""``catalog root``: the folder trees the catalogue reads, and what holds in each."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from catalog.cli.helping import Program
from catalog.cli.options import Json
from catalog.cli.session import fail_with_reason, opened, say_json

app = Program(help="Roots: the folder trees the catalogue reads, and how it samples them.")

Folder = Annotated[str, typer.Argument(help="The root's folder.")]
Interval = Annotated[
    float | None,
    typer.Option("--sampling-interval", help="Seconds between samples within a shot."),
]
Similarity = Annotated[
    float | None,
    typer.Option(
        help="Samples that differ less than this (mean, 0 to 255) from the last kept are one."
    ),
]
Edge = Annotated[int | None, typer.Option(help="Longest edge of kept pictures, pixels.")]
Proxy = Annotated[
    str | None, typer.Option(help="always or never: whether proxies are made unasked.")
]
Decode = Annotated[
    str | None,
    typer.Option(help="auto passes over pictures in which nothing happens; full decodes all."),
]
MinShot = Annotated[float | None, typer.Option(help="Seconds a shot must last.")]
Sequences = Annotated[
    str | None,
    typer.Option(
        help="auto: numbered DPX and EXR files are one asset; all: TIFF, PNG and JPEG too; off."
    ),
]
SequenceRate = Annotated[
    float | None, typer.Option(help="Pictures a second of image sequences, such as 23.976.")
]


@app.command("list")
def list_roots(*, json: Json = False) -> None:
    """List the roots, what is set for each, and what lies in it."""
    from catalog.cli.text import root_list  # noqa: PLC0415

    with fail_with_reason(json=json):
        with opened() as catalog:
            rows = catalog.root.list()
        if json:
            say_json({"roots": rows})
        else:
            root_list(rows)


@app.command()
def add(
    path: Folder,
    *,
    sampling_interval: Interval = None,
    similarity: Similarity = None,
    picture_edge: Edge = None,
    min_shot: MinShot = None,
    decode: Decode = None,
    sequences: Sequences = None,
    sequence_rate: SequenceRate = None,
    proxy: Proxy = None,
    json: Json = False,
) -> None:
    """Enter a folder as a root; nothing in it is read yet.

    What is not set here, the root above says, and at last the default.
    """
    with fail_with_reason(json=json):
        with opened() as catalog:
            body = catalog.root.add(
                path,
                sampling_interval=sampling_interval,
                similarity=similarity,
                picture_edge=picture_edge,
                min_shot=min_shot,
                decode=decode,
                sequences=sequences,
                sequence_rate=sequence_rate,
                proxy=proxy,
            )
        _say(body, json=json)


@app.command("set")
def set_root(
    path: Folder,
    *,
    sampling_interval: Interval = None,
    similarity: Similarity = None,
    picture_edge: Edge = None,
    min_shot: MinShot = None,
    decode: Decode = None,
    sequences: Sequences = None,
    sequence_rate: SequenceRate = None,
    proxy: Proxy = None,
    unset: Annotated[
        list[str] | None,
        typer.Option(help="Leave this setting to the root above again; repeatable."),
    ] = None,
    json: Json = False,
) -> None:
    """Change what holds for a root, for what is analysed from now on."""
    with fail_with_reason(json=json):
        with opened() as catalog:
            body = catalog.root.set(
                path,
                sampling_interval=sampling_interval,
                similarity=similarity,
                picture_edge=picture_edge,
                min_shot=min_shot,
                decode=decode,
                sequences=sequences,
                sequence_rate=sequence_rate,
                proxy=proxy,
                unset=unset or [],
            )
        _say(body, json=json)


@app.command()
def watch(
    path: Folder,
    *,
    include: Annotated[
        list[str] | None, typer.Option(help="Take in only what matches this; repeatable.")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(help="Leave out what matches this; repeatable.")
    ] = None,
    collection: Annotated[str | None, typer.Option(help="Put new assets into this one.")] = None,
    tag: Annotated[
        list[str] | None, typer.Option(help="Put this tag on new assets; repeatable.")
    ] = None,
    settle: Annotated[
        float | None, typer.Option(help="Seconds for which a file must not have changed.")
    ] = None,
    poll: Annotated[
        str | None, typer.Option(help="auto (network mounts are polled), always or never.")
    ] = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="Take the folder as it is, though it is another one.")
    ] = False,
    off: Annotated[bool, typer.Option("--off", help="Watch it no more.")] = False,
    json: Json = False,
) -> None:
    """Have `catalog watch` take in what settles in a folder, like this and no longer as before."""
    with fail_with_reason(json=json):
        with opened() as catalog:
            body = catalog.root.watch(
                path,
                include=include or [],
                exclude=exclude or [],
                collection=collection,
                tags=tag or [],
                settle=settle,
                poll=poll,
                accept=accept,
                off=off,
            )
        _say_watched(body, json=json)


@app.command()
def unwatch(path: Folder, *, json: Json = False) -> None:
    """Watch a root no more; what is known of its files stays."""
    with fail_with_reason(json=json):
        with opened() as catalog:
            body = catalog.root.unwatch(path)
        _say_watched(body, json=json)


@app.command()
def remove(
    path: Folder,
    *,
    assets: Annotated[
        str | None,
        typer.Option(help="keep or forget: what becomes of assets that have no file elsewhere."),
    ] = None,
    json: Json = False,
) -> None:
    """Forget a root; your files are not touched.

    Within another root its files become that one's.
    """
    with fail_with_reason(json=json):
        with opened() as catalog:
            body = catalog.root.remove(path, assets=assets)  # type: ignore[arg-type]  # it checks
        if json:
            say_json(body)
            return
        typer.echo(f"{body['path']} is no root any more.")
        if body["files_given_to"]:
            typer.echo(f"{body['files_given']} files belong to {body['files_given_to']} now.")
        if body["assets_forgotten"]:
            typer.echo(f"{body['assets_forgotten']} assets were forgotten.")
        if body["assets_without_file"]:
            typer.echo(f"{body['assets_without_file']} assets have no file now.")


def _say(body: dict[str, Any], *, json: bool) -> None:
    if json:
        say_json(body)
        return
    own = ", ".join(f"{name} {value}" for name, value in body["set"].items())
    typer.echo(f"{body['path']}: {own or 'nothing set'}; {body['files']} files.")


def _say_watched(body: dict[str, Any], *, json: bool) -> None:
    if json:
        say_json(body)
    elif body["watch"] is None:
        typer.echo(f"{body['path']} is not watched any more.")
    else:
        typer.echo(f"{body['path']} is watched by `catalog watch`.")
