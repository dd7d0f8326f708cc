"""Answers as text for people."""

from __future__ import annotations

import csv as csv_format
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from catalog.cli.explanation import say_explanation
from catalog.cli.options import say_problems
from catalog.cli.session import say_json
from catalog.cli.tables import add_row, new_table, print_table
from catalog.cli.text_asset import standing
from catalog.domain.facets import Facets
from catalog.domain.query import FIELDS, WHOLE
from catalog.errors import InvalidInputError

_MOST_SUFFIXES = 12

if TYPE_CHECKING:
    from catalog.db.reader import SqlRows
    from catalog.domain.results import Hit, IngestReport, SearchResult
    from catalog.ingest.verify import VerifyReport


def parse_meta(pairs: Sequence[str]) -> dict[str, str]:
    """``KEY=VALUE`` pairs as a dictionary.

    Raises
    ------
    InvalidInputError
        If one has no ``=`` or no key.
    """
    found: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            raise InvalidInputError(
                f"{pair!r} is no metadata; expected KEY=VALUE.", remedy="Write --meta reel=A012."
            )
        found[key.strip()] = value
    return found


def ingest_report(report: IngestReport) -> None:
    """What an ingest did; failures by name and reason."""
    typer.echo(
        f"{report.registered} new, {report.known} known; {report.ready} ready, "
        f"{report.failed} failed."
    )
    typer.echo(
        f"{report.seconds_of_media:.1f} s of media, {report.frames} frames encoded "
        f"({report.collapsed} near-identical pictures collapsed) in {report.wall_s:.1f} s."
    )
    if report.unverified:
        typer.echo(
            f"{report.unverified} were recognised as moved, and not read; `catalog verify` does."
        )
    if report.elsewhere:
        typer.echo(f"{report.elsewhere} are being analysed by another process.")
    if report.speech_waits:
        typer.echo(report.speech_waits)
    if report.passed_over:
        typer.echo(f"Passed over: {_by_suffix(report.passed_over)}.")
    say_problems(report.failures, report.warnings)


def _by_suffix(counts: dict[str, int]) -> str:
    """``3 .txt, 1 .xyz``: the first of them."""
    told = [f"{count} {suffix or 'without suffix'}" for suffix, count in counts.items()]
    rest = sum(list(counts.values())[_MOST_SUFFIXES:])
    return ", ".join(told[:_MOST_SUFFIXES] + ([f"{rest} others"] if rest else []))


def search_result(result: SearchResult) -> None:
    """The hits, best first, and the statement where it was asked for."""
    for notice in result.notices:
        typer.echo(notice.message)
    for each in result.corrections:
        typer.echo(f"No text has “{each['typed']}”; looked for “{each['searched']}” too.")
    if result.hits:
        _hits(result)
    else:
        typer.echo(_nothing(result))
    typer.echo(
        f"{len(result.hits)} of {result.total_candidates} candidates, plan {result.plan}, "
        f"{result.took_ms:.0f} ms."
    )
    if result.cutoff and result.cutoff["relevant"]:
        cut = result.cutoff
        typer.echo(
            f"{cut['relevant']} relevant, from cosine {cut['cosine']:.3f} on; --all for all."
        )
    if result.next:
        typer.echo(f"More: --after {result.next}")
    say_explanation(result)


def _nothing(result: SearchResult) -> str:
    """What to do about an empty list."""
    if result.total_candidates:
        return "No shot matches well enough; --all shows the nearest there are."
    return "No shot matches: none passes the filters, or none is searchable yet (`catalog stats`)."


def _hits(result: SearchResult) -> None:
    said = ("said",) if any(hit.said is not None for hit in result.hits) else ()
    table = new_table(
        "#", "clip", "score", "cosine", "conf.", "words", "timecode", "seconds", "shot of", *said,
        numbers=("#", "clip", "score", "cosine", "conf.", "words"),
    )  # fmt: skip
    for hit in result.hits:
        add_row(
            table,
            hit.rank,
            None if hit.clip is None else hit.clip["id"],
            f"{hit.score:.4f}",
            _number(hit.cosine, "+.3f"),
            "" if result.by_words_alone(hit) else _number(hit.confidence, ".0%"),
            hit.keyword_rank,
            _timecode(hit),
            _range(hit),
            hit.asset["name"],
            *(_line(hit) for _ in said),
        )
    print_table(table)


def _number(value: float | None, spec: str) -> str:
    return "" if value is None else format(value, spec)


def _line(hit: Hit) -> str:
    """The line that was said, and when."""
    if hit.said is None:
        return ""
    at = hit.said["timecode_in"] or f"{hit.said['start']:.2f} s"
    return f"{at} “{' '.join(hit.said['text'].split())}”"


def _timecode(hit: Hit) -> str:
    if (heard := hit.as_json().get("sound")) is not None:
        return str(heard["timecode_in"] or "")
    if hit.clip is None or hit.clip["timecode_in"] is None:
        return ""
    return str(hit.clip["timecode_in"])


