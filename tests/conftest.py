"""Databases for the tests: one server per run, one migrated template, one clone per test.

All workers of a parallel run share the server, as catalogue processes share
theirs. CATALOG_TEST_DATABASE_URL names another server (its role must be able
to create databases).
"""

from __future__ import annotations

import gc
import os
import shutil
import signal
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from own_databases import administrator, execute, own_database, own_settings, with_database
from preloaded import preloaded
from shared_decoders import SharedHost

from catalog.db.embedded import EmbeddedPostgres
from catalog.db.engine import create_engine_for
from catalog.db.migrate import migrate
from catalog.media import isolated
from catalog.settings import Settings

# What a test writes need not survive the machine. No autovacuum: it would come at its own time,
# change a plan in mid-test, and hold up who copies or drops a database.
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    # Else each of thousands of connections links the library anew.
    "shared_preload_libraries": "vector",
}

# Threads that wait for each other awake, as those of torch and numpy do, take the processors from
# the tests that run beside them: nine times the processor time for the same vectors. Who is started
# from here (the processes of `pytest -n 3`, the command line, workers) has it from the beginning.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# The first that imports a module compiles it for all: a worker starts in two thirds of the time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Every run tries the same examples, whatever else the machine does: what a lucky draw finds is for
# somebody who looks for it (`pytest --hypothesis-profile=explore`), not for one who lands a change.
hypothesis.settings.register_profile(
    "suite",
    deadline=None,
    derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.register_profile("explore", deadline=None, max_examples=1000)
hypothesis.settings.load_profile("suite")

# Who runs the tests in the background of a shell has Ctrl-C ignored, and so would have all that
# they start: what is interrupted here would go on.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# Begun first: those that wait for processes of their own, beside which the others compute, and then
# the longest. At the end of a parallel run nobody is left waiting for one of them.
FIRST = (
    "workers",
    "demo/test_pipeline_recall.py",
    "demo",
    "media/test_analyse.py",
    "integration/test_real_footage.py",
    "integration/test_isolation.py",
    "web/test_schemathesis.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what is begun first first, and leave all else in its order."""
    here = Path(__file__).parent

    def place(item: pytest.Item) -> int:
        folders = [item.path, *item.path.parents]
        named = (at for at, name in enumerate(FIRST) if here / name in folders)
        return next(named, len(FIRST))

    items.sort(key=place)


def pytest_collection_finish() -> None:
    """Leave the modules, and what was collected of the tests, out of each later collection."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def test_run() -> str:
    """A name that the workers of one run share, and no other run has."""
    return os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex


@pytest.fixture(scope="session")
def postgres_url(test_run: str) -> Iterator[str]:
    """URL of a database on the run's server; its role may create others."""
    if external := os.environ.get("CATALOG_TEST_DATABASE_URL"):
        yield external
        return
    # A short path that every user can pass; pytest's own folders are closed.
    folder = _quick_folder() / f"catalog-test-{test_run[:12]}"
    server = EmbeddedPostgres(folder / "postgres", options=FAST)
    yield server.start()
    if server.stop():
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def template_database(postgres_url: str, test_run: str) -> str:
    """Name of a migrated database that nobody is connected to."""
    name = f"template_{test_run[:12]}"
    with administrator(postgres_url) as admin:
        # One worker of the run at a time; the lock goes with the connection.
        admin.execute("SELECT pg_advisory_lock(hashtext(%s))", [name])
        if admin.execute("SELECT FROM pg_database WHERE datname = %s", [name]).rowcount:
            return name
        draft = f"{name}_draft"
        execute(admin, "DROP DATABASE IF EXISTS {} WITH (FORCE)", draft)
        execute(admin, "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'", draft)
        engine = create_engine_for(with_database(postgres_url, draft))
        migrate(engine)
        engine.dispose()
        execute(admin, "ALTER DATABASE {} RENAME TO {}", draft, name)
    return name


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder for a home with an embedded server of its own.

    pytest's own folders are closed to other users, again and again (each run
    that starts sees to it), and under root the server runs as another user.
    """
    folder = Path(tempfile.mkdtemp(prefix="catalog-home-", dir=_quick_folder()))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def empty_database_url(postgres_url: str) -> Iterator[str]:
    """URL of a new database without schema or extension."""
    with own_database(postgres_url, template="template0") as url:
        yield url


@pytest.fixture
def database_url(postgres_url: str, template_database: str) -> Iterator[str]:
    """URL of a migrated database of this test's own."""
    with own_database(postgres_url, template=template_database) as url:
        yield url


@pytest.fixture(scope="session", autouse=True)
def shared_decoder_host() -> Iterator[None]:
    """Catalogues in this process fork their decoders from one host."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(isolated, "Host", SharedHost)
        yield


@pytest.fixture(scope="session")
def preloaded_catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for PATH with a `catalog` that begins at once."""
    with preloaded(tmp_path_factory.mktemp("preloaded")) as folder:
        yield folder


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    """Settings of a catalogue of this test's own: empty home, migrated database."""
    return Settings(home=tmp_path / "home", database_url=database_url, encoder="null")


@pytest.fixture(scope="module")
def shared_settings(
    postgres_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """Settings of a catalogue for the tests of one module that only read."""
    home = tmp_path_factory.mktemp("shared") / "home"
    with own_settings(postgres_url, template_database, home) as settings:
        yield settings


def _quick_folder() -> Path:
    """Memory, where there is room: a new cluster is a thousand files to write through."""
    memory = Path("/dev/shm")
    if memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 4 << 30:
        return memory
    return Path(tempfile.gettempdir())
