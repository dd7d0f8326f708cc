"""The verbs of an administrator."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from catalog.cli.options import Json, Limit, References, say_changed
from catalog.cli.session import fail_with_reason, opened, say_json


def tag(
    references: References,
    *,
    name: Annotated[list[str], typer.Option("--tag", "-t", help="The tag; repeatable.")],
    remove: Annotated[bool, typer.Option("--remove", help="Take the tags off instead.")] = False,
    json: Json = False,
) -> None:
    """Put tags on assets, or take them off."""
    with fail_with_reason(json=json):
        with opened() as catalog:
            ids = catalog.tag(references, name, remove=remove)
        say_changed(ids, json=json)


def collection(
    references: References,
    *,
    name: Annotated[str | None, typer.Option("--name", help="Without it: into none.")] = None,
    json: Json = False,
) -> None:
    """Put assets into a collection, or into none."""
    with fail_with_reason(json=json):
        with opened() as catalog:
            ids = catalog.collection(references, name)
        say_changed(ids, json=json)


def flag(
    clips: Annotated[list[int], typer.Argument(help="Shots, each by its clip id.")],
    *,
    name: Annotated[str, typer.Option("--as", help="bars, black, leader, slate or none.")],
    json: Json = False,
) -> None:
    """Put right what a shot is: flagged shots are left out of searches; none: it is searched."""
    with fail_with_reason(json=json):
        with opened() as catalog:
            ids = catalog.flag(clips, None if name == "none" else name)
        if json:
            say_json({"clips": ids})
        else:
            typer.echo(f"{len(ids)} shot{'' if len(ids) == 1 else 's'}.")


def roll(
    clips: Annotated[
        list[int] | None, typer.Argument(help="Shots, each by its clip id; none: tell all anew.")
    ] = None,
    *,
    name: Annotated[
        str | None, typer.Option("--as", help="A, B, or auto: as it is told without a person.")
    ] = None,
    json: Json = False,
) -> None:
    """Put right whether shots are A-roll (somebody speaks) or B-roll; or tell all shots anew.

    Without clips every shot that no person spoke of is told again; a service does so by itself.
    """
    from catalog.cli.progress import shown_progress  # noqa: PLC0415
    from catalog.cli.text_roll import rolls_told  # noqa: PLC0415
    from catalog.errors import InvalidInputError  # noqa: PLC0415

    with fail_with_reason(json=json):
        if bool(clips) != (name is not None):
            raise InvalidInputError(
                "Clips and --as go together; expected both, or neither to tell every shot anew.",
                remedy="Write `catalog roll CLIP... --as A`, or `catalog roll`.",
            )
        with opened() as catalog, shown_progress(quiet=json) as progress:
            if clips:
                side = name if name is None or name.lower() != "auto" else None
                body: dict[str, Any] = {"clips": catalog.roll(clips, side)}
            else:
                body = catalog.tell_rolls(progress=progress)
        if json:
            say_json(body)
        elif clips:
            typer.echo(f"{len(body['clips'])} shot{'' if len(body['clips']) == 1 else 's'}.")
        else:
            rolls_told(body)


def remove(references: References, *, json: Json = False) -> None:
    """Forget assets with their vectors and pictures; your files are not touched."""
    with fail_with_reason(json=json):
        with opened() as catalog:
            ids = catalog.remove(references)
        say_changed(ids, json=json)


def verify(
    references: Annotated[
        list[str] | None, typer.Argument(help="Assets, each by id, path or file name; or all.")
    ] = None,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Read every file, not only those that were recognised.")
    ] = False,
    json: Json = False,
) -> None:
    """Read files through that were recognised without it, and set right what was mistaken.

    With --all every file is read: those whose content changed without a trace
    are listed, and the exit code is 1.
    """
    from catalog.cli.progress import shown_progress  # noqa: PLC0415
    from catalog.cli.text import verify_report  # noqa: PLC0415

    with fail_with_reason(json=json):
        with opened() as catalog, shown_progress(quiet=json) as progress:
            report = catalog.verify(references or [], everything=everything, progress=progress)
        if json:
            say_json(report.as_json())
        else:
            verify_report(report)
    if report.failures:
        raise typer.Exit(1)


def jobs(
    *,
    failed: Annotated[bool, typer.Option("--failed", help="Only what failed.")] = False,
    limit: Limit = 100,
    json: Json = False,
) -> None:
    """List work that is due, running or failed, with the reasons."""
    from catalog.cli.text import job_list  # noqa: PLC0415

    with fail_with_reason(json=json):
        with opened() as catalog:
            rows = catalog.jobs(failed=failed, limit=limit)
        if json:
            say_json({"jobs": rows})
        else:
            job_list(rows)


def retry(
    references: Annotated[
        list[str] | None, typer.Argument(help="Assets, each by id, path or file name; or all.")
    ] = None,
    *,
    json: Json = False,
) -> None:
    """Make failed work due again; the reconciler, or the next ingest of those files, does it."""
    with fail_with_reason(json=json):
        with opened() as catalog:
            ids = catalog.retry(references or [])
        say_changed(ids, json=json)


def migrate(*, json: Json = False) -> None:
    """Bring the database's schema up to date; every other verb does so too."""
    with fail_with_reason(json=json):
        with opened() as catalog:
            revision = catalog.revision()
        if json:
            say_json({"revision": revision})
        else:
            typer.echo(f"The schema is at revision {revision}.")


def add_to(app: typer.Typer) -> None:
    """Make these verbs of the program."""
    for verb in (tag, collection, flag, roll, remove, verify, jobs, retry, migrate):
        app.command()(verb)
