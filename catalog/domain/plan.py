"""Which way a search goes about its neighbours, and why.

Every way gives the nearest shots; which is the fastest hangs on how many
frames the filters keep. The costs are microseconds, measured on 300,000 and
1,000,000 vectors of 512 dimensions (docs/decisions, "The plan of a search").
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from statistics import NormalDist
from types import MappingProxyType
from typing import Any

_PER_DIMENSION = 1 / 512
_FRAME = 0.45  # compare one vector, by a scan
_KEPT = 0.6  # find out whether the filters keep a centre
_LOOK_UP = 4.0  # find one clip's frames by an index
_STEP = 15.0  # one vector met on the walk through the graph
_FAR = 1.7  # times that, on a walk that sees far: what it meets lies all over the library
_WALK = 500.0  # the walk's beginning
_SCAN = 1000.0  # what a search of centres does beside comparing
_SKETCHED = 0.4  # find out whether the filters keep a centre, and compare its sketch
_BASIS = 1000.0  # what a search by sketches does beside a search of centres
_PLANNING = 2500.0  # a statement planned for its values
_TELLING = 40  # centres of a sample: below, their share is too uncertain
_AKIN = 4  # so many of a sample come of one film, and tell as much as one
_FEW = 1500  # clips, more than which are never compared without counting them first
_EXACT_BELOW = 2000  # frames: below, nothing is faster than looking at all
# A walk deeper than this is no faster than a scan, and pgvector's list ends at 1000.
_DEEPEST_WALK = 640
_DEEP = 400  # vectors that a walk for a text keeps in sight
_CLEAR = 30_000  # centres up to which the fewest are looked at closely
_DOUBLINGS = 6  # of those, beyond which no more are: 1,920,000 centres
SURE = 3.0  # deviations: errors of sketches beyond them are rare enough
_DIMMEST = 0.7  # blur beyond which sketches tell too little
_FEWEST_SKETCHED = 256  # centres compared after a look at sketches
_LINES_DEPTH = 400  # how far a walk through spoken lines sees
COMPARING: Mapping[str, str] = MappingProxyType({"jit": "off", "work_mem": "64MB"})
"""Settings of every statement that compares: the planner takes one for dear enough to compile
where compiling takes longer than the rest, and sorts on disk what fits into memory."""
# From the assets that pass to their clips by the index, however many a plan for any values takes
# them for: a merge would read clips by the thousand to find those of one asset.
_SHARED = {**COMPARING, "enable_mergejoin": "off"}
OPENING: Mapping[str, str] = MappingProxyType({**_SHARED, "plan_cache_mode": "force_generic_plan"})
"""Settings that a search by meaning begins with: what looks and counts before the statement is
planned once, for any values, since planning it would take longer than it does."""


@dataclass(frozen=True, slots=True)
class Library:
    """What the statistics say: vectors of frames, centres of clips, whether a graph joins them."""

    frames: int
    centres: int
    graph: bool
    dimension: int = 512


@dataclass(frozen=True, slots=True)
class Judged:
    """What was looked at to find out how much the filters keep."""

    counted: int | None = None
    """Centres met by counting what they keep; None: none were counted."""
    stopped: bool = False
    """Whether counting ended there, and there may be more."""
    sampled: Sampled | None = None
    remembered: bool = False
    """Whether that was for a search of a moment ago."""

    def as_json(self) -> dict[str, Any]:
        """JSON form: ``counted``, ``stopped``, ``sampled`` (``drawn``, ``kept``, …), …"""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Plan:
    """How neighbours are found. ``take`` is how many centres are looked at closely."""

    kind: str
    """``exact``: every frame the filters keep; ``centres``: every centre they keep, then the
    frames of the nearest; ``sketches``: the sketch of every centre they keep, then the centres of
    the nearest, then their frames; ``graph``: the nearest centres by the index, then their frames;
    ``keywords`` and ``filter``: the query has no meaning to compare."""
    reason: str
    estimated_frames: int | None = None
    """Frames the filters keep, about."""
    at_least: bool = False
    """Whether there may be many more than ``estimated_frames``: counting stopped there."""
    take: int = 0
    sketched: int = 0
    """How many centres are compared after a first look at sketches."""
    walk: int = 0
    """How many centres a walk meets at most, before a scan is as quick."""
    keywords: bool = False
    speech: bool = False
    """Whether what is said ranks too."""
    settings: Mapping[str, str] = field(default_factory=dict)
    judged: Judged | None = None
    """What told how much the filters keep; None: nothing had to."""
    tried_few: bool = False
    """Whether a statement that compares few was sent first; it was the answer where they were."""

    def still_to_set(self, already: Mapping[str, str]) -> dict[str, str]:
        """The settings, without those that hold already; what another plan wants is taken back."""
        wanted = {"plan_cache_mode": "auto", **self.settings} if already else self.settings
        return {name: value for name, value in wanted.items() if already.get(name) != value}

    @property
    def wide(self) -> bool:
        """Whether only the nearest centres' frames are compared."""
        return self.kind in ("centres", "sketches", "graph")

    def __str__(self) -> str:
        words = "+keywords" if self.keywords and self.kind != "keywords" else ""
        return f"{self.kind}{words}{'+speech' if self.speech else ''}"

    def as_json(self) -> dict[str, Any]:
        """JSON form, as in the ``plan`` of a search."""
        return {
            "kind": self.kind,
            "keywords": self.keywords,
            "speech": self.speech,
            "estimated_frames": self.estimated_frames,
            "at_least": self.at_least,
            "reason": self.reason,
            "settings": dict(self.settings),
            "judged": None if self.judged is None else self.judged.as_json(),
            "tried_few": self.tried_few,
        }


