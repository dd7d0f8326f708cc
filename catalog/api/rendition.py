"""Renditions: what is made of assets for people to see and hear."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from catalog.api.base import OpenCatalog
from catalog.domain.progress import Progress, Silent
from catalog.domain.renditions import DEFAULT_LINES, ProxySettings, RenditionKind
from catalog.domain.results import Failure
from catalog.errors import (
    BrokerUnavailableError,
    InvalidInputError,
    MediaError,
    NotFoundError,
)
from catalog.maintain import assets as maintained
from catalog.maintain.assets import Reference
from catalog.maintain.proxy_status import has_rendition, proxy_status
from catalog.store import service

if TYPE_CHECKING:
    from catalog.ingest.analyse import Tools

_MOST_DUE = 100


class RenditionVerbs(OpenCatalog):
    """The verbs that make what people look at."""

    def proxy(
        self,
        references: Sequence[Reference],
        *,
        lines: int = DEFAULT_LINES,
        dispatch: bool = False,
        progress: Progress | None = None,
    ) -> dict[str, Any]:
        """Make a browser-playable copy of each of these assets, here and now.

        With ``dispatch``, workers are told to make them. One that is there is made
        anew. Breaking it off leaves what is not done due and no unfinished file; what is made is
        seen in `jobs` by everybody, with its ``progress``.

        Parameters
        ----------
        lines:
            Height of the pictures at most, 16 to 2160; they are never enlarged.

        Returns
        -------
        dict
            ``assets``, the ids; ``made``, how many proxies; ``failures``, each with
            ``path`` (the asset's name), ``code`` and ``reason``.

        Raises
        ------
        NotFoundError, InvalidInputError
            If one of them is no asset, or a still, or the lines cannot be used.
        AssetBusyError
            If another process is at work on one.
        ServiceError
            If the frame store is full, or database or broker are away.
        """
        from catalog.ingest.proxies import STAGE, make_proxy, want_proxies
        from catalog.ingest.sending import tell_if_due

        settings = maintained.proxy_settings(lines)
        if dispatch and settings != ProxySettings():
            raise InvalidInputError(
                f"Workers make proxies of {DEFAULT_LINES} lines; {lines} were asked for.",
                remedy="Leave out --lines, or make them here and now without --dispatch.",
            )
        tools = self._rendition_tools()
        rows = maintained.named(self.database, references)
        want_proxies(tools, [asset_id for asset_id, _, _ in rows])
        if dispatch:
            ids = [asset_id for asset_id, _, _ in rows]
            tell_if_due(self.database, STAGE, ids, self.dispatcher.proxy)
            return {"assets": [row[0] for row in rows], "made": 0, "failures": []}
        return _each(rows, lambda a, on: make_proxy(tools, a, settings, on), progress or Silent())

    def request_proxy(self, reference: Reference, *, anew: bool = False) -> dict[str, Any]:
        """Ask for an asset's proxy and wait for nothing; its `proxy_status` then.

        Workers are told, where there are any; else the server that serves the pages, or
        `catalog ingest`, makes what is due. Asked for again before it is there, it is made once.

        Parameters
        ----------
        anew:
            Make another where there is one already.

        Raises
        ------
        NotFoundError, InvalidInputError
            If it is no asset, or a still.
        """
        from catalog.ingest.proxies import STAGE, want_proxies
        from catalog.ingest.sending import tell_if_due

        [(asset_id, _, _)] = maintained.named(self.database, [reference])
        want_proxies(self._rendition_tools(), [asset_id], anew=anew)
        if self.has_workers:
            # Where the broker is away it stays due, and is sent when that is back.
            with suppress(BrokerUnavailableError):
                tell_if_due(self.database, STAGE, [asset_id], self.dispatcher.proxy, untold=True)
        return self.proxy_status(asset_id)

    def proxy_status(self, reference: Reference) -> dict[str, Any]:
        """Where an asset's proxy stands.

        Returns
        -------
        dict
            ``asset``; ``kind``; ``state``: none (nobody has asked), due, running, done, failed
            or waiting (for the frame store, which could not be written to); ``progress``, the
            share of its length that is done, from 0 to 1, while it is made (null where that is
            not known); ``attempts``; ``made``, whether there is one, perhaps an earlier one;
            ``error``, why it failed or waits: ``code`` and ``message``.

        Raises
        ------
        NotFoundError
            If it is no asset.
        """
        return proxy_status(self.database, reference)

    def has_rendition(self, reference: Reference, kind: str) -> bool:
        """Whether there is a rendition of an asset; the kinds are those of `rendition`.

        Raises
        ------
        NotFoundError
            If it is no asset.
        """
        return has_rendition(self.database, reference, RenditionKind(kind))

    def due_proxies(self) -> list[int]:
        """Assets whose proxies are due and nobody makes, the longest waiting first.

        The list is empty while the service is paused. Where the frame store could not be written
        to, all wait, and one is due now and then, to see.
        """
        from catalog.ingest.proxies import due_proxies

        with self.database.session() as session:
            if service.paused(session) is not None:
                return []
            return due_proxies(session, limit=_MOST_DUE)

    def make_due_proxy(
        self, asset_id: int, on_seconds: Callable[[float], None] = lambda _: None
    ) -> bool:
        """Make an asset's proxy if it is due, as workers do; whether it was.

        ``on_seconds`` hears how many seconds of it are done. If it raises, the proxy stays due.

        Raises
        ------
        AssetBusyError, NotFoundError, MediaError, ServiceError
            As `proxy`.
        """
        from catalog.ingest.proxies import make_proxy

        tools = self._rendition_tools()
        return make_proxy(tools, asset_id, ProxySettings(), on_seconds) is not None

    def waveform(
        self, references: Sequence[Reference], *, progress: Progress | None = None
    ) -> dict[str, Any]:
        """Make the waveform and peaks of these assets' sound; sounds have theirs already.

        Returns and raises as `proxy`; one without sound is not counted in ``made``.
        """
        from catalog.ingest.proxies import draw_sound

        tools = self._rendition_tools()
        rows = maintained.named(self.database, references)
        return _each(rows, lambda a, on: draw_sound(tools, a, on), progress or Silent())

    def _rendition_tools(self) -> Tools:
        from catalog.ingest.analyse import Tools

        return Tools(self.database, self.store, self.decoders, None)

    def poster(self, clip: int, frame: int) -> None:
        """Let this frame stand for its clip wherever one picture must, until a new analysis.

        Raises
        ------
        NotFoundError
            If the clip has no such frame.
        """
        maintained.poster(self.database, clip, frame)


def _each(
    rows: Sequence[tuple[int, str, float]],
    make: Callable[[int, Callable[[float], None]], object],
    progress: Progress,
) -> dict[str, Any]:
    """Do it for each of these (id, name, seconds), telling progress in seconds of media."""
    made, failures = 0, []
    progress.begin("make", sum(seconds for _, _, seconds in rows), "s")
    for asset_id, name, seconds in rows:
        done = 0.0

        def tell(now: float, name: str = name) -> None:
            nonlocal done
            progress.advance("make", now - done, name)
            done = now

        try:
            made += bool(make(asset_id, tell))
        except (MediaError, NotFoundError) as error:  # the second: it was removed meanwhile
            failures.append(Failure.of(name, error).as_json())
        tell(seconds)
    progress.end("make")
    return {"assets": [row[0] for row in rows], "made": made, "failures": failures}
