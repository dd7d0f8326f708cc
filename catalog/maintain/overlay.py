"""Two assets laid over one another: whether, and from where on, they show the same."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from catalog.domain.recent import Recent
from catalog.errors import CatalogError
from catalog.maintain.candidates import LIKE
from catalog.media.frame_store import FrameStore
from catalog.store.duplicates import Timeline

_SAME_PICTURE = 0.9  # correlation of small pictures, point by point
_WHOLE = 0.95  # share of the longer one that a duplicate covers
_SHORTEST = 0.3  # share of the shorter one that an excerpt must cover, as far as they overlap
_COVERED = 0.8  # share of the time they overlap in which pictures agree
_SHIFTS = 40
_TRIED, _AS_GOOD = 6, 0.9  # shifts that cover nearly as much as the best
_EDGE = 32
_CHECKED = 7
_KEPT = 8_192  # small pictures, of 3 kB


@dataclass(frozen=True, slots=True)
class Overlay:
    """How one asset lies over another."""

    score: float
    """Median correlation of pictures, point by point, 0 to 1."""
    shift: float
    """Seconds on the other's clock at which the one begins."""
    whole: bool
    """Whether they cover one another, but for a twentieth."""


class Pictures:
    """The small pictures of a frame store; those of late are kept, for many pairs share them."""

    def __init__(self, frames: FrameStore) -> None:
        self._frames = frames
        self._kept: Recent[str, np.ndarray] = Recent(_KEPT)

    def small(self, key: str) -> np.ndarray:
        """The picture in float32, ``(32, 32, 3)``."""
        small = self._kept.get(key)
        if small is None:
            with Image.open(io.BytesIO(self._frames.get(key))) as picture:
                resized = picture.convert("RGB").resize((_EDGE, _EDGE), Image.Resampling.BOX)
            small = np.asarray(resized)
            self._kept.keep(key, small)
        return small.astype(np.float32)


def overlay(one: Timeline, other: Timeline, pictures: Pictures) -> Overlay | None:
    """How the one lies over the other; None where they are not of the same essence."""
    cosines = one.vectors @ other.vectors.T
    lengths = one.length, other.length
    if not all(lengths):
        if any(lengths) or cosines[0, 0] < LIKE:  # a still is no version of a film
            return None
        same = _correlation(pictures, [(one.pictures[0], other.pictures[0])])
        return Overlay(same, 0.0, True) if same >= _SAME_PICTURE else None
    # A film with one presenter over and over lies over itself in several ways.
    for shift, matched, covered in _shifts(one, other, cosines):
        overlap = min(lengths[0] + shift, lengths[1]) - max(shift, 0.0)
        if covered < _COVERED * overlap or overlap < _SHORTEST * min(lengths):
            continue
        if _cuts_differ(one, other, shift):
            continue
        step = max(1, len(matched) // _CHECKED)
        same = _correlation(
            pictures, [(one.pictures[i], other.pictures[j]) for i, j in matched[::step][:_CHECKED]]
        )
        if same >= _SAME_PICTURE:
            return Overlay(same, shift, overlap >= _WHOLE * max(lengths))
    return None


def _shifts(
    one: Timeline, other: Timeline, cosines: np.ndarray
) -> list[tuple[float, np.ndarray, float]]:
    """The shifts at which most time agrees; pairs of frames that do, ``(n, 2)``; seconds."""
    i, j = np.nonzero(cosines >= LIKE)
    tenths = np.rint(10 * np.concatenate([other.cuts[j] - one.cuts[i], other.at[j] - one.at[i]]))
    shifts, place = np.unique(tenths / 10, return_inverse=True)
    votes = np.bincount(place, np.tile(cosines[i, j], 2))
    # Ties go to the smaller shift: most versions begin together.
    likely = shifts[np.lexsort((np.abs(shifts), -votes))][:_SHIFTS]
    found: list[tuple[float, np.ndarray, float]] = []
    for shift in likely.tolist():
        shared = np.minimum(one.ends[i] + shift, other.ends[j]) - np.maximum(
            one.starts[i] + shift, other.starts[j]
        )
        meet = shared > 0
        covered = float(shared[meet].sum())
        if covered > 0:
            # Of each frame's partners the one that is there longest beside it.
            met = np.stack([i[meet], j[meet]], axis=1)[np.argsort(-shared[meet], kind="stable")]
            found.append((shift, met[np.unique(met[:, 0], return_index=True)[1]], covered))
    most = max((covered for _, _, covered in found), default=0.0)
    found = [each for each in found if each[2] >= _AS_GOOD * most]
    # Less than a tenth of a second more is no better.
    return sorted(found, key=lambda each: -round(each[2], 1))[:_TRIED]


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


def _correlation(pictures: Pictures, matched: Sequence[tuple[str, str]]) -> float:
    """How far pictures agree point by point: the median over the pairs."""
    found = []
    for mine, theirs in matched:
        try:
            a, b = (pictures.small(each) for each in (mine, theirs))
        except (CatalogError, OSError):
            continue
        spread = float(a.std() * b.std())
        alike = float(((a - a.mean()) * (b - b.mean())).mean()) / spread if spread > 1.0 else None
        # Of plain surfaces only the brightness tells.
        found.append(1 - float(np.abs(a - b).mean()) / 64 if alike is None else alike)
    return float(np.median(found)) if found else 0.0
