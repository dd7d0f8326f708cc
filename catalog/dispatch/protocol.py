"""What a dispatcher does, and the one that has no workers to wake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn, Protocol

from catalog.errors import BrokerUnavailableError


@dataclass(frozen=True, slots=True)
class Waiting:
    """Messages: in each queue, and taken by a worker that is not done yet (or waits to retry)."""

    queues: Mapping[str, int]
    in_flight: int

    @property
    def none_at_all(self) -> bool:
        """Whether whatever was sent is gone: done, or lost."""
        return not self.in_flight and not any(self.queues.values())


class Dispatcher(Protocol):
    """Wakes workers. Call it after the commit, never before: a worker may be faster than you."""

    def analyse(self, asset_id: int, *, backfill: bool = False) -> None:
        """Have a worker analyse this asset; a ``backfill`` only when nothing fresh waits.

        Raises
        ------
        BrokerUnavailableError
            If no worker can be told. The work stays due in the database.
        """

    def encode(self, *, backfill: bool = False) -> None:
        """Have a worker encode whatever frames lack a vector; a ``backfill`` after what is fresh.

        Raises
        ------
        BrokerUnavailableError
            If no worker can be told. The work stays due in the database.
        """

    def proxy(self, asset_id: int) -> None:
        """Have a worker make this asset's proxy.

        Raises
        ------
        BrokerUnavailableError
            If no worker can be told. The work stays due in the database.
        """

    def recognise(self, asset_id: int) -> None:
        """Have a worker recognise what is said in this asset.

        Raises
        ------
        BrokerUnavailableError
            If no worker can be told. The work stays due in the database.
        """

    def sound(self, asset_id: int) -> None:
        """Have a worker give this asset's sound its vectors.

        Raises
        ------
        BrokerUnavailableError
            If no worker can be told. The work stays due in the database.
        """

    def verify(self) -> None:
        """Have a worker read files through that were not read for long.

        Raises
        ------
        BrokerUnavailableError
            If no worker can be told.
        """

    def waiting(self) -> Waiting:
        """How many messages are on their way.

        Raises
        ------
        BrokerUnavailableError
            If the broker cannot be asked.
        """

    def close(self) -> None:
        """Let go of the connection. May be called twice."""


class NoDispatcher:
    """The dispatcher of a catalogue without a broker: says so when there is something to send."""

    def analyse(self, asset_id: int, *, backfill: bool = False) -> None:
        """Refuse."""
        del backfill
        _refuse(f"asset {asset_id} stays due")

    def encode(self, *, backfill: bool = False) -> None:
        """Refuse."""
        del backfill
        _refuse("the frames stay due")

    def proxy(self, asset_id: int) -> None:
        """Refuse."""
        _refuse(f"the proxy of asset {asset_id} stays due")

    def recognise(self, asset_id: int) -> None:
        """Refuse."""
        _refuse(f"the speech of asset {asset_id} stays due")

    def sound(self, asset_id: int) -> None:
        """Refuse."""
        _refuse(f"the sound of asset {asset_id} stays due")

    def verify(self) -> None:
        """Refuse."""
        _refuse("no file is read through")

    def waiting(self) -> Waiting:
        """Refuse."""
        _refuse("nobody can be asked what waits")

    def close(self) -> None:
        """There is nothing to let go of."""


def _refuse(what_stays: str) -> NoReturn:
    raise BrokerUnavailableError(
        f"There is no broker to wake workers with; {what_stays}.",
        remedy="Set CATALOG_BROKER_URL (redis://host:6379/0) and start workers, "
        "or do the work here and now with `catalog ingest`.",
    )
