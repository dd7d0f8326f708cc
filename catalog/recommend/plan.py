"""The plan of a script: candidates for all lines, then who gets which."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Row
from sqlalchemy.orm import Session

from catalog.db.engine import Database
from catalog.domain.assignment import Candidate, Choice, Variety, assign
from catalog.domain.recommended import Pick, PlannedLine, Recommendation, Roll
from catalog.domain.results import Notice
from catalog.domain.script import Line
from catalog.domain.together import READING
from catalog.encoders import Encoder
from catalog.errors import (
    EncoderRemovedError,
    EncoderUnavailableError,
    InvalidInputError,
    NotFoundError,
)
from catalog.recommend.found import Found
from catalog.recommend.meant import Meant
from catalog.recommend.processors import one_each
from catalog.recommend.shown import Shown
from catalog.recommend.spoken import Spoken
from catalog.recommend.telling import told
from catalog.recommend.wish import Wish, allowed
from catalog.search.judging import cut_notices
from catalog.search.phrases import KnownPhrases, Phrases, normal_phrase
from catalog.store import clips, proposals, vectors
from catalog.store.search.deciding import set_locally
from catalog.store.stop_words import stop_words
from catalog.store.vectors import EncoderRow

# Pictures beside each other should differ; speech may well go on with one who speaks.
VARIETY: Mapping[Roll, Variety] = {"A": Variety(0.9, 0.0), "B": Variety(0.8, 0.1)}
_TRIES = 3

ByLine = Mapping[int, Sequence[Found]]


@dataclass(slots=True)
class _Asked:
    """What the planning of one script works with."""

    wish: Wish
    rows: dict[int, Row[Any]] = field(default_factory=dict)
    locks: dict[Roll, dict[int, int]] = field(default_factory=lambda: {"A": {}, "B": {}})


@dataclass(frozen=True, slots=True)
class _Among:
    """What may be proposed, and the lines' words as `proposals.word_queries` reads them."""

    where: ColumnElement[bool]
    queries: Mapping[str, str | None]


class Planner:
    """Plans scripts over one catalogue."""

    def __init__(
        self,
        database: Database,
        load_encoder: Callable[[str], Encoder],
        known: KnownPhrases | None = None,
    ) -> None:
        self._database = database
        self._load_encoder = load_encoder
        self._known = known

    def plan(self, wish: Wish) -> Recommendation:
        """What is proposed for each line, planned around what is locked.

        Raises
        ------
        InvalidQueryError, InvalidInputError
            If filter, numbers or picks cannot be used.
        NotFoundError
            If a bin or a locked clip is not there.
        EncoderUnavailableError
            If the lines need an encoder whose weights are not to be had.
        """
        for _ in range(_TRIES):
            try:
                return self._plan(wish)
            except EncoderRemovedError:
                continue  # another one answers by then
        return self._plan(wish)

    def _plan(self, wish: Wish) -> Recommendation:
        began = time.perf_counter()
        query = wish.checked()
        with self._database.session() as session:
            encoder, hears = vectors.answering(session)
        meant, notices = self._meant(wish, encoder)
        heard, unheard = self._heard(wish, encoder, hears, meant)
        asked = _Asked(wish)
        with self._database.session() as session:
            _look_up_locks(session, asked)
            where = allowed(session, wish, query)
            wish = _without_stop_words(session, wish)
            words = sorted({term.text for line in wish.script.lines for term in line.terms})
            among = _Among(where, proposals.word_queries(session, words))
        said, shown = self._candidates(among, wish, (encoder, meant), heard)
        with self._database.session() as session:
            chosen = {
                "A": _assigned(session, None, "A", said, asked),
                "B": _assigned(session, encoder, "B", shown, asked),
            }
            wanted = {choice.clip for each in chosen.values() for of in each for choice in of}
            asked.rows |= clips.get_clips(session, sorted(wanted - asked.rows.keys()))
            _check_there(session, encoder)
        lines = tuple(
            PlannedLine(
                line,
                told(line, "A", chosen["A"][at], _by_clip(said, line.number), asked.rows),
                told(line, "B", chosen["B"][at], _by_clip(shown, line.number), asked.rows),
            )
            for at, line in enumerate(wish.script.lines)
        )
        return Recommendation(
            wish.script,
            lines,
            None if encoder is None else encoder.name,
            (time.perf_counter() - began) * 1000,
            (*notices, *unheard),
        )

    def _candidates(
        self,
        among: _Among,
        wish: Wish,
        seen: tuple[EncoderRow | None, Mapping[int, np.ndarray]],
        heard: Meant | None,
    ) -> tuple[ByLine, ByLine]:
        """Speech and shots for all lines, looked for side by side on two connections.

        Neither waits for a connection while it holds one.
        """
        encoder, meant = seen

        def spoken() -> ByLine:
            with self._database.session() as session:
                set_locally(session, READING)
                return _spoken(session, among, wish, heard)

        def shown() -> ByLine:
            if encoder is None:
                return {}
            with self._database.session() as session:
                set_locally(session, READING)
                return _shown(session, encoder, among, wish, meant)

        with one_each(), ThreadPoolExecutor(1, thread_name_prefix="a-roll") as beside:
            said = beside.submit(spoken)
            found = shown()
            return said.result(), found

    def _heard(
        self,
        wish: Wish,
        encoder: EncoderRow | None,
        hears: EncoderRow | None,
        meant: Mapping[int, np.ndarray],
    ) -> tuple[Meant | None, tuple[Notice, ...]]:
        """The lines under the encoder that answers for speech, or why it cannot be asked."""
        if hears is None:
            return None, ()
        if encoder is not None and hears.id == encoder.id:
            return Meant(hears.id, meant), ()
        try:
            found, cut = self._meant(wish, hears)
        except EncoderUnavailableError as error:
            return None, (Notice("speech_not_searched", f"Speech by meaning: {error.message}"),)
        return Meant(hears.id, found), cut

    def _meant(
        self, wish: Wish, encoder: EncoderRow | None
    ) -> tuple[dict[int, np.ndarray], tuple[Notice, ...]]:
        """The lines' vectors by number, all encoded at once, and what was not read of them."""
        if encoder is None:
            return {}, ()
        name = encoder.name
        phrases = Phrases(self._database, encoder, lambda: self._load_encoder(name), self._known)
        texts = {line.number: normal_phrase(line.text) for line in wish.script.lines}
        found = phrases.vectors(list(texts.values()))
        return {number: found[text] for number, text in texts.items()}, cut_notices(phrases.cut)


