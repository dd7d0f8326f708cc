"""Which assets are worth laying over one another: those that share shots that look alike.

Each shot's picture is known by the signs of its vector's products with random
planes (Charikar, "Similarity estimation techniques from rounding algorithms",
STOC 2002): vectors that point nearly the same way have nearly the same signs.
Some of the signs make a key; shots are sorted by key and, where keys are equal,
by length, and only neighbours meet. So the work grows with the library and not
with its square, and shots that all look alike, such as one presenter's, still
meet those of their own length first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np

from catalog.store.duplicates import MOST_SHOTS

LIKE = 0.93
"""Cosine from which on two pictures may show the same."""

_FEW = 500  # so few shots are all compared
_TABLES, _BITS = 32, 20
_SAMPLE = 20_000  # shots that the mean is taken of
_NEIGHBOURS = 24
_SAME_LENGTH_S = 0.3
_FEW_SHOTS = 3  # of so few, trimming may have changed all lengths
# Share of the shorter asset's time whose shots must agree. Versions share 0.24 of it (`overlay`),
# of which some shots may not have met; films with one presenter share two shots by chance.
_SHARED = 0.16
_PARTNERS = 12  # of an asset that is one shot
_FAR = 0.3  # share of signs that differ: 54 degrees, well beyond what is alike
_AT_ONCE = 10_000  # pairs whose vectors are fetched together
_JUDGED_AT_ONCE = 200_000
_MOST_PAIRS = 200_000


@dataclass(frozen=True, slots=True)
class Shots:
    """One picture each of many shots: of which asset, which frame; seconds; its vector."""

    assets: np.ndarray
    frames: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray
    vectors: np.ndarray
    """float32 ``(n, d)``"""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pairs of assets ``(low, high)``, and how many there were beyond what is compared."""

    pairs: list[tuple[int, int]]
    left_out: int


def find_candidates(
    parts: Iterable[Shots], vectors_of: Callable[[np.ndarray], np.ndarray]
) -> Candidates:
    """Pairs of assets with shots alike, in the order of their ids.

    ``parts`` is read once; 152 bytes are kept of each shot. ``vectors_of`` gives the
    vectors of frames by their ids, in that order, and is asked for few at a time.
    """
    assets, frames, starts, lengths, codes = _read(parts)
    if len(assets) < 2:
        return Candidates([], 0)
    _, number, count = np.unique(assets, return_inverse=True, return_counts=True)
    shots = count[number]
    # In order, so that those of one asset's shots lie together.
    keys = _union(_meetings(assets, lengths, codes, shots <= _FEW_SHOTS))
    pairs = _fitting(assets, starts, lengths, shots, keys)
    one, other = frames[pairs.one], frames[pairs.other]
    alike = np.concatenate([np.empty(0, np.float32)] + [
        _cosines(vectors_of, one[at : at + _AT_ONCE], other[at : at + _AT_ONCE])
        for at in range(0, len(one), _AT_ONCE)
    ])  # fmt: skip
    kept = alike >= LIKE
    pairs, alike = pairs.only(kept), alike[kept]
    closest = np.zeros(len(pairs.assets), np.float32)
    np.maximum.at(closest, pairs.place, alike)
    likely = np.flatnonzero(pairs.likely)
    likely = likely[
        (pairs.steady[likely] > 0) | _among_first(pairs.assets[likely], closest[likely])
    ]
    first = likely[np.lexsort((-closest[likely], -pairs.steady[likely]))][:_MOST_PAIRS]
    chosen = pairs.assets[np.sort(first)].tolist()
    return Candidates([(low, high) for low, high in chosen], len(likely) - len(chosen))


