"""B-roll: shots that show what a line speaks of, without speech over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy.orm import Session

from catalog.db.models import Asset, Clip
from catalog.domain.confidence import standing_out
from catalog.domain.script import Line
from catalog.recommend.found import Background, Found
from catalog.recommend.words import Had, Index, shares
from catalog.search.planning import plan_of
from catalog.store import centres, proposals
from catalog.store.arrays import among
from catalog.store.search import Meaning, Nearest, SearchParts
from catalog.store.search.deciding import set_locally
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

    def found(
        self, lines: Sequence[Line], vectors: Mapping[int, np.ndarray]
    ) -> dict[int, list[Found]]:
        """For each line by its number the shots that show it; ``vectors`` are the lines'."""
        where = and_(self.allowed, proposals.without_speech())
        size = centres.sizes(self.session, self.encoder.id, self.encoder.dimension)
        percent = min(100.0, 100.0 * _SAMPLE_PAGES / max(size.centre_pages, 1))
        sample = proposals.sampled_vectors(self.session, self.encoder.id, percent)
        if sample is None:
            return {}
        named = _Named.of(self.session, lines)
        nearest = self._way(where, lines, vectors)
        found = {}
        for line in lines:
            background = Background.of(sample, vectors[line.number], size.centres)
            near = self._near(where, line, vectors[line.number], nearest, named)
            found[line.number] = _weighed(near, background)
        return found

    def _way(
        self,
        where: ColumnElement[bool],
        lines: Sequence[Line],
        vectors: Mapping[int, np.ndarray],
    ) -> Nearest | None:
        """How to go about the nearest: chosen once, by the line in the middle."""
        middle = lines[len(lines) // 2]
        parts = self._parts(where, vectors[middle.number])
        plan, chosen = plan_of(self.session, parts, self.encoder, filtered=True)
        set_locally(self.session, plan.settings)
        return chosen.nearest

    def _parts(self, where: ColumnElement[bool], vector: np.ndarray) -> SearchParts:
        return SearchParts(where, None, Meaning(self.encoder.id, vector, None), DEPTH)

    def _near(
        self,
        where: ColumnElement[bool],
        line: Line,
        vector: np.ndarray,
        nearest: Nearest | None,
        named: _Named,
    ) -> list[Found]:
        long_enough = and_(where, proposals.lasts(line.seconds))
        parts = replace(self._parts(long_enough, vector), nearest=nearest)
        rows = {row[0]: (*row, True) for row in proposals.shots_near(self.session, parts)}
        if len(rows) < _ENOUGH:
            any_length = replace(parts, where=where)
            for row in proposals.shots_near(self.session, any_length):
                rows.setdefault(row[0], (*row, False))
        assets, shots = named.of_line(line)
        if assets or shots:
            texts = or_(among(Clip.asset_id, sorted(assets)), among(Clip.id, sorted(shots)))
            for row in proposals.shots_near(
                self.session, replace(self._parts(and_(long_enough, texts), vector), limit=_ENOUGH)
            ):
                rows.setdefault(row[0], (*row, True))
        return [
            Found(clip, asset, cosine, None, _either(assets.get(asset), shots.get(clip)), enough)
            for clip, asset, cosine, enough in rows.values()
        ]


@dataclass(frozen=True, slots=True)
class _Named:
    """Assets and shots whose texts have words of the script."""

    assets: Index
    shots: Index

    @classmethod
    def of(cls, session: Session, lines: Sequence[Line]) -> _Named:
        words = sorted({term.text for line in lines for term in line.terms})
        visible = and_(visible_to(actor_of(session)), Asset.kind.is_not(None))
        assets = Index(proposals.count_assets(session), words)
        for place, asset in proposals.assets_with(session, words, visible, _MOST_ASSETS):
            assets.add(place, asset)
        shots = Index(assets.size, words)
        for place, clip, _ in proposals.shots_with(session, words, visible, _MOST_SHOTS):
            shots.add(place, clip)
        return cls(assets, shots)

    def of_line(self, line: Line) -> tuple[Mapping[int, Had], Mapping[int, Had]]:
        """Those that have most of this line's words."""
        return (
            _most(shares(line, [self.assets]), _NAMED_ASSETS),
            _most(shares(line, [self.shots]), _NAMED_SHOTS),
        )


def _most(had: Mapping[int, Had], number: int) -> dict[int, Had]:
    ordered = sorted(had.items(), key=lambda each: (-each[1].share, each[0]))
    return dict(ordered[:number])


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
