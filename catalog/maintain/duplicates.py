"""Duplicates: other encodings, sizes, containers and trimmed versions of the same essence.

Candidates share shots that look alike (``candidates``). Each pair of them is then
laid over one another (``overlay``): the shift in time at which most pictures agree,
how much of the two it covers, and whether the pictures agree point by point, which
another take of the same scene does not.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session

from catalog.db.engine import Database
from catalog.db.models import Asset, Clip
from catalog.domain.progress import Progress
from catalog.domain.query import parse
from catalog.maintain.candidates import Candidates, Shots, find_candidates
from catalog.maintain.overlay import Overlay, Pictures, overlay
from catalog.media.frame_store import FrameStore
from catalog.store import duplicates as store
from catalog.store import filters, vectors
from catalog.store.visibility import visible_to

_TOGETHER = 50  # pairs whose frames are read at once
_KEPT_FRAMES = 50_000  # frames of assets that further pairs may need


def find_duplicates(
    database: Database, frames: FrameStore, query: str, progress: Progress, *, near: bool = False
) -> dict[str, Any]:
    """Groups of assets that are versions of the same essence, and how they differ.

    With ``near`` also trimmed versions and excerpts. ``compared`` counts the
    pairs that were looked at closely, ``left_out`` those that would have been
    if there were not so many.

    Raises
    ------
    InvalidQueryError
        If the query does not parse.
    """
    root = parse(query).root
    with database.session() as session:
        encoder = vectors.active_encoder(session)
    if encoder is None:
        return {"groups": [], "compared": 0, "left_out": 0}
    chosen = (
        select(Asset.id)
        .outerjoin(Clip, and_(Clip.asset_id == Asset.id, Clip.kind == "shot"))
        .where(filters.condition(root, words_exclude=True), filters.versions_wanted(root))
        .where(visible_to(database.actor))
    )
    candidates = _candidates(database, encoder.id, chosen, progress)
    pictures, timelines = Pictures(frames), _Timelines(database, encoder.id)
    found: dict[tuple[int, int], Overlay] = {}
    together, compared = _Together(), 0
    progress.begin("comparing", len(candidates.pairs), "pairs")
    for at in range(0, len(candidates.pairs), _TOGETHER):
        pairs = [p for p in candidates.pairs[at : at + _TOGETHER] if not together.joined(*p)]
        for one, other in timelines.fetched(pairs):
            if together.joined(one, other):
                continue  # versions of a third: how these two compare changes no group
            compared += 1
            laid = overlay(timelines[one], timelines[other], pictures)
            if laid is not None and (near or laid.whole):
                found[one, other] = laid
                together.join(one, other)
        progress.advance("comparing", len(candidates.pairs[at : at + _TOGETHER]))
    progress.end("comparing")
    with database.session() as session:
        about = store.described(session, sorted({asset for pair in found for asset in pair}))
    return {
        "groups": list(_groups(together, found, about)),
        "compared": compared,
        "left_out": candidates.left_out,
    }


def _candidates(
    database: Database, encoder_id: int, chosen: Select[int], progress: Progress
) -> Candidates:
    wanted = Asset.id.in_(chosen)

    def vectors_of(ids: np.ndarray) -> np.ndarray:
        with database.session() as session:
            return store.vectors_of(session, encoder_id, ids)

    def parts(session: Session) -> Iterator[Shots]:
        for part in store.shots(session, encoder_id, wanted):
            yield Shots(*part)
            progress.advance("reading", len(part[0]))

    with database.session() as session:
        progress.begin("reading", store.count_shots(session, wanted), "shots")
        found = find_candidates(parts(session), vectors_of)
    progress.end("reading")
    return found


class _Timelines:
    """Timelines of assets, read for many pairs at once; those used last are kept."""

    def __init__(self, database: Database, encoder_id: int) -> None:
        self._database, self._encoder_id = database, encoder_id
        self._kept: OrderedDict[int, store.Timeline] = OrderedDict()

    def __getitem__(self, asset_id: int) -> store.Timeline:
        return self._kept[asset_id]

    def fetched(self, pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """Have the timelines of these pairs; those that there are timelines of."""
        needed = {asset for pair in pairs for asset in pair}
        for asset in needed & self._kept.keys():
            self._kept.move_to_end(asset)
        missing = sorted(needed - self._kept.keys())
        if missing:
            with self._database.session() as session:
                self._kept |= store.timelines(session, self._encoder_id, missing)
        held = sum(len(timeline.at) for timeline in self._kept.values())
        while held > _KEPT_FRAMES and next(iter(self._kept)) not in needed:
            held -= len(self._kept.popitem(last=False)[1].at)
        return [pair for pair in pairs if all(asset in self._kept for asset in pair)]


class _Together:
    """Assets that hang together, by way of others too."""

    def __init__(self) -> None:
        self._head: dict[int, int] = {}

    def leader(self, asset: int) -> int:
        """The one that stands for all that hang together with this."""
        while (head := self._head.get(asset, asset)) != asset:
            self._head[asset] = self._head.get(head, head)
            asset = head
        return asset

    def joined(self, one: int, other: int) -> bool:
        """Whether they hang together."""
        return self.leader(one) == self.leader(other)

    def join(self, one: int, other: int) -> None:
        """Have them hang together."""
        self._head[self.leader(other)] = self.leader(one)


def _groups(
    together: _Together,
    found: dict[tuple[int, int], Overlay],
    about: dict[int, dict[str, Any]],
) -> Iterator[dict[str, Any]]:
    """Assets that hang together, the best version of each group first."""
    members, laid_of = defaultdict(list), defaultdict(list)
    for asset in sorted({asset for pair in found for asset in pair}):
        # One that was removed meanwhile is no version of anything any more.
        if asset in about:
            members[together.leader(asset)].append(about[asset])
    for pair, laid_over in found.items():
        laid_of[together.leader(pair[0])].append(laid_over)
    for leader, group in members.items():
        if len(group) < 2:
            continue
        group.sort(key=_best_first)
        laid = laid_of[leader]
        yield {
            "score": round(min(each.score for each in laid), 4),
            "kind": "duplicate" if all(each.whole for each in laid) else "near",
            "differs": _differs(group),
            "assets": group,
        }


def _best_first(asset: dict[str, Any]) -> tuple[int, int, int]:
    pixels = (asset["width"] or 0) * (asset["height"] or 0)
    return -pixels, -asset["size_bytes"], asset["id"]


def _differs(group: Sequence[dict[str, Any]]) -> list[str]:
    names = ("width", "height", "codec", "container", "duration", "size_bytes", "start_timecode")

    def plain(value: object) -> object:
        return round(value, 1) if isinstance(value, float) else value

    return [name for name in names if len({plain(asset[name]) for asset in group}) > 1]
