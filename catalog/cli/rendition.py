"""The verbs that make what people look at."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from catalog.cli.options import Json, References
from catalog.cli.session import fail_with_reason, opened, say_done, say_json


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


def proxy(
    references: References,
    *,
    lines: Annotated[int, typer.Option(help="Height of the pictures at most.")] = 720,
    dispatch: Annotated[bool, typer.Option("--dispatch", help="Have workers make them.")] = False,
    json: Json = False,
) -> None:
    """Make a copy of each asset that every browser plays: H.264 and AAC in an MP4."""
    from catalog.cli.progress import shown_progress  # noqa: PLC0415

    with (
        fail_with_reason(json=json),
        opened() as catalog,
        shown_progress(quiet=json) as progress,
    ):
        body = catalog.proxy(references, lines=lines, dispatch=dispatch, progress=progress)
    if dispatch:
        say_done(body, f"{len(body['assets'])} assets sent to workers.", json=json)
    else:
        _say_made(body, "proxies", json=json)


def waveform(references: References, *, json: Json = False) -> None:
    """Make waveform and peaks of the sound of films; sounds have theirs from their ingest."""
    from catalog.cli.progress import shown_progress  # noqa: PLC0415

    with (
        fail_with_reason(json=json),
        opened() as catalog,
        shown_progress(quiet=json) as progress,
    ):
        body = catalog.waveform(references, progress=progress)
    _say_made(body, "waveforms", json=json)


def _say_made(body: dict[str, Any], what: str, *, json: bool) -> None:
    told = f"{body['made']} {what} made; `catalog show` tells where they are."
    say_done(body, told, json=json)


def add_to(app: typer.Typer) -> None:
    """Make these verbs of the program."""
    for verb in (proxy, waveform, poster):
        app.command()(verb)
