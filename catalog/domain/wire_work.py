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
    """Work that an administrator asked the server for; ``what`` is done, ``of`` which encoders.

    ``stopped_by`` is who cancelled it.
    """

    id: str
    what: str
    of: str | None
    by: str
    state: str
    stopped_by: str | None
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


class BeforeAndAfter(TypedDict):
    """Recall@1 from text of the parent and of what it was taught to be."""

    before: float
    after: float


class TrainingEntry(TypedDict):
    """A taught encoder: ``encoder`` is its name, ``captions`` how many it learned from.

    ``kept`` is the share of what its parent knew; ``r1`` is on captions not learned from.
    """

    id: str
    at: str
    encoder: str
    parent: str
    method: str
    captions: int
    kept: float
    r1: BeforeAndAfter | None
    pages: list[str]


class TrainingsAnswer(TypedDict):
    """The encoders that were taught here, the latest first."""

    trainings: list[TrainingEntry]
