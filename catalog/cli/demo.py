"""``catalog demo``: the main job done once, on footage the project renders itself."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from catalog.api import Catalog
from catalog.cli.progress import shown_progress
from catalog.cli.text import search_result, sql_rows
from catalog.demo.captions import language
from catalog.demo.footage import Footage, make_footage
from catalog.errors import InvalidInputError
from catalog.settings import DEMO_ENCODER, Settings

if TYPE_CHECKING:
    from catalog.demo.footage import File, Shot
    from catalog.domain.results import SearchResult

LANGUAGES = ("en", "de", "uk", "ja")
MARKER = "manifest.json"


def run_demo(folder: Path) -> None:
    """Render, catalogue, search, show.

    The folder is the demonstration's own: it is emptied first if an earlier one
    made it, and refused if it holds anything else.

    Raises
    ------
    InvalidInputError
        If the folder holds what no demonstration made, or a search did not
        find what it should: a demonstration must not claim more than it saw.
    """
    folder = folder.absolute()
    _empty(folder)
    with shown_progress() as progress:
        progress.begin("render", 18, "files")
        footage = make_footage(
            folder / "footage", progress=lambda *_: progress.advance("render", 1)
        )
        progress.end("render")
    typer.echo(
        f"Rendered {len(footage.files)} files with {sum(1 for _ in footage.shots())} shots "
        f"to {folder / 'footage'}."
    )
    settings = Settings(home=folder / "home", encoder=DEMO_ENCODER)
    with Catalog.open(settings) as catalog:
        _ingest(catalog, footage)
        _searches(catalog, footage, folder)


def _empty(folder: Path) -> None:
    if not folder.exists() or not any(folder.iterdir()):
        folder.mkdir(parents=True, exist_ok=True)
        return
    if not (folder / "footage" / MARKER).is_file():
        raise InvalidInputError(
            f"{folder} holds files that no demonstration made; expected a new or empty folder.",
            remedy="Name another folder: catalog demo FOLDER.",
        )
    for name in ("footage", "home"):
        shutil.rmtree(folder / name, ignore_errors=True)


def _ingest(catalog: Catalog, footage: Footage) -> None:
    with shown_progress() as progress:
        report = catalog.ingest(
            footage.folder, collection="Demo", tags=["generated"], progress=progress
        )
    typer.echo(
        f"Catalogued {report.ready} assets: {report.seconds_of_media:.0f} s of media, "
        f"{report.frames} frames encoded in {report.wall_s:.1f} s.\n"
    )
    if report.failed or report.ready != len(footage.files):
        raise InvalidInputError(
            f"{report.failed} files of the demonstration failed: {report.as_json()['failures']}.",
            remedy="Please report this.",
        )


def _searches(catalog: Catalog, footage: Footage, folder: Path) -> None:
    file, shot = next((f, s) for f, s in footage.shots() if f.kind == "video")
    results, titles = [], []
    for code in LANGUAGES:
        titles.append(f"{language(code).name}: {shot.captions[code]}")
        results.append(_show(catalog, f"in {language(code).name}", shot.captions[code]))
        _expect(results[-1], file, shot)
    still = next((f, s) for f, s in footage.shots() if f.kind == "still")
    query = f"{still[1].captions['fr']} kind:still recorded:2024"
    titles.append(f"{language('fr').name}, with metadata: {query}")
    results.append(_show(catalog, "with metadata, in French", query))
    _expect(results[-1], *still)
    _plain_sql(catalog, footage)
    sheet = folder / "contact-sheet.jpg"
    catalog.contact_sheet(results, sheet, titles=titles)
    typer.echo(f"\nThe pictures of these results: {sheet}")
    home = f"CATALOG_HOME={shlex.quote(str(folder / 'home'))}"
    typer.echo(f"See it in a browser: {home} .venv/bin/catalog web")
    typer.echo(f'Go on searching: {home} .venv/bin/catalog search "…"')


def _show(catalog: Catalog, title: str, query: str) -> SearchResult:
    typer.echo(f'Search {title}: "{query}"')
    result = catalog.search(query, limit=4)
    search_result(result)
    typer.echo("")
    return result


def _expect(result: SearchResult, file: File, shot: Shot) -> None:
    """The right shot must be first: its file, and half of its time at least."""
    first = result.hits[0] if result.hits else None
    if first is not None and first.asset["name"] == file.file and first.clip is not None:
        middle = (shot.start + shot.end) / 2
        if file.kind == "still" or first.clip["start"] <= middle < first.clip["end"]:
            return
    raise InvalidInputError(
        f"The search {result.query!r} did not find {file.file} at {shot.start:.2f} s first.",
        remedy="Please report this.",
    )


def _plain_sql(catalog: Catalog, footage: Footage) -> None:
    shot = [s for f, s in footage.shots() if f.kind == "video"][-1]
    words = shot.captions["en"].replace("'", "''")
    statement = f"""
SELECT s.name, s.timecode_in, s.timecode_out,
       max(1 - (f.embedding <=> catalog.phrase('{words}'))) AS cosine
FROM catalog.frames f JOIN catalog.shots s USING (clip_id)
WHERE s.collection = 'Demo' AND s.codec = 'h264'
GROUP BY s.clip_id, s.name, s.timecode_in, s.timecode_out
ORDER BY cosine DESC
LIMIT 3"""  # noqa: S608  # the words are ours; this is what a person would type
    typer.echo(f"The same in SQL:\n{statement.strip()}\n")
    sql_rows(catalog.sql(statement), json=False, csv=False)