def taken(depth: int, centres: int) -> int:
    """How many centres are looked at closely, to be sure of the ``depth`` nearest clips.

    The more there are, the more lie between the nearest, and a graph finds fewer of them: with
    the fourth root of their number, in steps, so that a library that grows has the same
    statement for long, and not so far that a walk would be too deep.
    """
    least = 24 + 2 * depth
    return min(math.ceil(least * _widening(centres)), max(least, _DEEPEST_WALK))


def deep_for_text(centres: int) -> int:
    """How many vectors a walk for a text keeps in sight.

    Texts lie far from all pictures, about as far from the nearest as from many others: a walk
    that sees no further than what it takes ends beside them (of the ten nearest shots among
    300,000 frames it found 0.79, of those nearest to a picture all; docs/performance.md).
    """
    return math.ceil(_DEEP * _widening(centres))


def _widening(centres: int) -> float:
    doublings = min(_DOUBLINGS, math.ceil(math.log2(max(centres / _CLEAR, 1.0))))
    return math.exp2(doublings / 4)


def worth_counting(library: Library, depth: int) -> int:
    """Centres kept from which on the exact number changes nothing: the walk is fastest.

    A scan costs as many steps as centres are kept, a walk the fewer the more of
    the centres are kept; this is where the two meet. 0: there is nothing to count.
    """
    if library.frames <= _EXACT_BELOW:
        return 0
    take = taken(depth, library.centres)
    if not library.graph or take > _DEEPEST_WALK:
        return library.centres + 1
    step, scan = _STEP, _KEPT + _FRAME * library.dimension * _PER_DIMENSION
    return math.ceil(math.sqrt(step / scan * take * library.centres)) + 1


def compared_after_sketches(kept: int, take: int, blur: float) -> int:
    """How many centres are compared, to be sure of the ``take`` nearest of ``kept``.

    ``blur`` is how far off the cosines of sketches are, as a share of how far those of the
    centres differ. They are taken to be spread normally: then one that is ``z`` deviations above
    the mean is expected at ``z * sqrt(1 - blur²)`` by its sketch, give or take ``blur``. A power
    of two, so that many searches have the same statement.
    """
    normal = NormalDist()
    share = min(take / kept, 0.5)
    expected = normal.inv_cdf(1 - share) * math.sqrt(1 - blur**2)
    wanted = kept * (1 - normal.cdf(expected - SURE * blur))
    return 1 << math.ceil(math.log2(max(_FEWEST_SKETCHED, 2 * take, wanted)))


