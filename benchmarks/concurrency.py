"""Many clients ask while others write: throughput, times, errors and waits for locks.

    python -m benchmarks.concurrency [--clients 16] [--seconds 60] [--frames 100000] [--reuse DIR]

On an embedded server with a library of clustered vectors (``search_data``), clients in some
processes, several threads each, ask what people ask: words whose vectors are known, words under
filters, filters alone, keywords, examples, facets, pages far behind, and SQL through the reader.
Meanwhile one process ingests generated footage, file after file, one enters assets with vectors
close to what is asked for, and the same one enters an encoder every few seconds, with partitions
of its own. The graph over the centres is taken away before, so it is built anew meanwhile.

Every answer is checked for its form. Whoever pages through a collection must meet each shot that
was there before exactly once. The server itself writes down each wait for a lock above 20 ms
(``log_lock_waits``), so none between two looks is missed. Prints tables and, as its last line,
one JSON object of named figures.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psycopg
from sqlalchemy import make_url, text

from benchmarks.concurrency_load import Call, Load, ask, bring_footage, bring_vectors
from benchmarks.search_data import catalogue_of, data_of, generator
from catalog import Catalog
from catalog.store import vectors
from catalog.store.centres import graph_name

QUERIES = 40
PROCESSES = 4
LOGGED_FROM_MS = 20
TARGET_MS = 100
_WAIT = re.compile(
    r" \[\d+\] (?P<who>\S*) LOG:  process (?P<pid>\d+) (?P<what>still waiting for|acquired) "
    r"(?P<lock>\w+) on (?P<on>.+?) after (?P<ms>[\d.]+) ms"
)


@dataclass(frozen=True, slots=True)
class Wait:
    """One wait for a lock, as the server wrote it down."""

    who: str
    lock: str
    ms: float


@contextmanager
def locks_logged(url: str) -> Iterator[None]:
    """Have the server write down waits for locks, and who waits."""
    settings = {
        "log_lock_waits": "on",
        "deadlock_timeout": f"{LOGGED_FROM_MS}ms",
        "log_line_prefix": "%m [%p] %a ",
    }
    with psycopg.connect(url, autocommit=True) as connection:
        for name, value in settings.items():
            connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        connection.execute("SELECT pg_reload_conf()")
        yield
        for name in settings:
            connection.execute(f"ALTER SYSTEM RESET {name}")
        connection.execute("SELECT pg_reload_conf()")


def waits_in(log: str) -> list[Wait]:
    """Each wait once, with its whole length; one that was broken off as far as it was seen."""
    open_: dict[str, Wait] = {}
    over = []
    for line in log.splitlines():
        if not (found := _WAIT.search(line)):
            continue
        on = re.sub(r"[\d,()/]+", "", found["on"]).replace(" of database", "").strip()
        wait = Wait(found["who"], f"{found['lock']} on {on}", float(found["ms"]))
        if found["what"] == "acquired":
            open_.pop(found["pid"], None)
            over.append(wait)
        else:
            open_[found["pid"]] = wait
    return [*over, *open_.values()]


def known_phrases(catalog: Catalog, data: dict[str, np.ndarray]) -> np.ndarray:
    """Make the vectors of ``query 0`` to ``query 39`` known; ``(queries, dimension)``."""
    asked = generator().queries(data["E"], QUERIES)
    with catalog.database.session() as session:
        encoder = vectors.active_encoder(session)
        assert encoder is not None
        texts = [f"query {number}" for number in range(QUERIES)]
        vectors.save_phrases(session, encoder.id, texts, list(asked))
    return asked


def prepare(catalog: Catalog) -> None:
    """Write the words of names, and take the graph away, to be built again."""
    with catalog.database.session() as session:
        # The assets were written without their triggers.
        session.execute(text("UPDATE catalog.asset SET name = name"))
        encoder = vectors.active_encoder(session)
        assert encoder is not None
        session.execute(text(f"DROP INDEX IF EXISTS catalog.{graph_name(encoder.id)}"))


def named(url: str, who: str) -> str:
    """The URL of somebody whom the server's log knows by name."""
    return make_url(url).update_query_dict({"application_name": who}).render_as_string(False)


