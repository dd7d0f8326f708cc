"""One query: parse, encode, ask, and read the rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, false, func, not_
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import True_

from catalog.db.engine import Database
from catalog.domain.examples import Examples
from catalog.domain.ordering import Sort, Weights
from catalog.domain.plan import OPENING, Plan, counted
from catalog.domain.query import Query
from catalog.domain.results import Hit, SearchResult
from catalog.encoders import TextEncoder
from catalog.errors import EncoderRemovedError
from catalog.media.frame_store import FrameStore
from catalog.media.isolated import DecoderPool
from catalog.search.backgrounds import KnownBackgrounds
from catalog.search.checking import check_limit, check_not_empty
from catalog.search.corrections import Correction, Unmended, corrected, corrections
from catalog.search.cursor import AnsweredBy, answered_by, read_cursor, write_cursor
from catalog.search.judging import (
    confidence_of,
    cutoff_of,
    surest,
)
from catalog.search.known_filters import KnownFilters
from catalog.search.known_queries import KnownQueries, ReadQuery
from catalog.search.known_sketches import KnownSketches
from catalog.search.known_words import KnownWords
from catalog.search.phrases import KnownPhrases
from catalog.search.planning import plan_of
from catalog.search.rows import asset_json, clip_json, said_json, seconds
from catalog.search.wishes import Sought, Wishes, removed
from catalog.store import filters
from catalog.store.examples import among_examples
from catalog.store.explain import explain
from catalog.store.search import Asked, Cursor, Keywords, Opening, SearchParts, asked_for, opened
from catalog.store.search.deciding import set_locally
from catalog.store.search.parts import is_sorted_by_score
from catalog.store.search.passed import passed_by
from catalog.store.search.ranking import RANKED_BY
from catalog.store.visibility import narrowed

_NUMBERS = ("date", "duration")
NO_EXAMPLES = Examples()
# How many encoders may go one after another while one question is asked.
_SWITCHES = 3


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a process keeps of searches from one to the next."""

    backgrounds: KnownBackgrounds = field(default_factory=KnownBackgrounds)
    unmended: Unmended = field(default_factory=Unmended)
    words: KnownWords = field(default_factory=KnownWords)
    filters: KnownFilters = field(default_factory=KnownFilters)
    queries: KnownQueries = field(default_factory=KnownQueries)
    sketches: KnownSketches = field(default_factory=KnownSketches)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was asked for: see `Search.find`."""

    query: str
    read: ReadQuery
    examples: Examples
    weights: Weights
    sort: Sort | None
    limit: int
    after: str | None
    everything: bool

    @property
    def parsed(self) -> Query:
        """The query's tree."""
        return self.read.query

    @property
    def mark(self) -> str:
        """What a cursor is of: another question's is refused."""
        ordinary = self.sort is None and self.weights == Weights()
        return (
            f"{self.query}{self.examples.mark()}"
            + ("\nall" if self.everything else "")
            + ("" if ordinary else f"\n{self.sort} {self.weights}")
        )

    def cursor(self, *, ranked: bool, encoders: AnsweredBy) -> Cursor | None:
        """The place to go on from, in a list that these encoders rank.

        Raises
        ------
        InvalidInputError
            If ``after`` is no cursor of this question, or others ranked its page.
        """
        if self.after is None:
            return None
        by = "relevance" if self.sort is None else self.sort.by
        if ranked and by == "relevance":
            return read_cursor(
                self.after, self.mark, by="place", ranked_by=RANKED_BY, encoders=encoders
            )
        return read_cursor(self.after, self.mark, by="number" if by in _NUMBERS else "name")

    def next(
        self,
        rows: Sequence[Row[Any]],
        rank: int,
        before: Cursor | None,
        parts: SearchParts,
        encoders: AnsweredBy,
    ) -> str:
        """The cursor after these rows of a page, the last of which has this rank."""
        wide = parts.nearest is not None
        if not is_sorted_by_score(parts):
            return write_cursor(self.mark, rank, rows[-1], wide=wide)
        passed = passed_by(rows, RANKED_BY, before.passed if before else ())
        floor = rows[-1].speech_floor if before is None else before.speech_floor
        return write_cursor(
            self.mark,
            rank,
            rows[-1],
            wide=wide,
            passed=passed,
            encoders=encoders,
            speech_floor=floor,
        )


