"""The outline of a sound: its lowest, highest and usual levels in a few thousand columns.

The columns are gathered while the sound goes by. When there are too many, every
two become one, so memory depends neither on the length nor on knowing it.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

MOST_COLUMNS = 4096
# More channels than this are drawn, and kept, as one.
MOST_CHANNELS = 8
_FINEST = 64  # samples of a column, before any two are joined
_BLOCK = 1 << 16  # samples gathered before they are looked at: decoders give a few hundred
# No recording has a gap of a day; a broken clock has, and would leave nothing to be seen.
LONGEST_GAP_S = 86_400


class Peaks:
    """Gathers the outline; `add` samples, `skip` silence, then `finish`.

    Parameters
    ----------
    channels, sample_rate:
        Of the sound; samples are full scale at -1 and 1.

    Attributes
    ----------
    samples:
        How many went by so far.
    """

    def __init__(self, channels: int, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self.channels = channels if channels <= MOST_CHANNELS else 1
        self.samples = 0
        self._per_column = _FINEST
        shape = (MOST_COLUMNS, self.channels)
        self._low = np.zeros(shape, np.float32)
        self._high = np.zeros(shape, np.float32)
        self._squares = np.zeros(shape, np.float64)
        self._columns = 0  # that are full
        self._begun = 0  # samples of the column after those
        self._waiting: list[Samples] = []
        self._count_waiting = 0

    def add(self, samples: Samples) -> None:
        """The next samples, shape (number, channels)."""
        self.samples += len(samples)
        self._waiting.append(fitted(samples, self.channels))
        self._count_waiting += len(samples)
        if self._count_waiting >= _BLOCK:
            self._settle()

    def skip(self, number: int) -> None:
        """So many samples of silence."""
        if number > LONGEST_GAP_S * self.sample_rate:
            return
        self._settle()
        self.samples += number
        while number > 0:
            self._make_room()
            take = min(number, self._per_column - self._begun)
            if not self._begun and number >= self._per_column:
                take = min(number // self._per_column, MOST_COLUMNS - self._columns)
                self._open(take)
                self._columns += take
                take *= self._per_column
            else:
                self._join(np.zeros((1, self.channels), np.float32), take)
            number -= take

    def _settle(self) -> None:
        """Make columns of what waits."""
        if not self._waiting:
            return
        block = np.concatenate(self._waiting)
        self._waiting, self._count_waiting = [], 0
        while len(block):
            self._make_room()
            size = self._per_column
            if self._begun or len(block) < size:
                take = min(len(block), size - self._begun)
                self._join(block[:take], take)
            else:
                columns = min(len(block) // size, MOST_COLUMNS - self._columns)
                take = columns * size
                self._append(block[:take].reshape(columns, size, self.channels))
            block = block[take:]

    def _open(self, columns: int) -> None:
        """Clear columns that earlier ones were joined out of."""
        at = slice(self._columns, self._columns + columns)
        self._low[at], self._high[at], self._squares[at] = 0, 0, 0

    def _append(self, blocks: Samples) -> None:
        """Full columns of (number, samples, channels)."""
        at = slice(self._columns, self._columns + len(blocks))
        # Each channel by itself: over samples side by side NumPy is twenty times as quick.
        apart = np.ascontiguousarray(blocks.transpose(0, 2, 1))
        self._low[at] = apart.min(axis=2)
        self._high[at] = apart.max(axis=2)
        self._squares[at] = np.vecdot(apart, apart)
        self._columns += len(blocks)

    def _join(self, samples: Samples, number: int) -> None:
        """Put samples that stand for ``number`` into the column that is begun."""
        at = self._columns
        low, high = samples.min(axis=0), samples.max(axis=0)
        squares = np.square(samples).sum(axis=0)
        if self._begun:
            low, high = np.minimum(low, self._low[at]), np.maximum(high, self._high[at])
            squares = squares + self._squares[at]
        self._low[at], self._high[at], self._squares[at] = low, high, squares
        self._begun += number
        if self._begun == self._per_column:
            self._columns, self._begun = at + 1, 0

    def _make_room(self) -> None:
        """Where all columns are full, join every two."""
        if self._columns < MOST_COLUMNS:
            return
        half = MOST_COLUMNS // 2
        self._low[:half] = self._low.reshape(half, 2, self.channels).min(axis=1)
        self._high[:half] = self._high.reshape(half, 2, self.channels).max(axis=1)
        self._squares[:half] = self._squares.reshape(half, 2, self.channels).sum(axis=1)
        self._columns, self._per_column = half, 2 * self._per_column

    def finish(self) -> Outline:
        """The outline of all that went by."""
        self._settle()
        number = self._columns + (self._begun > 0)
        sizes = np.full((number, 1), self._per_column)
        if self._begun:
            sizes[-1] = self._begun
        rms = np.sqrt(self._squares[:number] / sizes).astype(np.float32)
        return Outline(
            self.sample_rate, self._per_column, self._low[:number], self._high[:number], rms
        )


class Outline:
    """Columns of a sound: lowest, highest and root mean square, each (columns, channels)."""

    def __init__(
        self, sample_rate: int, per_column: int, low: Samples, high: Samples, rms: Samples
    ) -> None:
        self.sample_rate = sample_rate
        self.samples_per_column = per_column
        self.low, self.high, self.rms = low, high, rms

    @property
    def columns(self) -> int:
        """How many there are."""
        return len(self.low)

    def as_json(self) -> bytes:
        """The outline in BBC audiowaveform's JSON form (version 2, 8 bits), with ``rms`` beside.

        peaks.js and waveform-data.js read it as it is. See
        https://github.com/bbc/audiowaveform/blob/master/doc/DataFormat.md.
        """
        pairs = np.stack([_bytes(self.low), _bytes(self.high)], axis=2)
        body: dict[str, Any] = {
            "version": 2,
            "channels": self.low.shape[1],
            "sample_rate": self.sample_rate,
            "samples_per_pixel": self.samples_per_column,
            "bits": 8,
            "length": self.columns,
            "data": pairs.reshape(-1).tolist(),
            "rms": _bytes(self.rms).reshape(-1).tolist(),
        }
        return json.dumps(body, separators=(",", ":")).encode()


def fitted(samples: Samples, channels: int) -> Samples:
    """Samples brought to so many channels, which change in the middle of some recordings."""
    if samples.shape[1] == channels:
        return samples
    if channels == 1 or samples.shape[1] == 1:
        return np.repeat(samples.mean(axis=1, keepdims=True), channels, axis=1)
    kept = np.zeros((len(samples), channels), np.float32)
    common = min(channels, samples.shape[1])
    kept[:, :common] = samples[:, :common]
    return kept


def _bytes(values: Samples) -> npt.NDArray[np.int8]:
    """Full scale as -128 to 127."""
    scaled = np.round(np.clip(values, -1, 1) * 128)
    return np.clip(scaled, -128, 127).astype(np.int8)
