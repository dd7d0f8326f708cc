"""The verbs of ``catalog encoder``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from catalog.db.engine import Database
from catalog.dispatch import Dispatcher
from catalog.domain.progress import Progress, Silent
from catalog.encoders import Encoder
from catalog.errors import BrokerUnavailableError
from catalog.maintain.bench import USUAL, bench
from catalog.maintain.comparing import compare
from catalog.maintain.encoders import Encoders
from catalog.media.frame_store import FrameStore

if TYPE_CHECKING:
    from catalog.maintain.switching import Switching


class EncoderVerbs:
    """``catalog.encoder.list()``, ``catalog.encoder.add(name)`` and so on."""

    def __init__(
        self,
        database: Database,
        encoders_of: Encoders,
        store: FrameStore,
        dispatcher: Callable[[], Dispatcher],
        load: Callable[[str, str], Encoder],
    ) -> None:
        self._encoders = encoders_of
        self._database = database
        self._store = store
        self._dispatcher = dispatcher
        self._load = load

    @cached_property
    def _switching(self) -> Switching:
        from catalog.maintain.switching import Switching

        return Switching(self._database, self._store, self._encoders)

    def list(self) -> list[dict[str, Any]]:
        """Every encoder of the catalogue, and how far it is.

        Each has ``name``, ``state`` (``active``: it answers; ``filling``: frames are given its
        vectors meanwhile; ``kept``: it has what it had when another took over), ``dimension``,
        ``precision``, ``weights`` (their digest), ``vectors``, ``missing`` frames, ``speech``
        (``vectors`` and ``missing`` of spoken lines); while it is filled ``rate`` (frames per
        second of the last minutes, None where nobody was at it), ``left_s``, and ``problem``:
        why it stood still the last time.
        """
        return self._encoders.list()

    def add(self, name: str) -> dict[str, Any]:
        """Enter an encoder, and have every frame given its vector while the old one answers.

        Workers are told, where there is a broker (``told``); without one, `backfill` does
        it in this process. What is ingested meanwhile gets vectors of both.

        Raises
        ------
        UnknownEncoderError, EncoderUnavailableError
            If there is no such encoder, or its weights are not to be had, broken,
            or others than the catalogue has vectors of.
        InvalidInputError
            If its vectors are too long to be indexed.
        """
        body = self._switching.add(name)
        return {**body, "told": bool(body["missing"]) and self._tell()}

    def _tell(self) -> bool:
        try:
            self._dispatcher().encode(backfill=True)
        except BrokerUnavailableError:
            return False  # it stays due, and the reconciler sends it once there is a broker
        return True

    def backfill(
        self, name: str | None = None, *, progress: Progress | None = None
    ) -> dict[str, Any]:
        """Give every frame its vector of this encoder (or of all being filled), here and now.

        Workers and other processes that are at it share the frames. May be broken off.

        Raises
        ------
        NotFoundError
            If the catalogue does not know the encoder.
        EncoderUnavailableError
            If its weights are not to be had, or frames could not be encoded.
        """
        return self._switching.backfill(name, progress or Silent())

    def activate(self, name: str, *, progress: Progress | None = None) -> dict[str, Any]:
        """Give every frame a vector of this encoder, then let it answer searches.

        Raises
        ------
        UnknownEncoderError, EncoderUnavailableError
            If there is no such encoder or its weights are not to be had.
        """
        return self._switching.activate(name, progress or Silent())

    def remove(self, name: str) -> dict[str, Any]:
        """Forget an encoder with its vectors, graph, phrases and calibration; what that freed.

        Raises
        ------
        NotFoundError
            If the catalogue does not know it.
        InvalidInputError
            If it answers searches.
        ServiceError
            If others kept the tables locked for a minute.
        """
        return self._switching.remove(name)

    def compare(
        self,
        one: str,
        other: str,
        *,
        queries: Sequence[str] = (),
        limit: int = 10,
        progress: Progress | None = None,
    ) -> dict[str, Any]:
        """How far two encoders agree on the first shots of each query; see `comparing.compare`.

        Without ``queries``, what was asked before is asked again, or what people wrote of
        the footage.

        Raises
        ------
        NotFoundError, InvalidInputError
            If the catalogue does not know them, or there is nothing to compare.
        EncoderUnavailableError
            If weights are not to be had.
        """
        return compare(
            self._database,
            self._encoders,
            (one, other),
            queries=queries,
            limit=limit,
            progress=progress or Silent(),
        )

    def bench(
        self,
        name: str | None = None,
        *,
        precisions: Sequence[str] = USUAL,
        pictures: int = 200,
        progress: Progress | None = None,
    ) -> dict[str, Any]:
        """What each precision gains and costs: throughput, cosine with fp32, Recall@1.

        None: the encoder that answers, or the settings' own. See `maintain.bench.bench`.

        Raises
        ------
        InvalidInputError
            If the number of pictures cannot be drawn.
        UnknownEncoderError, EncoderUnavailableError
            If there is no such encoder, or its weights are not to be had.
        """
        chosen = name or self._encoders.answering()
        return bench(
            lambda precision: self._load(chosen, precision),
            precisions=precisions,
            pictures=pictures,
            progress=progress or Silent(),
        )

    def index(self, *, progress: Progress | None = None) -> Sequence[dict[str, Any]]:
        """Build the graphs of large libraries, where they are due; what was built.

        Ingesting and activating do so too. Others may search and ingest meanwhile,
        and searches are as right without, only slower.
        """
        return self._encoders.index(progress or Silent())
