"""docker-compose.yml and Dockerfile: what can be held without Docker, and with it where it is."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer

from catalog.cli.app import app
from catalog.db.engine import COMPOSE_IMAGE
from catalog.dispatch import ENCODE_QUEUE, MEDIA_QUEUE, SERVICE_QUEUE, SPEECH_QUEUE
from catalog.dispatch.celery_app import celery_settings
from catalog.settings import Settings

yaml = pytest.importorskip("yaml", reason="PyYAML comes with the encoders' dependencies")

REPOSITORY = Path(__file__).parents[2]
COMPOSE = REPOSITORY / "docker-compose.yml"
PROGRAMS = {
    "migrate",
    "service-worker",
    "speech-worker",
    "media-worker",
    "encode-worker-cpu",
    "encode-worker-gpu",
    "phrases",
    "watch",
    "web",
    "catalog",
}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, Any]:
    return compose["services"]


def queues_of(service: dict[str, Any]) -> set[str]:
    command = service["command"]
    assert command[: command.index("worker") + 1] == ["celery", "-A", "workers.app", "worker"]
    return set(command[command.index("-Q") + 1].split(","))


def test_the_services(services: dict[str, Any]) -> None:
    assert set(services) == {"postgres", "redis"} | PROGRAMS
    assert services["postgres"]["image"] == COMPOSE_IMAGE
    assert {name for name in services if "healthcheck" in services[name]} == set(services) - {
        "catalog",
        "migrate",
    }


def test_environment_names_are_settings(services: dict[str, Any], tmp_path: Path) -> None:
    known = {f"CATALOG_{field.name.upper()}" for field in fields(Settings)}
    known |= {"CATALOG_DATABASE_PASSWORD_FILE", "CATALOG_BROKER_PASSWORD_FILE"}
    secret = tmp_path / "secret"
    secret.write_text("abc123\n", encoding="utf-8")
    for name in PROGRAMS:
        given = services[name]["environment"]
        assert {key for key in given if key.startswith("CATALOG_")} <= known
        assert {"CATALOG_HOME", "CATALOG_DATABASE_URL", "CATALOG_BROKER_URL"} <= set(given)
        home = given["CATALOG_HOME"]
        assert f"home:{home}" in services[name]["volumes"]
        assert given["HF_HOME"].startswith(home)
        here = {k: str(secret) if k.endswith("_FILE") else v for k, v in given.items()}
        settings = Settings.load(here, home=tmp_path)
        assert settings.database_url == "postgresql://catalog:abc123@postgres:5432/catalog"
        assert celery_settings(settings.broker_url)["broker_url"] == "redis://:abc123@redis:6379/0"


@pytest.mark.parametrize("profile", ["cpu", "gpu"])
def test_each_profile_serves_each_queue_once(services: dict[str, Any], profile: str) -> None:
    running = [s for s in services.values() if s.get("profiles", [profile]) == [profile]]
    served = [queues_of(s) for s in running if "celery" in (s.get("command") or [])]
    assert sorted(served, key=sorted) == [
        {ENCODE_QUEUE},
        {MEDIA_QUEUE},
        {SERVICE_QUEUE},
        {SPEECH_QUEUE},
    ]


# What the specification of Compose knows of a service, of what we use.
KNOWN = {
    "build": dict,
    "cap_drop": list,
    "command": list,
    "depends_on": dict,
    "deploy": dict,
    "entrypoint": list,
    "environment": dict,
    "healthcheck": dict,
    "image": str,
    "init": bool,
    "logging": dict,
    "profiles": list,
    "read_only": bool,
    "restart": str,
    "secrets": list,
    "security_opt": list,
    "shm_size": str,
    "stop_grace_period": str,
    "stop_signal": str,
    "tmpfs": list,
    "user": str,
    "volumes": list,
}


def test_every_word_is_one_of_the_specification(
    compose: dict[str, Any], services: dict[str, Any]
) -> None:
    assert {key for key in compose if not key.startswith("x-")} == {
        "name",
        "secrets",
        "services",
        "volumes",
    }
    for name, service in services.items():
        for key, value in service.items():
            assert isinstance(value, KNOWN[key]), (name, key)
        for value in (service.get("environment") or {}).values():
            assert isinstance(value, str), "YAML would make a number or a truth value of it"
        for word in (service.get("command") or []) + (service.get("entrypoint") or []):
            assert isinstance(word, str), (name, word)
        look = service.get("healthcheck", {})
        assert set(look) <= {"test", "interval", "timeout", "start_period", "retries"}
        spans = [look.get(key, "1s") for key in ("interval", "timeout", "start_period")]
        assert all(re.fullmatch(r"\d+s", span) for span in spans), name
        assert look.get("test", ["CMD"])[0] in {"CMD", "CMD-SHELL"}
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            assert source in compose["volumes"] or source.startswith("${"), volume


def test_who_waits_for_whom_and_how_each_ends(services: dict[str, Any]) -> None:
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in services[other], f"{name} would wait for ever"
            else:
                assert how == {"condition": "service_completed_successfully"}
                assert "restart" not in services[other], f"{other} must end"
        ends = name in {"migrate", "catalog"}
        assert service.get("restart") == (None if ends else "unless-stopped"), name
        assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    for name in PROGRAMS - {"migrate"}:
        assert set(services[name]["depends_on"]) == {"redis", "migrate"}


def test_images_are_of_one_version(services: dict[str, Any]) -> None:
    dockerfile = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8")
    images = [services[name]["image"] for name in ("postgres", "redis")]
    for image in [*images, *re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)]:
        assert re.search(r":\d+\.\d+", image), image


@pytest.mark.parametrize("name", ["migrate", "phrases", "watch", "web"])
def test_services_run_verbs_there_are(services: dict[str, Any], name: str) -> None:
    program, verb = services[name]["command"][:2]
    assert program == "catalog"
    assert verb in typer.main.get_command(app).commands


def test_secrets_are_files_and_nothing_is_published(
    compose: dict[str, Any], services: dict[str, Any]
) -> None:
    written = COMPOSE.read_text(encoding="utf-8")
    for name, service in services.items():
        given = service.get("environment", {})
        assert [k for k in given if "PASSWORD" in k and not k.endswith("_PASSWORD_FILE")] == []
        here = str([given, service.get("command"), service.get("healthcheck")])
        used = set(re.findall(r"/run/secrets/(\w+)", here))
        assert used == set(service.get("secrets", ())), name
        assert used <= set(compose["secrets"])
        assert "ports" not in service
    folder = {str(Path(secret["file"]).parent) for secret in compose["secrets"].values()}
    assert folder == {"secrets"}
    ignored = (REPOSITORY / ".gitignore").read_text(encoding="utf-8").split()
    assert {"/secrets/", "/.env"} <= set(ignored)
    for name in compose["secrets"]:
        assert name in written.partition("name: asset-catalog")[0], "its making is told"


def test_what_must_be_set_has_no_value_to_be_left_standing() -> None:
    written = COMPOSE.read_text(encoding="utf-8")
    example = (REPOSITORY / ".env.example").read_text(encoding="utf-8")
    uses = re.findall(r"(?<!\$)\$\{(\w+)([^}]*)\}", written)
    assert uses
    for name, how in uses:
        assert re.search(rf"^(# )?{name}=", example, re.MULTILINE), name
        if how.startswith(":?"):
            assert f"\n{name}=\n" in example


def test_media_is_read_only_and_only_where_it_is_decoded(services: dict[str, Any]) -> None:
    mounts = {
        name: [volume for volume in service.get("volumes", []) if ":/media" in volume]
        for name, service in services.items()
    }
    assert {name for name, found in mounts.items() if found} == {
        "media-worker",
        "speech-worker",
        "watch",
        "web",
        "catalog",
    }
    assert all(volume.endswith(":/media:ro") for found in mounts.values() for volume in found)


def test_the_gpu_is_reserved_and_demanded(services: dict[str, Any]) -> None:
    worker = services["encode-worker-gpu"]
    (device,) = worker["deploy"]["resources"]["reservations"]["devices"]
    assert (device["driver"], device["capabilities"]) == ("nvidia", ["gpu"])
    assert worker["environment"]["CATALOG_DEVICE"] == "cuda"
    assert worker["image"] != services["encode-worker-cpu"]["image"]


def test_the_image_copies_what_there_is_and_runs_as_nobody_special() -> None:
    lines = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8").splitlines()
    allowed = (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").split()
    for line in lines:
        if line.startswith("COPY "):
            for source in line.split()[1:-1]:
                assert (REPOSITORY / source).exists(), source
                assert f"!{source}" in allowed, source
    assert [line for line in lines if line.startswith("USER ")] == ["USER catalog"]


def test_docker_reads_it(services: dict[str, Any]) -> None:
    docker = shutil.which("docker")
    if not docker or subprocess.run([docker, "compose", "version"], check=False).returncode:
        pytest.skip("no `docker compose` on this machine: the file was only read as YAML")
    environment = {"MEDIA_FOLDER": "/tmp"}
    command = [docker, "compose", "-f", str(COMPOSE), "--profile", "gpu", "config", "--quiet"]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    command[-2:] = ["config"]
    bare = subprocess.run(command, env={}, capture_output=True, text=True, check=False)
    assert "set it in .env" in bare.stderr
