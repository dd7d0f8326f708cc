"""A file whose index shows the same bytes again and again: minutes of work for each byte."""

from __future__ import annotations

from pathlib import Path

from catalog.domain.paths import shown_path
from catalog.errors import UndecodableError
from catalog.media.container import MP4_FAMILY

# Edit lists may repeat a part; slow motion and loops of phones do, a few times.
_MOST_TIMES = 4
_SLACK = 4 << 20


class Rereading:
    """Counts what a demuxer gives of a file; `add` each packet's size.

    Only in MP4 and QuickTime do packets come more than once.
    """

    def __init__(self, path: Path, container: str) -> None:
        self._path = path
        self._left = 0
        self._counts = container == MP4_FAMILY
        if self._counts:
            self._left = _MOST_TIMES * path.stat().st_size + _SLACK

    def add(self, size: int) -> None:
        """A packet of so many bytes.

        Raises
        ------
        UndecodableError
            If far more was given than the file has.
        """
        if not self._counts:
            return
        self._left -= size
        if self._left < 0:
            raise UndecodableError(
                f"{shown_path(self._path)} shows the same pictures or sounds again and again: more"
                f" than {_MOST_TIMES} times its own size was read; expected an edit list that"
                " repeats little.",
                remedy="Re-wrap it without its edit list (ffmpeg -ignore_editlist 1 -i … -c copy).",
                path=shown_path(self._path),
            )
