"""A-roll: speech that says what a line says, by its words and by what they mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import ColumnElement, and_
from sqlalchemy.orm import Session

from catalog.db.models import Asset
from catalog.domain.script import Line
from catalog.domain.together import AT_ONCE, READING, said_often
from catalog.recommend.found import Found
from catalog.recommend.meant import Means, Meant
from catalog.recommend.words import Had, Index, Shares, shares
from catalog.store import proposals
from catalog.store.search.deciding import set_locally
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
    queries: Mapping[str, str | None]
    """The lines' words as `proposals.word_queries` reads them."""
    meant: Meant | None = None

    def found(self, lines: Sequence[Line]) -> dict[int, list[Found]]:
        """For each line by its number the speech that has its words, or means them."""
        words = sorted({term.text for line in lines for term in line.terms})
        lines_said, assets = (
            count(self.session) for count in (proposals.count_speech, proposals.count_assets)
        )
        asked = [self.queries[word] for word in words]
        often = said_often(len(words), _MOST_CLIPS, lines_said, assets)
        set_locally(self.session, AT_ONCE if often else READING)
        having = proposals.speech_with(self.session, asked, self.allowed, _MOST_CLIPS)
        set_locally(self.session, READING)
        said = Index(lines_said, words, having)
        visible = and_(visible_to(actor_of(self.session)), Asset.kind.is_not(None))
        of_assets = proposals.assets_with(self.session, asked, visible, _MOST_ASSETS)
        about = Index(assets, words, of_assets)
        asset_of = _Assets.of(having)
        near = self.meant.found(self.session, lines, self.allowed) if self.meant else {}
        return {
            line.number: _of(line, said, about, asset_of, near.get(line.number, ()))
            for line in lines
        }


@dataclass(frozen=True, slots=True)
class _Assets:
    """The asset of each clip; the clips are in order."""

    clips: np.ndarray
    assets: np.ndarray

    @classmethod
    def of(cls, having: np.ndarray) -> _Assets:
        """As `proposals.speech_with` tells them."""
        clips, places = np.unique(having[:, 1], return_index=True)
        return cls(clips, having[places, 2])

    def those(self, clips: np.ndarray) -> np.ndarray:
        """The assets of some of these clips."""
        found: np.ndarray = self.assets[np.searchsorted(self.clips, clips)]
        return found

    def by_clip(self, clips: Iterable[int]) -> dict[int, int]:
        """The same, each by its clip."""
        wanted = np.fromiter(clips, dtype=np.int64)
        return dict(zip(wanted.tolist(), self.those(wanted).tolist(), strict=True))


def _of(
    line: Line, said: Index, about: Index, asset_of: _Assets, near: Sequence[Means]
) -> list[Found]:
    means = {each.clip: each for each in near}
    spoken = _in_words(shares(line, said), shares(line, about), asset_of, means)
    assets = asset_of.by_clip(spoken) | {each.clip: each.asset for each in near}
    found = []
    for clip in sorted(spoken.keys() | means.keys()):
        words, meaning = spoken.get(clip), means.get(clip)
        # Each by itself would do; both together are surer.
        unlike = (1 - (words.share if words else 0.0)) * (1 - (meaning.share if meaning else 0.0))
        cosine = None if meaning is None else meaning.cosine
        found.append(Found(clip, assets[clip], cosine, None, words, fit=round(1 - unlike, 6)))
    found.sort(key=lambda each: (-each.fit, each.clip))
    return found[:DEPTH]


def _in_words(
    said: Shares, about: Shares, asset_of: _Assets, means: Mapping[int, Means]
) -> dict[int, Had]:
    """The speech that has most of a line's words, and what that which means it has of them."""
    beside = about.share_of(asset_of.those(said.things))
    both = np.minimum(1.0, np.round(said.shares + _ASSET * beside, 6))
    order = np.lexsort((said.things, -both))[:DEPTH]
    meant = np.isin(said.things, np.fromiter(means, dtype=np.int64, count=len(means)))
    places = np.union1d(order[both[order] >= _LEAST], np.flatnonzero(meant))
    had = said.had(places)
    of_clip = asset_of.by_clip(had)
    assets = about.of(set(of_clip.values()))
    return {clip: _with_asset(mine, assets.get(of_clip[clip])) for clip, mine in had.items()}


def _with_asset(had: Had, about: Had | None) -> Had:
    if about is None:
        return had
    words = tuple(dict.fromkeys((*had.words, *about.words)))
    return Had(min(1.0, round(had.share + _ASSET * about.share, 6)), words)
