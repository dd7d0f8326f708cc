"""An evaluation as text for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from catalog.cli.tables import add_row, new_table, print_table

if TYPE_CHECKING:
    from catalog.evaluate import Evaluation
    from catalog.evaluate.bootstrap import Estimate
    from catalog.evaluate.results import EncoderFigures, LanguageFigures

_FEW = 20


def evaluation_tables(found: Evaluation) -> None:
    """A line per encoder and language, a line per encoder, and how they compare."""
    typer.echo(
        f"{found.dataset}: {found.pictures} pictures, {found.captions} captions, "
        f"{len(found.languages)} languages, protocol {found.protocol.value}."
    )
    _languages(found)
    _encoders(found)
    for each in found.paired:
        if not each.language:
            sign = "" if each.certain else " (not told apart)"
            typer.echo(
                f"{each.label} against {each.against}: Recall@1 from text "
                f"{points(each.difference)}{sign}."
            )
    for note in found.notes:
        typer.echo(note)
    for encoder in found.encoders:
        if encoder.cut:
            typer.echo(f"{encoder.label} reads {encoder.cut} captions in part: they are too long.")
    _missing(found)


def calibration_table(rows: Sequence[Mapping[str, Any]]) -> None:
    """A line per encoder and language."""
    if not rows:
        typer.echo("Nothing is calibrated; catalog evaluate … --calibrate does.")
        return
    head = ("encoder", "language", "half sure at", "error", "queries", "measured on", "when")
    table = new_table(*head, numbers=head[2:5])
    for row in rows:
        half = -row["intercept"] / row["slope"]
        error = "" if row["error"] is None else f"{row['error']:.3f}"
        when = f"{row['measured_at']:%Y-%m-%d}"
        language = row["language"] or "(all)"
        cells = (language, f"{half:.1f}", error, row["samples"], row["source"], when)
        add_row(table, row["encoder"], *cells)
    print_table(table)


def _languages(found: Evaluation) -> None:
    head = ("encoder", "language", "queries", "text R@1", "R@5", "R@10", "picture R@1", "R@5 ",
            "R@10 ", "of English", "match", "miss", "between")  # fmt: skip
    table = new_table(*head, numbers=head[2:])
    for each in found.encoders:
        for code in found.languages:
            add_row(table, *_line(each, each.languages[code]))
    print_table(table)


def _line(each: EncoderFigures, figures: LanguageFigures) -> list[str]:
    cells = [each.label, figures.language, str(figures.queries)]
    for recalls in (figures.text_to_image, figures.image_to_text):
        cells += [_share(recall) for recall in recalls] + [""] * (3 - len(recalls))
    parity = each.parity(figures.language)
    cells.append("" if parity is None else f"{parity:.0%}")
    if figures.cosines is not None:
        of = figures.cosines
        cells += [f"{value:.3f}" for value in (of.match_median, of.miss_median, of.delta)]
    return cells


def _encoders(found: Evaluation) -> None:
    head = ("encoder", "text R@1", "95 %", "picture R@1", "images/s", "texts/s", "query", "grew by")
    table = new_table(*head, numbers=head[1:])
    for each in found.encoders:
        first = each.text_to_image[0]
        interval = "" if first.low is None else f"{first.low:.3f} to {first.high:.3f}"
        cells = [each.label, _share(first), interval, _share(each.image_to_text[0])]
        if each.speed is not None:
            cells += [
                f"{each.speed.images_per_s:.1f}",
                f"{each.speed.texts_per_s:.1f}",
                f"{each.speed.query_ms:.1f} ms",
                f"{each.speed.process_mb:.0f} MiB",
            ]
        add_row(table, *cells)
    print_table(table)


def _share(recall: Estimate) -> str:
    return f"{recall.value:.3f}"


def points(difference: Estimate) -> str:
    """A difference of recalls in points of a hundred, with its interval."""
    text = f"{100 * difference.value:+.1f} points"
    if difference.low is None or difference.high is None:
        return text
    return f"{text}, 95 % {100 * difference.low:+.1f} to {100 * difference.high:+.1f}"


def _missing(found: Evaluation) -> None:
    for each in found.missing[:_FEW]:
        typer.echo(f"left out: {each.picture}: {each.reason} [{each.code}]", err=True)
    if len(found.missing) > _FEW:
        typer.echo(f"left out: {len(found.missing) - _FEW} more, see --json.", err=True)


def evaluation_list(rows: Sequence[Mapping[str, Any]]) -> None:
    """Kept evaluations, a line per encoder, with the file of the report."""
    table = new_table("evaluation", "when", "by", "dataset", "encoder", "text R@1", "report",
                      numbers=("text R@1",))  # fmt: skip
    for row in rows:
        head: list[str] = [row["id"], row["at"], row["by"], row["dataset"]]
        for each in row["encoders"]:
            first = "" if each["r1"] is None else f"{each['r1']['value']:.3f}"
            add_row(table, *head, each["label"], first, row["report"] if head[0] else "")
            head = [""] * 4
    print_table(table)
