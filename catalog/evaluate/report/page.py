"""Writes the report: figures to a view, the view through a template."""

from __future__ import annotations

import base64
import os
import tempfile
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.errors import InvalidInputError
from catalog.evaluate.report.view import view_of
from catalog.evaluate.results import Evaluation

if TYPE_CHECKING:
    import jinja2

_HERE = Path(__file__).parent
_SUFFIXES = (".html", ".htm")


def report_path(path: Path) -> Path:
    """The path, if a report can be written there; asked before hours of work.

    Raises
    ------
    InvalidInputError
        If it does not end as a page does, or its folder is not there or closed to us.
    """
    if path.suffix.lower() not in _SUFFIXES:
        raise InvalidInputError(
            f"The report {str(path)!r} would be an HTML page; expected a name that ends in .html.",
            remedy="Write --report evaluation.html.",
        )
    folder = path.absolute().parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise InvalidInputError(
            f"The report cannot be written into {str(folder)!r}; expected a folder that is there "
            "and may be written.",
            remedy="Name another file.",
        )
    return path


def write_report(evaluation: Evaluation, path: Path, *, program: str) -> None:
    """Write the report, whole or not at all; ``program`` is the version it names.

    Raises
    ------
    InvalidInputError
        If it cannot be written there.
    """
    page = html(evaluation, made=datetime.now(UTC), program=program)
    target = report_path(path)
    handle, name = tempfile.mkstemp(dir=target.absolute().parent, prefix=".report-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
            file.write(page)
        # A page to look at, unlike a temporary file, is for others too.
        Path(name).chmod(0o644)
        Path(name).replace(target)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise InvalidInputError(
            f"The report cannot be written to {str(path)!r}: {error.strerror}.",
            remedy="Name another file.",
        ) from error


def html(evaluation: Evaluation, *, made: datetime, program: str) -> str:
    """The page as text; ``made`` is the time it bears."""
    pictures = {
        at: f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode('ascii')}"
        for at, jpeg in evaluation.thumbnails.items()
    }
    return render(
        _HERE / "report.html",
        made=made,
        program=program,
        v=view_of(evaluation),
        pictures=pictures,
        names=evaluation.names,
    )


def render(template: Path, *, made: datetime, program: str, **shown: Any) -> str:  # noqa: ANN401  # whatever it shows
    """A report as text, by a template that extends ``base.html``.

    A style sheet beside the template, of its name, adds to that of all reports.
    """
    own = template.with_suffix(".css")
    sheets = [_HERE / "report.css", *([own] if own.is_file() else [])]
    return (
        _environment(template.parent)
        .get_template(template.name)
        .render(
            made=f"{made:%Y-%m-%d %H:%M} UTC",
            program=program,
            style="".join(sheet.read_text(encoding="utf-8") for sheet in dict.fromkeys(sheets)),
            **shown,
        )
    )


@cache
def _environment(folder: Path) -> jinja2.Environment:
    import jinja2  # noqa: PLC0415  # only reports need it

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, _HERE]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
