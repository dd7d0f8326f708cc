"""Speech by meaning: lines that say what the query says, and the shots they are said over.

Texts lie nearer to texts than pictures do, so cosines of lines are never set beside those of
pictures. A line counts only where it stands far out of the query's own background, its
cosines with an even sample of all lines, towards the cosine of the same words; what does is
ranked, and the ranks are fused. See docs/decisions/0024.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    ColumnElement,
    Double,
    FromClause,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    case,
    cast,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    union_all,
    within_group,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased

from catalog.db.models import Asset, Clip, Phrase, SpeechEmbedding
from catalog.db.vectors import HALFVEC
from catalog.domain.confidence import QUARTILE
from catalog.domain.everyday import SENTENCES
from catalog.store.search.nearest import distance_to
from catalog.store.search.parts import Cursor, SearchParts, Speech, any_of, is_sorted_by_score
from catalog.store.search.sampling import LINES, evenly_drawn

# A line is taken to say it from so many spreads above the background's median on,
CLEARLY = 2.0
# and from so far on the way from there to the same words, whose cosine is 1.
SAME = 0.8
# Where lines differ so much that spreads lead further than this on that way, or past its end, the
# same words still say it.
ALL_BUT_SAME = 0.95
# So many lines are met, and looked at closely: nobody pages further through what is said.
_MET = 400
# Fewer lines are no background; then what people say every day is added to it.
_LEAST = 64
FIGURES = ("speech_floor", "speech_median", "speech_spread")


@dataclass(frozen=True, slots=True)
class Heard:
    """What is said that stands out."""

    over: CTE
    """``asset_id, clip_id, speech_id, speech_cosine, speech_rank``: the best line over each shot;
    ``clip_id`` is 0 where an asset without shots is heard."""
    ground: CTE
    """One row: `FIGURES`."""


def heard(parts: SearchParts) -> Heard | None:
    """The lines that answer, by the shots that the filters keep; None where speech is no part."""
    speech = parts.speech
    if speech is None or not parts.by_speech:
        return None
    # Lines that stood out on one page alone would come twice, or not at all.
    goes_on = parts.after is not None and is_sorted_by_score(parts)
    ground = _ground(speech, parts.after if goes_on else None)
    met = _met(speech)
    near = _over_shots(parts, ground, met).cte("line_near").prefix_with("MATERIALIZED")
    every = union_all(select(near), _rest(parts, speech, ground, met, near)).cte("line")
    cosine = func.max(every.c.cosine)
    first = func.array_agg(
        aggregate_order_by(every.c.speech_id, every.c.cosine.desc(), every.c.speech_id)
    )
    clip = func.coalesce(every.c.clip_id, 0)
    over = (
        select(
            every.c.asset_id,
            clip.label("clip_id"),
            cast(first[1], BigInteger).label("speech_id"),
            cosine.label("speech_cosine"),
            # Lines alike share a place, as do the shots that one line is said over.
            func.dense_rank().over(order_by=cosine.desc()).label("speech_rank"),
        )
        .group_by(every.c.asset_id, clip)
        .cte("heard_over")
    )
    return Heard(over, ground)


def _ground(speech: Speech, after: Cursor | None) -> CTE:
    """The query's background among lines: from where on one stands out; ``after`` keeps to that.

    A library where little is said has none of its own: sentences of every day stand beside it.
    """
    meaning = speech.meaning
    lines = evenly_drawn(meaning, LINES)
    few = select(func.count() < _LEAST).select_from(lines).scalar_subquery()
    phrase: Any = Phrase.vector
    everyday = select((1 - distance_to(meaning, phrase)).label("cosine")).where(
        few,
        Phrase.encoder_id == meaning.encoder_id,
        Phrase.text == any_(literal(list(SENTENCES), ARRAY(Text))),
    )
    sample = union_all(select(lines.c.cosine), everyday).cte("line_background")
    middle = within_group(func.percentile_cont(0.5), sample.c.cosine)
    low = within_group(func.percentile_cont(0.25), sample.c.cosine)
    spread = (middle - low) / QUARTILE
    way = 1 - middle
    above = func.least(func.greatest(CLEARLY * spread, SAME * way), ALL_BUT_SAME * way)
    floor = case((func.count() >= _LEAST, middle + above))
    if after is not None:
        kept = bindparam("after_speech_floor", after.speech_floor, type_=Double)
        # Without lines there is no middle that it could be shown beside.
        floor = case((func.count() > 0, kept))
    return (
        select(
            floor.label("speech_floor"),
            middle.label("speech_median"),
            spread.label("speech_spread"),
        )
        .select_from(sample)
        .cte("line_ground")
        .prefix_with("MATERIALIZED")
    )


def _met(speech: Speech) -> CTE:
    """The nearest lines of all, whatever the filters keep."""
    meaning = speech.meaning
    column: Any = SpeechEmbedding.vector
    distance = distance_to(meaning, column)
    if speech.by_graph and not isinstance(meaning.vector, ColumnElement):
        # With the cast that the index is built on.
        distance = distance_to(meaning, cast(column, HALFVEC(len(meaning.vector))))
    return (
        select(
            SpeechEmbedding.clip_id,
            SpeechEmbedding.asset_id,
            (1 - distance).label("cosine"),
        )
        .where(SpeechEmbedding.encoder_id == meaning.encoder_id)
        .order_by(distance)
        .limit(_MET)
        .cte("line_met")
        .prefix_with("MATERIALIZED")
    )


def _over_shots(parts: SearchParts, ground: CTE, line: FromClause) -> Select[*tuple[Any, ...]]:
    """The lines that stand out, with the shots they are said over that the filters keep.

    Where an asset has no shots at all, it is heard as a whole.
    """
    said, other = aliased(Clip), aliased(Clip)
    shots = select(other.id).where(other.asset_id == Asset.id, other.kind == "shot")
    if not parts.flagged:
        shots = shots.where(other.flag.is_(None))
    shot = and_(
        Clip.asset_id == Asset.id,
        Clip.kind == "shot",
        Clip.start_pts < said.end_pts,
        Clip.end_pts > said.start_pts,
    )
    return (
        select(
            Asset.id.label("asset_id"),
            Clip.id.label("clip_id"),
            said.id.label("speech_id"),
            line.c.cosine.label("cosine"),
        )
        .select_from(ground)
        .join(line, line.c.cosine >= ground.c.speech_floor)
        .join(said, said.id == line.c.clip_id)
        .join(Asset, Asset.id == said.asset_id)
        .outerjoin(Clip, shot if parts.flagged else and_(shot, Clip.flag.is_(None)))
        .where(
            Asset.kind.is_not(None),
            or_(Clip.id.is_not(None), not_(shots.correlate(Asset).exists())),
            parts.where,
        )
    )


def _rest(
    parts: SearchParts, speech: Speech, ground: CTE, met: CTE, near: CTE
) -> Select[*tuple[Any, ...]]:
    """All lines, where more stand out than were met and the filters kept few of those.

    EXPLAIN shows it as "never executed" otherwise.
    """
    column: Any = SpeechEmbedding.vector
    every = (
        select(
            SpeechEmbedding.clip_id,
            SpeechEmbedding.asset_id,
            (1 - distance_to(speech.meaning, column)).label("cosine"),
        )
        .where(
            SpeechEmbedding.encoder_id == speech.meaning.encoder_id,
            select(func.count() == _MET).select_from(met).scalar_subquery(),
            select(func.min(met.c.cosine)).scalar_subquery()
            >= select(ground.c.speech_floor).scalar_subquery(),
            select(func.count() < _MET // 4).select_from(near).scalar_subquery(),
        )
        .subquery("line_every")
    )
    found = _over_shots(parts, ground, every)
    return select(found.order_by(every.c.cosine.desc()).limit(_MET).subquery("line_rest"))


def ranked_columns(over: CTE | None) -> list[ColumnElement[Any]]:
    """Of each candidate the best line over it; NULL where nothing that is said stands out."""
    if over is None:
        return [
            cast(null(), Double).label("speech_cosine"),
            cast(null(), BigInteger).label("speech_rank"),
            cast(null(), BigInteger).label("speech_id"),
        ]
    return [over.c.speech_cosine, over.c.speech_rank, over.c.speech_id]


def figures(ground: CTE | None) -> list[ColumnElement[Any]]:
    """What the lines were judged by, for the answer."""
    if ground is None:
        return [cast(null(), Double).label(name) for name in FIGURES]
    return [select(ground.c[name]).scalar_subquery().label(name) for name in FIGURES]


def said_line(page: CTE, parts: SearchParts) -> ColumnElement[Any]:
    """The line that a hit is shown with: what stands out, else where its words are said."""
    lines: list[ColumnElement[Any]] = [cast(null(), BigInteger)]
    if parts.by_speech:
        lines = [page.c.speech_id]
    if parts.said is not None:
        # A phrase may go on from one line to the next: then one that has some of its words.
        whole = select(parts.said).scalar_subquery()
        lines.append(_line_with(page, select(any_of(parts.said)).scalar_subquery(), first=whole))
    if parts.by_speech and parts.keywords is not None:
        lines.append(_line_with(page, parts.keywords.any, page.c.keyword_rank.is_not(None)))
    return lines[0] if len(lines) == 1 else func.coalesce(*lines)


def _line_with(
    page: CTE,
    words: ColumnElement[Any],
    *where: ColumnElement[bool],
    first: ColumnElement[Any] | None = None,
) -> ColumnElement[Any]:
    """The line over a hit that has the words best, the first of those that have them alike.

    One that answers the query ``first`` comes before all others.
    """
    line, shot = aliased(Clip), aliased(Clip)
    order = [] if first is None else [line.words.bool_op("@@")(first).desc()]
    return (
        select(line.id)
        .select_from(line)
        .outerjoin(shot, shot.id == page.c.clip_id)
        .where(
            *where,
            line.asset_id == page.c.asset_id,
            line.kind == "speech",
            line.words.bool_op("@@")(words),
            or_(
                shot.id.is_(None),
                and_(line.start_pts < shot.end_pts, line.end_pts > shot.start_pts),
            ),
        )
        .order_by(*order, func.ts_rank_cd(line.words, words).desc(), line.start_pts)
        .limit(1)
        .correlate(page)
        .scalar_subquery()
    )


def line_columns(line: Any) -> list[ColumnElement[Any]]:  # noqa: ANN401  # an alias of Clip, or None
    """What is shown of the line."""
    if line is None:
        numbers = ("said_id", "said_start_pts", "said_end_pts")
        return [
            *(cast(null(), BigInteger).label(name) for name in numbers),
            *(cast(null(), Text).label(name) for name in ("said_text", "said_language")),
        ]
    return [
        line.id.label("said_id"),
        line.start_pts.label("said_start_pts"),
        line.end_pts.label("said_end_pts"),
        line.text.label("said_text"),
        line.language.label("said_language"),
    ]
