"""What the clients and writers of ``benchmarks.concurrency`` do; each function is a process."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Callable
from fractions import Fraction
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import text

from benchmarks.search_data import FRAMES, SHOT_PTS, SHOTS
from catalog import Catalog
from catalog.domain.results import SearchResult
from catalog.encoders.null import COLOURS
from catalog.media.writer import write_video
from catalog.settings import Settings
from catalog.store import vectors

PAGE = 50
QUERIES = 40
NEW_ENCODER_EVERY_S = 7.0
FILM = (64, 48)


class Call(NamedTuple):
    """One thing done: how long it took, how many rows it gave or wrote, and what went wrong."""

    kind: str
    ms: float
    rows: int
    error: str | None


class Load(NamedTuple):
    """What a process is told."""

    url: str
    home: Path
    number: int
    threads: int
    seconds: float

    def open(self) -> Catalog:
        """The catalogue, with a frame store of this process's own."""
        home = self.home / str(self.number)
        return Catalog.open(Settings(home=home, database_url=self.url, encoder="null:512"))


class WrongAnswerError(Exception):
    """An answer that is not what it should be."""


def expect(*, holds: bool, otherwise: str) -> None:
    """Raise unless it holds."""
    if not holds:
        raise WrongAnswerError(otherwise)


class Calls:
    """Notes what is done until time is up; one for each thread."""

    def __init__(self, seconds: float) -> None:
        self.made: list[Call] = []
        self._until = time.monotonic() + seconds

    def going_on(self) -> bool:
        """Whether there is time left."""
        return time.monotonic() < self._until

    def note(self, kind: str, work: Callable[[], int]) -> None:
        """Do it, and note how it went."""
        began = time.perf_counter()
        rows, error = 0, None
        try:
            rows = work()
        except Exception as caught:  # noqa: BLE001  # whatever goes wrong is what is asked for
            error = f"{kind}: {type(caught).__name__}: {str(caught)[:300]}"
        self.made.append(Call(kind, 1000 * (time.perf_counter() - began), rows, error))


# --- clients ---------------------------------------------------------------------


