"""What happens in the catalogue, as it happens."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

from catalog.api.base import OpenCatalog
from catalog.db.notices import listening
from catalog.store import jobs
from catalog.store.announcements import CHANNEL
from catalog.store.visibility import seen


class EventVerbs(OpenCatalog):
    """The verbs of whoever waits for something."""

    def events(self, stop: threading.Event) -> Iterator[list[dict[str, Any]]]:
        """Assets that became ready or failed, some at a time, until ``stop`` is set.

        The first list is empty, and says that from now on nothing is missed. An event is
        ``{"asset": id, "state": "ready" or "failed", "code": …}``; see `seen_events` for
        whom to tell.

        Raises
        ------
        DatabaseUnavailableError
            If the database goes away.
        """
        with listening(self.database, CHANNEL) as listener:
            yield []
            while said := listener.wait(stop):
                yield [json.loads(each) for each in said]

    def seen_events(self, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Those of these events that whoever uses this catalogue may know of."""
        if not self.database.actor.limited:
            return events
        with self.database.session() as session:
            visible = set(seen(session, [each["asset"] for each in events]))
        return [each for each in events if each["asset"] in visible]

    def progress(self) -> dict[str, dict[str, int]]:
        """How many assets are in which state of each stage, of those that are seen."""
        with self.database.session() as session:
            return jobs.count_states(session)
