"""The formats there are, by the names people type."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from catalog.domain.timeline import Timeline
from catalog.errors import InvalidInputError
from catalog.interchange.written import Options, Written


@dataclass(frozen=True, slots=True)
class Format:
    """A format: what it is called, its files' suffix, and where its writer is.

    ``tracks``: how many video tracks it has; None: any number.
    """

    name: str
    suffix: str
    title: str
    media_type: str
    module: str
    function: str
    tracks: int | None = None

    def write(self, timeline: Timeline, options: Options) -> Written:
        """The timeline as such a file."""
        # Each writer brings its library along; the others stay away.
        writer: Callable[[Timeline, Options], Written] = getattr(
            import_module(f"catalog.interchange.{self.module}"), self.function
        )
        return writer(timeline, options)


FORMATS = {
    each.name: each
    for each in (
        Format(
            *("edl", ".edl", "CMX 3600 edit decision list", "text/plain"),
            *("edl", "write_edl"),
            tracks=1,
        ),
        Format("otio", ".otio", "OpenTimelineIO", "application/json", "otio_file", "write_otio"),
        Format(
            *("fcpxml", ".fcpxml", "Final Cut Pro X XML", "application/xml"),
            *("fcpx", "write_fcpxml"),
        ),
        Format(
            *("fcp7xml", ".xml", "Final Cut Pro 7 and Premiere XML", "application/xml"),
            *("fcp7", "write_fcp7"),
        ),
        Format(
            *("aaf", ".aaf", "Advanced Authoring Format (Avid)", "application/octet-stream"),
            *("aaf", "write_aaf"),
        ),
        Format("ale", ".ale", "Avid Log Exchange", "text/plain", "ale", "write_ale"),
        Format("csv", ".csv", "table", "text/csv", "table", "write_csv"),
        Format("pdf", ".pdf", "contact sheet", "application/pdf", "sheet", "write_pdf"),
    )
}


def format_named(name: str) -> Format:
    """The format of this name.

    Raises
    ------
    InvalidInputError
        If there is none.
    """
    found = FORMATS.get(name.strip().lower())
    if found is None:
        raise InvalidInputError(
            f"There is no format {name[:40]!r}; expected one of {', '.join(FORMATS)}.",
            remedy="Choose by the program that is to read it: see docs/nle.md.",
            formats=list(FORMATS),
        )
    return found
