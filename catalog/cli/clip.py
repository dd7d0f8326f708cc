"""The verbs over single clips, what people write, and who changed what."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from catalog.cli.options import Json, Limit, References, say_changed
from catalog.cli.session import fail_with_reason, opened, say_json


def mark(
    reference: Annotated[str, typer.Argument(help="An asset's id, path or file name.")],
    start: Annotated[str, typer.Argument(help="Seconds, or a timecode of the essence.")],
    end: Annotated[str, typer.Argument(help="Where it ends, exclusive.")],
    *,
    name: Annotated[str | None, typer.Option(help="What it is called; searches find it.")] = None,
    json: Json = False,
) -> None:
    """Mark a subclip of an asset."""
    from catalog.cli.text_access import clip_line  # noqa: PLC0415

    with fail_with_reason(json=json):
        with opened() as catalog:
            body = catalog.mark(reference, start, end, name=name)
        if json:
            say_json(body)
        else:
            clip_line(body)


def unmark(
    clip: Annotated[int, typer.Argument(help="The subclip's number.")], *, json: Json = False
) -> None:
    """Forget a subclip that a person marked."""
    with fail_with_reason(json=json):
        with opened() as catalog:
            asset = catalog.unmark(clip)
        say_changed([asset], json=json)


def edit(
    references: References,
    *,
    title: Annotated[str | None, typer.Option(help="Its title; empty: none.")] = None,
    description: Annotated[str | None, typer.Option(help="What it shows; empty: nothing.")] = None,
    json: Json = False,
) -> None:
    """Write title or description of assets; `catalog audit` tells what was before."""
    given: dict[str, Any] = {"title": title, "description": description}
    values = {key: value for key, value in given.items() if value is not None}
    with fail_with_reason(json=json):
        with opened() as catalog:
            ids = catalog.edit(references, **values)
        say_changed(ids, json=json)


def audit(
    reference: Annotated[
        str | None, typer.Argument(help="An asset's id, path or file name; or of all.")
    ] = None,
    *,
    action: Annotated[str | None, typer.Option(help="Only this verb.")] = None,
    limit: Limit = 100,
    before: Annotated[int | None, typer.Option(help="The `next` of the page before.")] = None,
    json: Json = False,
) -> None:
    """List who changed what, the latest first."""
    from catalog.cli.text_access import audit_entries  # noqa: PLC0415

    with fail_with_reason(json=json):
        with opened() as catalog:
            body = catalog.audit(reference, action=action, limit=limit, before=before)
        if json:
            say_json(body)
        else:
            audit_entries(body["entries"])


def add_to(app: typer.Typer) -> None:
    """Make these verbs of the program."""
    for verb in (mark, unmark, edit, audit):
        app.command()(verb)
