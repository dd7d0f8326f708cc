"""The inside of a decoding process: one file after another, within limits, every step told."""

from __future__ import annotations

import importlib
import os
import resource
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from catalog.domain.media import AssetKind, Probe, SamplingPolicy, Shot
from catalog.domain.paths import shown_path
from catalog.domain.renditions import RenditionKind
from catalog.errors import MediaError, MediaTooLargeError
from catalog.media.analyse import Analysis, analyse
from catalog.media.hardware import has_door
from catalog.media.isolated_limits import DecodeLimits
from catalog.media.isolated_wire import MOST_BYTES, pack, unpack
from catalog.media.mono import Ear
from catalog.media.peaks import Outline
from catalog.media.probe import probe
from catalog.media.sound import SoundPass, draw_waveform
from catalog.media.sound_length import ends_early, sound_length
from catalog.media.strip import Strip
from catalog.media.told_texts import as_values
from catalog.media.truncation import missing_bytes

_BEAT_S = 1.0
# What a process that only reads may write: its complaints on standard error.
_MOST_WRITTEN = 1024 * 1024
_LIBRARIES = 4 * 1024**3  # address space that is reserved, not held
_SET_DEATH_SIGNAL, _SIGKILL = 1, 9  # prctl(2): PR_SET_PDEATHSIG


class Report:
    """Tells the catalogue what is found, from any thread; blocks while nobody listens."""

    def __init__(
        self,
        channel: Connection,
        limits: DecodeLimits,
        *,
        threads: int = 0,
        hwaccel: str = "none",
    ) -> None:
        self.limits = limits
        self.threads = threads
        self.hwaccel = hwaccel
        self._channel = channel
        self._lock = threading.Lock()
        self._cpu_before = _cpu_seconds()

    def send(self, kind: str, *values: Any) -> None:  # noqa: ANN401  # plain values
        """Say something."""
        with self._lock:
            self._channel.send_bytes(pack(kind, *values))

    def ask(self, kind: str, *values: Any) -> bytes:  # noqa: ANN401  # plain values
        """Ask the catalogue for bytes, and wait for them."""
        self.send(kind, *values)
        return self._channel.recv_bytes(MOST_BYTES)

    def probed(self, found: Probe) -> None:
        """The file is known; its shots follow."""
        self.send("probed", found)

    def picture(self, pts: int, jpeg: bytes) -> str:
        """A picture is kept; the catalogue gives it its key."""
        self.send("picture", pts, jpeg)
        return ""

    def shot(self, shot: Shot) -> None:
        """A shot is closed."""
        self.send("shot", shot)

    def seconds(self, done: float) -> None:
        """So much of the media is done, which earns it more processor time."""
        allow_cpu(self._cpu_before, self.limits, done)
        self.send("seconds", done)

    def rendition(
        self, kind: RenditionKind, content: bytes, size: tuple[int, int] | None, **settings: object
    ) -> None:
        """Something was made of the asset; ``size`` is in pixels, where it has any."""
        width, height = size or (None, None)
        self.send("rendition", kind.value, content, width, height, settings)

    def strip(self, made: Strip) -> None:
        """A film's strip, and its index."""
        settings = {"tiles": made.tiles, "step": made.step}
        self.rendition(RenditionKind.STRIP, made.sheet, (made.width, made.height), **settings)
        self.rendition(RenditionKind.STRIP_INDEX, made.index.encode(), None, **settings)

    def outline(self, outline: Outline) -> None:
        """The outline of a sound, as data and drawn."""
        settings = {"columns": outline.columns, "samples_per_column": outline.samples_per_column}
        drawn, *size = draw_waveform(outline)
        self.rendition(RenditionKind.PEAKS, outline.as_json(), None, **settings)
        self.rendition(RenditionKind.WAVEFORM, drawn, (size[0], size[1]), **settings)

    def ear(self) -> Ear:
        """Tells the sound that it hears, as `catalog.media.hearing.hear` does."""
        return Ear(lambda block: self.send("heard", block))

    def ended(self, analysis: Analysis) -> None:
        """All is told; the counts."""
        self.send(
            "ended",
            analysis.frames_decoded,
            analysis.decode_errors,
            analysis.end_pts,
            analysis.variable_frame_rate,
            analysis.pulldown,
            analysis.loudness(),
            analysis.sound_end_pts,
        )


# What else than analysing may be asked for; each is called as an analyser is.
JOBS = {
    "hear": "catalog.media.hearing:hear",
    "listen": "catalog.media.isolated_proxy:listen",
    "proxy": "catalog.media.isolated_proxy:make_proxy",
    "windows": "catalog.media.windows:cut_sound",
    "texts": "catalog.media.isolated_texts:read_texts",
}

Analyser = Callable[[Path, SamplingPolicy, Report], None]


