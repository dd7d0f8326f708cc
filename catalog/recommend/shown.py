"""B-roll: shots that show what a line speaks of, without speech over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy import ColumnElement, and_
from sqlalchemy.orm import Session

from catalog.db.models import Asset
from catalog.domain.confidence import standing_out
from catalog.domain.plan import Library, taken
from catalog.domain.script import Line
from catalog.domain.together import READING, walks_for_each
from catalog.recommend.best import Best
from catalog.recommend.found import Background, Found
from catalog.recommend.words import Had, Index, shares
from catalog.search.planning import plan_of
from catalog.store import centres, proposals
from catalog.store.centres import Sizes
from catalog.store.search import Meaning, Nearest, SearchParts
from catalog.store.search.deciding import set_locally
from catalog.store.shots_for_lines import (
    Lines,
    Near,
    kept_vectors,
    met_on_a_walk,
    nearest_named,
    nearest_of,
)
from catalog.store.streams import singles
from catalog.store.vectors import EncoderRow
from catalog.store.visibility import actor_of, visible_to

DEPTH = 40
"""Shots looked at for each line: its neighbours may want the same ones."""

_ENOUGH = 12
# What texts say counts half as much as what the picture shows.
_WORDS = 0.5
# A shot that ends before its line does is second choice.
_TOO_SHORT = 0.5
_MOST_ASSETS = 1_000
_MOST_SHOTS = 2_000
_NAMED_ASSETS, _NAMED_SHOTS = 20, 60
_SAMPLE_PAGES = 100


@dataclass(slots=True)
class Shown:
    """Finds shots for lines, under one encoder and one set of conditions."""

    session: Session
    encoder: EncoderRow
    allowed: ColumnElement[bool]
    queries: Mapping[str, str | None]
    """The lines' words as `proposals.word_queries` reads them."""

    def found(
        self, lines: Sequence[Line], vectors: Mapping[int, np.ndarray]
    ) -> dict[int, list[Found]]:
        """For each line by its number the shots that show it; ``vectors`` are the lines'."""
        where = and_(self.allowed, proposals.without_speech())
        size = centres.sizes(self.session, self.encoder.id, self.encoder.dimension)
        percent = min(100.0, 100.0 * _SAMPLE_PAGES / max(size.centre_pages, 1))
        dimension = self.encoder.dimension
        sample = proposals.sampled_vectors(self.session, self.encoder.id, dimension, percent)
        if sample is None:
            return {}
        asked = Lines(
            self.encoder.id,
            np.stack([vectors[line.number] for line in lines]).astype(np.float32),
            [line.seconds for line in lines],
        )
        background = Background.of(sample, asked.vectors, size.centres)
        named = _Named.of(self.session, lines, self.queries)
        near = self._near(where, asked, size)
        also = named.nearest(self.session, asked, where)
        found = {}
        for at, line in enumerate(lines):
            rows = near[at]
            for clip, asset, cosine in also[at]:
                rows.setdefault(clip, (asset, cosine, True))
            found[line.number] = _weighed(
                [
                    Found(clip, asset, cosine, None, named.had(at, asset, clip), enough)
                    for clip, (asset, cosine, enough) in rows.items()
                ],
                background[at],
            )
        return found

    def _near(self, where: ColumnElement[bool], asked: Lines, size: Sizes) -> list[_Rows]:
        """For each line the shots nearest to it, those that last as long before others."""
        nearest = self._way(where, asked, size)
        if nearest is None:
            lasting, short = self._compared(where, asked, taken(DEPTH, size.centres))
        else:
            lasting, short = self._walked(where, asked, nearest)
            set_locally(self.session, READING)
        near = _by_line(nearest_of(self.session, asked, lasting, DEPTH), len(asked.seconds))
        rows: list[_Rows] = [
            {clip: (asset, cosine, True) for clip, asset, cosine in of} for of in near
        ]
        few = {at for at, of in enumerate(near) if len(of) < _ENOUGH}
        if few:
            wanted = [pair for pair in short if pair[0] in few]
            others = _by_line(nearest_of(self.session, asked, wanted, DEPTH), len(near))
            for at in few:
                of_any_length = sorted([*near[at], *others[at]], key=lambda row: (-row[2], row[0]))
                for clip, asset, cosine in of_any_length[:DEPTH]:
                    rows[at].setdefault(clip, (asset, cosine, False))
        return rows

    def _way(self, where: ColumnElement[bool], asked: Lines, size: Sizes) -> Nearest | None:
        """How the graph is walked, or None: everything that is kept is compared with all lines.

        Chosen once, by the line in the middle.
        """
        middle = asked.vectors[len(asked.vectors) // 2]
        parts = SearchParts(where, None, Meaning(self.encoder.id, middle, None), DEPTH)
        plan, chosen = plan_of(self.session, parts, self.encoder, filtered=True)
        library = Library(size.frames, size.centres, size.graph, self.encoder.dimension)
        walks = walks_for_each(plan, library, len(asked.seconds))
        if walks:
            set_locally(self.session, plan.settings)
            return chosen.nearest
        return None

    def _compared(
        self, where: ColumnElement[bool], asked: Lines, most: int
    ) -> tuple[_Pairs, _Pairs]:
        """Of each line the shots with the nearest centres, of those that last and of others."""
        seconds = np.asarray(asked.seconds)
        lasting, short = (Best(len(seconds), most) for _ in range(2))
        for rows in kept_vectors(self.session, asked, where):
            cosines = asked.vectors @ singles(rows["vector"]).T
            clips = np.stack([rows["clip"], rows["asset"]], axis=1).astype(np.int64)
            lasts = _lasts(rows, seconds)
            lasting.meet(clips, cosines, lasts)
            if lasts is not None:
                short.meet(clips, cosines, ~lasts)
        return _pairs(lasting), _pairs(short)

    def _walked(
        self, where: ColumnElement[bool], asked: Lines, nearest: Nearest
    ) -> tuple[_Pairs, _Pairs]:
        """The same, by the graph."""
        lasting: _Pairs = []
        short: _Pairs = []
        for at, (vector, seconds) in enumerate(zip(asked.vectors, asked.seconds, strict=True)):
            long_enough = and_(where, proposals.lasts(seconds))
            mine = met_on_a_walk(self.session, asked.encoder_id, vector, long_enough, nearest)
            lasting += [(at, clip) for clip in mine]
            if len(mine) < _ENOUGH:
                every = met_on_a_walk(self.session, asked.encoder_id, vector, where, nearest)
                short += [(at, clip) for clip in every if clip not in mine]
        return lasting, short


_Pairs = list[tuple[int, int]]
_Rows = dict[int, tuple[int, float, bool]]
"""By clip: its asset, the cosine, and whether it lasts as long as the line."""


def _lasts(rows: np.ndarray, seconds: np.ndarray) -> np.ndarray | None:
    """Whether each lasts as long as each line, ``(lines, n)``; None: all last as long as any."""
    length, scale = (rows[name].astype(np.float64) for name in ("length", "scale"))
    if (length >= seconds.max() * scale).all():
        return None
    lasts: np.ndarray = length >= seconds[:, None] * scale
    return lasts


def _pairs(best: Best) -> _Pairs:
    """Each line and its clips; one that has several centres comes once."""
    lines, clips, cosines = best.found()
    there = np.isfinite(cosines)
    pairs = zip(lines[there].tolist(), clips[there, 0].tolist(), strict=True)
    return list(dict.fromkeys(pairs))


def _by_line(near: Sequence[Near], lines: int) -> list[list[tuple[int, int, float]]]:
    found: list[list[tuple[int, int, float]]] = [[] for _ in range(lines)]
    for line, clip, asset, cosine in near:
        found[line].append((clip, asset, cosine))
    return found


@dataclass(frozen=True, slots=True)
class _Named:
    """Of each line by its place the assets and shots whose texts have most of its words."""

    assets: Sequence[Mapping[int, Had]]
    shots: Sequence[Mapping[int, Had]]

    @classmethod
    def of(
        cls, session: Session, lines: Sequence[Line], queries: Mapping[str, str | None]
    ) -> _Named:
        words = sorted({term.text for line in lines for term in line.terms})
        asked = [queries[word] for word in words]
        visible = and_(visible_to(actor_of(session)), Asset.kind.is_not(None))
        number = proposals.count_assets(session)
        assets = Index(number, words, proposals.assets_with(session, asked, visible, _MOST_ASSETS))
        shots = Index(number, words, proposals.shots_with(session, asked, visible, _MOST_SHOTS))
        return cls(
            [shares(line, assets).most(_NAMED_ASSETS) for line in lines],
            [shares(line, shots).most(_NAMED_SHOTS) for line in lines],
        )

    def nearest(
        self, session: Session, asked: Lines, where: ColumnElement[bool]
    ) -> list[list[tuple[int, int, float]]]:
        """Of these shots those nearest to each line, by its place."""
        assets = [(at, asset) for at, of in enumerate(self.assets) for asset in of]
        shots = [(at, clip) for at, of in enumerate(self.shots) for clip in of]
        if not assets and not shots:
            return [[] for _ in self.assets]
        near = nearest_named(session, asked, where, assets, shots, _ENOUGH)
        return _by_line(near, len(self.assets))

    def had(self, at: int, asset: int, clip: int) -> Had | None:
        """What the texts of a shot, or of its asset, have of a line: the better of the two."""
        return _either(self.assets[at].get(asset), self.shots[at].get(clip))


def _either(one: Had | None, other: Had | None) -> Had | None:
    if one is None or other is None:
        return one or other
    return max(one, other, key=lambda had: had.share)


def _weighed(found: Sequence[Found], background: Background) -> list[Found]:
    """With how well each fits, of those there are for the line."""
    best = max((each.cosine for each in found if each.cosine is not None), default=0.0)
    some_named = any(each.had is not None for each in found)
    weighed = []
    for each in found:
        cosine = -1.0 if each.cosine is None else each.cosine
        fit = background.share(cosine, best)
        if some_named:
            had = 0.0 if each.had is None else each.had.share
            fit = (fit + _WORDS * had) / (1 + _WORDS)
        sure = standing_out(cosine, background.mean, background.spread, background.size)
        weighed.append(
            replace(
                each,
                fit=round(fit if each.long_enough else _TOO_SHORT * fit, 6),
                confidence=None if sure is None else round(sure, 4),
            )
        )
    return weighed
