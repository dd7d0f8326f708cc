"""The verb that looks everything over."""

from __future__ import annotations

from typing import Annotated

import typer

from catalog.cli.options import Json
from catalog.cli.session import fail_with_reason, opened, say_json


def doctor(
    *,
    repair: Annotated[
        bool, typer.Option("--repair", help="First send again the work that nobody does.")
    ] = False,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="Tell of this check alone; repeatable.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 for a warning as well.")
    ] = False,
    json: Json = False,
) -> None:
    """Look over everything the catalogue needs; say what is wrong and what to do.

    Exit code 0: all works; 1: some part does not; 3: a service is away. With --only, the exit
    code is of those checks.
    """
    from catalog.api.doctor import doctor as look_over  # noqa: PLC0415
    from catalog.settings import Settings  # noqa: PLC0415

    with fail_with_reason(json=json):
        if repair:
            with opened() as catalog:
                found = catalog.doctor(repair=True)
        else:
            found = look_over(Settings.load())
        if only:
            found = found.only(only)
        if json:
            say_json(found.as_json())
        else:
            for check in found.checks:
                typer.echo(f"{check.state:5} {check.name}: {check.found}")
                if check.remedy:
                    typer.echo(f"{'':6}{check.remedy}")
    raise typer.Exit(found.strict_exit_code if strict else found.exit_code)


def add_to(app: typer.Typer) -> None:
    """Make this verb of the program."""
    app.command()(doctor)
