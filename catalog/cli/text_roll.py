"""A-roll and B-roll as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import typer

from catalog.cli.tables import add_row, new_table, print_table


def roll_lines(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The figures of rolls, each with its name."""
    lines = [("A-roll", str(body["a"])), ("B-roll", str(body["b"]))]
    lines.append(("said by people", str(body["by_person"])))
    if body["compared"]:
        share = f"{body['right']} of {body['compared']} ({body['accuracy']:.1%})"
        lines.append(("told right, where people spoke", share))
        for told, name in (("a", "A"), ("b", "B")):
            said = body["confusion"][told]
            lines.append((f"told {name}, people said", f"A {said['a']}, B {said['b']}"))
    return lines


def rolls_told(body: Mapping[str, Any]) -> None:
    """What telling all rolls anew brought."""
    typer.echo(f"{body['assets']} asset{'' if body['assets'] == 1 else 's'} told anew.")
    if not body["pictures"]:
        typer.echo(f"Pictures did not count: {body['reason']}.")
    table = new_table("", "")
    for line in roll_lines(body):
        add_row(table, *line)
    print_table(table)
