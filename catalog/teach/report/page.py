"""Writes the record (``training.json``) and the pages beside a taught encoder's weights."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from catalog.evaluate.report import write_report
from catalog.evaluate.report.page import render
from catalog.evaluate.results import Evaluation
from catalog.teach.report.chart import HEIGHT, WIDTH, Chart, Line, chart
from catalog.teach.results import Taught

RECORD, PAGE = "training.json", "training.html"
EVALUATION, REMEMBERED = "evaluation.html", "remembered.html"
PAGES = (PAGE, EVALUATION, REMEMBERED)
_HERE = Path(__file__).parent


def write_all(taught: Taught, folder: Path, *, program: str) -> None:
    """Write record, page and reports of evaluations into ``folder``."""
    made = datetime.now(UTC)
    body = {"program": program, "made": made.isoformat(timespec="seconds"), **taught.as_json()}
    text = json.dumps(body, ensure_ascii=False, indent=2) + "\n"
    (folder / RECORD).write_text(text, encoding="utf-8", errors="replace")
    page = html(taught, made=made, program=program)
    (folder / PAGE).write_text(page, encoding="utf-8", errors="replace")
    for found, name in ((taught.evaluation, EVALUATION), (taught.remembered, REMEMBERED)):
        if found is not None:
            write_report(found, folder / name, program=program)


def html(taught: Taught, *, made: datetime, program: str) -> str:
    """The page as text; ``made`` is the time it bears."""
    return render(
        _HERE / PAGE,
        made=made,
        program=program,
        t=taught,
        title=Path(taught.folder).name,
        learning=_learning(taught),
        taking=_taking(taught),
        measured=[
            _measured(found, link, what)
            for found, link, what in (
                (taught.evaluation, EVALUATION, "Captions that were not learned from"),
                (taught.remembered, REMEMBERED, "What was to be kept"),
            )
            if found is not None
        ],
        width=WIDTH,
        height=HEIGHT,
    )


def _learning(taught: Taught) -> Chart:
    checks = taught.learnt.checks
    return chart(
        "Loss by step, of what is learned from and of what is held out",
        [
            Line("learned from", 0, [(each.step, each.loss) for each in checks]),
            Line("held out", 1, [(each.step, each.held_loss) for each in checks]),
        ],
        x_text="steps",
        mark=taught.learnt.best,
        mark_text=f"taken: step {taught.learnt.best}",
    )


def _taking(taught: Taught) -> Chart:
    return chart(
        "Held-out Recall@1 and what is kept, by the share of the learned weights",
        [
            Line("held out, Recall@1", 1, [(b.alpha, b.held_recall) for b in taught.blends]),
            Line("kept", 2, [(b.alpha, b.kept) for b in taught.blends]),
        ],
        x_text="0: the parent, 1: all that was learned",
        mark=taught.chosen.alpha,
        mark_text=f"chosen: {taught.chosen.alpha:g}",
    )


def _measured(found: Evaluation, link: str, what: str) -> dict[str, Any]:
    """A table: Recall@1 from text of parent and child, in each language."""
    parent, child = found.encoders

    def row(name: str, before: float, after: float, queries: int) -> dict[str, Any]:
        return {"name": name, "before": before, "after": after, "queries": queries}

    rows = [
        row(
            code,
            parent.languages[code].text_to_image[0].value,
            child.languages[code].text_to_image[0].value,
            child.languages[code].queries,
        )
        for code in found.languages
    ]
    over_all = next(each for each in found.paired if not each.language)
    return {
        "what": what,
        "link": link,
        "pictures": found.pictures,
        "before": parent.text_to_image[0].value,
        "after": child.text_to_image[0].value,
        "difference": over_all.difference,
        "certain": over_all.certain,
        "rows": rows,
    }
