"""A-roll: speech that says what a line says, by its words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_
from sqlalchemy.orm import Session

from catalog.db.models import Asset
from catalog.domain.script import Line
from catalog.recommend.found import Found
from catalog.recommend.words import Had, Index, shares
from catalog.store import proposals
from catalog.store.visibility import actor_of, visible_to

DEPTH = 40
_MOST_CLIPS = 3_000
_MOST_ASSETS = 1_000
# A name in the asset's title says who speaks; what is said counts more.
_ASSET = 0.5
# Who has less than this of a line's weight does not say it.
_LEAST = 0.15


@dataclass(slots=True)
class Spoken:
    """Finds speech for lines, under one set of conditions."""

    session: Session
    allowed: ColumnElement[bool]

    def found(self, lines: Sequence[Line]) -> dict[int, list[Found]]:
        """For each line by its number the speech that has its words."""
        words = sorted({term.text for line in lines for term in line.terms})
        said = Index(proposals.count_speech(self.session), words)
        asset_of: dict[int, int] = {}
        for place, clip, asset in proposals.speech_with(
            self.session, words, self.allowed, _MOST_CLIPS
        ):
            said.add(place, clip)
            asset_of[clip] = asset
        visible = and_(visible_to(actor_of(self.session)), Asset.kind.is_not(None))
        about = Index(proposals.count_assets(self.session), words)
        for place, asset in proposals.assets_with(self.session, words, visible, _MOST_ASSETS):
            about.add(place, asset)
        return {line.number: self._of(line, said, about, asset_of) for line in lines}

    @staticmethod
    def _of(line: Line, said: Index, about: Index, asset_of: dict[int, int]) -> list[Found]:
        assets = shares(line, [about])
        found = []
        for clip, had in shares(line, [said]).items():
            both = _with_asset(had, assets.get(asset_of[clip]))
            if both.share < _LEAST:
                continue
            found.append(Found(clip, asset_of[clip], None, None, both, fit=both.share))
        found.sort(key=lambda each: (-each.fit, each.clip))
        return found[:DEPTH]


def _with_asset(had: Had, about: Had | None) -> Had:
    if about is None:
        return had
    words = tuple(dict.fromkeys((*had.words, *about.words)))
    return Had(min(1.0, round(had.share + _ASSET * about.share, 6)), words)
