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

_NOTE_WIDTH, _BAR_WIDTH = 32, 40
# What the other columns of a line take at most: "⠋ analyse   1000/1000+ 175.1 assets/s 0:00:59".
_REST_WIDTH = 48
# What a stage gets to do comes from another: until that is over, its total is only one so far.
_FED_BY = {"analyse": "register", "encode": "analyse"}


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:.1f} {task.fields['unit']}/s")


class _SoFar(MofNCompleteColumn):
    """A total that still grows has a plus."""

    def render(self, task: Task) -> Text:
        return super().render(task).append("+" if task.fields["grows"] else "")


class _Left(TimeRemainingColumn):
    """Of a total that still grows nobody knows how much time is left."""

    def render(self, task: Task) -> Text:
        return (
            Text("-:--:--", style="progress.remaining")
            if task.fields["grows"]
            else super().render(task)
        )


class Shown:
    """A bar per stage; a stage that begins again goes on with its bar."""

    def __init__(self, bars: Bars) -> None:
        self.bars = bars
        self._tasks: dict[str, TaskID] = {}
        self._ended: set[str] = set()

    def begin(self, stage: str, total: float | None, unit: str) -> None:
        """A bar, or more to do on the one there is."""
        if stage in self._tasks:
            task = self.bars.tasks[self._tasks[stage]]
            self.bars.update(task.id, total=(task.total or 0) + (total or 0))
        elif total:
            feeder = _FED_BY.get(stage)
            grows = feeder in self._tasks and feeder not in self._ended
            self._tasks[stage] = self.bars.add_task(
                stage, total=total, unit=unit, note="", grows=grows
            )

    def advance(self, stage: str, amount: float, note: str = "") -> None:
        """So much more of it."""
        if stage in self._tasks:
            task = self.bars.tasks[self._tasks[stage]]
            # Shares of one asset add up to a whole, which is shown without decimals.
            completed = round(task.completed + amount, 6)
            shown = note[: _note_width(self.bars.console.width)]
            self.bars.update(task.id, completed=completed, note=escape(shown))

    def end(self, stage: str) -> None:
        """It is over, and what it feeds has its total."""
        self._ended.add(stage)
        for fed in (name for name, by in _FED_BY.items() if by == stage and name in self._tasks):
            self.bars.update(self._tasks[fed], grows=False)
        if stage in self._tasks:
            self.bars.update(self._tasks[stage], note="")


def _note_width(terminal: int) -> int:
    """What is at hand gives way to the figures, so that a bar stays on one line of 80 columns."""
    return min(_NOTE_WIDTH, max(0, terminal - _REST_WIDTH - _NOTE_WIDTH // 4))


def bars_on(console: Console) -> Bars:
    """Bars as `Shown` fills them."""
    room = console.width - _REST_WIDTH - _note_width(console.width)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:<9}"),
        BarColumn(bar_width=max(4, min(_BAR_WIDTH, room))),
        _SoFar(),
        _Rate(),
        _Left(),
        TextColumn("{task.fields[note]}"),
    )
    return Bars(*columns, console=console)


@contextmanager
def shown_progress(*, quiet: bool = False) -> Iterator[Progress]:
    """Bars on standard error while the block runs; nothing if quiet or not on a terminal."""
    if quiet or not sys.stderr.isatty():
        yield Silent()
        return
    with bars_on(Console(stderr=True)) as bars:
        yield Shown(bars)