def ask(load: Load, barrier: Barrier, results: SimpleQueue) -> None:
    """Clients of one process, a thread each."""
    with load.open() as catalog:
        barrier.wait()
        clients = [
            Client(catalog, load.seconds, 100 * load.number + n) for n in range(load.threads)
        ]
        threads = [threading.Thread(target=client.run) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    results.put([tuple(call) for client in clients for call in client.calls.made])


class Client:
    """Asks one thing after another."""

    def __init__(self, catalog: Catalog, seconds: float, seed: int) -> None:
        self._catalog = catalog
        self._rng = random.Random(seed)  # reproducible, not secret
        self.calls = Calls(seconds)

    def run(self) -> None:
        """Until time is up."""
        kinds = {
            "words": self._words,
            "words, filtered": self._filtered,
            "filters": self._filters,
            "keywords": self._keywords,
            "example": self._example,
            "facets": self._facets,
            "SQL": self._sql,
        }
        while self.calls.going_on():
            for _ in range(10):
                kind = self._rng.choice(list(kinds))
                self.calls.note(kind, kinds[kind])
            self._walk("pages of a filter", self._collections(4), whole=True)
            self._walk("pages of words", self._query(), whole=False)

    def _query(self) -> str:
        return f"query {self._rng.randrange(QUERIES)}"

    def _collections(self, count: int) -> str:
        chosen = sorted(self._rng.sample(range(100), count))
        return "collection:" + ",".join(f"c{number:02}" for number in chosen)

    def _words(self) -> int:
        return self._whole_page(self._catalog.search(self._query(), limit=20, all_=True), 20)

    def _filtered(self) -> int:
        chosen = self._rng.choice([self._collections(1), self._collections(30), "recorded:2019"])
        found = self._catalog.search(f"{self._query()} {chosen}", limit=20)
        return checked(found, 20)

    def _filters(self) -> int:
        chosen = f"{self._collections(3)} kind:video duration:>1m sort:date"
        return self._whole_page(self._catalog.search(chosen, limit=20), 20)

    def _keywords(self) -> int:
        number = self._rng.randrange(300)
        found = self._catalog.search(f'"asset {number:06}" OR -asset', limit=20, all_=True)
        return checked(found, 20)

    def _example(self) -> int:
        clip = self._rng.randrange(1, 3000)
        found = self._catalog.search(like=f"clip:{clip}", limit=20, all_=True)
        expect(holds=all(hit.clip is None or hit.clip["id"] != clip for hit in found.hits),
               otherwise=f"clip {clip} is its own hit")  # fmt: skip
        return self._whole_page(found, 20)

    def _facets(self) -> int:
        facets = self._catalog.facets(self._collections(5), fields=["collection", "kind", "year"])
        return len(facets.as_json())

    def _sql(self) -> int:
        statement = self._rng.choice([
            f"SELECT * FROM catalog.search('{self._query()}', hits => 10)",
            "SELECT collection, count(*) FROM catalog.shots GROUP BY collection ORDER BY 2 LIMIT 5",
            "SELECT f.frame_id FROM catalog.frames f JOIN catalog.shots s USING (clip_id) "
            f"WHERE s.collection = 'c07' ORDER BY f.embedding <=> catalog.phrase('{self._query()}')"
            " LIMIT 10",
        ])  # fmt: skip
        rows = len(self._catalog.sql(statement).rows)
        expect(holds=rows in (5, 10), otherwise=f"{rows} rows of {statement}")
        return rows

    def _whole_page(self, found: SearchResult, limit: int) -> int:
        expect(holds=len(found.hits) == limit, otherwise=f"{len(found.hits)} hits of {limit}: "
               f"{found.query!r}")  # fmt: skip
        return checked(found, limit)

    def _walk(self, kind: str, query: str, *, whole: bool) -> None:
        """Page by page; of a list of filters to its end, which must hold all that was there."""
        there = set(self._shots_of(query)) if whole else set()
        seen: list[tuple[int, int | None]] = []
        page: dict[str, Any] = {"after": None, "more": True}

        def turn() -> int:
            found = self._catalog.search(query, limit=PAGE, after=page["after"], all_=True)
            seen.extend((hit.asset["id"], hit.clip and hit.clip["id"]) for hit in found.hits)
            page.update(after=found.next, more=found.next is not None)
            expect(holds=len(seen) == len(set(seen)), otherwise=f"a hit came twice: {query!r}")
            return checked(found, PAGE)

        for _ in range(100 if whole else 10):
            if page["more"] and self.calls.going_on():
                self.calls.note(kind, turn)
        if whole and not page["more"]:
            lost = there - {clip for _, clip in seen}
            self.calls.note(f"{kind}, whole", lambda: self._none(lost, query))

    @staticmethod
    def _none(lost: set[int], query: str) -> int:
        expect(holds=not lost, otherwise=f"{len(lost)} shots came on no page of {query!r}")
        return 0

    def _shots_of(self, query: str) -> list[int]:
        chosen = query.removeprefix("collection:").split(",")
        with self._catalog.database.session() as session:
            statement = text(
                "SELECT c.id FROM clip c JOIN asset a ON a.id = c.asset_id WHERE c.kind = 'shot' "
                "AND c.flag IS NULL AND a.kind IS NOT NULL AND a.collection = ANY (:chosen)"
            )
            return list(session.execute(statement, {"chosen": chosen}).scalars())


def checked(found: SearchResult, limit: int) -> int:
    """How many hits, once their ranks, scores and numbers are seen to be in order."""
    hits = found.hits
    expect(holds=len(hits) <= limit, otherwise=f"{len(hits)} hits of {limit}")
    ranks = [hit.rank for hit in hits]
    first = ranks[0] if ranks else 1
    expect(holds=ranks == list(range(first, first + len(hits))), otherwise=f"ranks {ranks}")
    keys = [(hit.asset["id"], hit.clip and hit.clip["id"]) for hit in hits]
    expect(holds=len(set(keys)) == len(keys), otherwise="a hit came twice on a page")
    return len(hits)


# --- writers ---------------------------------------------------------------------


def bring_footage(load: Load, barrier: Barrier, results: SimpleQueue) -> None:
    """Generated films, each a folder of its own, ingested one after the other."""
    with load.open() as catalog:
        folder = load.home / "footage"
        films = (_film(folder / f"day-{n:05}" / f"asset-{n:06}b.mp4", n) for n in range(10**6))
        first = next(films)
        barrier.wait()
        calls, building = Calls(load.seconds), Calls(load.seconds)
        # By itself, so that footage goes on coming while the graph is built.
        work = lambda: len(catalog.encoder.index())  # noqa: E731
        builder = threading.Thread(target=building.note, args=("write: graph", work))
        builder.start()
        while calls.going_on():
            number = len(calls.made)
            calls.note("write: footage", lambda: _ingested(catalog, first.parent, number))  # noqa: B023
            first = next(films)
        builder.join()
    results.put([tuple(call) for call in calls.made + building.made])


def _film(path: Path, number: int) -> Path:
    """Four shots of a second, of plain colours; its content is its own."""
    rng = random.Random(number)  # reproducible, not secret
    pictures = []
    for colour in rng.sample(list(COLOURS), 4):
        picture = np.full((FILM[1], FILM[0], 3), COLOURS[colour], np.uint8)
        picture[:8, :8] = rng.randrange(256)
        pictures += [picture] * 25
    path.parent.mkdir(parents=True, exist_ok=True)
    write_video(path, pictures, frame_rate=Fraction(25), metadata={"comment": f"film {number}"})
    return path


def _ingested(catalog: Catalog, folder: Path, number: int) -> int:
    report = catalog.ingest(folder, collection=f"c{number % 100:02}", tags=[f"day {number % 9}"])
    expect(holds=(report.ready, report.failed) == (1, 0), otherwise=f"{report.as_json()}")
    return report.frames


def bring_vectors(load: Load, barrier: Barrier, results: SimpleQueue) -> None:
    """Assets of thirty shots whose vectors lie where queries look; now and then an encoder."""
    asked = np.load(load.home.parent / "asked.npy")
    rng = np.random.default_rng(load.number)
    with load.open() as catalog:
        with catalog.database.session() as session:
            encoder = vectors.active_encoder(session)
        assert encoder is not None
        barrier.wait()
        calls = Calls(load.seconds)
        due, dimension = time.monotonic() + NEW_ENCODER_EVERY_S, 16
        while calls.going_on():
            calls.note("write: vectors", lambda: _asset(catalog, encoder.id, asked, rng))
            if time.monotonic() > due:
                due += NEW_ENCODER_EVERY_S
                dimension += 1
                calls.note("write: encoder", lambda: _encoder(catalog, dimension))  # noqa: B023
    results.put([tuple(call) for call in calls.made])


def _asset(catalog: Catalog, encoder_id: int, asked: np.ndarray, rng: np.random.Generator) -> int:
    """An asset as an ingest of a long film leaves it: its frames first, then their vectors."""
    number = uuid.uuid4().int
    with catalog.database.session() as session:
        asset = session.execute(
            text(
                "INSERT INTO asset (fingerprint, size_bytes, name, kind, collection, recorded, "
                "frame_rate_num, frame_rate_den, time_base_num, time_base_den, duration_pts) "
                "VALUES (:mark, 1000, :name, 'video', :collection, '2020-01-01', 25, 1, 1, 25, :d) "
                "RETURNING id"
            ),
            {"mark": f"new-{number}", "name": f"asset-{number % 400:06}n{number % 9999}.mov",
             "collection": f"c{number % 100:02}", "d": SHOTS * SHOT_PTS},
        ).scalar_one()  # fmt: skip
        session.execute(
            text(
                "WITH made AS (INSERT INTO clip (asset_id, kind, start_pts, end_pts) "
                "SELECT :asset, 'shot', n * :d, (n + 1) * :d FROM generate_series(0, :shots - 1) n "
                "RETURNING id, start_pts) "
                "INSERT INTO frame (asset_id, clip_id, pts, start_pts, end_pts, picture, width, "
                "height) SELECT :asset, made.id, made.start_pts + 25 * n, made.start_pts + 25 * n, "
                "made.start_pts + 25 * n + 25, 'none', 64, 36 "
                "FROM made, generate_series(0, :frames - 1) n"
            ),
            {"asset": asset, "d": SHOT_PTS, "shots": SHOTS, "frames": FRAMES},
        )
    written = 0
    while True:
        with catalog.database.session() as session:
            claimed = vectors.claim_frames(session, encoder_id, limit=64, asset_ids=[asset])
            if not claimed:
                return written
            near = asked[[frame.clip_id % len(asked) for frame in claimed]]
            rows = near + 0.003 * rng.standard_normal(near.shape)
            rows /= np.linalg.norm(rows, axis=1, keepdims=True)
            written += vectors.write_vectors(session, encoder_id, claimed, rows)


def _encoder(catalog: Catalog, dimension: int) -> int:
    with catalog.database.session() as session:
        vectors.add_encoder(
            session, name=f"null:{dimension}", dimension=dimension, precision="fp32",
            weights_digest="0",
        )  # fmt: skip
    return 1
