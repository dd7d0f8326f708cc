"""The verbs that came with pages and HTTP API: tokens, bins, marks, edits, the audit trail."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner
from web_stock import Stock

from catalog.cli.app import app

Run = Callable[..., Any]


@pytest.fixture
def run(stock: Stock, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a verb with --json; what it prints."""
    settings = stock.catalog.settings
    monkeypatch.setenv("CATALOG_HOME", str(settings.home))
    monkeypatch.setenv("CATALOG_DATABASE_URL", str(settings.database_url))
    monkeypatch.setenv("CATALOG_ENCODER", "null")

    def call(*arguments: object, code: int = 0, text: bool = False) -> Any:
        given = [*map(str, arguments), *([] if text else ["--json"])]
        done = CliRunner().invoke(app, given)
        assert done.exit_code == code, done.output
        return done.stdout if text else json.loads(done.stdout)

    return call


def test_tokens(run: Run):
    made = run("token", "create", "desk", "--role", "editor", "--collection", "News", "--days", 1)
    assert made["token"].startswith("cat_")
    assert made["collections"] == ["News"]
    listed = run("token", "list")["tokens"]
    assert "token" not in listed[0]
    assert "desk" in run("token", "list", text=True)
    assert run("token", "revoke", made["id"]) == {"token": made["id"]}
    assert run("token", "revoke", made["id"], code=2)["error"]["code"] == "not_found"
    assert run("token", "create", "x", "--role", "king", code=2)["error"]["code"] == "invalid_input"
    both = ("token", "create", "x", "--role", "admin", "--collection", "News")
    assert run(*both, code=2)["error"]["code"] == "invalid_input"
    assert run("token", "create", "x", "--days", 0, code=2)["error"]["code"] == "invalid_input"


def test_bins(run: Run, stock: Stock):
    made = run("bin", "create", "selects", stock.clip, "--search", "red", "--limit", 2)
    assert len(made["items"]) == 3
    items = [item["id"] for item in made["items"]]
    moved = run("bin", "move", "selects", items[2], "--before", items[0])
    assert [item["id"] for item in moved["items"]] == [items[2], items[0], items[1]]
    assert run("bin", "note", "selects", items[0], "good")["items"][1]["note"] == "good"
    assert len(run("bin", "add", "selects", stock.clip, "--note", "again")["items"]) == 4
    assert len(run("bin", "remove", "selects", items[1])["items"]) == 3
    assert run("bin", "rename", "selects", "picks")["name"] == "picks"
    assert "picks" in run("bin", "list", text=True)
    assert "good" in run("bin", "show", "picks", text=True)
    assert run("bin", "delete", "picks") == {"bin": made["id"]}
    assert run("bin", "show", "picks", code=2)["error"]["code"] == "not_found"


def test_marks_edits_and_who_made_them(run: Run, stock: Stock):
    clip = run("mark", stock.news, "0.2", "10:00:01:00", "--name", "by hand")
    assert (clip["start"], clip["end"]) == (0.2, 1.0)
    assert run("unmark", clip["id"]) == {"assets": [stock.news]}
    assert run("edit", stock.sound, "--title", "typed") == {"assets": [stock.sound]}
    run("edit", stock.sound, "--title", "")
    assert stock.catalog.show(stock.sound)["title"] is None
    assert run("edit", stock.sound, code=2)["error"]["code"] == "invalid_input"
    trail = run("audit", stock.sound, "--limit", 2)["entries"]
    assert [each["details"]["now"]["title"] for each in trail] == [None, "typed"]
    assert trail[0]["actor"] == stock.catalog.actor.name
    assert "edit" in run("audit", "--action", "edit", text=True)
