"""Choose how a search goes about its neighbours: statistics first, a bounded count where needed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy.orm import Session

from catalog.domain.plan import (
    SURE,
    Judged,
    Library,
    Plan,
    choose,
    deep_for_text,
    meeting_lines_by_graph,
    of_few,
    only_exact,
    planned_once,
    worth_counting,
)
from catalog.search.backgrounds import KnownBackgrounds
from catalog.search.known_filters import KnownFilters, Looked, filters_of
from catalog.search.known_sketches import KnownSketches, SketchedQuery
from catalog.store import centres
from catalog.store.centres import Sizes
from catalog.store.search import Meaning, Nearest, Opening, Rough, SearchParts, Speech
from catalog.store.search.deciding import COUNTED, count_few, count_kept, sample_kept
from catalog.store.search.nearest import asks_of_clips
from catalog.store.search.parts import is_sorted_by_score
from catalog.store.vectors import EncoderRow

# Enough of the library to know its mean and spread by: some 700 centres of 512 dimensions.
_SAMPLE_PAGES = 100
# Counting more centres than this takes longer than drawing a sample,
_COUNTED = COUNTED
# which is worth it where it is little of all: percent.
_SAMPLED = 20.0


# A scan of more centres than this, under filters on clips, is worth a plan of its own.
_PLANNED_ONCE = 5_000


def plan_of(
    session: Session,
    parts: SearchParts,
    encoder: EncoderRow | None,
    *,
    filtered: bool,
    known: KnownBackgrounds | None = None,
    judged: KnownFilters | None = None,
    sketches: KnownSketches | None = None,
    opening: Opening | None = None,
    tried: bool = False,
) -> tuple[Plan, SearchParts]:
    """The plan, and the parts as it wants them: without speech where nothing is said.

    ``filtered``: whether the query chooses; what is left out of every search
    (black, bars, former versions) is little, and not counted. ``known``: what was measured
    of this query before goes into the parts. ``judged``: filters found to be wide of late;
    ``sketches``: how the centres are sketched; ``opening``: what is known of the library. Filters
    of which nothing is known are taken to keep few, which the statement itself finds out;
    ``tried``: it has, and they keep more.
    """
    meaning = parts.meaning
    if meaning is None or encoder is None:
        words = parts.keywords is not None
        kind = "keywords" if words else "filter"
        return Plan(kind, "there is no meaning to compare", keywords=words), parts
    hears = None if parts.speech is None else parts.speech.meaning.encoder_id
    assert hears is None or isinstance(hears, int)  # noqa: S101  # as below
    size = _size(session, encoder, hears, opening)
    before = None if known is None else known.of(meaning, size.frames)
    ground = parts.ground
    if before is not None:
        ground = before.ground
    elif known is not None:
        ground = known.ground(session, meaning, size.frames)
    speech = _with_speech(parts.speech, size)
    parts = replace(parts, speech=speech, library=size.frames, ground=ground)
    library = Library(size.frames, size.centres, size.graph, encoder.dimension)
    if filtered and known is not None and judged is not None and not _goes_on_wide(parts):
        few = _few(parts, size, library, judged, tried=tried)
        if few is not None:
            return few
    look = _Look(parts, meaning, library, _sample_of(size.centre_pages))
    looked = look.at(session, judged or KnownFilters()) if filtered else Looked()
    rough = _Roughly(session, parts, meaning, looked, sketches)
    plan = _chosen(parts, size, library, looked, blur=rough.blur)
    if not plan.wide:
        return plan, parts
    if before is not None and looked.kept is None:
        looked = replace(looked, background=before.unfiltered)
    if known is not None and plan.kind == "centres" and _planned_for_any(parts, looked):
        plan = planned_once(plan)
    nearest = _nearest(plan, library, looked, look.percent)
    if plan.kind == "sketches":
        return planned_once(plan), replace(
            parts, nearest=replace(nearest, rough=rough.first_look(plan))
        )
    return plan, replace(parts, nearest=nearest)


@dataclass(slots=True)
class _Roughly:
    """A first look at sketches, where it may be worth it. They are by assets, as the filters."""

    session: Session
    parts: SearchParts
    meaning: Meaning
    looked: Looked
    sketches: KnownSketches | None
    query: SketchedQuery | None = None

    def blur(self) -> float | None:
        """How far off the cosines of sketches are, as a share of how far those kept differ."""
        background = self.looked.background
        if self.sketches is None or background is None or asks_of_clips(self.parts.where):
            return None
        encoder_id, vector = self.meaning.encoder_id, self.meaning.vector
        assert isinstance(encoder_id, int)  # noqa: S101  # an expression only in SQL
        assert isinstance(vector, np.ndarray)  # noqa: S101  # likewise
        self.query = self.sketches.of(self.session, encoder_id, vector)
        if self.query is None or not background.spread > 0:
            return None
        return self.query.error / background.spread

    def first_look(self, plan: Plan) -> Rough:
        """As the statement wants it, where the plan is of sketches."""
        assert self.query is not None  # noqa: S101  # else none would have been expected
        return Rough(
            basis_id=self.query.basis_id,
            query=self.query.vector,
            numbers=len(self.query.vector),
            take=plan.sketched,
            depth=_depth(self.parts),
            error=SURE * self.query.error,
        )


def _few(
    parts: SearchParts, size: Sizes, library: Library, judged: KnownFilters, *, tried: bool
) -> tuple[Plan, SearchParts] | None:
    """The plan that compares few, unless the filters are known to keep more."""
    found = of_few(library, _depth(parts))
    if found is None:
        return None
    assert parts.meaning is not None  # noqa: S101  # else nothing is compared
    encoder_id = parts.meaning.encoder_id
    assert isinstance(encoder_id, int)  # noqa: S101  # an expression only in SQL
    filters = filters_of(parts, encoder_id)
    if tried:
        judged.keep_more(filters, library.frames)
        return None
    if judged.is_more(filters, library.frames) or judged.is_wide(filters, library.frames):
        return None
    few, plan = found
    return _with_rankings(plan, parts, size), replace(parts, few=few)


def _chosen(
    parts: SearchParts,
    size: Sizes,
    library: Library,
    looked: Looked,
    *,
    blur: Callable[[], float | None],
) -> Plan:
    """The fastest way, or the only one that the order allows."""
    far = parts.meaning is not None and not parts.meaning.among_pictures
    chosen = choose(
        library,
        kept=looked.kept,
        depth=_depth(parts),
        stopped=looked.stopped,
        nearby=looked.nearby,
        wide=_goes_on_wide(parts),
        deep=deep_for_text(library.centres) if far else 0,
        blur=blur,
    )
    chosen = replace(chosen, judged=looked.judged)
    if chosen.wide and not (is_sorted_by_score(parts) and parts.free_words):
        # What is listed by date or name, or without any rank, is all that is relevant.
        chosen = only_exact(chosen)
    return _with_rankings(chosen, parts, size)


def _with_rankings(plan: Plan, parts: SearchParts, size: Sizes) -> Plan:
    """The plan, with what else ranks beside pictures, and the settings that it wants."""
    plan = replace(plan, keywords=parts.keywords is not None, speech=parts.by_speech)
    if plan.speech and size.lines_graph:
        plan = meeting_lines_by_graph(plan, size.lines)
    return plan


def _nearest(plan: Plan, library: Library, looked: Looked, percent: float) -> Nearest:
    return Nearest(
        dimension=library.dimension,
        take=plan.take,
        by_graph=plan.kind == "graph",
        walk=plan.walk,
        sample=percent,
        centres=library.centres if looked.kept is None else None,
        background=looked.background,
    )


def _goes_on_wide(parts: SearchParts) -> bool:
    """Whether the page before was of a wide search: places that it estimated stay so."""
    return parts.after is not None and parts.after.wide


def _depth(parts: SearchParts) -> int:
    """How many of the nearest clips the page goes down to."""
    assert isinstance(parts.limit, int)  # noqa: S101  # an expression only inside catalog.search()
    return parts.limit + (parts.after.rank if parts.after else 0)


def _size(
    session: Session, encoder: EncoderRow, hears: int | None, opening: Opening | None
) -> Sizes:
    """How much there is, from the opening where that is of these encoders."""
    if (
        opening is None
        or opening.sizes is None
        or (opening.active is None or opening.active.id != encoder.id)
        or (opening.hears is not None and hears not in (None, opening.hears.id))
    ):
        return centres.sizes(session, encoder.id, encoder.dimension, speech_id=hears)
    return opening.sizes


def _planned_for_any(parts: SearchParts, looked: Looked) -> bool:
    """Whether a scan goes the same way whatever the filters are.

    From the assets that pass to their centres by the index. Filters on clips may keep few of
    each asset's, and where they keep many a plan of its own is worth its while.
    """
    return (looked.kept or math.inf) <= _PLANNED_ONCE or not asks_of_clips(parts.where)


@dataclass(frozen=True, slots=True)
class _Look:
    """What is looked at to find out how much the filters keep."""

    parts: SearchParts
    meaning: Meaning
    library: Library
    percent: float
    """Of the pages of centres, that a sample has."""

    def at(self, session: Session, judged: KnownFilters) -> Looked:
        """Count what the filters keep, or, where that is much, draw a sample."""
        frames = self.library.frames
        # Centres from which on the number changes nothing.
        stop = worth_counting(self.library, _depth(self.parts))
        if not stop:
            return Looked()
        encoder_id = self.meaning.encoder_id
        assert isinstance(encoder_id, int)  # noqa: S101  # an expression only in SQL
        filters = filters_of(self.parts, encoder_id)
        before = judged.of(filters, self.meaning, frames)
        # Of a deeper page it pays to count further.
        if before is not None and not (before.stopped and (before.kept or 0) < stop):
            how = None if before.judged is None else replace(before.judged, remembered=True)
            return replace(before, judged=how)
        # A small library is looked at as a whole, whatever the filters keep of it.
        first = min(stop, _COUNTED) if self.percent <= _SAMPLED else stop
        if not judged.is_wide(filters, frames):
            few = self._counted(session, first)
            if first == stop or not few.stopped:
                judged.keep_counted(filters, frames, few)
                return few
        sampled, background = sample_kept(session, self.parts, self.meaning, self.percent)
        if not sampled.tells:
            kept = count_kept(session, self.parts, self.meaning, stop)
            how = Judged(kept, stopped=kept == stop, sampled=sampled)
            looked = Looked(kept, stopped=how.stopped, judged=how)
            judged.keep_counted(filters, frames, looked)
            return looked
        kept = round(sampled.share * self.library.centres)
        how = Judged(sampled=sampled)
        looked = Looked(kept, nearby=sampled.share_nearby, background=background, judged=how)
        judged.keep(filters, self.meaning, frames, looked)
        return looked

    def _counted(self, session: Session, stop: int) -> Looked:
        kept = count_few(session, self.parts, self.meaning, stop)
        stopped = kept == stop
        return Looked(kept, stopped=stopped, judged=Judged(kept, stopped=stopped))


def _sample_of(pages: int) -> float:
    """The percentage that is about as many pages as a sample has.

    A power of two, so that a library that grows has the same statement for long.
    """
    return 100.0 * 0.5 ** max(0, round(math.log2(max(pages, 1) / _SAMPLE_PAGES)))


def _with_speech(speech: Speech | None, size: Sizes) -> Speech | None:
    """Where nothing is said the statement is as if there was no speech."""
    if speech is None or size.lines == 0:
        return None
    return replace(speech, by_graph=size.lines_graph)
