"""The verbs that keep the whole catalogue in a file, and bring it back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from catalog.cli.options import Json
from catalog.cli.session import EXIT_INTERRUPTED, fail_with_reason, opened, say_json
from catalog.domain.paths import shown_path

# The graphs are built, and pictures looked for, once it is there.
_ALL_OR_NOTHING = "all of the backup is there or nothing, `catalog stats` says which"

File = Annotated[Path, typer.Argument(metavar="FILE", help="The backup.")]


def backup(
    file: File,
    *,
    without_frames: Annotated[
        bool, typer.Option("--without-frames", help="Leave the frame store out.")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare FILE with its checksums; write nothing.")
    ] = False,
    json: Json = False,
) -> None:
    """Write everything the catalogue holds into one new file, while others go on working.

    Exit code 1: it is whole but for pictures that the frame store has not; they are listed.
    """
    if verify:
        _verify(file, json=json)
        return
    from catalog.cli.progress import shown_progress  # noqa: PLC0415

    with fail_with_reason(json=json), _broken_off("nothing was written"):
        with opened() as catalog, shown_progress(quiet=json) as progress:
            body = catalog.backup(file, without_frames=without_frames, progress=progress)
        frames = body["frames"]
        if json:
            say_json(body)
        else:
            _say(f"{body['file']}: {_size(body['bytes'])}, {_contents(body)}")
            _say_lacking(frames["missing"], frames["named"], frames["folder"])
    if frames["missing"]:
        raise typer.Exit(1)


def _verify(file: Path, *, json: bool) -> None:
    from catalog.api.backup import verify_backup  # noqa: PLC0415
    from catalog.cli.progress import shown_progress  # noqa: PLC0415

    with fail_with_reason(json=json), shown_progress(quiet=json) as progress:
        body = verify_backup(file, progress=progress)
        if json:
            say_json(body)
            return
        encoders = [encoder["name"] for encoder in body["encoders"]]
        rows = sum(table["rows"] for table in body["tables"])
        typer.echo(f"All as it was written at {body['made_at']} by version {body['program']}:")
        _say(_contents({**body, "encoders": encoders, "rows": rows}))


def restore(file: File, *, json: Json = False) -> None:
    """Put a backup into an empty catalogue: a new CATALOG_HOME, or a new database."""
    from catalog.api.backup import restore as put_back  # noqa: PLC0415
    from catalog.cli.progress import shown_progress  # noqa: PLC0415
    from catalog.settings import Settings  # noqa: PLC0415

    with fail_with_reason(json=json), _broken_off(_ALL_OR_NOTHING):
        with shown_progress(quiet=json) as progress:
            body = put_back(Settings.load(), file, progress=progress)
        frames = body["frames"]
        if json:
            say_json(body)
        else:
            _say(f"Restored revision {body['revision']}: {_rows(body)}")
            if body["migrated"]:
                typer.echo(f"Migrated to {body['migrated'][-1]}.")
            here = frames["expected"] - frames["missing"]
            typer.echo(f"{_files(here)} in the frame store {frames['folder']}.")
            _say_lacking(frames["missing"], [], frames["folder"])
            if frames["missing"] and not frames["included"]:
                _say(f"Copy them there; they were in {frames['before']}.", err=True)
    if frames["missing"]:
        raise typer.Exit(1)


@contextmanager
def _broken_off(what: str) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(f"Broken off; {what}.", err=True)
        raise typer.Exit(EXIT_INTERRUPTED) from None


def _say(line: str, *, err: bool = False) -> None:
    """Print what a file says; it cannot make more of the terminal than a line."""
    typer.echo(shown_path(line), err=err)


def _contents(body: dict[str, Any]) -> str:
    frames = body["frames"]
    kept = f"{_files(frames['count'])} of the frame store ({_size(frames['bytes'])})"
    if not frames["included"]:
        kept = f"without {_files(frames['count'])} of the frame store {frames['folder']}"
    return f"revision {body['revision']}, {_rows(body)}, {kept}."


def _rows(body: dict[str, Any]) -> str:
    return f"{body['rows']} rows, encoders: {', '.join(body['encoders']) or 'none'}"


def _say_lacking(missing: int, named: list[str], folder: str) -> None:
    if missing:
        typer.echo(f"Missing in the frame store {folder}: {_files(missing)}.", err=True)
        for key in named:
            typer.echo(f"missing: {key}", err=True)


def _files(count: int) -> str:
    return f"{count} file{'' if count == 1 else 's'}"


def _size(count: int) -> str:
    return f"{count / 1_000_000:.1f} MB"


def add_to(app: typer.Typer) -> None:
    """Make these verbs of the program."""
    for verb in (backup, restore):
        app.command()(verb)
