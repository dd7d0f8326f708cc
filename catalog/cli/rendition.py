"""The verbs that make what people look at."""

from __future__ import annotations

from typing import Annotated

import typer

from catalog.cli.options import Json
from catalog.cli.session import fail_with_reason, opened, say_json


def poster(
    clip: Annotated[int, typer.Argument(help="The clip, by its id.")],
    frame: Annotated[int, typer.Argument(help="One of its frames, by its id.")],
    *,
    json: Json = False,
) -> None:
    """Let this frame stand for its clip wherever one picture must."""
    with fail_with_reason(json=json):
        with opened() as catalog:
            catalog.poster(clip, frame)
        if json:
            say_json({"clip": clip, "frame": frame})
        else:
            typer.echo(f"Frame {frame} stands for clip {clip}.")


def add_to(app: typer.Typer) -> None:
    """Make these verbs of the program."""
    for verb in (poster,):
        app.command()(verb)
