"""Every candidate's place in each ranking, one score of them all, and a page of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Double,
    FromClause,
    Select,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    literal_column,
    not_,
    null,
    or_,
    select,
    true,
    union,
)

from catalog.db.models import Asset, Clip
from catalog.domain.ordering import Weights
from catalog.store.search.keywords import Matches, joined_rank, place_by
from catalog.store.search.parts import SearchParts, is_ranked, is_sorted_by_score
from catalog.store.search.passed import not_passed
from catalog.store.search.speech import Heard, ranked_columns
from catalog.store.sort_keys import after_key, sort_key

RRF_K = 60
# PostgreSQL refuses a quotient too small for a float; a weight like that counts nothing.
_TINY = 1e-200
# Places by cosine that every page of a wide search knows, however few centres it looks at closely.
_LOOKED_UP = 24
# What a hit is ranked by, which is its own: its places hang on all others.
RANKED_BY = ("cosine", "words_rank", "speech_cosine")


@dataclass(frozen=True, slots=True)
class Wide:
    """What a wide search knows of the candidates it does not look at."""

    near: CTE
    """``asset_id, clip_id`` of the nearest clips."""
    background: CTE
    """``candidates, mean, spread``: about how many there are, and their cosines."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What is said beside what is shown."""

    listed: ColumnElement[Any]
    """The cosine of the last picture that is listed; NULL where all are."""
    floor: ColumnElement[Any]
    """The cosine from which on a line is taken to say it."""


def candidates(
    where: ColumnElement[bool],
    *shown: ColumnElement[Any],
    flagged: bool,
    name: str = "candidate",
    most: int | None = None,
    beside: FromClause | None = None,
) -> CTE:
    """Shots that pass the filters; an asset without shots stands for itself.

    So does one of flagged shots alone, unless these are asked for. ``shown`` is what else is
    told of them, and ``beside`` each asset; ``most``: so many of them are enough.
    """
    shot = and_(Clip.asset_id == Asset.id, Clip.kind == "shot")
    every = select(Asset.id.label("asset_id"), Clip.id.label("clip_id"), *shown).select_from(Asset)
    if beside is not None:
        every = every.join(beside, true())
    return (
        every.outerjoin(Clip, shot if flagged else and_(shot, Clip.flag.is_(None)))
        .where(Asset.kind.is_not(None), where)
        # Written out: a plan for any number is one for a tenth of all.
        .limit(None if most is None else literal_column(str(most), BigInteger))
        .cte(name)
    )


def pool(parts: SearchParts, near: CTE, matched: Matches | None, said: Heard | None) -> CTE:
    """For wide searches, in the place of all candidates: the near ones, and what words bring.

    The clips that are named or heard are among them wherever their pictures lie, so each has
    its cosine.
    """
    rows: list[Any] = [select(near.c.asset_id, near.c.clip_id)]
    if said is not None:
        rows += _heard_of(parts, said.over)
    if matched is not None:
        rows += _named_of(parts, matched)
    joined: Any = union  # mypy 2.4 breaks down over its many types
    every: CTE = (rows[0] if len(rows) == 1 else joined(*rows)).cte("candidate")
    return every


def _heard_of(parts: SearchParts, over: CTE) -> list[Select[int, int]]:
    """The shots that a line is said over, and the assets without shots."""
    shots = select(over.c.asset_id, over.c.clip_id).where(over.c.clip_id > 0)
    alone = candidates(
        and_(
            parts.where,
            Clip.id.is_(None),
            Asset.id.in_(select(over.c.asset_id).where(over.c.clip_id == 0)),
        ),
        flagged=parts.flagged,
        name="sound_candidate",
    )
    return [shots, select(alone.c.asset_id, alone.c.clip_id)]


def _named_of(parts: SearchParts, matched: Matches) -> list[Select[int, int]]:
    """The candidates whose asset or shot the words match."""
    by_asset = candidates(
        and_(parts.where, Asset.id.in_(select(matched.named.c.asset_id))),
        flagged=parts.flagged,
        name="named_candidate",
    )
    by_clip = candidates(
        and_(parts.where, Clip.id.in_(select(matched.heard.c.clip_id))),
        flagged=parts.flagged,
        name="heard_candidate",
    )
    return [select(each.c.asset_id, each.c.clip_id) for each in (by_asset, by_clip)]


