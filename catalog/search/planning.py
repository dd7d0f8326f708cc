"""Choose how a search goes about its neighbours: statistics first, a bounded count where needed."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.orm import Session

from catalog.domain.plan import (
    Library,
    Plan,
    choose,
    meeting_lines_by_graph,
    only_exact,
    worth_counting,
)
from catalog.store import centres
from catalog.store.centres import Sizes
from catalog.store.search import Nearest, SearchParts
from catalog.store.search.deciding import count_kept, sample_kept
from catalog.store.search.parts import is_sorted_by_score
from catalog.store.vectors import EncoderRow

# Enough of the library to know its mean and spread by: some 700 centres of 512 dimensions.
_SAMPLE_PAGES = 100
# Counting more centres than this takes longer than drawing a sample,
_COUNTED = 500
# which is worth it where it is little of all: percent.
_SAMPLED = 20.0


def plan_of(
    session: Session, parts: SearchParts, encoder: EncoderRow | None, *, filtered: bool
) -> tuple[Plan, SearchParts]:
    """The plan, and the parts as it wants them: without speech where nothing is said.

    ``filtered``: whether the query chooses; what is left out of every search
    (black, bars, former versions) is little, and not counted.
    """
    keywords = parts.keywords is not None
    meaning = parts.meaning
    if meaning is None or encoder is None:
        kind = "keywords" if keywords else "filter"
        return Plan(kind, "there is no meaning to compare", keywords=keywords), parts
    hears = None if parts.speech is None else parts.speech.meaning.encoder_id
    assert hears is None or isinstance(hears, int)  # noqa: S101  # as below
    size = centres.sizes(session, encoder.id, encoder.dimension, speech_id=hears)
    parts = _with_speech(parts, size)
    library = Library(size.frames, size.centres, size.graph, encoder.dimension)
    limit = parts.limit
    assert isinstance(limit, int)  # noqa: S101  # an expression only inside catalog.search()
    depth = limit + (parts.after.rank if parts.after else 0)
    stop = worth_counting(library, depth) if filtered else 0
    percent = min(100.0, 100.0 * _SAMPLE_PAGES / max(size.centre_pages, 1))
    # A small library is looked at as a whole, whatever the filters keep of it.
    first = min(stop, _COUNTED) if percent <= _SAMPLED else stop
    kept = count_kept(session, parts, meaning, first) if stop else None
    nearby = None
    if first < stop and kept == first:
        sampled = sample_kept(session, parts, meaning, percent)
        if sampled.tells:
            kept, nearby = round(sampled.share * size.centres), sampled.share_nearby
        else:
            kept = count_kept(session, parts, meaning, stop)
    stopped = stop != 0 and nearby is None and kept == stop
    chosen = choose(library, kept=kept, depth=depth, stopped=stopped, nearby=nearby)
    if chosen.wide and not (is_sorted_by_score(parts) and parts.free_words):
        # What is listed by date or name, or without any rank, is all that is relevant.
        chosen = only_exact(chosen)
    plan = replace(chosen, keywords=keywords, speech=parts.by_speech)
    if plan.speech and size.lines_graph:
        plan = meeting_lines_by_graph(plan, size.lines)
    if not plan.wide:
        return plan, parts
    nearest = Nearest(
        dimension=encoder.dimension,
        take=plan.take,
        by_graph=plan.kind == "graph",
        walk=plan.walk,
        sample=percent,
        centres=size.centres if kept is None else None,
    )
    return plan, replace(parts, nearest=nearest)


def _with_speech(parts: SearchParts, size: Sizes) -> SearchParts:
    """Where nothing is said the statement is as if there was no speech."""
    if parts.speech is None or size.lines == 0:
        return replace(parts, speech=None)
    return replace(parts, speech=replace(parts.speech, by_graph=size.lines_graph))
