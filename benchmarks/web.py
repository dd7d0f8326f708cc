"""Pages and HTTP API under load: many users at once, over a large library.

``python -m benchmarks.web`` fills a catalogue with synthetic shots (see ``benchmarks.search_data``)
and a few rendered films, serves it in a process of its own as `catalog web` does, and has each
user look as an editor does: search, open pictures, read facets, open an asset, type on. A static
file, which needs no database, is asked for beside them: it is what the server and this machine can
do at best. Users wait between two looks (``--think``); client and server share the machine's cores.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import httpx2 as httpx
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.search_data import FRAMES, catalogue_of
from catalog import Catalog
from catalog.encoders.null import COLOURS
from catalog.media.writer import write_video
from catalog.settings import Settings

V1 = "/api/v1"
FILMS, SHOTS_OF_FILM = 12, 6
WORDS = ("red", "blue", "green", "a car at night", "harbour", "interview", "crowd", "snow", "dog")
FILTERS = ("", "collection:c03", "recorded:2018", "duration:>1m", "kind:video", "-red")
# How often each is looked at, of a hundred; a search brings its pictures with it.
MIX = {"page": 25, "search": 25, "more": 10, "facets": 10, "asset": 10, "complete": 15, "static": 5}


class Look(NamedTuple):
    """One request: what for, how long it took, and what went wrong."""

    kind: str
    ms: float
    error: str | None


class User:
    """Somebody who looks, and thinks, and looks again."""

    def __init__(self, http: httpx.AsyncClient, seed: int, static: str) -> None:
        self._http, self._chance, self._static = http, random.Random(seed), static
        self._assets: list[int] = [1]
        self.looks: list[Look] = []

    async def go_on(self, until: float, think_s: float) -> None:
        """Look until the time is over."""
        kinds, weights = list(MIX), list(MIX.values())
        while time.monotonic() < until:
            await self._look(self._chance.choices(kinds, weights)[0])
            await asyncio.sleep(self._chance.expovariate(1 / think_s) if think_s else 0)

    async def _look(self, kind: str) -> None:
        if kind == "page":
            await self._ask("page", "/", q=self._query())
        elif kind in ("search", "more"):
            query, limit = self._query(), 40
            found = await self._ask("search", f"{V1}/search", q=query, limit=limit)
            if found is not None:
                await self._take_in(found.json())
                after = found.json()["next"]
                if kind == "more" and after:
                    await self._ask("more", f"{V1}/search", q=query, limit=limit, after=after)
        elif kind == "facets":
            await self._ask("facets", f"{V1}/facets", q=self._chance.choice(FILTERS))
        elif kind == "asset":
            await self._ask("asset", f"{V1}/assets/{self._chance.choice(self._assets)}")
        elif kind == "complete":
            await self._ask("complete", f"{V1}/fields/collection/values", prefix="c")
        else:
            await self._ask("static", self._static)

    async def _take_in(self, body: dict) -> None:
        """The pictures of what was found; the synthetic shots have none."""
        self._assets = [hit["asset"]["id"] for hit in body["hits"]] or self._assets
        real = [
            h["frame"]["picture"] for h in body["hits"] if h["asset"]["name"].startswith("film")
        ]
        await asyncio.gather(*(self._ask("picture", address) for address in real[:12]))

    def _query(self) -> str:
        return f"{self._chance.choice(WORDS)} {self._chance.choice(FILTERS)}".strip()

    async def _ask(self, kind: str, path: str, **parameters: object) -> httpx.Response | None:
        began, error, answer = time.perf_counter(), None, None
        try:
            answer = await self._http.get(path, params=parameters)
            error = None if answer.status_code == 200 else f"{answer.status_code}"
        except httpx.HTTPError as failed:
            error = type(failed).__name__
        self.looks.append(Look(kind, 1000 * (time.perf_counter() - began), error))
        return answer if error is None else None


def add_films(catalog: Catalog, folder: Path) -> None:
    """Films whose pictures are really there; nothing where they are in the catalogue already."""
    names = sorted(COLOURS)
    for number in range(FILMS):
        chance = random.Random(number)
        pictures: list[np.ndarray] = []
        for _ in range(SHOTS_OF_FILM):
            picture = np.full((180, 320, 3), COLOURS[chance.choice(names)], np.uint8)
            pictures += [picture] * 25
        path = folder / f"film-{number:02}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        meta = {"comment": f"film {number}"}
        write_video(path, pictures, frame_rate=Fraction(25), metadata=meta)
    catalog.ingest(folder, collection="Films")


@contextmanager
def served(settings: Settings) -> Iterator[str]:
    """The catalogue, served by a process of its own; the URL."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CATALOG_")}
    mine = {"CATALOG_HOME": str(settings.home), "CATALOG_ENCODER": settings.encoder}
    command = [sys.executable, "-m", "catalog.cli", "web", "--port", "0"]
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(command, env={**kept, **mine}, stderr=log, text=True)
        try:
            yield _url(process, log)
        finally:
            process.terminate()
            process.wait(30)


