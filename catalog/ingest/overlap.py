"""Analyse many assets at once while their pictures are being encoded.

    asset → a thread of ours, a decoding process → pictures → a short queue → the encoder
            writes pictures, commits the asset        |
                                                      └ full: the thread waits, its process waits

Every arrow is bounded, so memory depends neither on lengths nor on numbers.
The caller's thread only listens, which is why Ctrl-C is heard at once.
"""

from __future__ import annotations

import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence

from catalog.domain.progress import Progress
from catalog.encoders import Encoder
from catalog.errors import CatalogError, ServiceError
from catalog.ingest.ahead import EncodeAhead
from catalog.ingest.analyse import Analysed, Tools, analyse_asset
from catalog.media.isolated_faults import stopped

_MOST_AT_ONCE = 8
# When fewer wait, a portion is asked for: it comes before the last has been begun.
_FEW = 50


class Overlapped:
    """One run over many assets.

    Attributes
    ----------
    written:
        New vectors, known when the run is over.

    ``on_share`` is told, in the caller's thread, which share of an asset is done so far.
    """

    def __init__(
        self,
        tools: Tools,
        encoder: Encoder,
        encoder_id: int,
        *,
        progress: Progress,
        on_share: Callable[[int, float], None] = lambda _asset, _share: None,
    ) -> None:
        self._tools = tools
        self._progress = progress
        self._on_share = on_share
        self._events: queue.SimpleQueue[tuple[str, object, object]] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._more = threading.Condition()
        self._waiting: deque[int] = deque()
        self._all_in = False
        self._begun = 0
        self._ended: deque[tuple[int, Analysed | None]] = deque()
        self._broken: BaseException | None = None
        self.written = 0
        self._ahead = EncodeAhead(
            tools.database,
            encoder,
            encoder_id,
            processors=_processors(),
            on_encoded=lambda count: self._events.put(("encoded", count, None)),
            on_written=self._add_written,
        )

    def over(
        self, portions: Iterable[Sequence[int]], *, beside: Callable[[], None] = lambda: None
    ) -> Iterator[tuple[int, Analysed | None]]:
        """Analyse these, and encode; gives each when it is over, in whatever order that is.

        None in place of what was found: another process had it, or it failed,
        which its stage tells. A portion is asked for, in the caller's thread, when few wait:
        who takes long to give it may call `listen` meanwhile. ``beside`` is called in the caller's
        thread once all are over, while the last pictures are being encoded.

        Raises
        ------
        ServiceError
            If no other file would fare better. What was at work stays due.
        """
        done = False
        try:
            yield from self._over(iter(portions))
            done = True
            self._ahead.complete()
            beside()
        finally:
            self._stop(done=done)

    def listen(self) -> bool:
        """Show what has been told since; whether nothing waits to be analysed.

        Raises
        ------
        ServiceError
            If the run is to be broken off.
        """
        while not self._events.empty():
            self._heed(*self._events.get())
        if self._broken is not None:
            raise stopped()  # the words themselves might be taken for another file's
        return not self._waiting

    def _over(self, portions: Iterator[Sequence[int]]) -> Iterator[tuple[int, Analysed | None]]:
        over = 0
        while not self._all_in or over < self._begun:
            try:
                if not self._all_in and len(self._waiting) < _FEW:
                    self._take_in(next(portions, None))
                    self.listen()
                else:
                    self._heed(*self._events.get())
            except ServiceError as error:
                raise self._broken or error from None
            if self._broken is not None:
                raise self._broken
            while self._ended:
                over += 1
                yield self._ended.popleft()

    def _take_in(self, portion: Sequence[int] | None) -> None:
        """Have these analysed; None if there are no more."""
        with self._more:
            self._waiting.extend(portion or ())
            self._all_in = portion is None
            self._more.notify_all()
        self._begun += len(portion or ())
        count = min(self._begun, _processors(), _MOST_AT_ONCE)
        self._tools.decoders.threads = max(1, _processors() // max(1, count))
        while len(self._threads) < count:
            thread = threading.Thread(target=self._work, name=f"analyse-{len(self._threads)}")
            self._threads.append(thread)
            thread.start()

    def _heed(self, kind: str, subject: object, found: object) -> None:
        """Take in what a thread tells."""
        if kind == "over":
            self._ended.append((subject, found))  # type: ignore[arg-type]  # as put in _analyse
            self._on_share(subject, 1.0)  # type: ignore[arg-type]
        elif kind == "broken":
            assert isinstance(subject, BaseException)  # noqa: S101  # as put in _analyse
            self._broken = self._broken or subject
        elif kind == "share":
            self._on_share(subject, found)  # type: ignore[arg-type]  # as put in _analyse
        else:
            self._show(kind, subject)

    def _show(self, kind: str, count: object) -> None:
        assert isinstance(count, int)  # noqa: S101  # as put by the threads
        if kind == "sampled":
            self._progress.begin("encode", count, "frames")
        else:
            self._progress.advance("encode", count)

    def _stop(self, *, done: bool) -> None:
        """Wait for the threads; if not ``done``, have them break off first."""
        if not done:
            self._stopping.set()
            self._tools.decoders.stop()
        with self._more:
            self._more.notify_all()
        try:
            for thread in self._threads:
                thread.join()
            self._ahead.finish(useful=done)
        finally:
            self._tools.decoders.resume()
        while not self._events.empty():
            kind, subject, _ = self._events.get()
            if kind in {"sampled", "encoded"}:
                self._show(kind, subject)

    # --- in the threads -----------------------------------------------------------

    def _work(self) -> None:
        while (asset_id := self._next()) is not None:
            self._analyse(asset_id)

    def _next(self) -> int | None:
        """The next asset, once there is one; None if there will be no more."""
        with self._more:
            self._more.wait_for(lambda: self._waiting or self._all_in or self._stopping.is_set())
            return (
                self._waiting.popleft() if self._waiting and not self._stopping.is_set() else None
            )

    def _analyse(self, asset_id: int) -> None:
        def sampled(key: str, jpeg: bytes) -> None:
            if self._ahead.error or self._stopping.is_set():
                raise stopped()
            self._events.put(("sampled", 1, None))
            self._ahead.picture(asset_id, key, jpeg)

        found = None
        self._ahead.begin(asset_id)
        try:
            found = analyse_asset(
                self._tools,
                asset_id,
                on_picture=sampled,
                on_share=lambda share: self._events.put(("share", asset_id, share)),
            )
        except ServiceError as error:  # no other file would fare better
            self._events.put(("broken", self._ahead.error or error, None))
        except CatalogError:
            pass  # its stage keeps the reason, and the report takes it from there
        except BaseException as error:  # noqa: BLE001  # raised again by the listener
            self._events.put(("broken", error, None))
        self._ahead.settle(asset_id, kept=found is not None)
        self._events.put(("over", asset_id, found))

    def _add_written(self, count: int) -> None:
        self.written += count


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
