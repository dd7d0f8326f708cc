"""Analyse a file in a process of its own, so that no file can harm the catalogue.

Decoders are large programs in C that read what strangers made. One that
crashes, never ends or eats all memory takes its process with it; here that is a
warm child process, which is replaced, and the file gets the blame in words.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn, Self

from catalog.domain.media import Loudness, Probe, SamplingPolicy, Shot
from catalog.domain.renditions import RenditionKind
from catalog.domain.sidecars import Captioned
from catalog.errors import DecodersUnavailableError
from catalog.media import isolated_faults as faults
from catalog.media.hardware import check_hwaccel
from catalog.media.isolated_limits import DecodeLimits
from catalog.media.isolated_processes import Host, Worker
from catalog.media.told_texts import captions_told

StorePicture = Callable[[int, bytes], str]

ANALYSER = "catalog.media.isolated_worker:analyse_file"
# Decoders leak a little; a fresh process costs milliseconds.
_MOST_JOBS = 500


@dataclass(frozen=True, slots=True)
class Counts:
    """What is known when the last picture is decoded; see `catalog.media.analyse.Analysis`."""

    frames_decoded: int = 0
    decode_errors: int = 0
    end_pts: int = 0
    variable_frame_rate: bool = False
    pulldown: str | None = None
    loudness: Loudness | None = None
    sound_end_pts: int = 0


@dataclass(frozen=True, slots=True)
class MadeRendition:
    """A rendition as it came from the decoding process: its bytes; pixels where it has any."""

    kind: RenditionKind
    content: bytes
    width: int | None
    height: int | None
    settings: dict[str, Any]

    @classmethod
    def told(
        cls,
        kind: str,
        content: bytes,
        width: int | None,
        height: int | None,
        settings: dict[str, Any],
    ) -> Self:
        """From the values of its message."""
        return cls(RenditionKind(kind), content, width, height, settings)


StoreRendition = Callable[[MadeRendition], None]
# Takes the values of a message of sound, see `catalog.media.hearing.Blocks`.
TakeSound = Callable[..., None]


class IsolatedAnalysis:
    """A file's description and shots, told by another process; iterate it once.

    As `catalog.media.analyse.Analysis`: each `Shot` comes as soon as it is
    closed; ``counts`` and ``captions`` are final when the iteration has ended. Pictures are
    given to ``store_picture``, in this process and thread, as they come; so are
    renditions to ``store_rendition``, and blocks of the main sound to ``take_sound``.
    """

    def __init__(
        self,
        talk: Talk,
        store_picture: StorePicture,
        progress: Callable[[float], None],
        store_rendition: StoreRendition,
        take_sound: TakeSound,
    ) -> None:
        self._talk = talk
        self._store = store_picture
        self._store_rendition = store_rendition
        self._take_sound = take_sound
        self._progress = progress
        self._keys: dict[int, str] = {}
        self.counts = Counts()
        self.captions = Captioned()
        while (found := talk.hear())[0] != "probed":
            pass
        self.probe: Probe = found[1]

    @property
    def duration(self) -> Fraction | None:
        """Seconds from the first picture to the end of the last; None for stills and sound."""
        return self.counts.end_pts * self.probe.time_base if self.counts.end_pts else None

    def __iter__(self) -> Iterator[Shot]:
        while True:
            kind, *values = self._talk.hear()
            if kind == "picture":
                pts, jpeg = values
                self._keys[pts] = self._store(pts, jpeg)
            elif kind == "shot":
                yield self._with_keys(values[0])
            elif kind == "rendition":
                self._store_rendition(MadeRendition.told(*values))
            elif kind == "heard":
                self._take_sound(*values)
            elif kind == "seconds":
                self._progress(values[0])
            elif kind == "captions":
                self.captions = captions_told(self._talk.path, values)
            elif kind == "ended":
                self.counts = Counts(*values)
                self._talk.over = True
                return

    def _with_keys(self, shot: Shot) -> Shot:
        frames = [replace(f, picture=self._keys.pop(f.pts)) for f in shot.frames]
        return replace(shot, frames=tuple(frames))


class DecoderPool:
    """Warm decoding processes, one for each thread that analyses at the same time.

    Nothing is started before the first analysis, or `start`. May be used from
    several threads, and after a fork, where it starts processes of its own.

    Parameters
    ----------
    limits:
        What one file may ask for; None for the usual limits on this machine.
    analyser:
        ``module:function`` that analyses a file inside, see
        `catalog.media.isolated_worker.Analyser`.
    hwaccel:
        Whether a graphics card may decode; see `catalog.media.hardware`.

    Attributes
    ----------
    threads:
        Threads each decoder may use from the next file on; 0 is FFmpeg's choice.
    """

    def __init__(
        self,
        limits: DecodeLimits | None = None,
        analyser: str = ANALYSER,
        *,
        hwaccel: str = "auto",
    ) -> None:
        self.hwaccel = check_hwaccel(hwaccel)
        self.threads = 0
        self.limits = limits or DecodeLimits.of_this_machine()
        self.analyser = analyser
        self._lock = threading.Lock()
        self._host: Host | None = None
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()
        self._stopped = threading.Event()

    def start(self) -> None:
        """Begin to load the libraries, in the background."""
        with self._lock:
            self._own_host()

    @contextmanager
    def analysis(
        self,
        path: Path,
        policy: SamplingPolicy,
        store_picture: StorePicture,
        progress: Callable[[float], None] = lambda _: None,
        store_rendition: StoreRendition = lambda _: None,
        *,
        take_sound: TakeSound = lambda *_: None,
        fresh: bool = False,
    ) -> Iterator[IsolatedAnalysis]:
        """Analyse a file. When the block is left, the process is free for the next.

        With ``fresh`` in a process that no file was decoded in before.

        Raises
        ------
        MediaError
            On entering the block or while iterating: what `probe` and `analyse`
            raise, or `DecoderCrashedError`, `DecoderStalledError`,
            `DecoderOverrunError`, `DecoderMemoryError`.
        DecodersUnavailableError
            If there is no process to do it, or the pool was stopped meanwhile.
        """
        with self.job("analyse", path, policy, fresh=fresh) as talk:
            yield IsolatedAnalysis(talk, store_picture, progress, store_rendition, take_sound)

    @contextmanager
    def job(
        self,
        name: str,
        path: Path,
        order: SamplingPolicy | dict[str, Any],
        *,
        fresh: bool = False,
    ) -> Iterator[Talk]:
        """Have a process do one of `catalog.media.isolated_worker.JOBS`, or analyse.

        What it says is to be heard to the end. When the block is left, the process
        is free for the next; one that is not through is ended.

        Raises
        ------
        MediaError, DecodersUnavailableError
            As `analysis`, here or while listening.
        """
        worker = self._take(fresh=fresh)
        talk = Talk(self, worker, path)
        try:
            talk.begin(name, order)
            yield talk
        finally:
            self._give_back(worker, usable=talk.over and not talk.ended)

    def stop(self) -> None:
        """End every process at work, and refuse more, until `resume`. From any thread."""
        with self._lock:
            self._stopped.set()
            for worker in self._busy:
                worker.kill()

    def resume(self) -> None:
        """Allow work again."""
        self._stopped.clear()

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._stopped.is_set()

    def processes(self) -> list[int]:
        """The numbers of the decoding processes there are."""
        with self._lock:
            return [worker.pid for worker in [*self._idle, *self._busy]]

    def close(self) -> None:
        """End all processes. The next analysis would start new ones."""
        with self._lock:
            host, self._host = self._host, None
            idle, self._idle = self._idle, []
            for worker in self._busy:
                worker.kill()
        for worker in idle:
            worker.channel.close()
        if host is not None:
            host.close()

    def _own_host(self) -> Host:
        if self._host is not None and self._host.owner != os.getpid():
            # We are a fork: these processes belong to the one we were forked from.
            for worker in self._idle:
                worker.channel.close()
            self._host.close()
            self._host, self._idle, self._busy = None, [], set()
        if self._host is None:
            self._host = Host(self.limits, self.analyser)
        return self._host

    def _take(self, *, fresh: bool) -> Worker:
        with self._lock:
            if self._stopped.is_set():
                raise faults.stopped()
            host = self._own_host()
            if self._idle and not fresh:
                worker = self._idle.pop()
                self._busy.add(worker)
                return worker
        try:
            worker = host.fork()
        except DecodersUnavailableError:
            self._forget(host)
            raise
        with self._lock:
            self._busy.add(worker)
            if self._stopped.is_set():
                worker.kill()
        return worker

    def _forget(self, host: Host) -> None:
        """A host that is gone must not be asked again."""
        with self._lock:
            if self._host is not host:
                return
            self._host = None
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.channel.close()
        host.close()

    def _give_back(self, worker: Worker, *, usable: bool) -> None:
        with self._lock:
            self._busy.discard(worker)
            if usable and worker.host is self._host and worker.jobs < _MOST_JOBS:
                self._idle.append(worker)
                return
        if not worker.channel.closed:
            try:
                worker.abandon()
            except DecodersUnavailableError:
                self._forget(worker.host)

    def status_of(self, worker: Worker) -> int | None:
        """With what status a process ended; None if its host is gone as well."""
        with self._lock:
            self._busy.discard(worker)  # its number must not be killed any more
        try:
            return worker.bury()
        except DecodersUnavailableError:
            self._forget(worker.host)
            return None


class Talk:
    """One job as a conversation: what comes, or what its silence or its end means.

    Who hears the last of it sets ``over``.
    """

    def __init__(self, pool: DecoderPool, worker: Worker, path: Path) -> None:
        self._pool = pool
        self._worker = worker
        self.path = path
        self.over = False
        self.ended = False

    def begin(self, job: str, order: SamplingPolicy | dict[str, Any]) -> None:
        """Ask for the job."""
        try:
            self._worker.begin(job, self.path, order, self._pool.threads, self._pool.hwaccel)
        except OSError:
            self._raise_end()

    def reply(self, content: bytes) -> None:
        """Answer what was asked in the middle of a job."""
        try:
            self._worker.channel.send_bytes(content)
        except OSError:
            self._raise_end()

    def hear(self) -> tuple[Any, ...]:
        """The next message of the analysis.

        Raises
        ------
        MediaError
            What the message says went wrong, or what silence or end mean.
        """
        try:
            message = self._worker.hear(self._pool.limits.stall_s)
        except EOFError:
            self._raise_end()
        if message is None:
            raise faults.stalled(self.path, self._pool.limits)
        if message[0] == "failed":
            self.over = True
            raise faults.told(*message[1:])
        if message[0] == "fault":
            self.over = True
            raise faults.broken_off(*message[1:3])
        if message[0] == "no_memory":
            raise faults.out_of_memory(self.path, self._pool.limits)
        return message

    def _raise_end(self) -> NoReturn:
        """Its process has ended: what of?"""
        self.ended = True
        status = self._pool.status_of(self._worker)
        if self._pool.stopped:
            raise faults.stopped()
        if status is None:
            raise faults.host_gone()
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU:
            raise faults.overrun(self.path, self._pool.limits)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        if killed and not self._worker.babbled:
            raise faults.killed(self.path, self._worker.jobs - 1)
        raise faults.crashed(self.path, self._worker.jobs - 1, status)
