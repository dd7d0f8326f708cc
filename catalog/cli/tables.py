"""Tables on a terminal, or in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from catalog.domain.paths import shown_text

# What a text in a column needs at least to be read; a narrower terminal has lines instead.
_READABLE = 12


def new_table(*columns: str, numbers: Sequence[str] = ()) -> Table:
    """An empty table; ``numbers`` are the columns that stand at the right."""
    table = Table(box=None, pad_edge=False, header_style="bold", show_header=any(columns))
    for column in columns:
        table.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    return table


def add_row(table: Table, *cells: object) -> None:
    """Add a row; None is an empty cell."""
    # Names and metadata are data: Text, so that "[red]" in a name stays a name.
    table.add_row(*(Text("" if cell is None else shown_text(str(cell))) for cell in cells))


def print_table(table: Table) -> None:
    """Show it; where the terminal is too narrow for its columns, a line for each cell."""
    # Without a terminal Rich takes 80 columns and folds; a pipe is as wide as what goes through it.
    console = Console() if sys.stdout.isatty() else Console(width=max(80, _whole_width(table)))
    if table.show_header and _least_width(table) > console.width:
        _print_lines(console, table)
    else:
        console.print(table)


def _whole_width(table: Table) -> int:
    return _width(table, map(_longest, table.columns))


def _least_width(table: Table) -> int:
    return _width(table, (min(_longest(column), _READABLE) for column in table.columns))


def _width(table: Table, cells: Iterable[int]) -> int:
    headers = (cell_len(str(column.header)) for column in table.columns)
    return sum(map(max, headers, cells)) + 2 * (len(table.columns) - 1)


def _longest(column: Column) -> int:
    lines = (line for cell in column.cells for line in str(cell).split("\n"))
    return max(map(cell_len, lines), default=0)


def _print_lines(console: Console, table: Table) -> None:
    """Each row as lines of a name and a value; what is empty is left out."""
    headers = [str(column.header) for column in table.columns]
    names = [header.ljust(max(map(len, headers))) for header in headers]
    for number, row in enumerate(zip(*(column.cells for column in table.columns), strict=True)):
        if number:
            console.print()
        for name, cell in zip(names, row, strict=True):
            if str(cell):
                console.print(Text(f"{name}  ", style="bold"), cell, sep="")
