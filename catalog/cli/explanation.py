"""Why a search went its way, as text for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from catalog.domain.plan import Judged, Plan
    from catalog.domain.results import SearchResult


def say_explanation(result: SearchResult) -> None:
    """Which way and why, what was sent, the statement that answered, and PostgreSQL's plan of it.

    Nothing, unless it was asked for.
    """
    told = result.explanation
    if told is None:
        return
    typer.echo("")
    for line in _why(result.plan):
        typer.echo(line)
    sent = told["statements"]
    typer.echo(f"Statements sent: {len(sent)}; in milliseconds:")
    for each in sent:
        typer.echo(f"  {each['ms']:8.2f}  {each['sql']}")
    typer.echo(f"\n{told['sql']}\n\nParameters:")
    for key, value in told["parameters"].items():
        typer.echo(f"  {key} = {value}")
    typer.echo(f"\n{told['plan']}")


def _why(plan: Plan) -> list[str]:
    lines = [f"Plan {plan}: {plan.reason}."]
    if plan.judged is not None:
        lines.append(f"What the filters keep: {_found(plan.judged)}.")
    if plan.tried_few:
        # Where they were few, that statement is the answer, and nothing else was looked at.
        more = plan.judged is not None or plan.wide
        lines.append(f"Comparing few was tried first: {'there are more' if more else 'they are'}.")
    settings = ", ".join(f"{name} = {value}" for name, value in plan.settings.items())
    lines.append(f"Settings: {settings or 'none'}.")
    return lines


def _found(judged: Judged) -> str:
    parts = []
    if judged.counted is not None:
        least = "or more " if judged.stopped else ""
        parts.append(f"{judged.counted} {least}centres counted")
    if (drawn := judged.sampled) is not None:
        parts.append(
            f"{drawn.kept} of {drawn.drawn} centres sampled, {drawn.nearest_kept} of the "
            f"{drawn.nearest} nearest"
        )
    if judged.remembered:
        parts.append("a moment ago")
    return ", ".join(parts)
