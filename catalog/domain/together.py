"""Whether the lines of a script are compared with a library at once, or walk its graph one by one.

The costs are microseconds, measured on 300,000 centres of 512 dimensions and two processors
(docs/decisions, "Scripts").
"""

from __future__ import annotations

from collections.abc import Mapping

from catalog.domain.plan import Library, Plan

_PER_DIMENSION = 1 / 512
_READ = 3.5  # read one centre, with what the filters want to know of it
_PRODUCT = 0.02  # compare it with one line, in a product of matrices
_MET = 100.0  # one centre met on a walk: most of such a graph has to be read
READING: Mapping[str, str] = {
    "jit": "off",
    "plan_cache_mode": "force_custom_plan",
    "work_mem": "64MB",
    # A vector costs more on its way from a worker than the worker saves.
    "max_parallel_workers_per_gather": "0",
    # Rows come in the same order each time, as far as that may be.
    "synchronize_seqscans": "off",
    "enable_sort": "on",
    "enable_nestloop": "on",
}
"""Settings for reading everything that may be proposed."""
AT_ONCE: Mapping[str, str] = {"enable_nestloop": "off"}
"""Beside them, where so much is joined that each table is best read once."""
_SAID_OFTEN = 0.01  # of all lines: about how many have a word


def walks_for_each(plan: Plan, library: Library, lines: int) -> bool:
    """Whether so many lines are quicker asked one by one, by the graph, than all at once.

    ``plan`` is that of one line by itself. At once is to read every centre that the filters keep
    and to multiply the lines with it, which takes about as long for one line as for many.
    """
    if plan.kind != "graph":
        return False
    kept = library.centres
    if not plan.at_least and plan.estimated_frames is not None:
        kept = max(1, round(plan.estimated_frames * library.centres / max(library.frames, 1)))
    at_once = kept * (_READ + lines * _PRODUCT) * library.dimension * _PER_DIMENSION
    return lines * plan.take * library.centres / kept * _MET < at_once


def said_often(words: int, most: int, lines: int, assets: int) -> bool:
    """Whether so many spoken lines have so many words that all assets are known sooner.

    Else the asset of each is looked up. ``most``: so many are looked at of a word.
    """
    return words * min(most, _SAID_OFTEN * lines) > assets
