"""X, then Y: two shots of one asset, the second soon after the first."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Row, and_

from catalog.domain.examples import Examples
from catalog.domain.ordering import Sort, Weights
from catalog.domain.plan import COMPARING, Plan
from catalog.domain.query import find_field
from catalog.domain.query.mistakes import SpellingError
from catalog.domain.query.scalars import read_numbers
from catalog.domain.results import Hit, Notice, SearchResult
from catalog.errors import InvalidInputError
from catalog.search.checking import check_limit, parsed_query
from catalog.search.cursor import AnsweredBy, answered_by, read_cursor, write_cursor
from catalog.search.find import NO_EXAMPLES, Search, check_there
from catalog.search.rows import asset_json, clip_json
from catalog.store import filters
from catalog.store.explain import explain
from catalog.store.search import Cursor
from catalog.store.search.deciding import set_locally
from catalog.store.search.passed import passed_by
from catalog.store.search.sequence import RANKED_BY, Side, have_statistics, sequence_asked
from catalog.store.visibility import visible_to

WITHIN = "10s"
LONGEST_S = 86_400.0
# Without statistics the planner takes an encoder for one in two hundred, and a loop would read all
# that it made for each shot.
_WITHOUT_STATISTICS = {**COMPARING, "enable_nestloop": "off"}


@dataclass(frozen=True, slots=True)
class Pair(Hit):
    """A hit with the shot that follows it: ``then`` has ``clip``, ``frame`` and ``cosine``."""

    then: Mapping[str, Any] | None = None
    gap: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """JSON form: a hit's, with ``then`` and the seconds between, ``gap``."""
        # Not super(): a dataclass with slots is made twice.
        return Hit.as_json(self) | {"then": dict(self.then or {}), "gap": self.gap}


def seconds_within(within: str | float) -> float:
    """``10``, ``"10s"``, ``"1m30s"`` or ``"0:10"`` as seconds.

    Raises
    ------
    InvalidInputError
        If it is no duration, negative, or above a day.
    """
    field = find_field("duration")
    try:
        assert field is not None  # noqa: S101
        seconds = read_numbers(field, f">={within}").low if isinstance(within, str) else within
    except SpellingError:
        seconds = None
    if seconds is None or isinstance(seconds, bool) or not 0 <= seconds <= LONGEST_S:
        raise InvalidInputError(
            f"{str(within)[:40]!r} is no time between two shots; expected such as 10s or 1m30s,"
            " at most a day.",
            remedy="Say within how long the second shot begins: --within 10s.",
        )
    return float(seconds)


def refuse_order(sort: Sort | None) -> None:
    """Pairs go by relevance.

    Raises
    ------
    InvalidInputError
        If another order is asked for, which would not be kept.
    """
    if sort is not None and sort.by != "relevance":
        raise InvalidInputError(
            f"Pairs of shots go by relevance; the order {sort.text!r} was asked for.",
            remedy="Leave the order out, or search without `then`.",
        )


