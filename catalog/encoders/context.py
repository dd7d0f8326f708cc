"""How much of a text a model reads: found by asking its tokenizer, whichever it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

ALL_READ = -1
"""Stands for a text that is read to its end."""

Tokenize = Callable[[Sequence[str]], NDArray[np.int64]]
"""Texts to token numbers ``(n, context)``, padded at the end."""


def characters_read(tokenize: Tokenize, texts: Sequence[str]) -> list[int]:
    """How many characters of each text shape its tokens; `ALL_READ` where all do.

    Tokenizers cut off silently, each at its own length and in pieces of its own.
    So the shortest beginning is sought that has the same tokens as the whole:
    a text whose last place is padding was read; the others are halved.
    """
    if not texts:
        return []
    tokens = tokenize(texts)
    padding = tokenize([""])[0, -1]
    full = [at for at in range(len(texts)) if tokens[at, -1] != padding]
    read = [ALL_READ] * len(texts)
    low, high = [0] * len(full), [len(texts[at]) for at in full]
    while any(lo < hi for lo, hi in zip(low, high, strict=True)):
        middle = [(lo + hi) // 2 for lo, hi in zip(low, high, strict=True)]
        tried = tokenize([texts[at][:m] for at, m in zip(full, middle, strict=True)])
        for n, at in enumerate(full):
            if np.array_equal(tried[n], tokens[at]):
                high[n] = middle[n]
            else:
                low[n] = min(middle[n] + 1, high[n])
    for at, end in zip(full, high, strict=True):
        if end < len(texts[at]):
            read[at] = end
    return read
