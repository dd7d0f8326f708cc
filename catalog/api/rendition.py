"""Renditions: what is made of assets for people to see and hear."""

from __future__ import annotations

from catalog.api.base import OpenCatalog
from catalog.maintain import assets as maintained


class RenditionVerbs(OpenCatalog):
    """The verbs that make what people look at."""

    def poster(self, clip: int, frame: int) -> None:
        """Let this frame stand for its clip wherever one picture must, until a new analysis.

        Raises
        ------
        NotFoundError
            If the clip has no such frame.
        """
        maintained.poster(self.database, clip, frame)
