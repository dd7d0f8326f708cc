"""Before the statement: how much the filters keep, and the settings it runs under."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from sqlalchemy import BigInteger, Text, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from catalog.domain.plan import Sampled
from catalog.store.search.asked import TEXTS, Expressions, Statement
from catalog.store.search.nearest import kept_centres, sampled_kept
from catalog.store.search.parts import Meaning, SearchParts

# Of a sample of some 700 the twentieth that is nearest to the query.
_NEAREST = 32

_SET = text(
    "SELECT count(set_config(name, value, true)) FROM unnest(:names, :given) AS s (name, value)"
).bindparams(bindparam("names", type_=ARRAY(Text)), bindparam("given", type_=ARRAY(Text)))


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


def sample_kept(session: Session, parts: SearchParts, meaning: Meaning, percent: float) -> Sampled:
    """What the filters keep of a sample: that percentage of the pages of centres."""

    def build(named: Expressions) -> Statement:
        return sampled_kept(named["where"], meaning, percent, _NEAREST, flagged=parts.flagged)

    assert isinstance(meaning.vector, np.ndarray)  # noqa: S101  # not in SQL
    shape = ("sampled", meaning.encoder_id, len(meaning.vector), parts.flagged)
    values = {"query_vector": meaning.vector, "sample": percent}
    [row] = TEXTS.asked(session, shape, {"where": parts.where}, values, build).rows(session)
    return Sampled(row.drawn, row.kept, min(_NEAREST, row.drawn), row.near)


def set_locally(session: Session, settings: Mapping[str, str]) -> None:
    """Let these settings hold until the transaction ends."""
    if settings:
        session.execute(_SET, {"names": list(settings), "given": list(settings.values())})
