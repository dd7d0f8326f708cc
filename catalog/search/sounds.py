"""What sounds like the words: moments of assets by the vectors of their sound."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Row, and_
from sqlalchemy.orm import Session

from catalog.db.engine import Database
from catalog.domain.plan import COMPARING, Plan
from catalog.domain.query import parse
from catalog.domain.recent import Recent
from catalog.domain.results import Hit, SearchResult
from catalog.encoders.sound import SoundEncoder
from catalog.errors import InvalidInputError
from catalog.media.frame_store import FrameStore
from catalog.search.checking import check_limit
from catalog.search.cursor import read_cursor, write_cursor
from catalog.search.phrases import MAX_BYTES, normal_phrase
from catalog.search.rows import asset_json, clip_json
from catalog.search.sequence import refuse_order
from catalog.store import filters
from catalog.store.explain import explain
from catalog.store.search.deciding import set_locally
from catalog.store.search.sounds import sounds_asked
from catalog.store.sounds import SoundEncoderRow, keep_phrase, kept_phrase
from catalog.store.visibility import visible_to

if TYPE_CHECKING:
    import numpy as np

# As for phrases of pictures, of a text.
_KNOWN = 1024
KnownSounds = Recent[tuple[int, str], "np.ndarray"]


def known_sounds() -> KnownSounds:
    """Room for vectors of what was asked for of late, by encoder and text; threads share it."""
    return Recent(_KNOWN)


class Answering(Protocol):
    """Who has the sound encoder of the settings; see `catalog.maintain.sound_encoders`."""

    def known(self, session: Session) -> SoundEncoderRow | None:
        """Its row, without loading it; None: it was never used, or there is none."""
        ...

    def active(self) -> tuple[SoundEncoder, SoundEncoderRow]:
        """The encoder, loaded, and its row."""
        ...


@dataclass(frozen=True, slots=True)
class HeardHit(Hit):
    """A hit by its sound: ``sound`` says from when to when, the clip is the shot it falls into."""

    sound: Mapping[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """JSON form: a hit's, with ``sound`` (``start``, ``end``, timecodes)."""
        # Not super(): a dataclass with slots is made twice.
        return Hit.as_json(self) | {"sound": dict(self.sound or {})}


class SoundSearch:
    """Answers "where does it sound like this?"."""

    def __init__(
        self,
        database: Database,
        store: FrameStore,
        answering: Answering,
        known: KnownSounds | None = None,
    ) -> None:
        self._database = database
        self._store = store
        self._answering = answering
        self._known = known or known_sounds()

    def find(
        self,
        sound: str,
        query: str = "",
        *,
        limit: int = 20,
        after: str | None = None,
        show_plan: bool = False,
    ) -> SearchResult:
        """Moments that sound like the words, best first, of what the query lets through.

        Raises
        ------
        InvalidQueryError, InvalidInputError
            If query, limit or cursor are not usable, or there are no words to sound like.
        EncoderUnavailableError
            If there is no sound encoder that could answer.
        """
        began = time.perf_counter()
        words = normal_phrase(sound)
        if not words:
            raise InvalidInputError(
                "What it should sound like is empty; expected words.",
                remedy='Say what is to be heard: --sound "rain on a roof".',
            )
        parsed = parse(query, sounds=True)
        if parsed.sound is not None and normal_phrase(parsed.sound) != words:
            raise InvalidInputError(
                f"It should sound like “{words}”, and by the query like “{parsed.sound}”; "
                "expected one of them.",
                remedy="Say it once, in the query or beside it.",
            )
        refuse_order(parsed.sort)
        check_limit(limit)
        row, vector = self._vector(words)
        asked = f"{query}\nsound {words}\n{row.id}"
        cursor = None if after is None else read_cursor(after, asked, by="number")
        where = and_(
            filters.condition(parsed.root, words_exclude=True),
            filters.versions_wanted(parsed.root),
            visible_to(self._database.actor),
        )
        plan = Plan("exact", "every window of sound is compared", settings=COMPARING)
        with self._database.session() as session:
            set_locally(session, plan.settings)
            statement = sounds_asked(session, where, row.id, vector, limit=limit + 1, after=cursor)
            answer = statement.rows(session)
            explanation = explain(session, statement) if show_plan else None
        rows = [each for each in answer if each.asset_id is not None]
        before = cursor.rank + 1 if cursor else 1
        hits = tuple(self._hit(each, rank) for rank, each in enumerate(rows[:limit], before))
        more = len(rows) > limit
        return SearchResult(
            query=query,
            encoder=row.name,
            plan=plan,
            took_ms=(time.perf_counter() - began) * 1000,
            total_candidates=answer[0].candidates,
            hits=hits,
            next=write_cursor(asked, hits[-1].rank, _keyed(rows[limit - 1])) if more else None,
            explanation=explanation,
        )

    def _vector(self, words: str) -> tuple[SoundEncoderRow, np.ndarray]:
        """Who answers, and the words' vector; it is loaded only for words that are new to it."""
        with self._database.session() as session:
            row = self._answering.known(session)
            vector = None if row is None else self._kept(session, row.id, words)
        if row is not None and vector is not None:
            return row, vector
        encoder, row = self._answering.active()
        # Rounded as halfvec rounds: the first answer must be the same as every later one.
        vector = encoder.encode_texts([words])[0].astype("float16").astype("float32")
        if len(words.encode()) <= MAX_BYTES:
            with self._database.session() as session:
                keep_phrase(session, row.id, words, vector)
        self._known.keep((row.id, words), vector)
        return row, vector

    def _kept(self, session: Session, encoder_id: int, words: str) -> np.ndarray | None:
        vector = self._known.get((encoder_id, words))
        if vector is None and len(words.encode()) <= MAX_BYTES:
            vector = kept_phrase(session, encoder_id, words)
            if vector is not None:
                self._known.keep((encoder_id, words), vector)
        return vector

    def _hit(self, row: Row[Any], rank: int) -> HeardHit:
        cosine = round(float(row.cosine), 6)
        return HeardHit(
            rank=rank,
            score=cosine,
            cosine=cosine,
            keyword_rank=None,
            confidence=None,
            asset=asset_json(row),
            clip=clip_json(row),
            frame=self._frame(row),
            picture_key=row.picture,
            sound=_range(row),
        )

    def _frame(self, row: Row[Any]) -> dict[str, Any] | None:
        if row.frame_id is None:
            return None
        at = round(row.frame_pts * row.time_base_num / row.time_base_den, 6)
        return {"id": row.frame_id, "at": at, "picture": self._store.path_or_url(row.picture)}


def _range(row: Row[Any]) -> dict[str, Any]:
    names = ("start_timecode", "frame_rate_num", "frame_rate_den", "time_base_num", "time_base_den")
    as_clip = {name: getattr(row, name) for name in names}
    told = clip_json(
        SimpleNamespace(  # type: ignore[arg-type]  # a row's like
            **as_clip,
            shown_clip_id=0,
            clip_kind="sound",
            roll=None,
            roll_confidence=None,
            start_pts=row.from_pts,
            end_pts=row.to_pts,
        )
    )
    assert told is not None  # noqa: S101  # it has an id
    return {name: told[name] for name in ("start", "end", "timecode_in", "timecode_out")}


def _keyed(row: Row[Any]) -> Any:  # noqa: ANN401  # what a cursor is written from
    return SimpleNamespace(
        number_key=row.cosine, name_key=None, asset_id=row.asset_id, clip_id=row.from_pts
    )
