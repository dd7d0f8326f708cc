"""Proxies in a process of their own: the inside, which makes them, and the catalogue's side.

The process that decodes may write nothing at all. What it would write it says,
as bytes and where they go, and the catalogue puts them into the one file; so a
file that takes the process over cannot harm more than its own proxy, and a full
disk is the catalogue's to notice.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, cast

from catalog.domain.media import Loudness
from catalog.domain.paths import shown_path
from catalog.domain.renditions import ProxySettings
from catalog.errors import MediaTooLargeError
from catalog.media.isolated import DecoderPool, MadeRendition, StoreRendition, Talk
from catalog.media.isolated_worker import Report, beating, check_dimensions
from catalog.media.probe import probe
from catalog.media.proxy import ProxyMade, ProxyPass
from catalog.media.sequence_pictures import SEQUENCE
from catalog.media.sound import SoundPass

_RATE = "sequence_rate"
_MOST_AT_ONCE = 4 * 1024 * 1024
# A proxy of 720 lines has about a quarter of a megabyte a second; noise may have ten times that.
_BYTES, _BYTES_PER_SECOND = 64 * 1024 * 1024, 4 * 1024 * 1024


# --- inside -------------------------------------------------------------------


def make_proxy(path: Path, order: dict[str, Any], report: Report) -> None:
    """Make the proxy of one file, telling everything.

    Raises
    ------
    MediaError
        If it cannot be made.
    """
    rate = order.pop(_RATE, None)
    found = probe(path, sequence_rate=rate)
    check_dimensions(path, found, report.limits)
    written = _Written(report)

    def open_file(write: bool) -> BinaryIO:
        return cast("BinaryIO", written if write else _ReadBack(report, written))

    made = ProxyPass(path, found, ProxySettings(**order), open_file, report.seconds)
    with beating(lambda: (made.decoded, made.errors), report):
        result = made.run()
    if made.peaks is not None:
        report.outline(made.peaks.finish())
    values = (getattr(result, name) for name in ProxyMade.__slots__)
    report.send("proxied", *values)


def listen(path: Path, _order: dict[str, Any], report: Report) -> None:
    """The outline of a file's sound, and how loud it is.

    Raises
    ------
    MediaError
        If it cannot be opened.
    """
    found = probe(path)
    if found.container == SEQUENCE:
        report.send("listened", None)
        return
    sound = SoundPass(path, found, report.seconds)
    with beating(lambda: (sound.decoded, sound.errors), report):
        outline = sound.run()
    if outline is not None:
        report.outline(outline)
    report.send("listened", sound.loudness)


class _Far(io.RawIOBase):
    """A file at the catalogue's end."""

    def __init__(self, report: Report) -> None:
        self.name = "proxy.mp4"  # the muxer opens its own file by this to read it again
        self._report = report
        self._at = 0

    def size(self) -> int:
        raise NotImplementedError

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size()}[whence]
        self._at = base + offset
        return self._at


class _Written(_Far):
    """The proxy's file, as the muxer writes it."""

    end = 0

    def size(self) -> int:
        return self.end

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:  # noqa: ANN401  # a buffer
        data = bytes(content)
        self._report.send("write", self._at, data)
        self._at += len(data)
        self.end = max(self.end, self._at)
        return len(data)


class _ReadBack(_Far):
    """The same file, as the muxer reads it to move its index to the front."""

    def __init__(self, report: Report, written: _Written) -> None:
        super().__init__(report)
        self._written = written

    def size(self) -> int:
        return self._written.end

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        wanted = min(size if size >= 0 else _MOST_AT_ONCE, _MOST_AT_ONCE)
        content = self._report.ask("read", self._at, wanted)
        self._at += len(content)
        return content


# --- the catalogue's side -----------------------------------------------------


def proxy_of(
    pool: DecoderPool,
    path: Path,
    settings: ProxySettings,
    file: BinaryIO,
    *,
    store_rendition: StoreRendition = lambda _: None,
    progress: Callable[[float], None] = lambda _: None,
    sequence_rate: float | None = None,
) -> ProxyMade:
    """Write a file's proxy into ``file``, which is empty, seekable and may be read.

    The outline of its sound is given to ``store_rendition``, ``progress`` is told
    the seconds of media done. An image sequence has ``sequence_rate`` pictures a second.

    Raises
    ------
    MediaError
        If it cannot be made; what was written is of no use then.
    OSError
        If the file cannot be written.
    """
    seconds = 0.0
    with pool.job("proxy", path, {**settings.as_json(), _RATE: sequence_rate}) as talk:
        while True:
            kind, *values = talk.hear()
            if kind == "write":
                _write(path, file, values[0], values[1], seconds)
            elif kind == "read":
                file.seek(values[0])
                talk.reply(file.read(min(values[1], _MOST_AT_ONCE)))
            elif kind == "seconds":
                seconds = values[0]
                progress(seconds)
            elif kind == "rendition":
                store_rendition(MadeRendition.told(*values))
            elif kind == "proxied":
                talk.over = True
                return ProxyMade(*values)


def outline_of(
    pool: DecoderPool,
    path: Path,
    *,
    store_rendition: StoreRendition,
    progress: Callable[[float], None] = lambda _: None,
) -> Loudness | None:
    """Give the outline of a file's sound to ``store_rendition``; how loud it is, if it has sound.

    Raises
    ------
    MediaError
        If the file cannot be read.
    """
    with pool.job("listen", path, {}) as talk:
        return _hear_outline(talk, store_rendition, progress)


def _hear_outline(
    talk: Talk, store_rendition: StoreRendition, progress: Callable[[float], None]
) -> Loudness | None:
    while True:
        kind, *values = talk.hear()
        if kind == "rendition":
            store_rendition(MadeRendition.told(*values))
        elif kind == "seconds":
            progress(values[0])
        elif kind == "listened":
            talk.over = True
            found: Loudness | None = values[0]
            return found


def _write(path: Path, file: BinaryIO, at: int, content: bytes, seconds: float) -> None:
    limit = int(_BYTES + _BYTES_PER_SECOND * seconds)
    if at < 0 or at + len(content) > limit:
        raise MediaTooLargeError(
            f"The proxy of {shown_path(path)} grows beyond {limit} bytes; expected at most that"
            f" after {seconds:.0f} s of media.",
            remedy="Make it with fewer lines or a lower quality.",
            path=shown_path(path),
            limit=limit,
        )
    file.seek(at)
    file.write(content)