def _fitting(
    assets: np.ndarray, starts: np.ndarray, lengths: np.ndarray, count: np.ndarray, keys: np.ndarray
) -> _Pairs:
    """Of the shots that met, those of assets that may be versions by their times.

    They are a tenth, and the others need no vectors. Judging one takes some 400 bytes, so it is
    done for the pairs of some assets at a time.
    """
    low = assets[keys // len(assets)]  # rises, as the shots' assets do
    kept, at = [keys[:0]], 0
    while at < len(keys):
        end = np.searchsorted(low, low[min(at + _JUDGED_AT_ONCE, len(keys)) - 1], side="right")
        part = keys[at:end]
        pairs = _Pairs.of(assets, starts, lengths, count, np.divmod(part, len(assets)))
        kept.append(part[pairs.likely[pairs.place]])
        at = int(end)
    met = np.divmod(np.concatenate(kept), len(assets))
    return _Pairs.of(assets, starts, lengths, count, met)


def _among_first(assets: np.ndarray, closest: np.ndarray) -> np.ndarray:
    """Whether pairs are among the closest few of either asset.

    Of a series of stills each is like all others, and a version of it is the likest.
    """
    found = np.zeros(len(assets), bool)
    for side in (0, 1):
        order = np.lexsort((-closest, assets[:, side]))
        own = assets[order, side]
        place = np.arange(len(own)) - np.searchsorted(own, own)
        found[order] |= place < _PARTNERS
    return found


def _read(parts: Iterable[Shots]) -> tuple[np.ndarray, ...]:
    """Assets, frames, starts and lengths of all shots, and their signs, ``uint32 (n, tables)``.

    In the order of their assets, and of one asset's in that of time.
    """
    parts = iter(parts)
    sample: list[Shots] = []
    while sum(len(part.assets) for part in sample) < _SAMPLE:
        part = next(parts, None)
        if part is None:
            break
        sample.append(part)
    if not sample:
        return (np.empty(0, np.int64),) * 5
    # Around their mean: all pictures of one encoder lie to one side of the origin.
    mean = np.concatenate([part.vectors for part in sample]).mean(0)
    planes = np.random.default_rng(7).standard_normal((len(mean), _TABLES * _BITS))
    planes = planes.astype(np.float32)
    rows = [
        (part.assets, part.frames, part.starts, part.lengths, _signs(part.vectors - mean, planes))
        for part in chain(sample, parts)
    ]
    columns = [np.concatenate(column) for column in zip(*rows, strict=True)]
    order = np.lexsort((columns[2], columns[0]))
    return tuple(column[order] for column in columns)


def _signs(vectors: np.ndarray, planes: np.ndarray) -> np.ndarray:
    """On which side of each plane they lie: a bit a plane, ``uint32 (n, tables)``."""
    bits = (vectors @ planes > 0).reshape(len(vectors), _TABLES, _BITS)
    found: np.ndarray = (bits * (1 << np.arange(_BITS, dtype=np.uint32))).sum(2, dtype=np.uint32)
    return found


def _meetings(
    assets: np.ndarray, lengths: np.ndarray, codes: np.ndarray, few: np.ndarray
) -> Iterator[np.ndarray]:
    """Pairs of shots that meet, as ``low * n + high``, a table's at a time."""
    n = len(assets)
    if n <= _FEW:
        one, other = np.triu_indices(n, 1)
        yield (one * n + other)[assets[one] != assets[other]]
        return
    bits = min(_BITS, max(1, int(n - 1).bit_length() - 1))
    yield np.empty(0, np.int64)
    for table in range(_TABLES):
        keys = codes[:, table] >> np.uint32(_BITS - bits)
        # Of equal keys those of one length are neighbours, or else those that agree in further
        # signs: stills have no length, and may all be of one subject.
        further = codes[:, (table + 1) % _TABLES]
        order = np.lexsort((further, lengths, keys) if table % 2 else (further, keys))
        sorted_keys = keys[order]
        met = []
        for step in range(1, min(_NEIGHBOURS, n - 1) + 1):
            at = np.flatnonzero(sorted_keys[:-step] == sorted_keys[step:])
            if not len(at):
                break
            one, other = order[at], order[at + step]
            wanted = assets[one] != assets[other]
            wanted &= _lengths_agree(lengths, one, other) | few[one] | few[other]
            one, other = one[wanted], other[wanted]
            apart = np.bitwise_count(codes[one] ^ codes[other]).sum(1, dtype=np.int32)
            near = apart <= _FAR * _TABLES * _BITS
            one, other = one[near], other[near]
            met.append(np.minimum(one, other) * n + np.maximum(one, other))
        if met:
            yield _distinct(np.concatenate(met))


def _union(parts: Iterable[np.ndarray]) -> np.ndarray:
    """Each number once, in order; most of what one part has, others have as well."""
    held: list[np.ndarray] = [np.empty(0, np.int64)]
    for part in parts:
        held.append(part)
        # As soon as there is as much again, so that each is sorted a few times and no more.
        if sum(map(len, held[1:])) > max(len(held[0]), _JUDGED_AT_ONCE):
            held = [_distinct(np.concatenate(held))]
    return _distinct(np.concatenate(held))


def _distinct(numbers: np.ndarray) -> np.ndarray:
    """Each number from 0 on once, in order.

    ``numpy.unique`` hashes integers first, which takes 4 s in place of 0.1 for 4 million.
    """
    numbers = np.sort(numbers)
    found: np.ndarray = numbers[np.diff(numbers, prepend=-1) != 0]
    return found


def _lengths_agree(lengths: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    agree: np.ndarray = np.abs(lengths[one] - lengths[other]) <= _SAME_LENGTH_S
    return agree


def _cosines(
    vectors_of: Callable[[np.ndarray], np.ndarray], one: np.ndarray, other: np.ndarray
) -> np.ndarray:
    needed, place = np.unique(np.concatenate([one, other]), return_inverse=True)
    rows = vectors_of(needed)
    found: np.ndarray = np.einsum("nd,nd->n", rows[place[: len(one)]], rows[place[len(one) :]])
    return found


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Shots that meet, and the pairs of assets that they make."""

    shots: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
    """Of each shot its asset, start and length, and how many the asset has."""
    one: np.ndarray
    other: np.ndarray
    place: np.ndarray
    """Which pair of assets two shots belong to."""
    assets: np.ndarray
    """``(pairs, 2)``, the lower id first, in order."""
    steady: np.ndarray
    """How many of a pair's shots begin or end by the shift by which another does."""
    likely: np.ndarray
    """Whether a pair may be versions. They have two shots that begin or end as far apart
    in the one as in the other, and all such shots are enough of the shorter one; films of a series
    share their titles only. Of an asset that is one shot, a shot alike must do."""

    @classmethod
    def of(
        cls,
        assets: np.ndarray,
        starts: np.ndarray,
        lengths: np.ndarray,
        count: np.ndarray,
        met: tuple[np.ndarray, np.ndarray],
    ) -> _Pairs:
        """From the shots that met, by number."""
        turned = assets[met[0]] > assets[met[1]]
        one, other = np.where(turned, met[1], met[0]), np.where(turned, met[0], met[1])
        both = np.stack([assets[one], assets[other]], axis=1)
        pairs, place = np.unique(both, axis=0, return_inverse=True)
        place = place.reshape(-1)
        begin = starts[other] - starts[one]
        longer = lengths[one] - lengths[other]
        shifts = np.concatenate([begin, begin - longer])
        places, shot = np.tile(place, 2), np.tile(np.arange(len(place)), 2)
        order = np.lexsort((shifts, places))
        same = np.diff(shifts[order], prepend=-np.inf) <= _SAME_LENGTH_S
        same &= np.diff(places[order], prepend=-1) == 0
        same &= np.diff(shot[order], prepend=-1) != 0
        steady = np.bincount(places[order], same, len(pairs))
        alone = (count[one] == 1) | (count[other] == 1)
        # Shots that agree with the next by one shift after another: the time that they are.
        shift = _groups(places[order], shifts[order])
        seen, at = np.unique(np.stack([shift, one[shot[order]]]), axis=1, return_index=True)
        time = np.minimum(lengths[one], lengths[other])[shot[order]][at]
        shared = np.zeros(len(pairs))
        by_shift = np.bincount(seen[0], time)
        np.maximum.at(shared, places[order][np.unique(shift, return_index=True)[1]], by_shift)
        enough = shared >= _SHARED * _shorter(assets, lengths, count, pairs)
        likely = ((steady > 0) & enough) | (np.bincount(place, alone, len(pairs)) > 0)
        return cls((assets, starts, lengths, count), one, other, place, pairs, steady, likely)

    def only(self, kept: np.ndarray) -> _Pairs:
        """With some of the meetings."""
        return self.of(*self.shots, (self.one[kept], self.other[kept]))


def _groups(places: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """Numbers of the groups of neighbours that are of one place, and hardly apart; both sorted."""
    apart = np.diff(shifts, prepend=-np.inf) > _SAME_LENGTH_S
    apart |= np.diff(places, prepend=-1) != 0
    numbers: np.ndarray = np.cumsum(apart) - 1
    return numbers


def _shorter(
    assets: np.ndarray, lengths: np.ndarray, count: np.ndarray, pairs: np.ndarray
) -> np.ndarray:
    """Seconds of the shorter of each pair of assets; 0 where one has more shots than are read."""
    ids, number = np.unique(assets, return_inverse=True)
    seconds = np.bincount(number, lengths)
    seconds[number[count >= MOST_SHOTS]] = 0.0
    found: np.ndarray = seconds[np.searchsorted(ids, pairs)].min(axis=1)
    return found
