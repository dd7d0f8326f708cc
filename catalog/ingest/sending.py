"""Tell workers of assets, and note that they were told, so that nobody tells them too often."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from catalog.db.engine import Database
from catalog.errors import BrokerUnavailableError
from catalog.store import service


def tell_if_due(
    database: Database,
    name: str,
    asset_ids: Sequence[int],
    send: Callable[[int], None],
    *,
    untold: bool = False,
) -> list[int]:
    """Tell workers of those of these assets that wait for the stage; which those are.

    With ``untold`` not of those of which they were told before.

    Raises
    ------
    BrokerUnavailableError
        If workers cannot be told. What they were not told of stays due.
    """
    if not asset_ids:
        return []
    with database.session() as session:
        due = service.note_sent(session, asset_ids, name, untold=untold)
    tell(database, name, due, send)
    return due


def tell(
    database: Database, name: str, asset_ids: Sequence[int], send: Callable[[int], None]
) -> None:
    """Tell workers of these assets, already noted as sent; what cannot be sent is noted so.

    Raises
    ------
    BrokerUnavailableError
        If workers cannot be told.
    """
    for at, asset_id in enumerate(asset_ids):
        try:
            send(asset_id)
        except BrokerUnavailableError:
            with database.session() as session:
                service.note_unsent(session, asset_ids[at:], name)
            raise
