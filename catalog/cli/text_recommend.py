"""A planned script as text."""

from __future__ import annotations

from collections.abc import Sequence

import typer
from rich.table import Table

from catalog.cli.tables import add_row, new_table, print_table
from catalog.domain.recommended import PlannedLine, Proposal, Recommendation


def recommendation(planned: Recommendation) -> None:
    """Each line, and below it what is proposed."""
    for each in planned.lines:
        _line(each)
    for notice in planned.notices:
        typer.echo(f"note: {notice.message}", err=True)
    empty = [each.line.number for each in planned.lines if not (each.a_roll or each.b_roll)]
    if empty:
        typer.echo(f"nothing for line {', '.join(map(str, empty))}", err=True)
    if planned.bin is not None:
        typer.echo(f"Bin {planned.bin['id']}: {planned.bin['name']}")


def _line(planned: PlannedLine) -> None:
    line = planned.line
    who = "" if line.speaker is None else f"{line.speaker}: "
    typer.echo(f"{line.number}. {who}{line.text}  [{line.seconds:.1f} s]")
    if not (planned.a_roll or planned.b_roll):
        return
    columns = ("roll", "clip", "asset", "in", "out", "score", "why")
    table = new_table(*columns, numbers=("clip", "score"))
    _rows(table, "A", planned.a_roll)
    _rows(table, "B", planned.b_roll)
    print_table(table)


def _rows(table: Table, roll: str, proposals: Sequence[Proposal]) -> None:
    for each in proposals:
        use, clip = each.use, each.clip
        times = (use["timecode_in"] or use["start"], use["timecode_out"] or use["end"])
        add_row(
            table, roll, clip["id"], clip["asset"]["name"], *times, f"{each.score:.2f}", each.reason
        )
