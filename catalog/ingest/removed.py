"""Assets that are removed while somebody is at work on them: nothing of the work is left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from catalog.db.engine import Database
from catalog.errors import CatalogError
from catalog.media.frame_store import FrameStore, delete_files_of
from catalog.store import assets


@contextmanager
def nothing_left_if_removed(
    database: Database, store: FrameStore, fingerprint: str, error: Exception | None = None
) -> Iterator[None]:
    """If the block trips over the removal of its asset, delete what it has made of it.

    Then ``error`` is raised, if it is given, in the place of what the block has raised.
    """
    try:
        yield
    except BaseException as raised:
        if not _is_removed(database, fingerprint):
            raise
        delete_files_of(store, fingerprint)
        if error is None or not isinstance(raised, Exception):
            raise
        raise error from raised


def _is_removed(database: Database, fingerprint: str) -> bool:
    """Whether no asset has the content any more, so far as the database can be asked."""
    with suppress(CatalogError), database.session() as session:
        return not assets.is_known(session, fingerprint)
    return False
