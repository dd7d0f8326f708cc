"""Tables on a terminal, or in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text


def new_table(*columns: str, numbers: Sequence[str] = ()) -> Table:
    """An empty table; ``numbers`` are the columns that stand at the right."""
    table = Table(box=None, pad_edge=False, header_style="bold", show_header=any(columns))
    for column in columns:
        table.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    return table


def add_row(table: Table, *cells: object) -> None:
    """Add a row; None is an empty cell."""
    # Names and metadata are data: Text, so that "[red]" in a name stays a name.
    table.add_row(*(Text("" if cell is None else str(cell)) for cell in cells))


def print_table(table: Table) -> None:
    """Show it."""
    # Without a terminal Rich takes 80 columns and folds; a pipe has no width.
    console = Console() if sys.stdout.isatty() else Console(width=200)
    console.print(table)
