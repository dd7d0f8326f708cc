"""What a dispatcher does, and the one that has no workers to wake."""

from __future__ import annotations

from typing import NoReturn, Protocol

from catalog.errors import BrokerUnavailableError


class Dispatcher(Protocol):
    """Wakes workers. Call it after the commit, never before: a worker may be faster than you."""

    def analyse(self, asset_id: int) -> None:
        """Have a worker analyse this asset.

        Raises
        ------
        BrokerUnavailableError
            If no worker can be told. The work stays due in the database.
        """

    def encode(self) -> None:
        """Have a worker encode whatever frames have no vector.

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

    def close(self) -> None:
        """Let go of the connection. May be called twice."""


class NoDispatcher:
    """The dispatcher of a catalogue without a broker: says so when there is something to send."""

    def analyse(self, asset_id: int) -> None:
        """Refuse."""
        _refuse(f"asset {asset_id} stays due")

    def encode(self) -> None:
        """Refuse."""
        _refuse("the frames stay due")

    def proxy(self, asset_id: int) -> None:
        """Refuse."""
        _refuse(f"the proxy of asset {asset_id} stays due")

    def close(self) -> None:
        """There is nothing to let go of."""


def _refuse(what_stays: str) -> NoReturn:
    raise BrokerUnavailableError(
        f"There is no broker to wake workers with; {what_stays}.",
        remedy="Set CATALOG_BROKER_URL (redis://host:6379/0) and start workers, "
        "or do the work here and now with `catalog ingest`.",
    )