def ranked_by_all(
    best: CTE,
    matched: Matches | None,
    wide: Wide | None,
    said: Heard | None,
) -> CTE:
    """Each candidate's place in each ranking; NULL where the ranking does not hold it.

    ``best`` are the candidates, with their ``cosine`` where there is a meaning, and with their
    ``words_rank`` where they are known with it.
    """
    source: Any = best
    if wide is not None:
        source = source.join(wide.background, true()).outerjoin(
            wide.near, wide.near.c.clip_id == best.c.clip_id
        )
    rank: ColumnElement[Any] | None = best.c.get("words_rank")
    if rank is None and matched is not None:
        source, rank = joined_rank(source, best, matched)
    over = None if said is None else said.over
    if over is not None:
        source = source.outerjoin(over, _same(over, best))
    brought = [] if rank is None else [rank.is_not(None)]
    if over is not None:
        brought.append(over.c.speech_rank.is_not(None))
    columns = [best.c.asset_id, best.c.clip_id, *_places_by_cosine(best, wide, brought)]
    place = cast(null(), BigInteger) if rank is None else place_by(rank)
    words = cast(null() if rank is None else rank, Double).label("words_rank")
    columns += [words, place.label("keyword_rank"), *ranked_columns(over)]
    return select(*columns).select_from(source).cte("ranked")


def _same(found: CTE, candidate: CTE) -> ColumnElement[bool]:
    """One key each, without null: else the planner could not hash the join."""
    return and_(
        found.c.asset_id == candidate.c.asset_id,
        found.c.clip_id == func.coalesce(candidate.c.clip_id, 0),
    )


def _places_by_cosine(
    best: CTE, wide: Wide | None, brought: Sequence[ColumnElement[bool]]
) -> list[ColumnElement[Any]]:
    """The cosine, its place, and what is usual; NULL where nothing is sought by meaning.

    ``brought`` tells who is a candidate whatever its cosine. In a wide search the place of such a
    one is looked up among the first alone, and estimated from there on, also where a deeper page
    would know it: else it moved between two pages, and came twice or not at all.
    """
    if "cosine" not in best.c:
        return [
            cast(null(), Double).label("cosine"),
            cast(null(), BigInteger).label("cosine_rank"),
            cast(null(), Double).label("background_mean"),
            cast(null(), Double).label("background_spread"),
        ]
    cosine = best.c.cosine
    place: ColumnElement[Any] = func.row_number().over(
        order_by=[cosine.desc().nulls_last(), best.c.clip_id]
    )
    mean: ColumnElement[Any] = func.avg(cosine).over()
    spread: ColumnElement[Any] = func.stddev_samp(cosine).over()
    if wide is not None:
        looked_up: ColumnElement[bool] = wide.near.c.clip_id.is_not(None)
        if brought:
            # Also of what lies near by one frame, not by its centre: who is nearer has the better
            # place of two.
            looked_up = or_(place <= _LOOKED_UP, and_(looked_up, not_(or_(*brought))))
        about = func.greatest(_LOOKED_UP + 1, _place_among_all(cosine, wide.background))
        place = case((looked_up, place), else_=about)
        mean, spread = wide.background.c.mean, wide.background.c.spread
    return [
        cosine,
        case((cosine.is_not(None), place)).label("cosine_rank"),
        mean.label("background_mean"),
        spread.label("background_spread"),
    ]


def _place_among_all(cosine: ColumnElement[float], background: CTE) -> ColumnElement[int]:
    """Where a clip that only its words brought stands among all cosines, about.

    As many lie before it as a normal distribution of the background's mean and
    spread has above its cosine.
    """
    z = (cosine - background.c.mean) / func.nullif(background.c.spread, 0)
    before = background.c.candidates * 0.5 * func.erfc(z / literal(math.sqrt(2), Double))
    return cast(func.coalesce(before, 0), BigInteger)


