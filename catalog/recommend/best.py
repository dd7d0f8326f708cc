"""Of each line the nearest of what was met, while hundreds of thousands go by."""

from __future__ import annotations

import numpy as np

# What may wait to be sorted in, in times of what is kept.
_WAITING = 4
_GRAIN = np.float32(1e-5)
# Below every cosine.
_LEAST = np.float32(-2)


class Best:
    """Of each line the ``most`` clips with the highest cosines, in whatever order they come.

    Cosines are rounded: equal vectors are equal, and of those the smaller numbers are kept.
    """

    def __init__(self, lines: int, most: int) -> None:
        self._most = most
        self._floor = np.full(lines, _LEAST - 1, dtype=np.float32)
        self._lines = [np.zeros(0, dtype=np.int64)]
        self._clips = [np.zeros((0, 2), dtype=np.int64)]
        self._cosines = [np.zeros(0, dtype=np.float32)]
        self._waiting = 0
        self._full = False

    def meet(self, clips: np.ndarray, cosines: np.ndarray, kept: np.ndarray | None = None) -> None:
        """Go on with these.

        Parameters
        ----------
        clips:
            Each with its asset, whole numbers ``(n, 2)``.
        cosines:
            Of every line with each of them, float32 ``(lines, n)``.
        kept:
            Whether the line may have it, ``(lines, n)``; None: all.
        """
        if kept is not None and not kept.all():
            if not kept.any():
                return
            cosines = np.where(kept, cosines, -np.inf)
        near = cosines >= self._floor[:, None]
        if not self._full and len(clips) > self._most:
            near &= cosines >= np.partition(cosines, -self._most)[:, -self._most, None] - _GRAIN
        lines, places = np.nonzero(near)
        self._lines.append(lines)
        self._cosines.append(cosines[lines, places])
        self._clips.append(clips[places])
        self._waiting += len(lines)
        if self._waiting > _WAITING * self._most * len(self._floor):
            self._sort()

    def found(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Lines by their places ``(n,)``, clips ``(n, 2)``, cosines ``(n,)``; best first."""
        self._sort()
        return self._lines[0], self._clips[0], self._cosines[0]

    def _sort(self) -> None:
        lines, clips = np.concatenate(self._lines), np.concatenate(self._clips)
        cosines = np.concatenate(self._cosines)
        # The last bits of a product hang on which rows it was computed beside.
        rounded = np.round(cosines / _GRAIN)
        order = np.lexsort((clips[:, 0], -rounded, lines))
        ordered = lines[order]
        begins = np.searchsorted(ordered, np.arange(len(self._floor)))
        rank = np.arange(len(order)) - begins[ordered]
        last = order[rank == self._most - 1]
        self._floor[lines[last]] = cosines[last] - _GRAIN
        order = order[rank < self._most]
        self._lines, self._clips = [lines[order]], [clips[order]]
        self._cosines = [cosines[order]]
        self._waiting = len(order)
        self._full = bool(self._floor.min() >= _LEAST)
