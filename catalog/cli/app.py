"""The program ``catalog``. Importing this imports no database driver and no torch.

Exit codes: 0 done; 1 done, but some items failed; 2 the command itself was
wrong; 3 a service it needs is not there; 130 broken off by Ctrl-C.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from catalog import __version__
from catalog.cli import (
    backup,
    doctor,
    duplicates,
    evaluate,
    export,
    find,
    ingest,
    keep,
    phrases,
    recommend,
    rendition,
    service,
    sound,
    speech,
    train,
    up,
    watch,
    web,
)
from catalog.cli import bin as bin_verbs
from catalog.cli import clip as clip_verbs
from catalog.cli import encoder as encoder_verbs
from catalog.cli import root as root_verbs
from catalog.cli import token as token_verbs
from catalog.cli.helping import Program
from catalog.cli.session import BROKEN_OFF, EXIT_INTERRUPTED, steady_output
from catalog.cli.starting import narrowed

app = Program(
    name="catalog",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
)
for group in (
    clip_verbs,
    ingest,
    find,
    evaluate,
    train,
    duplicates,
    keep,
    phrases,
    recommend,
    rendition,
    sound,
    doctor,
    backup,
    export,
    service,
    speech,
    up,
    watch,
    web,
):
    group.add_to(app)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"catalog {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Asset catalog for film and video: find the right shot by meaning and by metadata."""


app.add_typer(bin_verbs.app, name="bin")
app.add_typer(encoder_verbs.app, name="encoder")
app.add_typer(root_verbs.app, name="root")
app.add_typer(token_verbs.app, name="token")


def main() -> None:
    """Entry point of the console script."""
    steady_output()
    try:
        narrowed(app, sys.argv[1:])()
    except KeyboardInterrupt:  # while a verb's own modules were still being imported
        typer.echo(BROKEN_OFF, err=True)
        sys.exit(EXIT_INTERRUPTED)