def _without_stop_words(session: Session, wish: Wish) -> Wish:
    """The lines' words without those that tell nothing; in a name they do.

    In a small catalogue they are as rare as others, and would count as much.
    """
    lines = wish.script.lines
    plain = sorted({term.text for line in lines for term in line.terms if not term.of_name})
    stops = stop_words(session, plain, " ".join(line.text for line in lines))

    def telling(line: Line) -> Line:
        kept = tuple(term for term in line.terms if term.of_name or term.text not in stops)
        return replace(line, terms=kept)

    return replace(wish, script=replace(wish.script, lines=tuple(map(telling, lines))))


def _look_up_locks(session: Session, asked: _Asked) -> None:
    """Which roll each lock is of: speech, and shots in which somebody speaks, are A."""
    rows = clips.get_clips(session, [pick.clip for pick in asked.wish.locks])
    taken: dict[int, Pick] = {}
    for pick in asked.wish.locks:
        row = rows.get(pick.clip)
        if row is None:
            raise NotFoundError(
                f"There is no clip {pick.clip}, which is locked.",
                remedy="Take the number from the plan, or from a search's hits.",
            )
        roll: Roll = "A" if row.kind == "speech" or row.roll == "A" else "B"
        at = (pick.line or 1) - 1
        other = asked.locks[roll].get(at)
        if other is not None and other != pick.clip:
            raise InvalidInputError(
                f"Line {pick.line} is locked to the clips {other} and {pick.clip}; expected one "
                f"of {roll}-roll.",
                remedy="Take one of the locks away.",
            )
        if taken.setdefault(pick.clip, pick).line != pick.line:
            raise InvalidInputError(
                f"Clip {pick.clip} is locked to the lines {taken[pick.clip].line} and {pick.line}; "
                "expected one: nothing is used twice.",
                remedy="Take one of the locks away.",
            )
        asked.locks[roll][at] = pick.clip
    asked.rows |= rows


def _spoken(session: Session, among: _Among, wish: Wish, meant: Meant | None) -> ByLine:
    lines = [line for line in wish.script.lines if line.said]
    spoken = Spoken(session, among.where, among.queries, meant)
    return _without_avoided(spoken.found(lines) if lines else {}, wish)


def _shown(
    session: Session,
    encoder: EncoderRow,
    among: _Among,
    wish: Wish,
    meant: Mapping[int, np.ndarray],
) -> ByLine:
    shown = Shown(session, encoder, among.where, among.queries)
    found = shown.found(wish.script.lines, meant)
    return _without_avoided(found, wish)


def _without_avoided(found: ByLine, wish: Wish) -> ByLine:
    return {
        number: [each for each in of if each.clip not in wish.avoided(number)]
        for number, of in found.items()
    }


def _assigned(
    session: Session, encoder: EncoderRow | None, roll: Roll, found: ByLine, asked: _Asked
) -> list[list[Choice]]:
    lines, locked = asked.wish.script.lines, asked.locks[roll]
    wanted = {each.clip for of in found.values() for each in of} | set(locked.values())
    known = {}
    if encoder is not None:
        known = proposals.vectors_of(session, encoder.id, encoder.dimension, sorted(wanted))
    locks = {}
    for at, clip in locked.items():
        own = _by_clip(found, lines[at].number).get(clip)
        fit = 0.0 if own is None else own.fit
        locks[at] = Candidate(clip, asked.rows[clip].asset_id, fit, known.get(clip))
    return assign(
        [
            [each.candidate(known.get(each.clip)) for each in found.get(line.number, ())]
            for line in lines
        ],
        take=asked.wish.take,
        locks=locks,
        variety=VARIETY[roll],
    )


def _by_clip(found: ByLine, number: int) -> dict[int, Found]:
    return {each.clip: each for each in found.get(number, ())}


def _check_there(session: Session, encoder: EncoderRow | None) -> None:
    """Refuse a plan whose encoder has gone meanwhile: its vectors went with it."""
    if encoder is not None and vectors.find_encoder(session, encoder.name) is None:
        raise EncoderRemovedError(
            f"{encoder.name} was removed while it was being asked.",
            remedy="Ask again: another one answers.",
        )