def _url(process: subprocess.Popen[str], log) -> str:  # noqa: ANN001  # a temporary file
    while process.poll() is None:
        log.seek(0)
        found = re.search(r"Serving at (\S+)", log.read())
        if found:
            return found[1]
        time.sleep(0.1)
    log.seek(0)
    sys.exit(f"the server did not start: {log.read()[-500:]}")


async def load(url: str, users: int, seconds: float, think_s: float, seed: int) -> list[Look]:
    """Let them all look at once, after one of them has warmed the server up."""
    limits = httpx.Limits(max_connections=4 * users, max_keepalive_connections=4 * users)
    async with httpx.AsyncClient(base_url=url, timeout=60, limits=limits) as http:
        home = (await http.get("/")).text
        static = re.search(r'href="(/static/[^"]+\.css)"', home)
        assert static is not None
        first = User(http, seed, static[1])
        for kind in MIX:
            await first._look(kind)
        everybody = [User(http, seed + 1 + number, static[1]) for number in range(users)]
        until = time.monotonic() + seconds
        await asyncio.gather(*(user.go_on(until, think_s) for user in everybody))
    return [look for user in everybody for look in user.looks]


def figures_of(looks: Sequence[Look], seconds: float) -> dict[str, object]:
    """Figures by kind of request, and of all."""
    by_kind: dict[str, list[float]] = defaultdict(list)
    for look in looks:
        by_kind[look.kind].append(look.ms)
    kinds = {
        kind: {
            "requests": len(times),
            "p50_ms": round(float(np.percentile(times, 50)), 1),
            "p95_ms": round(float(np.percentile(times, 95)), 1),
            "max_ms": round(max(times), 1),
        }
        for kind, times in sorted(by_kind.items())
    }
    errors: dict[str, int] = defaultdict(int)
    for look in looks:
        if look.error is not None:
            errors[f"{look.kind}: {look.error}"] += 1
    every = [look.ms for look in looks if look.kind != "static"]
    return {
        "requests": len(looks),
        "requests_per_s": round(len(looks) / seconds, 1),
        "p50_ms": round(float(np.percentile(every, 50)), 1),
        "p95_ms": round(float(np.percentile(every, 95)), 1),
        "static_p95_ms": kinds.get("static", {}).get("p95_ms"),
        "errors": sum(errors.values()),
        "errors_by_kind": dict(errors),
        "kinds": kinds,
    }


def show(figures: dict) -> None:
    """A table for people."""
    table = Table("request", "number", "p50 ms", "p95 ms", "max ms", box=None)
    for kind, row in figures["kinds"].items():
        table.add_row(kind, *(str(row[k]) for k in ("requests", "p50_ms", "p95_ms", "max_ms")))
    Console(width=100).print(table)


def main() -> None:
    """Fill, serve, load, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--shots", type=int, default=30_000, help="synthetic shots")
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--think", type=float, default=1.0, help="mean seconds between two looks")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where data stays for another run")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="catalog-web-") as name:
        folder = options.folder or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        settings = catalogue_of(folder, options.shots * FRAMES)
        with Catalog.open(settings) as catalog:
            add_films(catalog, folder / f"films-{options.shots}")
            with served(settings) as url:
                arguments = (options.users, options.seconds, options.think, options.seed)
                looks = asyncio.run(load(url, *arguments))
    figures = figures_of(looks, options.seconds)
    show(figures)
    asked = {"shots": options.shots, "users": options.users, "seconds": options.seconds}
    print(json.dumps({**asked, "think_s": options.think, **figures}))


if __name__ == "__main__":
    main()
