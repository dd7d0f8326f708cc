"""``catalog recommend``: shots for the lines of a script."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from catalog.cli.options import Json
from catalog.cli.session import fail_with_reason, opened, say_json


def recommend(
    script: Annotated[Path, typer.Argument(help="Plain text, Fountain, .docx, .srt or .vtt.")],
    *,
    filter_: Annotated[
        str, typer.Option("--filter", help="Filters: only what they keep is proposed.")
    ] = "",
    bin_used: Annotated[
        list[str], typer.Option(help="A bin whose clips are used already; may be repeated.")
    ] = [],  # noqa: B006
    take: Annotated[int, typer.Option(help="Proposals per line and roll.")] = 3,
    lock: Annotated[
        list[str], typer.Option(help="LINE=CLIP: this clip, and all else around it.")
    ] = [],  # noqa: B006
    avoid: Annotated[
        list[str], typer.Option(help="CLIP, or LINE=CLIP: not this one, or not for that line.")
    ] = [],  # noqa: B006
    bin_: Annotated[
        str | None, typer.Option("--bin", help="Make a bin of this name with the first of each.")
    ] = None,
    wpm: Annotated[float | None, typer.Option(help="Words read a minute; 150 if not said.")] = None,
    kind: Annotated[str | None, typer.Option(help="text or fountain, where it tells not.")] = None,
    json: Json = False,
) -> None:
    """Propose shots for each line of a script: A-roll says it, B-roll shows it."""
    from catalog.cli.text_recommend import recommendation  # noqa: PLC0415

    with fail_with_reason(json=json, query=filter_):
        with opened() as catalog:
            planned = catalog.recommend(
                script,
                kind=kind,
                words_per_minute=wpm,
                filter=filter_,
                bins_used=bin_used,
                take=take,
                locks=lock,
                avoid=avoid,
                bin=bin_,
            )
        if json:
            say_json(planned.as_json())
        else:
            recommendation(planned)


def add_to(app: typer.Typer) -> None:
    """Make this verb one of the program."""
    app.command()(recommend)
