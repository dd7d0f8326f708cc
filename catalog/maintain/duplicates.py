"""Duplicates: other encodings, sizes, containers and trimmed versions of the same essence.

Candidates come from signatures: pictures of an asset's longest shots fall into
buckets by random hyperplanes (Charikar, "Similarity estimation techniques from
rounding algorithms", STOC 2002), and only those that share a bucket are
compared, so the work grows with the library and not with its square. Each
candidate pair is then laid over one another: the shift in time at which most
pictures agree, how much of the two it covers, and whether the pictures agree
point by point, which another take of the same scene does not.
"""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image
from sqlalchemy import and_, select

from catalog.db.engine import Database
from catalog.db.models import Asset, Clip
from catalog.domain.query import parse
from catalog.errors import CatalogError
from catalog.media.frame_store import FrameStore
from catalog.store import duplicates as store
from catalog.store import filters, vectors

_TABLES, _BITS = 24, 20
_FEW = 500  # so few signatures are all compared
_FULLEST = 64  # a bucket of more is of pictures that all look alike, such as one presenter
_MOST_PAIRS = 100_000
_LIKE = 0.93  # cosine of two signatures, and of the frames laid over one another
_SAME_PICTURE = 0.9  # correlation of small pictures, point by point
_WHOLE = 0.95  # share of the longer one that a duplicate covers
_SHORTEST = 0.3  # share of the shorter one that an excerpt must cover, as far as they overlap
_EDGE = 32
_CHECKED = 7


@dataclass(frozen=True, slots=True)
class _Overlay:
    """Two assets laid over one another."""

    score: float
    shift: float
    whole: bool


def find_duplicates(
    database: Database, frames: FrameStore, query: str = "", *, near: bool = False
) -> dict[str, Any]:
    """Groups of assets that are versions of the same essence, and how they differ.

    With ``near`` also trimmed versions and excerpts. ``compared`` counts the
    pairs that were looked at closely.

    Raises
    ------
    InvalidQueryError
        If the query does not parse.
    """
    root = parse(query).root
    chosen = (
        select(Asset.id)
        .outerjoin(Clip, and_(Clip.asset_id == Asset.id, Clip.kind == "shot"))
        .where(filters.condition(root, words_exclude=True), filters.versions_wanted(root))
    )
    with database.session() as session:
        encoder = vectors.active_encoder(session)
        if encoder is None:
            return {"groups": [], "compared": 0}
        owners, signed = store.signatures(session, encoder.id, Asset.id.in_(chosen))
        pairs = _candidates(owners, signed)
        found: dict[tuple[int, int], _Overlay] = {}
        for one, other in pairs:
            rows = store.frames_of(session, encoder.id, [one, other])
            laid = _overlay([r for r in rows if r.asset_id == one],
                            [r for r in rows if r.asset_id == other], frames)  # fmt: skip
            if laid is not None and (near or laid.whole):
                found[one, other] = laid
        about = store.described(session, sorted({asset for pair in found for asset in pair}))
    return {"groups": list(_groups(found, about)), "compared": len(pairs)}


