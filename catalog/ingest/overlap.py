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
from collections.abc import Callable, Iterator, Sequence

from catalog.domain.progress import Progress
from catalog.encoders import Encoder
from catalog.errors import CatalogError, ServiceError
from catalog.ingest.ahead import EncodeAhead
from catalog.ingest.analyse import Analysed, Tools, analyse_asset
from catalog.media.isolated_faults import stopped

_MOST_AT_ONCE = 8


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
        self, asset_ids: Sequence[int], *, beside: Callable[[], None] = lambda: None
    ) -> Iterator[tuple[int, Analysed | None]]:
        """Analyse these, and encode; gives each when it is over, in whatever order that is.

        None in place of what was found: another process had it, or it failed,
        which its stage tells. ``beside`` is called in the caller's thread once all are over,
        while the last pictures are being encoded.

        Raises
        ------
        ServiceError
            If no other file would fare better. What was at work stays due.
        """
        waiting = iter(asset_ids)
        lock = threading.Lock()

        def work() -> None:
            while not self._stopping.is_set():
                with lock:
                    asset_id = next(waiting, None)
                if asset_id is None:
                    return
                self._analyse(asset_id)

        count = min(len(asset_ids), _processors(), _MOST_AT_ONCE)
        self._tools.decoders.threads = max(1, _processors() // max(1, count))
        threads = [threading.Thread(target=work, name=f"analyse-{n}") for n in range(count)]
        for thread in threads:
            thread.start()
        done = False
        try:
            yield from self._listen(len(asset_ids))
            done = True
            self._ahead.complete()
            beside()
        finally:
            self._stop(threads, done=done)

    def _listen(self, count: int) -> Iterator[tuple[int, Analysed | None]]:
        """Pass on what the threads tell until all assets are over."""
        over = 0
        while over < count:
            kind, subject, found = self._events.get()
            if kind == "over":
                over += 1
                yield subject, found  # type: ignore[misc]  # as put in _analyse
            elif kind == "broken":
                assert isinstance(subject, BaseException)  # noqa: S101  # as put in _analyse
                raise subject
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

    def _stop(self, threads: list[threading.Thread], *, done: bool) -> None:
        """Wait for the threads; if not ``done``, have them break off first."""
        if not done:
            self._stopping.set()
            self._tools.decoders.stop()
        try:
            for thread in threads:
                thread.join()
            self._ahead.finish(useful=done)
        finally:
            self._tools.decoders.resume()
        while not self._events.empty():
            kind, subject, _ = self._events.get()
            if kind in {"sampled", "encoded"}:
                self._show(kind, subject)

    # --- in the threads -----------------------------------------------------------

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
