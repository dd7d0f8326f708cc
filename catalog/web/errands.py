"""What administrators have the server do that takes long: encoders, teaching, evaluations.

Pages and API ask for the same; how far it is, both are told from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Depends, Request

from catalog.api import Catalog
from catalog.domain.progress import Progress
from catalog.web.access import OpenCatalog
from catalog.web.events import Hub
from catalog.web.runs import Do, Runs

DATASETS = ("demo", "catalog", "published")
"""What can be measured on that lies nowhere in a folder."""


class Errands:
    """Asks for work in the name of whoever asks."""

    def __init__(self, catalog: Catalog, runs: Runs, hub: Hub) -> None:
        self._catalog, self._runs, self._hub = catalog, runs, hub

    def add(self, name: str) -> dict[str, Any]:
        """Enter an encoder; it is filled by workers, or by `backfill`."""
        return self._start("add", name, lambda _: self._catalog.encoder.add(name))

    def backfill(self, name: str | None) -> dict[str, Any]:
        """Fill an encoder, or all that are being filled, in this server."""
        encoder = self._catalog.encoder
        return self._start("backfill", name, lambda p: encoder.backfill(name, progress=p))

    def activate(self, name: str) -> dict[str, Any]:
        """Let an encoder answer, once it has all its vectors."""
        encoder = self._catalog.encoder
        return self._start("activate", name, lambda p: encoder.activate(name, progress=p))

    def compare(self, one: str, other: str, queries: Sequence[str], limit: int) -> dict[str, Any]:
        """See how far two encoders agree."""

        def do(progress: Progress) -> dict[str, Any]:
            return self._catalog.encoder.compare(
                one, other, queries=queries, limit=limit, progress=progress
            )

        return self._start("compare", f"{one}, {other}", do)

    def evaluate(self, dataset: str, **options: Any) -> dict[str, Any]:  # noqa: ANN401  # as Catalog.evaluate takes them
        """Measure encoders on a dataset: one of `DATASETS`, or a path below a root.

        Raises
        ------
        CatalogError
            If the path lies below no root.
        """
        source = self._source(dataset)

        def do(progress: Progress) -> dict[str, Any]:
            found = self._catalog.evaluate(source, progress=progress, **options)
            return {"kept": found.kept, "notes": list(found.notes), "missing": len(found.missing)}

        return self._start("evaluate", dataset, do)

    def train(
        self,
        dataset: str,
        *,
        keep: str | None = None,
        **options: Any,  # noqa: ANN401  # as Catalog.train takes them
    ) -> dict[str, Any]:
        """Teach an encoder: on what was logged, one of `DATASETS`, or a path below a root.

        Raises
        ------
        CatalogError
            If a path lies below no root.
        """
        source, kept = self._source(dataset), None if keep is None else self._source(keep)

        def do(progress: Progress) -> dict[str, Any]:
            taught = self._catalog.train(source, keep=kept, progress=progress, **options)
            return taught.as_json()

        return self._start("train", options.get("name") or options.get("encoder"), do)

    def list(self) -> list[dict[str, Any]]:
        """All that are kept, the latest first."""
        return self._runs.list()

    def get(self, errand: str) -> dict[str, Any]:
        """One of them.

        Raises
        ------
        NotFoundError
            If it is not, or no longer, known.
        """
        return self._runs.get(errand)

    def cancel(self, errand: str) -> dict[str, Any]:
        """Break one off; see `Runs.cancel`."""
        return self._runs.cancel(errand, self._catalog.actor.name)

    def _source(self, dataset: str) -> str:
        return dataset if dataset in DATASETS else str(self._catalog.root.holding(dataset))

    def _start(self, what: str, name: str | None, do: Do) -> dict[str, Any]:
        about = {"what": what, "of": name}
        return self._runs.start(about, self._catalog.actor.name, do, self._tell)

    def _tell(self, told: dict[str, Any]) -> None:
        # That something goes on, anybody may know; what it is, is for administrators.
        self._hub.publish("errand", {name: told[name] for name in ("id", "state")})


def _errands(request: Request, catalog: OpenCatalog) -> Errands:
    runs, hub = request.app.state.errands, request.app.state.hub
    assert isinstance(runs, Runs)  # noqa: S101  # create_app has put them there
    assert isinstance(hub, Hub)  # noqa: S101
    return Errands(catalog, runs, hub)


AskedErrands = Annotated[Errands, Depends(_errands)]
