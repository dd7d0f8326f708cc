"""The verbs that read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from catalog.cli.options import Json, Limit
from catalog.cli.session import fail_with_reason, opened, say_json


def search(
    query: Annotated[
        str | None, typer.Argument(help="What the picture shows, and filters.")
    ] = None,
    *,
    image: Annotated[list[Path], typer.Option(help="Shots that look like this picture.")] = [],  # noqa: B006
    like: Annotated[
        list[str], typer.Option(help="… like this clip (its number, or frame:N).")
    ] = [],  # noqa: B006
    not_: Annotated[
        list[str], typer.Option("--not", help="… unlike this: a text, clip:N or frame:N.")
    ] = [],  # noqa: B006
    not_image: Annotated[list[Path], typer.Option(help="… unlike this picture.")] = [],  # noqa: B006
    keep_examples: Annotated[
        bool, typer.Option("--keep-examples", help="Let --like's clips be hits too.")
    ] = False,
    then: Annotated[str | None, typer.Option(help="What the next shots show: pairs.")] = None,
    within: Annotated[str | None, typer.Option(help="How soon, such as 10s.")] = None,
    sound: Annotated[
        str | None, typer.Option(help="What is to be heard: moments that sound so.")
    ] = None,
    weights: Annotated[
        str | None, typer.Option(help="What counts how much: meaning=1,words=0.5.")
    ] = None,
    sort: Annotated[
        str | None, typer.Option(help="date, name, duration or relevance; with :asc or :desc.")
    ] = None,
    limit: Limit = 20,
    after: Annotated[str | None, typer.Option(help="Cursor: the `next` of a page.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Also what is below the cutoff.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show the SQL statement and its plan.")
    ] = False,
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
            result = catalog.search(
                query or "",
                image=image,
                like=like,
                not_=[*not_, *not_image],
                keep_examples=keep_examples,
                then=then,
                within=within,
                sound=sound,
                limit=limit,
                after=after,
                weights=weights,
                sort=sort,
                all_=all_,
                explain=explain,
            )
            if sheet is not None:
                catalog.contact_sheet(result, sheet)
        if json:
            say_json(result.as_json())
        else:
            search_result(result)


def facets(
    query: Annotated[str, typer.Argument(help="Filters and phrases; empty for all.")] = "",
    *,
    field: Annotated[
        list[str], typer.Option(help="Count the values of this field; may be repeated.")
    ] = [],  # noqa: B006
    prefix: Annotated[str, typer.Option(help="Only values that begin so.")] = "",
    limit: Limit = 20,
    json: Json = False,
) -> None:
    """Count the values of fields among what a query lets through."""
    from catalog.cli.text import facet_values  # noqa: PLC0415

    with fail_with_reason(json=json, query=query):
        with opened() as catalog:
            counted = catalog.facets(query, fields=field, prefix=prefix, limit=limit)
        if json:
            say_json(counted.as_json())
        else:
            facet_values(counted)


def sql(
    statement: Annotated[str, typer.Argument(help="One SQL statement; phrases are encoded.")],
    *,
    limit: Annotated[int | None, typer.Option("--limit", "-n", help="Rows at most.")] = None,
    timeout: Annotated[float | None, typer.Option(help="Seconds it may take.")] = None,
    json: Json = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print rows as CSV.")] = False,
) -> None:
    """Run one SQL statement as a role that can only read.

    catalog.phrase('a laptop on a train') in it stands for the vector of those words.
    """
    from catalog.cli.text import sql_rows  # noqa: PLC0415

    with fail_with_reason(json=json, query=statement):
        with opened() as catalog:
            rows = catalog.sql(statement, limit=limit, timeout=timeout)
        sql_rows(rows, json=json, csv=csv)


def show(
    reference: Annotated[str, typer.Argument(help="An asset's id, path or file name.")],
    *,
    json: Json = False,
) -> None:
    """Show all that is known of one asset."""
    from catalog.cli.text_asset import asset_details  # noqa: PLC0415

    with fail_with_reason(json=json):
        with opened() as catalog:
            details = catalog.show(reference)
        if json:
            say_json(details)
        else:
            asset_details(details)


def versions(
    reference: Annotated[str, typer.Argument(help="An asset's id, path or file name.")],
    *,
    json: Json = False,
) -> None:
    """List what ever lay where an asset lies or lay: its versions, and its moves."""
    from catalog.cli.text import version_list  # noqa: PLC0415

    with fail_with_reason(json=json):
        with opened() as catalog:
            rows = catalog.versions(reference)
        if json:
            say_json({"versions": rows})
        else:
            version_list(rows)


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


def stats(*, json: Json = False) -> None:
    """Show the catalogue in figures."""
    from catalog.cli.text_stats import figures  # noqa: PLC0415

    with fail_with_reason(json=json):
        with opened() as catalog:
            body = catalog.stats()
        if json:
            say_json(body)
        else:
            figures(body)


def add_to(app: typer.Typer) -> None:
    """Make these verbs of the program."""
    for verb in (search, facets, sql, show, versions, assets, stats):
        app.command()(verb)