def analyse_file(path: Path, policy: SamplingPolicy, report: Report) -> None:
    """Probe and analyse one file, telling everything.

    Raises
    ------
    MediaError
        If it cannot be catalogued.
    """
    found = probe(path, sequence_rate=policy.sequence_rate)
    check_dimensions(path, found, report.limits)
    report.probed(found)
    if found.kind is AssetKind.AUDIO:
        _listen(path, found, report)
        return
    analysis = analyse(
        path,
        found,
        policy,
        report.picture,
        report.seconds,
        threads=report.threads,
        hwaccel=report.hwaccel,
        listener=report.ear(),
    )
    with beating(lambda: (analysis.frames_decoded, analysis.decode_errors), report):
        for shot in analysis:
            report.shot(shot)
    if (strip := analysis.strip()) is not None:
        report.strip(strip)
    if (captions := analysis.captions()).segments:
        told = as_values(captions.segments)
        report.send("captions", told, list(captions.carried), list(captions.read))
    report.ended(analysis)


def _listen(path: Path, found: Probe, report: Report) -> None:
    """The pass over a sound: its length as decoded, its damage, its outline and loudness."""
    sound = SoundPass(path, found, report.seconds, listener=report.ear())
    with beating(lambda: (sound.decoded, sound.errors), report):
        outline = sound.run()
    if outline is not None:
        report.outline(outline)
    length = sound_length(found, sound.seconds, whole=sound.whole)
    end_pts = round(length / found.time_base)
    short = missing_bytes(path) > 0 or ends_early(found, sound.seconds, whole=sound.whole)
    errors = sound.errors + int(short) + int("lost_pictures" in found.metadata)
    report.send("ended", sound.decoded, errors, end_pts, False, None, sound.loudness)


def check_dimensions(path: Path, found: Probe, limits: DecodeLimits) -> None:
    """Refuse a film whose pictures are larger than the limits allow.

    Raises
    ------
    MediaTooLargeError
        If they are.
    """
    track = found.video
    if track is None or found.duration is None or track.width * track.height <= limits.most_pixels:
        return
    raise MediaTooLargeError(
        f"{shown_path(path)} is too large ({track.width}x{track.height} pixels a picture);"
        f" expected at most {limits.most_pixels}.",
        remedy="Transcode it to a smaller picture.",
        path=shown_path(path),
        limit=limits.most_pixels,
    )


@contextmanager
def beating(counts: Callable[[], tuple[int, int]], report: Report) -> Iterator[None]:
    """Tell of progress that brings nothing to tell: pictures or broken packets go by."""
    over = threading.Event()

    def beat() -> None:
        last = (0, 0)
        with suppress(OSError):  # nobody listens any more
            while not over.wait(_BEAT_S):
                now = counts()
                if now != last:
                    last = now
                    report.send("beat")

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _work_of(job: str, analyser: Analyser) -> Callable[[Path, Any, Report], None]:
    if job == "analyse":
        return analyser
    module, name = JOBS[job].split(":")
    work: Callable[[Path, Any, Report], None] = getattr(importlib.import_module(module), name)
    return work


def serve(channel: Connection, limits: DecodeLimits, analyser: Analyser, host: int) -> None:
    """Analyse what is asked for until the catalogue hangs up."""
    end_with_parent(host)
    _confine(limits)
    while True:
        try:
            job, name, order, threads, hwaccel = unpack(channel.recv_bytes(MOST_BYTES))
        except EOFError:
            return
        allow_cpu(_cpu_seconds(), limits)
        report = Report(channel, limits, threads=threads, hwaccel=hwaccel)
        try:
            _work_of(job, analyser)(Path(os.fsdecode(name)), order, report)
        except BrokenPipeError:
            return
        except Exception as error:  # noqa: BLE001  # told, and judged by the catalogue
            _tell(report, error)


def _tell(report: Report, error: Exception) -> None:
    """What went wrong, in words; memory that ran out may be hidden under other words."""
    cause: BaseException | None = None if isinstance(error, MediaTooLargeError) else error
    while cause is not None and not isinstance(cause, MemoryError):
        cause = cause.__cause__ or cause.__context__
    if cause is not None:
        report.send("no_memory")
    elif isinstance(error, MediaError):
        report.send("failed", error.code, error.message, error.remedy, error.details)
    else:
        first = (str(error).splitlines() or [""])[0]
        report.send("fault", type(error).__name__, first[:500])


def end_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent ends, however that ends (Linux)."""
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415

        ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, _SIGKILL)
    if os.getppid() != parent:  # it ended before it could be asked for
        os._exit(1)


def _confine(limits: DecodeLimits) -> None:
    _limit(resource.RLIMIT_DATA, limits.memory)
    if not has_door():  # CUDA reserves more address space than any file may ask for
        _limit(resource.RLIMIT_AS, limits.memory + _LIBRARIES)
    _limit(resource.RLIMIT_FSIZE, _MOST_WRITTEN)
    _limit(resource.RLIMIT_CORE, 0)


def allow_cpu(before: float, limits: DecodeLimits, media_s: float = 0.0) -> None:
    """Let the process run until it has used what a file of ``media_s`` seconds may use."""
    most = before + limits.cpu_s + limits.cpu_s_per_second * media_s
    _limit(resource.RLIMIT_CPU, int(most) + 1)


def _limit(which: int, wanted: int) -> None:
    """Set the soft limit; below a hard one that somebody set lower, that one."""
    _, hard = resource.getrlimit(which)
    soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    with suppress(ValueError, OSError):  # a system that does not know this limit
        resource.setrlimit(which, (soft, hard))


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
