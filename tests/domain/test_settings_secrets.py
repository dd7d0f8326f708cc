"""Settings from files: secrets that no list of processes and no `docker inspect` shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.errors import InvalidSettingError
from catalog.settings import Settings


def load(tmp_path: Path, **environ: str) -> Settings:
    return Settings.load(environ, home=tmp_path)


def a_file(tmp_path: Path, content: str) -> str:
    path = tmp_path / "secret"
    path.write_text(content, encoding="utf-8")
    return str(path)


def test_a_value_may_lie_in_a_file(tmp_path: Path):
    url = "postgresql://u:p@h/d"
    file = a_file(tmp_path, f"{url}\n")
    assert load(tmp_path, CATALOG_DATABASE_URL_FILE=file).database_url == url


@pytest.mark.parametrize(
    ("name", "url", "made"),
    [
        ("DATABASE", "postgresql://me@h:5432/d?x=1", "postgresql://me:p%40%3A%2F%25@h:5432/d?x=1"),
        ("DATABASE", "postgresql://h/d", "postgresql://:p%40%3A%2F%25@h/d"),
        ("BROKER", "redis://h:6379/0", "redis://:p%40%3A%2F%25@h:6379/0"),
        ("BROKER", "rediss://[::1]:6379/0", "rediss://:p%40%3A%2F%25@[::1]:6379/0"),
    ],
)
def test_a_password_becomes_part_of_its_address(tmp_path: Path, name: str, url: str, made: str):
    given = {f"CATALOG_{name}_URL": url}
    given[f"CATALOG_{name}_PASSWORD_FILE"] = a_file(tmp_path, "p@:/%")
    settings = load(tmp_path, **given)
    assert getattr(settings, f"{name.lower()}_url") == made


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"CATALOG_DEVICE": "cpu", "CATALOG_DEVICE_FILE": "{file}"}, "both set"),
        ({"CATALOG_BROKER_URL_FILE": "/nowhere/secret"}, "/nowhere/secret, which cannot be read"),
        ({"CATALOG_DATABASE_PASSWORD_FILE": "{file}"}, "names no host"),
        (
            {"CATALOG_DATABASE_URL": "postgresql://u:hidden@h/d"}
            | {"CATALOG_DATABASE_PASSWORD_FILE": "{file}"},
            "holds a password already",
        ),
        (
            {"CATALOG_DATABASE_URL": "postgresql://[h/d"}
            | {"CATALOG_DATABASE_PASSWORD_FILE": "{file}"},
            "names no host",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, environ: dict[str, str], words: str):
    file = a_file(tmp_path, "topsecret")
    with pytest.raises(InvalidSettingError, match=words) as caught:
        load(tmp_path, **{key: value.format(file=file) for key, value in environ.items()})
    for secret in ("topsecret", "hidden"):
        assert secret not in str(caught.value)