@dataclass(frozen=True, slots=True)
class Sampled:
    """Of a sample of centres: how many the filters keep, of all and of the nearest to the query."""

    drawn: int
    kept: int
    nearest: int
    nearest_kept: int

    @property
    def tells(self) -> bool:
        """Whether enough are kept to know how many of all centres are."""
        return self.kept >= _TELLING

    @property
    def share(self) -> float:
        """The share of all centres that is kept."""
        return self.kept / self.drawn

    @property
    def share_nearby(self) -> float:
        """The share of those near the query that is kept, rather too low than too high.

        What is kept may be just what lies far off. Half a centre more is counted than
        was met, of the usual share, so that it is never nothing. One standard error is taken
        off, for a walk that finds less than was hoped for takes far longer than a scan.
        """
        share = (self.nearest_kept + self.share / 2) / (self.nearest + 0.5)
        error = math.sqrt(share * (1 - share) * _AKIN / self.nearest)
        return max(share - error, share / 4)


def choose(
    library: Library,
    *,
    kept: int | None,
    depth: int,
    stopped: bool = False,
    nearby: float | None = None,
    few: bool = False,
    wide: bool = False,
    deep: int = 0,
    blur: Callable[[], float | None] = lambda: None,
) -> Plan:
    """The fastest way to the ``depth`` nearest clips.

    ``kept`` is how many centres the filters keep, None if there is no filter;
    ``stopped`` says that counting ended there and more may be kept; ``nearby`` is the
    share they keep of those near the query, None for the same as of all; ``few`` that an exact
    search is one of few, which is planned once for any filters; ``wide`` that the pages before
    were of a wide search, which this one has to go on with; ``deep`` how many vectors a
    walk keeps in sight at least (`deep_for_text`); ``blur`` tells how
    far off sketches are (`compared_after_sketches`), None where none serve, and is asked only
    where they may be the fastest.
    """
    centres = library.centres if kept is None else kept
    per_centre = library.frames / max(library.centres, 1)
    frames = round(centres * per_centre)
    take = taken(depth, library.centres)
    scan = _FRAME * library.dimension * _PER_DIMENSION
    closer = min(take, centres) * (_LOOK_UP + per_centre * scan)
    met, sketched = float(take), 0
    costs = {"exact": frames * scan + (0 if few else _PLANNING)}
    if frames > _EXACT_BELOW:
        costs["centres"] = centres * (_KEPT + scan) + closer + _SCAN
        if library.graph and take <= _DEEPEST_WALK:
            met = max(take / (nearby or max(centres, 1) / max(library.centres, 1)), deep)
            # The larger the library, the less of it is in the processor's reach.
            far = _FAR * _widening(library.centres) ** 2 if deep else 1.0
            costs["graph"] = _WALK + met * far * _STEP + closer
        by_sketches = centres * _SKETCHED + closer + _SCAN + _BASIS
        how_far_off = blur() if by_sketches < min(costs.values()) else None
        if how_far_off is not None and how_far_off <= _DIMMEST:
            sketched = compared_after_sketches(centres, take, how_far_off)
            costs["sketches"] = by_sketches + min(sketched, centres) * (_LOOK_UP + scan)
        if wide:
            del costs["exact"]
    # Counting ended where the walk begins to be the fastest.
    walks = stopped and "graph" in costs
    kind = "graph" if walks else min(costs, key=costs.__getitem__)
    return Plan(
        kind=kind,
        reason=_reason(library, kept, frames, costs, stopped=stopped),
        estimated_frames=frames,
        at_least=stopped,
        take=take,
        sketched=sketched if kind == "sketches" else 0,
        walk=_longest_walk(library.centres * scan),
        settings=_settings(kind, round(min(met, max(2 * take, deep))), library.centres),
    )


