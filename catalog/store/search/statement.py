"""The search statement: filters, keywords and meaning in one SELECT.

Reciprocal rank fusion after Cormack, Clarke and Büttcher, "Reciprocal Rank
Fusion outperforms Condorcet and individual rank learning methods", SIGIR 2009:
a clip's score is the sum, over the rankings that hold it, of 1 / (60 + rank).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from sqlalchemy import (
    CTE,
    ColumnElement,
    ScalarSelect,
    Select,
    Text,
    cast,
    func,
    null,
    select,
    true,
)
from sqlalchemy.orm import Session, aliased

from catalog.db.models import Asset, Clip, Frame, Location, Root
from catalog.store.search.asked import TEXTS, Asked, Expressions
from catalog.store.search.cutoff import JUDGED_BY, cutoff_of, end_of_list, judged
from catalog.store.search.keywords import Matches, matches, spoken_clip, words_rank
from catalog.store.search.nearest import (
    background,
    best_frames,
    best_of_few,
    near_clips,
    shown_frame,
)
from catalog.store.search.parts import (
    Keywords,
    Meaning,
    Nearest,
    SearchParts,
    encoder_there,
    is_ranked,
    shows_lines,
)
from catalog.store.search.ranking import (
    Beside,
    Wide,
    candidates,
    fused_scores,
    page_of,
    page_order,
    pool,
    ranked_by_all,
)
from catalog.store.search.shown import ASSET_SHOWN, SHOT_SHOWN
from catalog.store.search.sketched import near_clips_by_sketches
from catalog.store.search.speech import (
    FIGURES,
    Heard,
    figures,
    heard,
    line_columns,
    said_line,
)

Row = Select[*tuple[Any, ...]]


def asked_for(session: Session, parts: SearchParts) -> Asked:
    """`search_statement`, whose text is made once for all queries of this shape."""
    meaning, near, after = parts.meaning, parts.nearest, parts.after
    speech = parts.speech if parts.by_speech else None
    assert meaning is None or isinstance(meaning.vector, np.ndarray)  # noqa: S101  # not in SQL
    shape = (
        "search",
        None
        if meaning is None
        else (meaning.encoder_id, len(meaning.vector), meaning.language is None),
        None if near is None else near.shape,
        None if after is None else type(after.key),
        None if speech is None else (speech.meaning.encoder_id, speech.by_graph),
        *(parts.limit, parts.flagged, parts.all, parts.weights, parts.sort, parts.free_words),
        *(parts.few, parts.ground is None),
    )
    values: dict[str, Any] = {} if after is None else after.values()
    if meaning is not None:
        values |= {"query_vector": meaning.vector, "query_language": meaning.language}
    if speech is not None:
        values[speech.meaning.bind] = speech.meaning.vector
    if parts.ground is not None:
        values |= parts.ground.values()
    if near is not None:
        values |= near.values()
    varying = {"where": parts.where}
    if parts.keywords is not None:
        varying["words"] = parts.keywords.query
    if parts.said is not None:
        varying["said"] = parts.said

    def build(named: Expressions) -> Row:
        words = Keywords(named["words"]) if "words" in named else None
        where, said = named["where"], named.get("said")
        return search_statement(replace(parts, where=where, keywords=words, said=said))

    return TEXTS.asked(session, shape, varying, values, build)


def search_statement(parts: SearchParts) -> Row:
    """One SELECT whose rows are hits, best first, with all a page shows of them.

    Each row carries ``candidates`` (how many clips passed the filters; in a wide
    search about how many) and the mean and spread of all their cosines (in a wide
    search of a sample), the background that a hit stands out from; and ``words_read``,
    the words as the tsquery they were read as.
    A page without hits is one row that has ``candidates`` and no asset.
    """
    matched = None if parts.keywords is None else matches(parts.keywords)
    said = heard(parts)
    candidate, wide = _candidates(parts, matched, said)
    best = _compared(candidate, parts)
    ranked = ranked_by_all(best, matched, wide, said)
    relevant = is_ranked(parts) and parts.free_words
    end = cutoff_of(ranked, parts.meaning, parts.ground)
    beside = None
    if said is not None and end is not None:
        figure = (end.c.cutoff, said.ground.c.speech_floor)
        beside = Beside(*(select(column).scalar_subquery() for column in figure))
    fused = fused_scores(ranked, parts.weights, relevant=relevant, beside=beside)
    judging = judged(fused, end)
    page = page_of(judging, parts)
    counted: ColumnElement[int] = select(func.count()).select_from(candidate).scalar_subquery()
    if wide is not None:
        about = select(wide.background.c.candidates).scalar_subquery()
        counted = func.greatest(counted, about)
    heard_by = figures(None if said is None else said.ground)
    words = None if parts.keywords is None else parts.keywords.all
    read = cast(null() if words is None else words, Text).label("words_read")
    total = select(counted.label("candidates"), *heard_by, read).cte("total")
    return shown(total, page, parts, judging)


def _candidates(
    parts: SearchParts, matched: Matches | None, said: Heard | None
) -> tuple[CTE, Wide | None]:
    """Whose frames are compared: of every candidate, or of those a wide search found near."""
    if parts.nearest is None or parts.meaning is None:
        if parts.few is None:
            return candidates(parts.where, flagged=parts.flagged), None
        # One more tells that there are more.
        known: dict[str, Any] = {"flagged": parts.flagged, "most": parts.few + 1}
        if parts.keywords is None:
            return candidates(parts.where, **known), None
        named, rank = words_rank(parts.keywords)
        return candidates(parts.where, rank.label("words_rank"), beside=named, **known), None
    near = _near_clips(parts, parts.meaning, parts.nearest)
    wide = Wide(near, background(parts, parts.meaning, parts.nearest))
    return pool(parts, near, matched, said), wide


def _near_clips(parts: SearchParts, meaning: Meaning, nearest: Nearest) -> CTE:
    if nearest.rough is not None:
        return near_clips_by_sketches(parts, meaning, nearest, nearest.rough)
    return near_clips(parts, meaning, nearest)


def _compared(candidate: CTE, parts: SearchParts) -> CTE:
    """The candidates with their cosines, where anything is sought by meaning."""
    if parts.meaning is None:
        return candidate
    if parts.few is None:
        return best_frames(candidate, parts.meaning)
    return best_of_few(candidate, parts.meaning, parts.few)


def shown(total: CTE, page: CTE, parts: SearchParts, judging: CTE) -> Row:
    """The page's rows with everything people are shown, beside the number of candidates."""
    end = end_of_list(judging, parts)
    clip = func.coalesce(page.c.clip_id, 0)
    order = page_order(page, parts)
    line = aliased(Clip) if shows_lines(parts) else None
    statement = (
        select(
            total.c.candidates,
            *(total.c[name] for name in FIGURES),
            total.c.words_read,
            encoder_there(parts.meaning, spoken_meaning(parts)).label("encoder_there"),
            end.c.relevant_hits,
            *(end.c[name] for name in JUDGED_BY),
            *(column for column in page.c if column.name not in JUDGED_BY),
            *ASSET_SHOWN,
            _shown_path(page).label("path"),
            *SHOT_SHOWN,
            *line_columns(line),
        )
        .select_from(total)
        .join(end, true())
        .outerjoin(page, true())
        .outerjoin(Asset, Asset.id == page.c.asset_id)
        .outerjoin(Clip, Clip.id == func.coalesce(page.c.clip_id, _heard_in(page, parts)))
        .outerjoin(Frame, Frame.id == shown_frame(page, parts.meaning))
        .order_by(*order, page.c.asset_id, clip)
    )
    if line is None:
        return statement
    return statement.outerjoin(line, line.id == said_line(page, parts))


def _heard_in(page: CTE, parts: SearchParts) -> ColumnElement[Any]:
    """Of an asset without shots, the line to listen to: what stands out, or has the words."""
    in_words = spoken_clip(page, parts)
    return func.coalesce(said_line(page, parts), in_words) if shows_lines(parts) else in_words


def spoken_meaning(parts: SearchParts) -> Meaning | None:
    """What should be said, where that is part of the statement."""
    return parts.speech.meaning if parts.speech is not None and parts.by_speech else None


def _shown_path(page: CTE) -> ScalarSelect[str]:
    """One of the asset's files, one that is there before one that is missing."""
    return (
        select(Root.path.concat("/").concat(Location.path))
        .select_from(Location)
        .join(Root, Root.id == Location.root_id)
        .where(Location.asset_id == page.c.asset_id)
        .order_by(Location.online.desc(), Location.id)
        .limit(1)
        .correlate(page)
        .scalar_subquery()
    )
