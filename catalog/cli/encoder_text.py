"""Encoders as text for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import typer

from catalog.cli.tables import add_row, new_table, print_table

# Queries on which two encoders differ most; all of them are in --json.
_MOST_SHOWN = 10


def encoder_list(rows: Sequence[Mapping[str, Any]]) -> None:
    """Encoders, the active one starred; how fast those being filled go, and how long yet."""
    numbers = ("dimension", "vectors", "missing", "lines", "lines missing", "frames/s", "left")
    table = new_table("", "encoder", "state", "dimension", "precision", *numbers[1:],
                      numbers=numbers)  # fmt: skip
    for row in rows:
        vectors, missing = row["vectors"], row["missing"]
        done = "" if row["state"] != "filling" else f" {_percent(vectors, vectors + missing)}"
        add_row(
            table,
            "*" if row["active"] else "",
            row["name"],
            row["state"] + done,
            row["dimension"],
            row["precision"],
            vectors,
            missing,
            row["speech"]["vectors"],
            row["speech"]["missing"],
            "" if row["rate"] is None else f"{row['rate']:.1f}",
            "" if row["left_s"] is None else str(timedelta(seconds=row["left_s"])),
        )
    print_table(table)
    for row in rows:
        if row["problem"]:
            typer.echo(f"{row['name']} stood still: {row['problem']}")


def sound_encoder_list(rows: Sequence[Mapping[str, Any]]) -> None:
    """Encoders of sounds, that of the settings starred; nothing where there is none."""
    if not rows:
        return
    numbers = ("dimension", "assets", "missing", "windows")
    table = new_table("", "sound encoder", *numbers, numbers=numbers)
    for row in rows:
        add_row(table, "*" if row["set"] else "", row["name"], *(row[name] for name in numbers))
    typer.echo("")
    print_table(table)


def encoder_comparison(body: Mapping[str, Any]) -> None:
    """How far two encoders agree, and where they do not."""
    one, other = (each["name"] for each in body["encoders"])
    compared, every = body["frames"]["compared"], body["frames"]["all"]
    typer.echo(f"{one}  and  {other}, over {compared} of {every} frames:")
    typer.echo(
        f"of the first {body['limit']} shots {body['overlap']:.0%} are the same, the first is in "
        f"{body['same_first']:.0%} of {len(body['queries'])} queries ({body['source']})."
    )
    table = new_table("same", "query", one, other, numbers=("same",))
    for row in body["queries"][:_MOST_SHOWN]:
        add_row(table, f"{row['overlap']:.0%}", row["query"], *map(_first, row["first"]))
    print_table(table)
    if len(body["queries"]) > _MOST_SHOWN:
        typer.echo(f"… and {len(body['queries']) - _MOST_SHOWN} that agree as much or more.")


def encoder_bench(body: Mapping[str, Any]) -> None:
    """What each precision gains and costs."""
    typer.echo(
        f"{body['encoder']}: {body['pictures']} drawn pictures, {body['texts']} captions in "
        f"{body['languages']} languages."
    )
    numbers = ("pictures/s", "faster", "texts/s", "cosine", "least", "Recall@1", "change")
    table = new_table("precision", "device", *numbers, "with", numbers=numbers)
    for row in body["rows"]:
        if "error" in row:
            add_row(table, row["precision"], *[""] * 8, row["error"])
            continue
        add_row(
            table,
            row["precision"],
            row["device"],
            f"{row['pictures_per_s']:.1f}",
            f"{row['faster']:.2f}",
            f"{row['texts_per_s']:.1f}",
            f"{row['cosine_median']:.5f}",
            f"{row['cosine_min']:.5f}",
            f"{row['recall_at_1']:.3f}",
            f"{row['recall_change']:+.3f}",
            ", ".join(row["speedups"]),
        )
    print_table(table)


def _first(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return ""
    return f"{found['asset']} clip {found['clip']} ({found['cosine']:.3f})"


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "100%"
