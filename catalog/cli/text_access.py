"""Bins, clips, tokens and the audit trail as text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import typer

from catalog.cli.tables import add_row, new_table, print_table


def bin_list(rows: Sequence[Mapping[str, Any]]) -> None:
    """Bins, with how many clips each holds."""
    table = new_table("id", "bin", "clips", "note", numbers=("id", "clips"))
    for row in rows:
        add_row(table, row["id"], row["name"], row["items"], row["note"])
    print_table(table)


def bin_contents(body: Mapping[str, Any]) -> None:
    """A bin's items in order."""
    typer.echo(f"{body['name']} ({len(body['items'])})")
    scripted = any(item["roll"] or item["line"] for item in body["items"])
    script = ("line", "roll") if scripted else ()
    columns = ("item", "clip", "asset", "in", "out", *script, "note")
    table = new_table(*columns, numbers=("item", "clip", "line"))
    for item in body["items"]:
        clip = item["clip"]
        times = (item["timecode_in"] or item["start"], item["timecode_out"] or item["end"])
        said = [item[key] for key in script]
        add_row(table, item["id"], clip["id"], clip["asset"]["name"], *times, *said, item["note"])
    print_table(table)


def clip_line(body: Mapping[str, Any]) -> None:
    """One clip, on one line."""
    times = f"{body['timecode_in'] or body['start']} to {body['timecode_out'] or body['end']}"
    typer.echo(f"clip {body['id']}: {body['asset']['name']} {times} {body['text'] or ''}".rstrip())


def token_list(rows: Sequence[Mapping[str, Any]]) -> None:
    """Tokens, and which are in force."""
    table = new_table("id", "name", "role", "sees", "holds until", "last used", numbers=("id",))
    for row in rows:
        sees = "everything" if row["collections"] is None else ", ".join(row["collections"])
        holds = row["expires_at"] or "it is revoked"
        if row["revoked_at"]:
            holds = f"revoked {row['revoked_at']}"
        add_row(table, row["id"], row["name"], row["role"], sees, holds, row["used_at"])
    print_table(table)


def audit_entries(rows: Sequence[Mapping[str, Any]]) -> None:
    """Who did what, the latest first."""
    table = new_table("at", "who", "what", "assets", "details")
    for row in rows:
        assets = ", ".join(map(str, row["asset_ids"][:10]))
        more = "…" if len(row["asset_ids"]) > 10 else ""
        details = json.dumps(row["details"], ensure_ascii=False)
        add_row(table, row["at"], row["actor"], row["action"], assets + more, details)
    print_table(table)
