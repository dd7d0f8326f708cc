"""The verbs to and from editing programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from catalog.cli.options import Json
from catalog.cli.session import fail_with_reason, opened, say_json


def export(
    bin_: Annotated[str, typer.Argument(metavar="BIN", help="By id or name.")],
    *,
    format_: Annotated[
        str,
        typer.Option("--format", "-f", help="edl, otio, fcpxml, fcp7xml, aaf, ale, csv or pdf."),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The file to write; without it: called as the bin is."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    maps: Annotated[
        list[str] | None,
        typer.Option(
            "--map", metavar="FROM=TO", help="Where the reader finds a folder of ours; repeatable."
        ),
    ] = None,
    relative: Annotated[
        bool, typer.Option("--relative", help="Paths below their root, not absolute ones.")
    ] = False,
    handles: Annotated[int, typer.Option(help="Frames more on either side.")] = 0,
    rate: Annotated[
        str | None, typer.Option(help="Frames/s of the timeline; without it: of most clips.")
    ] = None,
    start: Annotated[
        str | None, typer.Option(help="First timecode of the timeline; without it: one hour.")
    ] = None,
    json: Json = False,
) -> None:
    """Write a bin as a file that an editing program opens.

    What the format cannot carry is listed.
    """
    with fail_with_reason(json=json):
        with opened() as catalog:
            report = catalog.export(
                bin_,
                format=format_,
                file=output,
                force=force,
                maps=maps or (),
                relative=relative,
                handles=handles,
                rate=rate,
                start=start,
            )
        if json:
            say_json(report)
        else:
            _say_exported(report)


def _say_exported(report: dict[str, Any]) -> None:
    rate = f"{report['rate']} DF" if report["drop_frame"] else report["rate"]
    clips = f"{report['clips']} clip{'' if report['clips'] == 1 else 's'}"
    typer.echo(f"{report['file']}: {clips} at {rate} from {report['start']}.")
    if len(report["rates"]) > 1:
        rates = ", ".join(f"{count} at {each}" for each, count in report["rates"].items())
        typer.echo(f"mixed rates: {rates}")
    for what, told in (
        ("offline", "its file is away"),
        ("uneven", "its frames are unevenly spaced: times are to the nearest of even ones"),
        ("unmapped", "no --map fits"),
    ):
        for name in report[what]:
            typer.echo(f"{what}: {name}: {told}", err=True)
    for left in report["left_out"]:
        whose = "" if left["position"] is None else f" {left['position']} ({left['name']})"
        typer.echo(f"left out: {left['what']}{whose}: {left['reason']}", err=True)


def import_log(
    file: Annotated[
        Path, typer.Argument(help="An ALE, EDL, CSV, OTIO, FCPXML, Final Cut 7 XML or AAF.")
    ],
    *,
    remove: Annotated[
        bool, typer.Option("--remove", help="Take back what was imported from this path.")
    ] = False,
    json: Json = False,
) -> None:
    """Take in what a log or a timeline says of catalogued assets.

    Rows become subclips and descriptions of the asset that has their file's or tape's name
    and their timecode. Rows that mean no asset are listed with the reason, and the exit code
    is 1. Importing twice changes nothing.
    """
    from catalog.cli.progress import shown_progress  # noqa: PLC0415

    with fail_with_reason(json=json):
        with opened() as catalog, shown_progress(quiet=json) as progress:
            report = catalog.import_log(file, remove=remove, progress=progress)
        if json:
            say_json(report)
        else:
            _say_imported(report)
    if report["unmatched"]:
        raise typer.Exit(1)


_SHOWN = 20


def _say_imported(report: dict[str, Any]) -> None:
    changed = len(report["changed"])
    typer.echo(
        f"{report['file']}: {report['matched']} of {report['rows']} rows; {report['added']} "
        f"subclips added, {report['removed']} removed, {changed} "
        f"asset{'' if changed == 1 else 's'} changed."
    )
    for row in report["unmatched"][:_SHOWN]:
        name = row["name"] or "(no name)"
        typer.echo(f"unmatched: row {row['row']}: {name}: {row['reason']}", err=True)
    if (more := len(report["unmatched"]) - _SHOWN) > 0:
        typer.echo(f"unmatched: {more} rows more; --json lists all", err=True)


def add_to(app: typer.Typer) -> None:
    """Make these verbs of the program."""
    app.command()(export)
    app.command("import-log")(import_log)