class SequenceSearch(Search):
    """Answers "X, then Y within 10 s"."""

    def find_pairs(
        self,
        query: str,
        then: str,
        *,
        within: str | float | None = None,
        examples: Examples = NO_EXAMPLES,
        limit: int = 20,
        after: str | None = None,
        show_plan: bool = False,
    ) -> SearchResult:
        """Pairs of shots, best first; ``within`` counts from one's end to the other's beginning.

        Raises
        ------
        InvalidQueryError, InvalidInputError, EncoderUnavailableError
            As `Search.find`.
        """
        return self.whoever_answers(
            lambda: self._find_pairs(
                query,
                then,
                within=within,
                examples=examples,
                limit=limit,
                after=after,
                show_plan=show_plan,
            )
        )

    def _find_pairs(
        self,
        query: str,
        then: str,
        *,
        within: str | float | None,
        examples: Examples,
        limit: int,
        after: str | None,
        show_plan: bool,
    ) -> SearchResult:
        began = time.perf_counter()
        check_limit(limit)
        seconds = seconds_within(WITHIN if within is None else within)
        encoder, first, said = self._side(query, examples)
        _, second, said_then = self._side(then, NO_EXAMPLES)
        asked = f"{query}\nthen {then}\nwithin {seconds}{examples.mark()}"
        encoders = answered_by(first.meaning, second.meaning)
        cursor = None
        if after is not None:
            cursor = read_cursor(after, asked, by="place", ranked_by=RANKED_BY, encoders=encoders)
        with self._database.session() as session:
            known = have_statistics(session, first, second)
            plan = Plan(
                "exact" if first.meaning or second.meaning else "filter",
                "every pair of shots is compared",
                settings=COMPARING if known else _WITHOUT_STATISTICS,
            )
            set_locally(session, plan.settings)
            statement = sequence_asked(
                session, first, second, within=seconds, limit=limit + 1, after=cursor
            )
            answer = statement.rows(session)
            explanation = explain(session, statement) if show_plan else None
        check_there(answer)
        rows = [row for row in answer if row.asset_id is not None]
        before = cursor.rank + 1 if cursor else 1
        hits = tuple(self._pair(row, rank) for rank, row in enumerate(rows[:limit], before))
        more = len(rows) > limit
        return SearchResult(
            query=query,
            encoder=encoder,
            plan=plan,
            took_ms=(time.perf_counter() - began) * 1000,
            total_candidates=answer[0].candidates,
            hits=hits,
            next=_next(asked, hits[-1].rank, rows[:limit], cursor, encoders) if more else None,
            explanation=explanation,
            notices=(*said, *said_then),
            examples=examples.as_json() if examples else None,
        )

    def _side(self, query: str, examples: Examples) -> tuple[str | None, Side, tuple[Notice, ...]]:
        parsed = parsed_query(query, examples)
        refuse_order(parsed.sort)
        # Pairs are of what is seen.
        sought = self._wishes.of(parsed, examples, Weights(speech=0))
        encoder, meaning = sought.encoder, sought.meaning
        where = and_(
            filters.condition(parsed.root),
            filters.versions_wanted(parsed.root),
            visible_to(self._database.actor),
        )
        flagged = filters.asks_for_flagged(parsed.root)
        name = encoder.name if encoder is not None and meaning is not None else None
        return name, Side(where, meaning, flagged), sought.notices

    def _pair(self, row: Row[Any], rank: int) -> Pair:
        one, other = _shot(row, ""), _shot(row, "then_")
        return Pair(
            rank=rank,
            score=round(float(row.score), 6),
            cosine=_rounded(row.cosine),
            keyword_rank=None,
            confidence=None,
            asset=asset_json(row),
            clip=clip_json(one),
            frame=self._frame(one),
            picture_key=row.picture,
            then={
                "clip": clip_json(other),
                "frame": self._frame(other),
                "cosine": _rounded(row.then_cosine),
            },
            gap=round(float(row.gap), 6),
        )


def _shot(row: Row[Any], prefix: str) -> Any:  # noqa: ANN401  # a row's like
    """One of the two shots, under the names a row of a single one has."""
    fields = (
        *("shown_clip_id", "clip_kind", "roll", "roll_confidence"),
        *("start_pts", "end_pts", "frame_pts", "picture"),
    )
    shared = ("start_timecode", "frame_rate_num", "frame_rate_den", "time_base_num")
    found = {name: getattr(row, prefix + name) for name in fields}
    found |= {name: getattr(row, name) for name in (*shared, "time_base_den")}
    return SimpleNamespace(**found, frame_id=getattr(row, f"{prefix}shown_frame_id"))


def _rounded(cosine: float | Fraction | None) -> float | None:
    return None if cosine is None else round(float(cosine), 6)


def _next(
    asked: str,
    rank: int,
    rows: Sequence[Row[Any]],
    before: Cursor | None,
    encoders: AnsweredBy,
) -> str:
    passed = passed_by(rows, RANKED_BY, before.passed if before else ())
    return write_cursor(asked, rank, rows[-1], passed=passed, encoders=encoders)
