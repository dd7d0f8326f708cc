"""The verbs of ``catalog``. Importing this imports no database driver and no torch.

Exit codes: 0 done; 1 done, but some items failed; 2 the command itself was
wrong; 3 a service it needs is not there; 130 broken off by Ctrl-C.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from catalog.cli import encoder as encoder_verbs
from catalog.cli.session import (
    BROKEN_OFF,
    EXIT_INTERRUPTED,
    fail_with_reason,
    opened,
    say_json,
    steady_output,
)

app = typer.Typer(
    name="catalog",
    help="Asset catalog for film and video: find the right shot by meaning and by metadata.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
)
app.add_typer(encoder_verbs.app, name="encoder")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Limit = Annotated[int, typer.Option("--limit", "-n", help="How many at most.")]
References = Annotated[list[str], typer.Argument(help="Assets, each by id, path or file name.")]


@app.command()
def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders.")],
    *,
    collection: Annotated[str | None, typer.Option(help="Put the assets into this one.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Put this tag on; repeatable.")] = None,
    meta: Annotated[
        list[str] | None, typer.Option(help="KEY=VALUE for their metadata; repeatable.")
    ] = None,
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
                *paths, collection=collection, tags=tag or [], metadata=metadata, progress=progress
            )
        if json:
            say_json(report.as_json())
        else:
            ingest_report(report)
    if report.failed:
        raise typer.Exit(1)


@app.command()
def search(
    query: Annotated[
        str | None, typer.Argument(help="What the picture shows, and filters.")
    ] = None,
    *,
    limit: Limit = 20,
    after: Annotated[str | None, typer.Option(help="Cursor: the `next` of a page.")] = None,
    explain: Annotated[bool, typer.Option(help="Show the SQL statement and its plan.")] = False,
    sheet: Annotated[
        Path | None, typer.Option(help="Write the hits' pictures as a contact sheet (JPEG, PNG).")
    ] = None,
    fields: Annotated[bool, typer.Option("--fields", help="List the fields to filter by.")] = False,
    json: Json = False,
) -> None:
    """Find shots by meaning, words and metadata.

    Words rank by meaning and as keywords; "a phrase" must stand in the text;
    -word must not; field:value filters (see --fields); OR and parentheses combine.
    """
    from catalog.cli.text import field_list, search_result  # noqa: PLC0415

    with fail_with_reason(json=json, query=query):
        if fields:
            field_list(json=json)
            return
        with opened() as catalog:
            result = catalog.search(query or "", limit=limit, after=after, explain=explain)
            if sheet is not None:
                catalog.contact_sheet(result, sheet)
        if json:
            say_json(result.as_json())
        else:
            search_result(result)


@app.command()
def sql(
    statement: Annotated[str, typer.Argument(help="One SQL statement; phrases are encoded.")],
    *,
    limit: Annotated[int | None, typer.Option("--limit", "-n", help="Rows at most.")] = None,
    json: Json = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print rows as CSV.")] = False,
) -> None:
    """Run one SQL statement as a role that can only read.

    catalog.phrase('a laptop on a train') in it stands for the vector of those words.
    """
    from catalog.cli.text import sql_rows  # noqa: PLC0415

    with fail_with_reason(json=json, query=statement):
        with opened() as catalog:
            rows = catalog.sql(statement, limit=limit)
        sql_rows(rows, json=json, csv=csv)


@app.command()
def show(
    reference: Annotated[str, typer.Argument(help="An asset's id, path or file name.")],
    *,
    json: Json = False,
) -> None:
    """Show all that is known of one asset."""
    from catalog.cli.text import asset_details  # noqa: PLC0415

    with fail_with_reason(json=json):
        with opened() as catalog:
            details = catalog.show(reference)
        if json:
            say_json(details)
        else:
            asset_details(details)


@app.command()
def assets(
    query: Annotated[str, typer.Argument(help="Filters and words; empty for all.")] = "",
    *,
    limit: Limit = 100,
    after: Annotated[str | None, typer.Option(help="Cursor: the `next` of a page.")] = None,
    json: Json = False,
) -> None:
    """List assets by name."""
    from catalog.cli.text import asset_list  # noqa: PLC0415

    with fail_with_reason(json=json, query=query):
        with opened() as catalog:
            page = catalog.assets(query, limit=limit, after=after)
        if json:
            say_json(page)
        else:
            asset_list(page)


@app.command()
def stats(*, json: Json = False) -> None:
    """Show the catalogue in figures."""
    from catalog.cli.text import figures  # noqa: PLC0415

    with fail_with_reason(json=json):
        with opened() as catalog:
            body = catalog.stats()
        if json:
            say_json(body)
        else:
            figures(body)


@app.command()
def tag(
    references: References,
    *,
    name: Annotated[list[str], typer.Option("--tag", "-t", help="The tag; repeatable.")],
    remove: Annotated[bool, typer.Option(help="Take the tags off instead.")] = False,
    json: Json = False,
) -> None:
    """Put tags on assets, or take them off."""
    with fail_with_reason(json=json):
        with opened() as catalog:
            ids = catalog.tag(references, name, remove=remove)
        _changed(ids, json=json)


@app.command()
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
        _changed(ids, json=json)


@app.command()
def remove(references: References, *, json: Json = False) -> None:
    """Forget assets with their vectors and pictures; your files are not touched."""
    with fail_with_reason(json=json):
        with opened() as catalog:
            ids = catalog.remove(references)
        _changed(ids, json=json)


@app.command()
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


@app.command()
def retry(
    references: Annotated[
        list[str] | None, typer.Argument(help="Assets, each by id, path or file name; or all.")
    ] = None,
    *,
    json: Json = False,
) -> None:
    """Make failed work due again; the next ingest of those files does it."""
    with fail_with_reason(json=json):
        with opened() as catalog:
            ids = catalog.retry(references or [])
        _changed(ids, json=json)


@app.command()
def migrate(*, json: Json = False) -> None:
    """Bring the database's schema up to date; every other verb does so too."""
    with fail_with_reason(json=json):
        with opened() as catalog:
            revision = catalog.revision()
        if json:
            say_json({"revision": revision})
        else:
            typer.echo(f"The schema is at revision {revision}.")


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="Where footage and results go.")] = Path(
        "demo-output"
    ),
) -> None:
    """Render footage, catalogue it, search it in several languages, and show the results."""
    from catalog.cli.demo import run_demo  # noqa: PLC0415

    with fail_with_reason(json=False):
        run_demo(folder)


def _changed(ids: list[int], *, json: bool) -> None:
    if json:
        say_json({"assets": ids})
    else:
        typer.echo(f"{len(ids)} asset{'' if len(ids) == 1 else 's'}.")


def main() -> None:
    """Entry point of the console script."""
    steady_output()
    try:
        app()
    except KeyboardInterrupt:  # while a verb's own modules were still being imported
        typer.echo(BROKEN_OFF, err=True)
        sys.exit(EXIT_INTERRUPTED)