def under_load(catalog: Catalog, folder: Path, options: argparse.Namespace) -> list[Call]:
    """Everybody at once, for as long as asked; what they did."""
    spawn = multiprocessing.get_context("spawn")
    results = spawn.SimpleQueue()
    processes = min(PROCESSES, options.clients)
    barrier = spawn.Barrier(processes + 3)
    home = folder / "homes"
    url = catalog.database.url.render_as_string(hide_password=False)

    def load(who: str, number: int, threads: int) -> Load:
        return Load(named(url, who), home, number, threads, options.seconds)

    shares = [len(part) for part in np.array_split(np.arange(options.clients), processes)]
    jobs = [(ask, load("client", n, share)) for n, share in enumerate(shares)]
    jobs += [(bring_footage, load("ingest", 100, 1)), (bring_vectors, load("vectors", 101, 1))]
    running = [
        spawn.Process(target=job, args=(given, barrier, results), daemon=True)
        for job, given in jobs
    ]
    for process in running:
        process.start()
    barrier.wait(timeout=300)
    print(f"{options.clients} clients and 2 writers for {options.seconds} s …", flush=True)
    calls = [Call(*call) for _ in running for call in results.get()]
    for process in running:
        process.join()
    return calls


def say_calls(calls: list[Call]) -> None:
    """A line for each kind of work."""
    by_kind: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        by_kind[call.kind].append(call)
    print(f"{'':<22}{'calls':>7}{'errors':>8}{'p50 ms':>10}{'p95 ms':>10}{'longest':>10}")
    for kind, several in sorted(by_kind.items()):
        spent = [call.ms for call in several]
        wrong = sum(call.error is not None for call in several)
        p50, p95 = np.percentile(spent, [50, 95])
        print(f"{kind:<22}{len(several):>7}{wrong:>8}{p50:>10.1f}{p95:>10.1f}{max(spent):>10.1f}")
    for error in sorted({call.error for call in calls if call.error})[:20]:
        print(f"  {error}")


def say_waits(waits: list[Wait]) -> None:
    """A line for each kind of wait."""
    by_lock: dict[tuple[str, str], list[float]] = defaultdict(list)
    for wait in waits:
        by_lock[wait.who, wait.lock].append(wait.ms)
    print(f"\nwaits for locks above {LOGGED_FROM_MS} ms: {len(waits)}")
    for (who, lock), spent in sorted(by_lock.items(), key=lambda item: -max(item[1])):
        print(f"  {who:<10}{lock:<50}{len(spent):>6} times, longest {max(spent):8.1f} ms")


def figures_of(calls: list[Call], waits: list[Wait], options: argparse.Namespace) -> dict:
    """The named figures of the last line."""
    asked = [call for call in calls if not call.kind.startswith("write")]
    spent = [call.ms for call in asked]

    def longest(chosen: list[Wait]) -> float:
        return max((wait.ms for wait in chosen), default=0.0)

    # The build of an index that lets others work waits for the transactions before it.
    building = [wait for wait in waits if "virtual transaction" in wait.lock]
    others = [wait for wait in waits if wait not in building]
    return {
        "clients": options.clients,
        "seconds": options.seconds,
        "frames": options.frames,
        "queries": len(asked),
        "queries_per_s": round(len(asked) / options.seconds, 1),
        "p50_ms": round(float(np.percentile(spent, 50)), 1),
        "p95_ms": round(float(np.percentile(spent, 95)), 1),
        "errors": sum(call.error is not None for call in calls),
        "written": {
            kind: sum(call.rows for call in calls if call.kind == kind)
            for kind in sorted({call.kind for call in calls if call.kind.startswith("write")})
        },
        "longest_lock_wait_ms": longest(others),
        "longest_lock_wait_of_clients_ms": longest([w for w in others if w.who == "client"]),
        "longest_index_build_wait_ms": longest(building),
        "lock_waits_over_target": sum(wait.ms > TARGET_MS for wait in others),
    }


def main() -> None:
    """Fill, let all loose, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--reuse", type=Path, help="keep data and database in this folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        Path(temporary).chmod(0o755)  # under root the server runs as another user
        folder = options.reuse or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        settings = catalogue_of(folder, options.frames)
        log = settings.home / "postgres" / "server.log"
        with Catalog.open(settings) as catalog:
            asked = known_phrases(catalog, data_of(folder, options.frames))
            np.save(Path(temporary) / "asked.npy", asked)
            url = catalog.database.url.set(drivername="postgresql")
            prepare(catalog)
            begin = log.stat().st_size
            with locks_logged(url.render_as_string(hide_password=False)):
                began = time.monotonic()
                calls = under_load(catalog, Path(temporary), options)
                print(f"over after {time.monotonic() - began:.0f} s\n")
        with log.open(encoding="utf-8", errors="replace") as file:
            file.seek(begin)
            waits = waits_in(file.read())
    say_calls(calls)
    say_waits(waits)
    print(json.dumps(figures_of(calls, waits, options)))


if __name__ == "__main__":
    main()
