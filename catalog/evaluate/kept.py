"""Finished evaluations, kept with their reports: files of the home, which its servers share.

An evaluation is a document of its day, not a state of the catalogue: nothing follows from it,
and it is as true after its encoders are gone.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from catalog.errors import NotFoundError
from catalog.evaluate.report import write_report
from catalog.evaluate.results import Evaluation

MOST_KEPT = 200
"""Evaluations; then the oldest go."""
_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}")


class KeptEvaluations:
    """The evaluations of one home, in ``folder``: a page and its figures each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, found: Evaluation, *, by: str, program: str) -> str:
        """Keep an evaluation; its id, which sorts by time."""
        self._folder.mkdir(parents=True, exist_ok=True)
        now = datetime.now(UTC)
        key = f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"
        write_report(found, self._page(key), program=program)
        body = {"id": key, "at": now.isoformat(timespec="seconds"), "by": by, **found.as_json()}
        part = self._folder / f".{key}.part"
        part.write_text(json.dumps(body), encoding="utf-8")
        # The figures last: what has them is whole.
        part.replace(self._figures(key))
        for old in self._ids()[MOST_KEPT:]:
            self._drop(old)
        return key

    def list(self) -> Sequence[dict[str, Any]]:
        """Each with ``id``, ``at``, ``by``, what it was measured on, and Recall@1 by encoder."""
        return [_summary(self.figures(key)) for key in self._ids()]

    def figures(self, key: str) -> dict[str, Any]:
        """Everything an evaluation found.

        Raises
        ------
        NotFoundError
            If there is none of that id.
        """
        try:
            body: dict[str, Any] = json.loads(self._figures(key).read_text(encoding="utf-8"))
        except OSError as error:
            raise _unknown(key) from error
        return body

    def report(self, key: str) -> Path:
        """The file of its report.

        Raises
        ------
        NotFoundError
            If there is none of that id.
        """
        path = self._page(key)
        if not path.is_file():
            raise _unknown(key)
        return path

    def forget(self, key: str) -> None:
        """Take an evaluation and its report away.

        Raises
        ------
        NotFoundError
            If there is none of that id.
        """
        self.report(key)
        self._drop(key)

    def _ids(self) -> Sequence[str]:
        """The latest first."""
        found = (path.stem for path in self._folder.glob("*.json"))
        return sorted((key for key in found if _ID.fullmatch(key)), reverse=True)

    def _drop(self, key: str) -> None:
        self._figures(key).unlink(missing_ok=True)
        self._page(key).unlink(missing_ok=True)

    def _figures(self, key: str) -> Path:
        return self._folder / f"{_checked(key)}.json"

    def _page(self, key: str) -> Path:
        return self._folder / f"{_checked(key)}.html"


def _checked(key: str) -> str:
    """The id, if it is one: it becomes the name of a file."""
    if not _ID.fullmatch(key):
        raise _unknown(key)
    return key


def _unknown(key: str) -> NotFoundError:
    return NotFoundError(
        f"There is no evaluation {key[:64]!r}.", remedy="`catalog evaluations` lists those kept."
    )


def _summary(body: dict[str, Any]) -> dict[str, Any]:
    told = {name: body[name] for name in ("id", "at", "by", "dataset", "kind", "protocol")}
    counts = {name: body[name] for name in ("pictures", "captions", "languages", "wall_s")}
    encoders = [
        {"label": each["label"], "r1": each["text_to_image"].get("r1")} for each in body["encoders"]
    ]
    return {**told, **counts, "encoders": encoders, "missing": len(body["missing"])}
