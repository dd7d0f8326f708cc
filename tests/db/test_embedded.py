"""The embedded server: shared by processes, stopped by the last, whatever way they end."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from embedded_places import (
    NOT_DURABLE,
    REPOSITORY,
    ask,
    eventually,
    finish,
    is_at_work,
    place,
    servers_below,
    user_process,
)

from catalog.db import embedded_cluster, system_user
from catalog.db.embedded import EmbeddedPostgres
from catalog.errors import DatabaseUnavailableError

__all__ = ["place"]


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
