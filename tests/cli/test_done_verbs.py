"""Verbs that work through assets: what they say was done, and how they end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from catalog import Catalog
from catalog.cli.options import say_problems
from catalog.domain.results import Failure

FAILURES = [{"path": "b.mp4", "code": "stage_failed", "reason": "It is no film"}]
DONE: dict[str, dict[str, Any]] = {
    "proxy": {"assets": [1, 2], "made": 2},
    "waveform": {"assets": [1, 2], "made": 2},
    "listen": {"assets": [1, 2], "made": 2, "windows": 7},
    "recognise": {"assets": 2, "recognised": 2, "lines": 7, "waiting": ""},
}
SAID = {
    "proxy": "2 proxies made; `catalog show` tells where they are.",
    "waveform": "2 waveforms made; `catalog show` tells where they are.",
    "listen": "2 assets heard, 7 windows of sound.",
    "recognise": "2 of 2 done: 7 line(s) of text.",
}
SENT = {
    "proxy": "2 assets sent to workers.",
    "listen": "2 assets sent to workers.",
    "recognise": "Workers were told of 2 asset(s).",
}


@pytest.mark.parametrize("verb", SAID)
@pytest.mark.parametrize("failures", [[], FAILURES])
def test_what_was_done_is_said_and_what_failed_with_its_reason(
    cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, verb: str, failures: list[Any]
):
    body = {**DONE[verb], "failures": failures}
    monkeypatch.setattr(Catalog, verb, lambda *_, **__: body)
    told = cli(verb, "a.mp4", "b.mp4")
    assert told.out.strip() == SAID[verb]
    assert ("failed: b.mp4: It is no film [stage_failed]" in told.err) == bool(failures)
    as_json = cli(verb, "a.mp4", "b.mp4", "--json")
    assert as_json.json == body
    assert told.code == as_json.code == (1 if failures else 0)


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("11.mov is no film", "1.mov: 11.mov is no film"),
        ("1.mov.part is there", "1.mov: 1.mov.part is there"),
        ("'/media/1.mov' is no film", "'/media/1.mov' is no film"),
        ("Nobody may read 1.mov.", "Nobody may read 1.mov."),
    ],
)
def test_a_failure_names_its_file_once(reason: str, told: str, capsys: pytest.CaptureFixture[str]):
    say_problems([Failure("1.mov", "stage_failed", reason)], [])
    assert capsys.readouterr().err == f"failed: {told} [stage_failed]\n"


@pytest.mark.parametrize("verb", SENT)
def test_what_was_sent_to_workers_is_not_said_to_be_done(
    cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, verb: str
):
    sent = {**DONE[verb], "made": 0, "recognised": 0, "failures": []}
    monkeypatch.setattr(Catalog, verb, lambda *_, **__: sent)
    told = cli(verb, "a.mp4", "--dispatch")
    assert (told.code, told.out.strip()) == (0, SENT[verb])
