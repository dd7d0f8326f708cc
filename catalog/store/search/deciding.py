"""Before the statement: how much the filters keep, and the settings it runs under."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    and_,
    bindparam,
    func,
    literal_column,
    select,
)
from sqlalchemy.orm import Session

from catalog.db.models import Centre
from catalog.domain.plan import Sampled
from catalog.store.search.asked import TEXTS, Asked, Expressions, Statement
from catalog.store.search.nearest import kept_centres, sampled_kept
from catalog.store.search.parts import Background, Meaning, SearchParts
from catalog.store.search.ranking import candidates

# Of a sample of some 700 the twentieth that is nearest to the query.
_NEAREST = 32
# Centres up to which what the filters keep is looked at before a sample is drawn.
COUNTED = 500

_SET = """
    SELECT count(set_config(name, value, true))
    FROM unnest(%(names)s::text[], %(given)s::text[]) AS s (name, value)
"""


def count_few(session: Session, parts: SearchParts, meaning: Meaning, stop: int) -> int:
    """How many centres the filters keep; ``stop`` if they are as many, or clips without any."""

    def build(named: Expressions) -> Statement:
        candidate = candidates(named["where"], flagged=parts.flagged)
        mine = and_(Centre.clip_id == candidate.c.clip_id, Centre.encoder_id == meaning.encoder_id)
        kept = (
            select(Centre.part)
            .select_from(candidate)
            .outerjoin(Centre, mine)
            .limit(most)
            .subquery("kept")
        )
        return select(
            func.count().label("met"), func.count(kept.c.part).label("centres")
        ).select_from(kept)

    # Written out where it is always the same: a plan for any number is one for a tenth of all.
    always = stop == COUNTED
    most: ColumnElement[int] = (
        literal_column(str(stop), BigInteger)
        if always
        else bindparam("stop", stop, type_=BigInteger)
    )
    shape = ("few", meaning.encoder_id, parts.flagged, always)
    values = {} if always else {"stop": stop}
    looking = TEXTS.asked(session, shape, {"where": parts.where}, values, build)
    [row] = looking.rows(session)
    return stop if row.met >= stop else int(row.centres)


def count_kept(session: Session, parts: SearchParts, meaning: Meaning, stop: int) -> int:
    """How many centres the filters keep; counting ends at ``stop``."""

    def build(named: Expressions) -> Statement:
        kept = kept_centres(named["where"], meaning.encoder_id, flagged=parts.flagged)
        most = bindparam("stop", stop, type_=BigInteger)
        return select(func.count().label("kept")).select_from(kept.limit(most).subquery())

    shape = ("kept", meaning.encoder_id, parts.flagged)
    counting = TEXTS.asked(session, shape, {"where": parts.where}, {"stop": stop}, build)
    [row] = counting.rows(session)
    return int(row.kept)


def sample_kept(
    session: Session, parts: SearchParts, meaning: Meaning, percent: float
) -> tuple[Sampled, Background | None]:
    """What the filters keep of a sample: that percentage of the pages of centres.

    And, where they keep any, what their cosines are like.
    """

    def build(named: Expressions) -> Statement:
        return sampled_kept(named["where"], meaning, percent, _NEAREST, flagged=parts.flagged)

    assert isinstance(meaning.vector, np.ndarray)  # noqa: S101  # not in SQL
    shape = ("sampled", meaning.encoder_id, len(meaning.vector), parts.flagged, percent)
    values = {"query_vector": meaning.vector}
    [row] = TEXTS.asked(session, shape, {"where": parts.where}, values, build).rows(session)
    sampled = Sampled(row.drawn, row.kept, min(_NEAREST, row.drawn), row.near)
    if row.spread is None:
        return sampled, None
    candidates = round(row.clips * 100.0 / percent)
    return sampled, Background(candidates, float(row.mean), float(row.spread))


def set_locally(session: Session, settings: Mapping[str, str]) -> None:
    """Let these settings hold until the transaction ends."""
    if settings:
        Asked(_SET, {"names": list(settings), "given": list(settings.values())}).rows(session)
