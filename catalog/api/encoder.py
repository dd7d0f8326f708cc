"""The verbs of ``catalog encoder``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from catalog.domain.progress import Progress, Silent
from catalog.maintain.encoders import Encoders
from catalog.media.frame_store import FrameStore


class EncoderVerbs:
    """``catalog.encoder.list()`` and ``catalog.encoder.activate(name)``."""

    def __init__(self, encoders_of: Encoders, store: FrameStore) -> None:
        self._encoders = encoders_of
        self._store = store

    def list(self) -> list[dict[str, Any]]:
        """Every encoder of the catalogue, with its vectors and what it still lacks."""
        return self._encoders.list()

    def activate(self, name: str, *, progress: Progress | None = None) -> dict[str, Any]:
        """Give every frame a vector of this encoder, then let it answer searches.

        Raises
        ------
        UnknownEncoderError, EncoderUnavailableError
            If there is no such encoder or its weights are not to be had.
        """
        return self._encoders.activate(name, self._store, progress or Silent())

    def index(self, *, progress: Progress | None = None) -> Sequence[dict[str, Any]]:
        """Build the graphs of large libraries, where they are due; what was built.

        Ingesting and activating do so too. Others may search and ingest meanwhile,
        and searches are as right without, only slower.
        """
        return self._encoders.index(progress or Silent())
