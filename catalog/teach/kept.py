"""Taught encoders that lie under the home, and the reports beside their weights."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from catalog.errors import NotFoundError
from catalog.teach import place
from catalog.teach.report import PAGES, RECORD


def list_taught(folder: Path) -> Sequence[dict[str, Any]]:
    """Those in ``folder``, the latest first.

    Each with ``id`` (its folder's name), ``at``, ``encoder`` (what loads it), ``parent``,
    ``method``, ``captions`` (learned from), ``kept`` (the share of what was known before),
    ``r1`` (``before`` and ``after``, or null) and ``pages``: the reports there are.
    """
    found = [
        _summary(folder / path.parent.name, json.loads(path.read_text(encoding="utf-8")))
        for path in folder.glob(f"*/{RECORD}")
        if place.is_name(path.parent.name)
    ]
    return sorted(found, key=lambda each: (each["at"], each["id"]), reverse=True)


def record_of(folder: Path, key: str) -> dict[str, Any]:
    """Everything that was written down of one.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    body: dict[str, Any] = json.loads(_file(folder, key, RECORD).read_text(encoding="utf-8"))
    return body


def report_of(folder: Path, key: str, page: str) -> Path:
    """One of its reports (`PAGES`), an HTML file that needs nothing else.

    Raises
    ------
    NotFoundError
        If there is none of that name, or it has no such page.
    """
    if page not in PAGES:
        raise _unknown(f"{key}/{page}")
    return _file(folder, key, page)


def _file(folder: Path, key: str, name: str) -> Path:
    # The key becomes a folder's name: it is one, or nothing is opened.
    path = folder / key / name
    if not place.is_name(key) or not path.is_file():
        raise _unknown(key)
    return path


def _unknown(key: str) -> NotFoundError:
    return NotFoundError(
        f"There is no taught encoder {key[:100]!r}.",
        remedy="`Catalog.trainings()` and GET /api/v1/trainings list those there are.",
    )


def _summary(folder: Path, body: dict[str, Any]) -> dict[str, Any]:
    judged = body["evaluation"]
    return {
        "id": folder.name,
        "at": body["made"],
        "encoder": body["name"],
        "parent": body["parent"],
        "method": body["method"],
        "captions": body["amounts"]["learn"],
        "kept": body["kept"],
        "r1": judged and {"before": judged["parent"]["r1"], "after": judged["taught"]["r1"]},
        "pages": [page for page in PAGES if (folder / page).is_file()],
    }