class Search:
    """Answers queries over one catalogue."""

    def __init__(
        self,
        database: Database,
        store: FrameStore,
        load_encoder: Callable[[str], TextEncoder],
        decoders: DecoderPool,
        known: KnownPhrases | None = None,
        *,
        remembered: Remembered | None = None,
    ) -> None:
        self._database = database
        self._store = store
        self._wishes = Wishes(database, load_encoder, decoders, known)
        self._remembered = remembered or Remembered()

    def find(
        self,
        query: str,
        *,
        examples: Examples = NO_EXAMPLES,
        weights: Weights = Weights(),  # noqa: B008  # frozen
        sort: Sort | None = None,
        limit: int = 20,
        after: str | None = None,
        everything: bool = False,
        show_plan: bool = False,
    ) -> SearchResult:
        """The shots that answer ``query`` and are like the examples, best first.

        Raises
        ------
        InvalidQueryError
            If the query does not parse or is empty.
        InvalidInputError
            If the limit or the cursor is not usable.
        EncoderUnavailableError
            If free words need an encoder whose weights are not to be had.
        """
        read = self._remembered.queries.read(query)
        check_not_empty(read.query, examples)
        check_limit(limit)
        asked = _Asked(
            query,
            read,
            examples,
            weights,
            read.query.sort if sort is None else sort,
            limit,
            after,
            everything,
        )
        return self.whoever_answers(lambda: self._find(asked, show_plan=show_plan))

    def whoever_answers(self, ask: Callable[[], SearchResult]) -> SearchResult:
        """Ask again where the encoder was removed meanwhile: another one answers by then."""
        for _ in range(_SWITCHES):
            try:
                return ask()
            except EncoderRemovedError:
                continue
        return ask()

    def _find(self, asked: _Asked, *, show_plan: bool) -> SearchResult:
        began = time.perf_counter()
        settings = OPENING if asked.examples or asked.read.meant else {}
        with self._database.session() as session:
            opening = opened(session, settings)
            sought = self._wishes.at_hand(
                session, opening, asked.read.meant, asked.examples, asked.weights
            )
            if sought is not None:
                found = self._answered(session, asked, sought, opening, show_plan=show_plan)
        if sought is None:
            # A model may take its time: no transaction waits for it.
            sought = self._wishes.of(asked.parsed, asked.examples, asked.weights)
            with self._database.session() as session:
                opening = opened(session, settings)
                found = self._answered(session, asked, sought, opening, show_plan=show_plan)
        return replace(found, took_ms=(time.perf_counter() - began) * 1000)

    def _answered(
        self, session: Session, asked: _Asked, sought: Sought, opening: Opening, *, show_plan: bool
    ) -> SearchResult:
        encoder, meaning, read = sought.encoder, sought.meaning, asked.read
        words, reading = read.words, self._remembered.words
        # For people the statement is shown with the words as they were typed.
        keywords = None if words is None else reading.of(words, known=not show_plan)
        said = None if sought.speech is None else sought.speech.meaning
        encoders = answered_by(meaning, said)
        cursor = asked.cursor(ranked=meaning is not None or keywords is not None, encoders=encoders)
        kept = narrowed(self._database.actor, read.where)
        parts = SearchParts(
            where=_where(kept, read, asked.examples),
            flagged=read.flagged,
            free_words=bool(asked.examples) or read.query.has_free_words,
            keywords=keywords,
            said=read.said,
            meaning=meaning,
            speech=sought.speech,
            weights=asked.weights,
            sort=asked.sort,
            # One more than the page tells whether there is another page.
            limit=asked.limit + 1,
            after=cursor,
            all=asked.everything,
        )
        known = self._remembered.backgrounds
        planned = partial(
            plan_of,
            session,
            parts,
            encoder,
            filtered=not isinstance(kept, True_),
            known=known,
            judged=self._remembered.filters,
            sketches=self._remembered.sketches,
            opening=opening,
        )
        plan, parts, statement, answer = _sent(session, planned, opening)
        mended = _mended(session, read.query, answer, self._remembered.unmended)
        if mended:
            parts = replace(parts, keywords=_meant(read.query, mended))
            statement = asked_for(session, parts)
            answer = statement.rows(session)
        explanation = explain(session, statement) if show_plan else None
        check_there(answer)
        known.keep(parts, answer[0])
        if keywords is not None and keywords.query is words and not mended:
            reading.keep(words, answer[0].words_read)
        rows = [row for row in answer if row.asset_id is not None]
        first = cursor.rank + 1 if cursor else 1
        hits = tuple(self._hit(row, rank) for rank, row in enumerate(rows[: asked.limit], first))
        more = len(rows) > asked.limit
        return SearchResult(
            query=asked.query,
            encoder=None if encoder is None or meaning is None else encoder.name,
            plan=plan,
            took_ms=0.0,
            total_candidates=answer[0].candidates,
            hits=hits,
            next=asked.next(rows[: asked.limit], hits[-1].rank, cursor, parts, encoders)
            if more
            else None,
            explanation=explanation,
            cutoff=cutoff_of(answer[0], None if meaning is None else meaning.language),
            notices=sought.notices,
            corrections=tuple(each.as_json() for each in mended),
            examples=asked.examples.as_json() if asked.examples else None,
        )

    def _hit(self, row: Row[Any], rank: int) -> Hit:
        cosine = None if row.cosine is None else round(float(row.cosine), 6)
        said = said_json(row)
        return Hit(
            rank=rank,
            score=round(float(row.score), 6),
            cosine=cosine,
            keyword_rank=row.keyword_rank,
            confidence=surest(confidence_of(row), None if said is None else said["confidence"]),
            said=said,
            relevant=bool(row.relevant),
            asset=asset_json(row),
            clip=clip_json(row),
            frame=self._frame(row),
            picture_key=row.picture,
        )

    def _frame(self, row: Row[Any]) -> dict[str, Any] | None:
        if row.frame_id is None:
            return None
        return {
            "id": row.frame_id,
            "at": seconds(row, row.frame_pts),
            "picture": self._store.path_or_url(row.picture),
        }