def _candidates(owners: np.ndarray, signed: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of assets with like signatures, the likest first."""
    best: dict[tuple[int, int], float] = {}
    for bucket in _all_buckets(signed):
        cosines = signed[bucket] @ signed[bucket].T
        for one, other in zip(*np.nonzero(np.triu(cosines >= _LIKE, 1)), strict=True):
            low, high = sorted((int(owners[bucket[one]]), int(owners[bucket[other]])))
            if low != high:
                best[low, high] = max(best.get((low, high), 0.0), float(cosines[one, other]))
    return sorted(best, key=lambda pair: (-best[pair], pair))[:_MOST_PAIRS]


def _all_buckets(signed: np.ndarray) -> Iterator[np.ndarray]:
    if len(signed) < 2:
        return
    if len(signed) <= _FEW:
        yield np.arange(len(signed))
        return
    # Around their mean: all pictures of one encoder lie to one side of the origin.
    centred = signed - signed.mean(axis=0)
    rng = np.random.default_rng(7)
    for _ in range(_TABLES):
        planes = rng.standard_normal((signed.shape[1], _BITS)).astype(np.float32)
        yield from _buckets((centred @ planes > 0) @ (1 << np.arange(_BITS)))


def _buckets(codes: np.ndarray) -> Iterator[np.ndarray]:
    order = np.argsort(codes, kind="stable")
    for bucket in np.split(order, np.flatnonzero(np.diff(codes[order])) + 1):
        if len(bucket) < 2:
            continue
        # Of a full one, neighbours still meet: the order is that of the assets.
        for first in range(0, len(bucket), _FULLEST):
            yield bucket[first : first + _FULLEST]


def _overlay(one: Sequence[Any], other: Sequence[Any], frames: FrameStore) -> _Overlay | None:
    """How the one lies over the other; None where they are not of the same essence."""
    if not one or not other:
        return None
    cosines = (
        np.array([r.vector for r in one], np.float32)
        @ np.array([r.vector for r in other], np.float32).T
    )
    lengths = _length(one), _length(other)
    if not all(lengths):
        if any(lengths) or cosines[0, 0] < _LIKE:  # a still is no version of a film
            return None
        same = _correlation(frames, [(one[0], other[0])])
        return _Overlay(same, 0.0, True) if same >= _SAME_PICTURE else None
    shift, matched, covered = _best_shift(one, other, cosines)
    overlap = min(lengths[0] + shift, lengths[1]) - max(shift, 0.0)
    if not matched or covered < 0.8 * overlap or overlap < _SHORTEST * min(lengths):
        return None
    if _cuts_differ(one, other, shift):
        return None
    same = _correlation(frames, matched)
    if same < _SAME_PICTURE:
        return None
    return _Overlay(same, shift, overlap >= _WHOLE * max(lengths))


def _length(rows: Sequence[Any]) -> float:
    return float(max(row.end for row in rows))


def _best_shift(
    one: Sequence[Any], other: Sequence[Any], cosines: np.ndarray
) -> tuple[float, list[tuple[Any, Any]], float]:
    """The shift (seconds on the other's clock at the one's 0) at which most time agrees."""
    votes: dict[float, float] = defaultdict(float)
    for i, j in zip(*np.nonzero(cosines >= _LIKE), strict=True):
        for mine, theirs in ((one[i].cut, other[j].cut), (one[i].at, other[j].at)):
            votes[round(theirs - mine, 1)] += float(cosines[i, j])
    # Ties go to the smaller shift: most versions begin together.
    likely = sorted(votes, key=lambda shift: (-votes[shift], abs(shift)))[:40]
    best: tuple[float, list[tuple[Any, Any]], float] = (0.0, [], 0.0)
    for shift in likely:
        matched, covered = [], 0.0
        for i, mine in enumerate(one):
            for j, theirs in enumerate(other):
                shared = min(mine.end + shift, theirs.end) - max(mine.start + shift, theirs.start)
                if shared > 0 and cosines[i, j] >= _LIKE:
                    covered += shared
                    matched.append((mine, theirs))
        if covered > best[2] + 0.05:
            best = (shift, matched, covered)
    return best


def _cuts_differ(one: Sequence[Any], other: Sequence[Any], shift: float) -> bool:
    """Whether the cuts within the time they share are at other places."""
    mine = {row.cut + shift for row in one if row.cut > 0}
    theirs = {row.cut for row in other if row.cut > 0}
    first, last = max(shift, 0.0) + 0.5, min(_length(one) + shift, _length(other)) - 0.5
    mine, theirs = ({c for c in cuts if first < c < last} for cuts in (mine, theirs))
    met = sum(any(abs(cut - there) <= 0.2 for there in theirs) for cut in mine)
    return met < 0.7 * max(len(mine), len(theirs))


def _correlation(frames: FrameStore, matched: Sequence[tuple[Any, Any]]) -> float:
    """How far the pictures agree point by point: the median over some of the closest in time."""
    step = max(1, len(matched) // _CHECKED)
    found = []
    for mine, theirs in matched[::step][:_CHECKED]:
        try:
            a, b = (_small(frames, row.picture) for row in (mine, theirs))
        except (CatalogError, OSError):
            continue
        spread = float(a.std() * b.std())
        alike = float(((a - a.mean()) * (b - b.mean())).mean()) / spread if spread > 1.0 else None
        # Of plain surfaces only the brightness tells.
        found.append(1 - float(np.abs(a - b).mean()) / 64 if alike is None else alike)
    return float(np.median(found)) if found else 0.0


def _small(frames: FrameStore, key: str) -> np.ndarray:
    with Image.open(io.BytesIO(frames.get(key))) as picture:
        small = picture.convert("RGB").resize((_EDGE, _EDGE), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32)


def _groups(
    found: dict[tuple[int, int], _Overlay], about: dict[int, dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Assets that hang together, the best version of each group first."""
    head = {asset: asset for pair in found for asset in pair}

    def leader(asset: int) -> int:
        while head[asset] != asset:
            asset = head[asset]
        return asset

    for one, other in found:
        head[leader(other)] = leader(one)
    members = defaultdict(list)
    for asset in sorted(head):
        members[leader(asset)].append(about[asset])
    for group in members.values():
        group.sort(
            key=lambda a: (-(a["width"] or 0) * (a["height"] or 0), -a["size_bytes"], a["id"])
        )
        ids = {asset["id"] for asset in group}
        laid = [overlay for pair, overlay in found.items() if pair[0] in ids]
        yield {
            "score": round(min(overlay.score for overlay in laid), 4),
            "kind": "duplicate" if all(overlay.whole for overlay in laid) else "near",
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