def _range(hit: Hit) -> str:
    if (heard := hit.as_json().get("sound")) is not None:
        return f"{heard['start']:.2f}–{heard['end']:.2f}"
    if hit.clip is None or hit.asset["kind"] != "video":
        return str(hit.asset["kind"])
    seconds = f"{hit.clip['start']:.2f}–{hit.clip['end']:.2f}"
    then = (hit.as_json().get("then") or {}).get("clip")
    return f"{seconds}, then {then['start']:.2f}–{then['end']:.2f}" if then else seconds


def field_list(*, json: bool) -> None:
    """Every field of the query language."""
    rows = [
        {
            "name": f"{field.name}.KEY" if field.keyed else field.name,
            "aliases": list(field.aliases),
            "about": field.about,
            "expects": field.expected,
            "example": field.example,
        }
        for field in (*FIELDS, *WHOLE)
    ]
    if json:
        say_json({"fields": rows})
        return
    table = new_table("field", "filters by", "example")
    for row in rows:
        add_row(table, row["name"], row["about"], row["example"])
    print_table(table)


def sql_rows(rows: SqlRows, *, json: bool, csv: bool) -> None:
    """The answer of a statement as a table, JSON or CSV."""
    if json:
        say_json({"columns": rows.columns, "rows": [list(r) for r in rows.rows], "more": rows.more})
    elif csv:
        writer = csv_format.writer(sys.stdout)
        writer.writerow(rows.columns)
        writer.writerows(rows.rows)
    else:
        table = new_table(*rows.columns)
        for row in rows.rows:
            add_row(table, *(_cell(value) for value in row))
        print_table(table)
        typer.echo(f"{len(rows.rows)} row{'' if len(rows.rows) == 1 else 's'}.")


def _cell(value: object) -> object:
    return f"{value:.4f}" if isinstance(value, float) else value


def facet_values(counted: Facets) -> None:
    """Values and their numbers, a line each, by facet."""
    table = new_table("field", "value", "shots", "assets", "filter", numbers=("shots", "assets"))
    for name, values in counted.values.items():
        for each in values:
            add_row(table, name, each.value, each.shots, each.assets, each.filter)
    print_table(table)


def asset_list(page: Mapping[str, Any]) -> None:
    """Assets, a line each."""
    table = new_table(
        "id", "name", "kind", "seconds", "codec", "size", "collection", "tags", "frames", "state",
        numbers=("id", "seconds", "frames"),
    )  # fmt: skip
    for row in page["assets"]:
        add_row(
            table,
            row["id"],
            row["name"],
            row["kind"],
            _number(row["duration"], ".2f"),
            row["codec"],
            f"{row['width']}x{row['height']}" if row["width"] else "",
            row["collection"],
            ", ".join(row["tags"]),
            row["frames"],
            row["state"] if row["error_code"] is None else f"failed: {row['error_code']}",
        )
    print_table(table)
    if page["next"]:
        typer.echo(f"More: --after {page['next']!r}")


def version_list(rows: Sequence[Mapping[str, Any]]) -> None:
    """What lay at some places, in order."""
    table = new_table("asset", "place", "bytes", "since", "until", "", numbers=("asset", "bytes"))
    for row in rows:
        add_row(
            table,
            row["asset"],
            f"{row['root']}/{row['path']}",
            row["size_bytes"],
            row["held_since"][:19],
            (row["held_until"] or "now")[:19],
            row["why"],
        )
    print_table(table)


def verify_report(report: VerifyReport) -> None:
    """What reading files through brought."""
    typer.echo(
        f"{report.confirmed} confirmed, {len(report.split)} split off, "
        f"{len(report.failures)} failed; {report.bytes_read} bytes read."
    )
    for split in report.split:
        typer.echo(f"split: {split.path}: was taken for asset {split.was}, is {split.asset_id}")
    for failure in report.failures:
        typer.echo(f"failed: {failure.path}: {failure.reason} [{failure.code}]", err=True)


def job_list(rows: Sequence[Mapping[str, Any]]) -> None:
    """Work that is not done."""
    table = new_table("asset", "name", "stage", "state", "tries", "reason")
    for row in rows:
        reason = row["error_message"] or ""
        add_row(
            table,
            row["asset_id"],
            row["asset"],
            row["stage"],
            standing(row),
            row["attempts"],
            f"{reason} [{row['error_code']}]" if row["error_code"] else "",
        )
    print_table(table)


def root_list(rows: Sequence[Mapping[str, Any]]) -> None:
    """Roots, what is set for each and what holds there."""
    table = new_table(
        "root", "files", "failed", "assets", "watched", "set", "holds", numbers=("files", "failed")
    )
    for row in rows:
        add_row(
            table,
            row["path"],
            row["files"],
            row["failed"],
            row["assets"],
            _watched(row),
            _settings(row["set"]),
            _settings(row["sampling"]),
        )
    print_table(table)


def _watched(row: Mapping[str, Any]) -> str:
    if row["paused"]:
        return f"paused since {row['paused'][:19]}: {row['paused_why']}"
    return "yes" if row["watched"] else "no"


def _settings(values: Mapping[str, Any]) -> str:
    """Settings of a root in one cell: most are numbers, some are words."""
    return ", ".join(
        f"{name} {value}" if isinstance(value, str) else f"{name} {value:g}"
        for name, value in values.items()
        if value is not None
    )
