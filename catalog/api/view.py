"""What a person looks at: a shot within its film, and how well each part of it matches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from catalog.api.find import FindVerbs
from catalog.domain.query import Query, parse
from catalog.maintain import assets as maintained
from catalog.search import kept_pictures
from catalog.search.checking import MAX_LIMIT
from catalog.store.visibility import clip_asset


class ViewVerbs(FindVerbs):
    """The verbs of a player."""

    def view(self, clip: int) -> dict[str, Any]:
        """The asset that a clip is of, as `show` tells it, with the ``clip`` itself.

        Raises
        ------
        NotFoundError
            If there is no such clip.
        """
        with self.database.session() as session:
            asset = clip_asset(session, clip)
        body = maintained.show(self.database, self.store, asset)
        chosen = next((each for each in body["clips"] if each["id"] == clip), None)
        return {"asset": body, "clip": chosen or body["clips"][0]}

    def scores(
        self,
        query: str,
        asset: int,
        *,
        image: object = None,
        like: object = None,
        not_: object = None,
    ) -> dict[int, float]:
        """How well each shot of one asset matches: the cosine by clip; empty if nothing ranks.

        It is empty too where moments of sound are asked for. Filters of the query count: a shot
        that they leave out has no score.

        Raises
        ------
        InvalidQueryError, InvalidInputError, NotFoundError
            As `search`.
        """
        asked = parse(query, sounds=True)
        if asked.sound is not None:
            return {}
        root = asked.root
        words = "" if root is None else f"({Query(root).to_text()}) "
        found = self.search(
            f"{words}id:{asset}",
            image=image,
            like=like,
            not_=not_,
            keep_examples=True,
            limit=MAX_LIMIT,
            all_=True,
        )
        scored = ((hit.clip, hit.cosine) for hit in found.hits)
        return {clip["id"]: cosine for clip, cosine in scored if clip and cosine is not None}

    def keep_picture(self, content: bytes) -> str:
        """Keep a picture to search by; the name that `kept_picture` finds it under.

        It is decoded where it can do no harm, and kept as a small JPEG under
        ``CATALOG_HOME/pictures``; the thousand newest are.

        Raises
        ------
        MediaError
            If it is no picture that can be decoded.
        """
        return kept_pictures.keep(self._pictures, self.decoders, content)

    def kept_picture(self, name: str) -> Path:
        """The file of a picture that was kept.

        Raises
        ------
        NotFoundError
            If it is not there, or no more.
        """
        return kept_pictures.kept(self._pictures, name)

    @property
    def _pictures(self) -> Path:
        return self.settings.home / "pictures"
