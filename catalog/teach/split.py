"""Which captions are learned from, which say when to stop, and which judge in the end: by asset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from catalog.errors import InvalidInputError
from catalog.evaluate import Dataset

LEAST_PICTURES, LEAST_ASSETS = 10, 5
_HELD, _JUDGED = 0.2, 0.15
# With fewer assets, a part that only judges would leave too little to learn from.
_JUDGED_FROM = 40


@dataclass(frozen=True, slots=True)
class Split:
    """Places of captions in the dataset. No asset has captions in two parts.

    ``judged`` chose nothing, so its figures are fair; where there are too few assets it is
    empty, and ``held`` judges as well.
    """

    learn: tuple[int, ...]
    held: tuple[int, ...]
    judged: tuple[int, ...]


def split(dataset: Dataset, seed: int) -> Split:
    """Share out the captions, about 80 : 20, or 65 : 20 : 15 of 40 assets and more.

    Raises
    ------
    InvalidInputError
        If there are too few captioned pictures, or of too few assets.
    """
    groups = [dataset.pictures[caption.picture].group or str(caption.picture)
              for caption in dataset.captions]  # fmt: skip
    pictures = len({caption.picture for caption in dataset.captions})
    names = sorted(set(groups))
    if pictures < LEAST_PICTURES or len(names) < LEAST_ASSETS:
        raise _too_few(dataset, pictures, len(names))
    order = [names[at] for at in np.random.default_rng(seed).permutation(len(names))]
    held = _taken(order, groups, _HELD)
    judged: set[str] = set()
    if len(names) >= _JUDGED_FROM:
        judged = _taken([name for name in order if name not in held], groups, _JUDGED)
    learn = set(names) - held - judged
    return Split(*(_places(groups, part) for part in (learn, held, judged)))


def part(dataset: Dataset, places: Sequence[int]) -> Dataset:
    """The dataset with these captions and their pictures alone."""
    chosen = tuple(dataset.captions[at] for at in places)
    shown = {caption.picture for caption in chosen}
    others = set(range(len(dataset.pictures))) - shown
    return replace(dataset, captions=chosen).without(others)


def _taken(order: Sequence[str], groups: Sequence[str], share: float) -> set[str]:
    """Assets, in this order, with about this share of the captions; two of them at least.

    An asset that would take more than its due (a long film logged shot by shot) is passed over.
    """
    most = share * len(groups)
    sizes = Counter(groups)
    taken: set[str] = set()
    count = 0
    for name in sorted(order, key=lambda each: sizes[each] > most):
        if count + sizes[name] <= most or len(taken) < 2:
            taken.add(name)
            count += sizes[name]
    return taken


def _places(groups: Sequence[str], names: Iterable[str]) -> tuple[int, ...]:
    wanted = set(names)
    return tuple(at for at, name in enumerate(groups) if name in wanted)


def _too_few(dataset: Dataset, pictures: int, assets: int) -> InvalidInputError:
    return InvalidInputError(
        f"{pictures} pictures of {assets} assets have captions in {dataset.name}; expected "
        f"{LEAST_PICTURES} of {LEAST_ASSETS} assets or more, and 30 for a subject to be learned.",
        remedy="Describe stills and single shots (catalog edit), log subclips (catalog mark, "
        "catalog import-log), or name tags and spoken words that say what is seen: "
        "--tag NAME, --speech WORD.",
        pictures=pictures,
        assets=assets,
    )
