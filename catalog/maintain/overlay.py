"""Two assets laid over one another: whether, and from where on, they show the same."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from catalog.errors import CatalogError
from catalog.maintain.candidates import LIKE
from catalog.media.frame_store import FrameStore
from catalog.store.duplicates import Timeline

_SAME_PICTURE = 0.9  # correlation of small pictures, point by point
_WHOLE = 0.95  # share of the longer one that a duplicate covers
_SHORTEST = 0.3  # share of the shorter one that an excerpt must cover, as far as they overlap
_COVERED = 0.8  # share of the time they overlap in which pictures agree
_SHIFTS = 40
_EDGE = 32
_CHECKED = 7


@dataclass(frozen=True, slots=True)
class Overlay:
    """How one asset lies over another."""

    score: float
    """Median correlation of pictures, point by point, 0 to 1."""
    shift: float
    """Seconds on the other's clock at which the one begins."""
    whole: bool
    """Whether they cover one another, but for a twentieth."""


def overlay(one: Timeline, other: Timeline, frames: FrameStore) -> Overlay | None:
    """How the one lies over the other; None where they are not of the same essence."""
    cosines = one.vectors @ other.vectors.T
    lengths = one.length, other.length
    if not all(lengths):
        if any(lengths) or cosines[0, 0] < LIKE:  # a still is no version of a film
            return None
        same = _correlation(frames, [(one.pictures[0], other.pictures[0])])
        return Overlay(same, 0.0, True) if same >= _SAME_PICTURE else None
    shift, matched, covered = _best_shift(one, other, cosines)
    overlap = min(lengths[0] + shift, lengths[1]) - max(shift, 0.0)
    if not len(matched) or covered < _COVERED * overlap or overlap < _SHORTEST * min(lengths):
        return None
    if _cuts_differ(one, other, shift):
        return None
    step = max(1, len(matched) // _CHECKED)
    same = _correlation(
        frames, [(one.pictures[i], other.pictures[j]) for i, j in matched[::step][:_CHECKED]]
    )
    if same < _SAME_PICTURE:
        return None
    return Overlay(same, shift, overlap >= _WHOLE * max(lengths))


def _best_shift(
    one: Timeline, other: Timeline, cosines: np.ndarray
) -> tuple[float, np.ndarray, float]:
    """The shift at which most time agrees; pairs of frames that do, ``(n, 2)``; seconds."""
    i, j = np.nonzero(cosines >= LIKE)
    tenths = np.rint(10 * np.concatenate([other.cuts[j] - one.cuts[i], other.at[j] - one.at[i]]))
    shifts, place = np.unique(tenths / 10, return_inverse=True)
    votes = np.bincount(place, np.tile(cosines[i, j], 2))
    # Ties go to the smaller shift: most versions begin together.
    likely = shifts[np.lexsort((np.abs(shifts), -votes))][:_SHIFTS]
    best: tuple[float, np.ndarray, float] = (0.0, np.empty((0, 2), int), 0.0)
    for shift in likely.tolist():
        shared = np.minimum(one.ends[i] + shift, other.ends[j]) - np.maximum(
            one.starts[i] + shift, other.starts[j]
        )
        meet = shared > 0
        covered = float(shared[meet].sum())
        if covered > best[2] + 0.05:
            # Of each frame's partners the one that is there longest beside it.
            met = np.stack([i[meet], j[meet]], axis=1)[np.argsort(-shared[meet], kind="stable")]
            best = (shift, met[np.unique(met[:, 0], return_index=True)[1]], covered)
    return best


def _cuts_differ(one: Timeline, other: Timeline, shift: float) -> bool:
    """Whether the cuts within the time they share are at other places."""
    first, last = max(shift, 0.0) + 0.5, min(one.length + shift, other.length) - 0.5
    mine = np.unique(one.cuts[one.cuts > 0]) + shift
    theirs = np.unique(other.cuts[other.cuts > 0])
    mine, theirs = (cuts[(first < cuts) & (cuts < last)] for cuts in (mine, theirs))
    if not len(mine) or not len(theirs):
        return bool(len(mine) or len(theirs))
    met = (np.abs(mine[:, None] - theirs).min(axis=1) <= 0.2).sum()
    return bool(met < 0.7 * max(len(mine), len(theirs)))


def _correlation(frames: FrameStore, matched: Sequence[tuple[str, str]]) -> float:
    """How far pictures agree point by point: the median over the pairs."""
    found = []
    for mine, theirs in matched:
        try:
            a, b = (_small(frames, picture) for picture in (mine, theirs))
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
