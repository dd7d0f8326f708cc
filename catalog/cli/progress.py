"""Progress on a terminal: what is at hand, how much of it, at what rate, and time left."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars
from rich.text import Text

from catalog.domain.progress import Progress, Silent

_NOTE_WIDTH = 32


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:.1f} {task.fields['unit']}/s")


class _Shown:
    """A bar per stage; a stage that begins again goes on with its bar."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def begin(self, stage: str, total: float | None, unit: str) -> None:
        if stage in self._tasks:
            task = self._bars.tasks[self._tasks[stage]]
            self._bars.update(task.id, total=(task.total or 0) + (total or 0))
        elif total:
            self._tasks[stage] = self._bars.add_task(stage, total=total, unit=unit, note="")

    def advance(self, stage: str, amount: float, note: str = "") -> None:
        if stage in self._tasks:
            task = self._bars.tasks[self._tasks[stage]]
            # Shares of one asset add up to a whole, which is shown without decimals.
            completed = round(task.completed + amount, 6)
            self._bars.update(task.id, completed=completed, note=escape(note[:_NOTE_WIDTH]))

    def end(self, stage: str) -> None:
        if stage in self._tasks:
            self._bars.update(self._tasks[stage], note="")


@contextmanager
def shown_progress(*, quiet: bool = False) -> Iterator[Progress]:
    """Bars on standard error while the block runs; nothing if quiet or not on a terminal."""
    if quiet or not sys.stderr.isatty():
        yield Silent()
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:<9}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Bars(*columns, console=Console(stderr=True)) as bars:
        yield _Shown(bars)
