"""What the HTTP API answers of work: logs that are taken in, errands, evaluations."""

from __future__ import annotations

from typing import Any, NotRequired

# Of `typing` from 3.12 on; before that one cannot describe it.
from typing_extensions import TypedDict


class UnmatchedRow(TypedDict):
    """A row of a log that means no asset, or more than one, and why."""

    row: int
    name: str | None
    timecode_in: str | None
    timecode_out: str | None
    text: str | None
    reason: str


class LogReport(TypedDict):
    """What became of a log: ``kept`` is the path by which it is taken back."""

    file: str
    kept: NotRequired[str]
    kind: str
    rows: int
    matched: int
    assets: list[int]
    added: int
    removed: int
    changed: list[int]
    unmatched: list[UnmatchedRow]


class ImportedLog(TypedDict):
    """A log that was taken in; ``assets`` and ``subclips`` are how many."""

    file: str
    name: str
    kind: str
    assets: int
    subclips: int
    read_at: str


class ImportedLogs(TypedDict):
    """The logs that were taken in, the latest first."""

    logs: list[ImportedLog]


class Errand(TypedDict):
    """Work that an administrator asked the server for; ``what`` is done, ``of`` which encoders."""

    id: str
    what: str
    of: str | None
    by: str
    state: str
    stages: dict[str, Any]
    report: dict[str, Any] | None
    error: dict[str, Any] | None


class EvaluatedEncoder(TypedDict):
    """An encoder of an evaluation; ``r1`` is Recall@1 from text, or null."""

    label: str
    r1: dict[str, Any] | None


class EvaluationEntry(TypedDict):
    """An evaluation that is kept."""

    id: str
    at: str
    by: str
    dataset: str
    kind: str
    protocol: str
    pictures: int
    captions: int
    languages: list[str]
    wall_s: float
    encoders: list[EvaluatedEncoder]
    missing: int


class EvaluationsAnswer(TypedDict):
    """The evaluations that are kept, the latest first."""

    evaluations: list[EvaluationEntry]
