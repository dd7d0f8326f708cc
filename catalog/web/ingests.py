"""Ingests that people have the server do: pages and API ask for the same, and are told of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Depends, Request

from catalog.api import Catalog
from catalog.domain.labels import clean_label
from catalog.web.access import OpenCatalog
from catalog.web.events import Hub
from catalog.web.runs import Runs


class Ingests:
    """Asks for them in the name of whoever asks."""

    def __init__(self, catalog: Catalog, runs: Runs, hub: Hub) -> None:
        self._catalog, self._runs, self._hub = catalog, runs, hub

    def begin(
        self, paths: Sequence[str], collection: str | None = None, tags: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Take in files and folders below roots.

        Where there are workers they do it; else the server does, one ingest after the other.

        Raises
        ------
        CatalogError
            If a path lies below no root, or a label cannot be kept.
        """
        catalog = self._catalog
        held = [str(catalog.root.holding(path)) for path in paths]
        labels: dict[str, Any] = {
            "collection": None if collection is None else clean_label(collection, "collection"),
            "tags": [clean_label(tag, "tag") for tag in tags],
        }
        do = catalog.hand_over if catalog.has_workers else catalog.ingest
        return self._runs.start(
            {"paths": held, "where": "workers" if catalog.has_workers else "here"},
            catalog.actor.name,
            lambda progress: do(*held, progress=progress, **labels).as_json(),
            lambda told: self._hub.publish("ingest", told),
        )

    def list(self) -> list[dict[str, Any]]:
        """What was asked for since the server was started, the latest first."""
        return self._runs.list()

    def get(self, ingest: str) -> dict[str, Any]:
        """One of them.

        Raises
        ------
        NotFoundError
            If it is not, or no longer, known.
        """
        return self._runs.get(ingest)

    def cancel(self, ingest: str) -> dict[str, Any]:
        """Break one off; see `Runs.cancel`."""
        return self._runs.cancel(ingest, self._catalog.actor.name)


def _ingests(request: Request, catalog: OpenCatalog) -> Ingests:
    runs, hub = request.app.state.runs, request.app.state.hub
    assert isinstance(runs, Runs)  # noqa: S101  # create_app has put them there
    assert isinstance(hub, Hub)  # noqa: S101
    return Ingests(catalog, runs, hub)


AskedIngests = Annotated[Ingests, Depends(_ingests)]
