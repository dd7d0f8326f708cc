"""``catalog train``: an encoder learns what people logged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catalog.cli.options import Json
from catalog.cli.session import fail_with_reason, opened, say_json

if TYPE_CHECKING:
    from catalog.evaluate import Evaluation
    from catalog.teach import Taught


def train(
    dataset: Annotated[
        str, typer.Argument(help="catalog: what was logged here; or a folder or caption file.")
    ] = "catalog",
    *,
    encoder: Annotated[
        str | None, typer.Option(help="Start from this one; none: the one that answers.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What to call it.")] = None,
    tag: Annotated[list[str], typer.Option(help="A tag that says what is seen; repeatable.")] = [],  # noqa: B006
    speech: Annotated[
        list[str], typer.Option(help="What is spoken with this word in it, too; repeatable.")
    ] = [],  # noqa: B006
    keep: Annotated[
        str | None, typer.Option(help="A dataset on which Recall@1 is to be kept.")
    ] = None,
    method: Annotated[str, typer.Option(help="auto, head, lora or full.")] = "auto",
    steps: Annotated[int | None, typer.Option(help="At most; none: by the captions.")] = None,
    batch: Annotated[int, typer.Option(help="Pairs of a step.")] = 32,
    rate: Annotated[float | None, typer.Option(help="Highest learning rate.")] = None,
    rank: Annotated[int, typer.Option(help="Of the matrices of lora.")] = 8,
    alpha: Annotated[
        float | None, typer.Option(help="How much of the learned weights; none: found out.")
    ] = None,
    most_loss: Annotated[float, typer.Option(help="Share of old answers that may change.")] = 0.02,
    library: Annotated[int, typer.Option(help="Other pictures, and texts, to hold fast.")] = 512,
    seed: Annotated[int, typer.Option(help="Equal seeds teach alike.")] = 0,
    precision: Annotated[str, typer.Option(help="auto, fp32 or bf16.")] = "auto",
    json: Json = False,
) -> None:
    """Teach an encoder what people logged here; it becomes a new one, and answers nothing yet.

    Learned from are descriptions of stills and single shots, and texts of subclips. Some
    assets are held out: they say when to stop, and how much of it to take so that what was
    known before stays. Broken off, it leaves nothing behind.
    """
    from catalog.cli.progress import shown_progress  # noqa: PLC0415

    with fail_with_reason(json=json):
        with opened() as catalog, shown_progress(quiet=json) as progress:
            taught = catalog.train(
                dataset,
                encoder=encoder,
                name=name,
                tags=tag,
                speech=speech,
                keep=keep,
                method=method,
                steps=steps,
                batch=batch,
                rate=rate,
                rank=rank,
                alpha=alpha,
                most_loss=most_loss,
                library=library,
                seed=seed,
                precision=precision,
                progress=progress,
            )
        if json:
            say_json(taught.as_json())
        else:
            _tell(taught)
    if taught.missing:
        raise typer.Exit(1)


def _tell(taught: Taught) -> None:
    amounts, learnt = taught.amounts, taught.learnt
    typer.echo(
        f"{amounts.learn} captions were learned from, {amounts.held + amounts.judged} were not; "
        f"method {taught.method} ({taught.why})."
    )
    typer.echo(
        f"Taken: step {learnt.best} of {learnt.steps}, {taught.chosen.alpha:.0%} of what was "
        f"learned; {taught.chosen.kept:.1%} of what was known is kept."
    )
    for found in (taught.evaluation, taught.remembered):
        if found is not None:
            _compare(found)
    for note in taught.notes:
        typer.echo(note)
    for each in taught.missing:
        typer.echo(f"left out: {each.picture}: {each.reason} [{each.code}]", err=True)
    typer.echo(f"Report: {Path(taught.folder) / 'training.html'}")
    typer.echo(f"{taught.name} is entered, and does not answer. To fill and compare it:")
    typer.echo(f"  catalog encoder add {taught.name}")
    typer.echo(f"  catalog encoder compare {taught.parent} {taught.name}")


def _compare(found: Evaluation) -> None:
    from catalog.cli.evaluation_text import points  # noqa: PLC0415

    parent, child = (each.text_to_image[0].value for each in found.encoders)
    over_all = next(each for each in found.paired if not each.language)
    sign = "" if over_all.certain else " (not told apart)"
    typer.echo(
        f"{found.dataset}: Recall@1 from text {parent:.3f} before, {child:.3f} after: "
        f"{points(over_all.difference)}{sign}."
    )


def add_to(app: typer.Typer) -> None:
    """Make the verb one of the program."""
    app.command()(train)