def _reason(
    library: Library, kept: int | None, frames: int, costs: Mapping[str, float], *, stopped: bool
) -> str:
    guesses = ", ".join(f"{name} {cost / 1000:.1f}" for name, cost in costs.items())
    if library.frames <= _EXACT_BELOW:
        share = "the library is small"
    elif kept is None:
        share = "no filter"
    else:
        about = "at least" if stopped else "about"
        share = f"the filters keep {about} {frames} frames"
    return f"{share}, of {library.frames} in all; milliseconds expected: {guesses}"


def of_few(library: Library, depth: int) -> tuple[int, Plan] | None:
    """How many clips an exact search is the fastest way for, and its plan; None: it is for none.

    In steps, so that a library that grows has the same statement for long.
    """
    if library.frames <= _EXACT_BELOW:
        return None
    scan, take = _FRAME * library.dimension * _PER_DIMENSION, taken(depth, library.centres)
    per_centre = library.frames / max(library.centres, 1)
    dearer = per_centre * scan - (_KEPT + scan)
    beyond = take * (_LOOK_UP + per_centre * scan) + _SCAN
    most = min(_FEW, beyond / dearer) if dearer > 0 else float(_FEW)
    few = math.floor(math.exp2(math.floor(2 * math.log2(max(most, 1.0))) / 2))
    plan = choose(library, kept=few, depth=depth, few=True)
    return (few, planned_once(plan)) if plan.kind == "exact" else None


def counted(plan: Plan, few: int, kept: int) -> Plan:
    """The plan of few, of whom so many were there."""
    frames = round((plan.estimated_frames or 0) * kept / few)
    return replace(
        plan,
        estimated_frames=frames,
        reason=f"the filters keep about {frames} frames, so few that all are compared",
    )


def only_exact(plan: Plan) -> Plan:
    """The plan for an order that is not by likeness, where every frame has to be compared."""
    return replace(
        plan,
        kind="exact",
        reason="hits that go by another order than likeness are all compared; " + plan.reason,
        settings=_settings("exact", plan.take, 0),
    )


def planned_once(plan: Plan) -> Plan:
    """The plan with settings by which the server plans its statement once, for any values."""
    return replace(plan, settings={**plan.settings, "plan_cache_mode": "force_generic_plan"})


def meeting_lines_by_graph(plan: Plan, lines: int) -> Plan:
    """The plan with settings by which the nearest spoken lines are met on a graph."""
    given = plan.settings
    deep = max(_LINES_DEPTH, int(given.get("hnsw.ef_search", "0")))
    far = max(20_000, 2 * lines, int(given.get("hnsw.max_scan_tuples", "0")))
    walk = {
        "hnsw.iterative_scan": "relaxed_order",
        "hnsw.ef_search": str(deep),
        "hnsw.max_scan_tuples": str(far),
    }
    return replace(plan, settings={**given, **walk})


def _longest_walk(scan: float) -> int:
    """A power of two, so that a library that grows has the same statement for long."""
    return 1 << math.ceil(math.log2(max(1024.0, scan / _STEP)))


def _settings(kind: str, met: int, centres: int) -> dict[str, str]:
    shared = {**_SHARED, "plan_cache_mode": "force_custom_plan"}
    if kind != "graph":
        return shared
    return shared | {
        "plan_cache_mode": "force_generic_plan",
        "max_parallel_workers_per_gather": "0",
        # The walk gives its order; a sort of what it would give is never cheaper.
        "enable_sort": "off",
        "hnsw.iterative_scan": "relaxed_order",
        # What is met beyond those that are taken makes a filter's list as sure as one of all.
        "hnsw.ef_search": str(min(1000, met)),
        # Never the end of a walk: there pgvector gives whatever it has met, near or not. How
        # many of what it gives are taken is limited in the statement instead.
        "hnsw.max_scan_tuples": str(max(20_000, 2 * centres)),
        "hnsw.scan_mem_multiplier": "2",
    }
