"""A-roll: speech that says what a line says, by its words and by what they mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import ColumnElement, and_
from sqlalchemy.orm import Session

from catalog.db.models import Asset
from catalog.domain.script import Line
from catalog.recommend.found import Found
from catalog.recommend.meant import Means, Meant
from catalog.recommend.words import Had, Index, Shares, shares
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
    meant: Meant | None = None

    def found(self, lines: Sequence[Line]) -> dict[int, list[Found]]:
        """For each line by its number the speech that has its words, or means them."""
        words = sorted({term.text for line in lines for term in line.terms})
        having = proposals.speech_with(self.session, words, self.allowed, _MOST_CLIPS)
        said = Index(proposals.count_speech(self.session), words, having)
        visible = and_(visible_to(actor_of(self.session)), Asset.kind.is_not(None))
        of_assets = proposals.assets_with(self.session, words, visible, _MOST_ASSETS)
        about = Index(proposals.count_assets(self.session), words, of_assets)
        asset_of = dict(zip(having[:, 1].tolist(), having[:, 2].tolist(), strict=True))
        near = self.meant.found(self.session, lines, self.allowed) if self.meant else {}
        return {
            line.number: _of(line, said, about, asset_of, near.get(line.number, ()))
            for line in lines
        }


def _of(
    line: Line, said: Index, about: Index, asset_of: Mapping[int, int], near: Sequence[Means]
) -> list[Found]:
    means = {each.clip: each for each in near}
    spoken = _in_words(shares(line, said), shares(line, about), asset_of, means)
    found = []
    for clip in sorted(spoken.keys() | means.keys()):
        words, meaning = spoken.get(clip), means.get(clip)
        # Each by itself would do; both together are surer.
        unlike = (1 - (words.share if words else 0.0)) * (1 - (meaning.share if meaning else 0.0))
        cosine = None if meaning is None else meaning.cosine
        asset = asset_of[clip] if meaning is None else meaning.asset
        found.append(Found(clip, asset, cosine, None, words, fit=round(1 - unlike, 6)))
    found.sort(key=lambda each: (-each.fit, each.clip))
    return found[:DEPTH]


def _in_words(
    said: Shares, about: Shares, asset_of: Mapping[int, int], means: Mapping[int, Means]
) -> dict[int, Had]:
    """The speech that has most of a line's words, and what that which means it has of them."""
    clips = said.things.tolist()
    of_assets = dict(zip(about.things.tolist(), about.shares.tolist(), strict=True))
    beside = np.array([of_assets.get(asset_of[clip], 0.0) for clip in clips])
    both = np.minimum(1.0, np.round(said.shares + _ASSET * beside, 6))
    order = np.lexsort((said.things, -both))[:DEPTH]
    meant = np.isin(said.things, np.fromiter(means, dtype=np.int64, count=len(means)))
    places = np.union1d(order[both[order] >= _LEAST], np.flatnonzero(meant))
    had = said.had(places)
    assets = about.of({asset_of[clip] for clip in had})
    return {clip: _with_asset(mine, assets.get(asset_of[clip])) for clip, mine in had.items()}


def _with_asset(had: Had, about: Had | None) -> Had:
    if about is None:
        return had
    words = tuple(dict.fromkeys((*had.words, *about.words)))
    return Had(min(1.0, round(had.share + _ASSET * about.share, 6)), words)
