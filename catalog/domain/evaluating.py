"""What an evaluation is asked for with, unless something else is said."""

from __future__ import annotations

from enum import StrEnum

LOGGED = "catalog"
"""The data set of what people logged here."""
SPLIT = "test_2016_flickr"
"""Of Multi30K."""
RESAMPLES = 1000
"""Of the bootstrap that tells how sure a difference is."""


class Protocol(StrEnum):
    """Which captions ask, as published figures differ in it.

    ``first``: the first caption of each picture and language, as in CLIP_benchmark and
    open_clip's own tables. ``every``: each caption is a query, and a picture is right with
    any of its own, as in Babel-ImageNet.
    """

    FIRST = "first"
    EVERY = "every"
