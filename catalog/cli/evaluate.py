"""``catalog evaluate``: which encoder is better, for whom, and by how much."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catalog.cli.options import Json
from catalog.cli.session import fail_with_reason, opened, say_json

if TYPE_CHECKING:
    from catalog.evaluate import Evaluation


def evaluate(
    dataset: Annotated[
        str, typer.Argument(help="A folder or caption file; catalog, demo or published.")
    ],
    *,
    encoder: Annotated[list[str], typer.Option(help="Measure this one; may be repeated.")] = [],  # noqa: B006
    images: Annotated[Path | None, typer.Option(help="The folder of the pictures.")] = None,
    split: Annotated[str, typer.Option(help="Which of Multi30k's.")] = "test_2016_flickr",
    language: Annotated[list[str], typer.Option(help="Only captions in it; repeatable.")] = [],  # noqa: B006
    protocol: Annotated[str, typer.Option(help="Whose caption asks: first or every.")] = "first",
    template: Annotated[
        list[str], typer.Option(help='Prompt: "a photo of {}" or "de=ein Foto von {}".')
    ] = [],  # noqa: B006
    device: Annotated[list[str], typer.Option(help="cpu, cuda:0 …; may be repeated.")] = [],  # noqa: B006
    precision: Annotated[list[str], typer.Option(help="fp32, bf16 …; may be repeated.")] = [],  # noqa: B006
    limit: Annotated[int | None, typer.Option(help="The first so many pictures.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write the report, an HTML file.")] = None,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Let searches read confidences by it.")
    ] = False,
    resamples: Annotated[int, typer.Option(help="Of the confidence intervals.")] = 1000,
    seed: Annotated[int, typer.Option(help="Of the resamples.")] = 0,
    speed: Annotated[bool, typer.Option(help="Time the encoders too.")] = True,
    json: Json = False,
) -> None:
    """Measure encoders side by side on captioned pictures.

    Per language: how often a text finds its picture and a picture its text (Recall@1, 5,
    10), the cosines of matches and misses, and how fast. Vectors are kept: breaking it off
    and running it again goes on.
    """
    from catalog.cli.progress import shown_progress  # noqa: PLC0415

    with fail_with_reason(json=json):
        with opened() as catalog, shown_progress(quiet=json) as progress:
            found = catalog.evaluate(
                dataset,
                encoders=encoder,
                images=images,
                split=split,
                languages=language,
                protocol=protocol,
                templates=template,
                devices=device,
                precisions=precision,
                limit=limit,
                report=report,
                calibrate=calibrate,
                resamples=resamples,
                seed=seed,
                speed=speed,
                progress=progress,
            )
        if json:
            paths = {"report": None if report is None else str(report), "kept": found.kept}
            say_json({**found.as_json(), **paths})
        else:
            _tell(found, report)
    if found.missing:
        raise typer.Exit(1)


def _tell(found: Evaluation, report: Path | None) -> None:
    from catalog.cli.evaluation_text import evaluation_tables  # noqa: PLC0415

    evaluation_tables(found)
    if report is not None:
        typer.echo(f"Report: {report}")


def calibrations(
    *,
    forget: Annotated[str | None, typer.Option(help="Take away this encoder's first.")] = None,
    json: Json = False,
) -> None:
    """List what searches read confidences by, per encoder and language."""
    with fail_with_reason(json=json):
        with opened() as catalog:
            rows = catalog.calibrations(forget=forget)
        if json:
            say_json({"calibrations": rows})
        else:
            from catalog.cli.evaluation_text import calibration_table  # noqa: PLC0415

            calibration_table(rows)


def evaluations(
    *,
    forget: Annotated[str | None, typer.Option(help="Take this one away first.")] = None,
    json: Json = False,
) -> None:
    """List the evaluations that are kept, the latest first, and where their reports lie."""
    with fail_with_reason(json=json):
        with opened() as catalog:
            if forget is not None:
                catalog.forget_evaluation(forget)
            rows = [
                {**each, "report": str(catalog.evaluation_report(each["id"]))}
                for each in catalog.evaluations()
            ]
        if json:
            say_json({"evaluations": rows})
        else:
            from catalog.cli.evaluation_text import evaluation_list  # noqa: PLC0415

            evaluation_list(rows)


def add_to(app: typer.Typer) -> None:
    """Make these verbs of the program."""
    app.command()(evaluate)
    app.command()(evaluations)
    app.command()(calibrations)