def check_there(answer: Sequence[Row[Any]]) -> None:
    """Refuse an answer whose encoder had gone when it was given: its vectors went with it.

    Raises
    ------
    EncoderRemovedError
        If it had.
    """
    if not answer[0].encoder_there:
        raise removed("The encoder that answered")


def _sent(
    session: Session, planned: Callable[..., tuple[Plan, SearchParts]], opening: Opening
) -> tuple[Plan, SearchParts, Asked, list[Any]]:
    """The plan and its parts, their statement, and the answer; anew where few were many."""
    tried_few = False
    for tried in (False, True):
        plan, parts = planned(tried=tried)
        set_locally(session, plan.still_to_set(opening.settings))
        statement = asked_for(session, parts)
        answer = statement.rows(session)
        if parts.few is None:
            break
        tried_few = True
        if (kept := answer[0].candidates) <= parts.few:
            plan = counted(plan, parts.few, kept)
            break
    return replace(plan, tried_few=tried_few), parts, statement, answer


def _where(kept: ColumnElement[bool], read: ReadQuery, examples: Examples) -> ColumnElement[bool]:
    if examples.keep or not examples.like:
        return read.kept if kept is read.where else and_(kept, read.versions)
    # An asset without shots has no clip, and is no example.
    others = not_(func.coalesce(among_examples(examples.like), false()))
    return and_(kept, others, read.versions)


def _mended(
    session: Session, query: Query, answer: Sequence[Row[Any]], unmended: Unmended
) -> tuple[Correction, ...]:
    """What to look for where no keyword was found; nothing is asked where one was."""
    if any(row.keyword_rank is not None for row in answer):
        return ()
    return corrections(session, query.root, unmended)


def _meant(query: Query, mended: Sequence[Correction]) -> Keywords | None:
    if query.root is None:
        return None
    root = corrected(query.root, {each.typed: each.searched for each in mended})
    words = filters.keyword_query(root)
    return None if words is None else Keywords(words)