def fused_scores(
    ranked: CTE, weights: Weights, *, relevant: bool, beside: Beside | None = None
) -> CTE:
    """One score per candidate; without any ranking, order is left to name and time.

    ``beside`` is there where what is said ranks too. What a shot shows and what is said over it
    add up only where its picture is listed for itself, and as far as the line says the very same;
    else the better one counts. So a line that is only near to what is meant lifts no shot that
    lies by chance among the first pictures.
    """
    score = seen = _share(ranked.c.cosine_rank, weights.meaning)
    if beside is not None:
        said = _share(ranked.c.speech_rank, weights.speech)
        listed = func.coalesce(ranked.c.cosine >= beside.listed, beside.listed.is_(None))
        far = (ranked.c.speech_cosine - beside.floor) / func.greatest(1 - beside.floor, 1e-6)
        same = func.coalesce(far * far * far, 0)  # little, but for what is nearly the same
        # Not as a difference that is added: by its rounding the nearer of two might come behind.
        score = func.greatest(said, case((listed, seen + same * said), else_=seen))
    score += _share(ranked.c.keyword_rank, weights.words)
    statement = select(ranked, cast(score, Double).label("score"))
    if relevant:
        statement = statement.where(
            or_(
                ranked.c.cosine_rank.is_not(None),
                ranked.c.keyword_rank.is_not(None),
                *((ranked.c.speech_rank.is_not(None),) if beside is not None else ()),
            )
        )
    return statement.cte("fused")


def _share(place: ColumnElement[Any], weight: float) -> ColumnElement[Any]:
    """What a place in a ranking counts for; nothing where the ranking does not hold it."""
    # In double precision: numeric division is many times slower.
    whole = literal(weight if weight > _TINY else 0.0, Double)
    return func.coalesce(whole / cast(RRF_K + place, Double), literal(0.0, Double))


def page_of(fused: CTE, parts: SearchParts) -> CTE:
    """The rows of one page: those after the cursor, best first, or as they are sorted.

    Where nothing ranks they go by name. Those below the cutoff are none of any
    page, unless all are asked for.
    """
    clip = func.coalesce(fused.c.clip_id, 0)
    if is_sorted_by_score(parts):
        order = [*_best_first(fused), fused.c.asset_id, clip]
        statement = select(
            fused,
            cast(null(), Text).label("name_key"),
            fused.c.score.label("number_key"),
        )
        if parts.after is not None:
            ranked_by = [fused.c[name] for name in RANKED_BY]
            wide = parts.nearest is not None
            statement = statement.where(not_passed(fused, ranked_by, apart=wide))
    else:
        key, descending = sort_key(parts.sort)
        named = isinstance(key.type, Text)
        order = [key.desc() if descending else key, fused.c.asset_id, clip]
        statement = select(
            fused,
            (key if named else cast(null(), Text)).label("name_key"),
            (cast(null(), Double) if named else key).label("number_key"),
        ).join(Asset, Asset.id == fused.c.asset_id)
        if parts.after is not None:
            statement = statement.where(
                after_key(
                    key,
                    (fused.c.asset_id, clip),
                    seen=parts.after.value(key.type),
                    seen_ids=parts.after.row,
                    descending=descending,
                )
            )
    if is_ranked(parts) and not parts.all:
        statement = statement.where(fused.c.relevant)
    return statement.order_by(*order).limit(parts.limit).cte("page")


def page_order(page: CTE, parts: SearchParts) -> list[ColumnElement[Any]]:
    """The order of the page's rows, but for the numbers of asset and clip."""
    if is_sorted_by_score(parts):
        return _best_first(page)
    key, descending = sort_key(parts.sort)
    column = page.c.name_key if isinstance(key.type, Text) else page.c.number_key
    return [column.desc() if descending else column]


def _best_first(of: CTE) -> list[ColumnElement[Any]]:
    """By score; those alike so that who is better in all is before."""
    return [of.c.score.desc(), *(of.c[name].desc().nulls_last() for name in RANKED_BY)]
