"""The verbs that put media in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from catalog.cli.options import Json, say_problems
from catalog.cli.session import fail_with_reason, opened, say_json


def ingest(
    # Text, not Path: an empty one would be the folder one stands in, and is refused.
    paths: Annotated[list[str], typer.Argument(help="Files and folders.")],
    *,
    collection: Annotated[str | None, typer.Option(help="Put the assets into this one.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Put this tag on; repeatable.")] = None,
    meta: Annotated[
        list[str] | None, typer.Option(help="KEY=VALUE for their metadata; repeatable.")
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read files that could be recognised as moved, too.")
    ] = False,
    json: Json = False,
) -> None:
    """Register, analyse and encode files and folders, here and now.

    Doing it again does no work twice. Files that fail are listed with their
    reason, and the exit code is 1.
    """
    from catalog.cli.progress import shown_progress  # noqa: PLC0415
    from catalog.cli.text import ingest_report, parse_meta  # noqa: PLC0415

    with fail_with_reason(json=json):
        metadata = parse_meta(meta or [])
        with opened() as catalog, shown_progress(quiet=json) as progress:
            report = catalog.ingest(
                *paths,
                collection=collection,
                tags=tag or [],
                metadata=metadata,
                verify=verify,
                progress=progress,
            )
        if json:
            say_json(report.as_json())
        else:
            ingest_report(report)
    if report.failed:
        raise typer.Exit(1)


def describe(
    references: Annotated[
        list[str] | None, typer.Argument(help="Assets, each by id, path or file name.")
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All assets.")] = False,
    json: Json = False,
) -> None:
    """Read again what files say of themselves: columns, metadata, sidecars.

    For assets that were analysed by an older version. Nothing else of them
    changes: no shot, no vector, no tag of yours.
    """
    from catalog.cli.progress import shown_progress  # noqa: PLC0415
    from catalog.errors import InvalidInputError  # noqa: PLC0415

    with fail_with_reason(json=json):
        if bool(references) == everything:
            raise InvalidInputError(
                "Describe which assets? Expected some of them, or --all.",
                remedy="Name assets by id, path or file name; or write `catalog describe --all`.",
            )
        with opened() as catalog, shown_progress(quiet=json) as progress:
            report = catalog.describe(references or [], progress=progress)
        if json:
            say_json(report.as_json())
        else:
            typer.echo(f"{len(report.described)} described, {len(report.failures)} failed.")
            say_problems(report.failures, report.warnings)
    if report.failures:
        raise typer.Exit(1)


def demo(
    folder: Annotated[Path, typer.Argument(help="Where footage and results go.")] = Path(
        "demo-output"
    ),
) -> None:
    """Render footage, catalogue it, search it in several languages, and show the results."""
    from catalog.cli.demo import run_demo  # noqa: PLC0415

    with fail_with_reason(json=False):
        run_demo(folder)


def add_to(app: typer.Typer) -> None:
    """Make these verbs of the program."""
    for verb in (ingest, describe, demo):
        app.command()(verb)
