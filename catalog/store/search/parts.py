"""What a query compiles to, before it is one statement."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Text,
    and_,
    bindparam,
    cast,
    exists,
    func,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from catalog.db.models import Encoder
from catalog.domain.ordering import Sort, Weights
from catalog.store.search.passed import Passed, parameters


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the picture should show: a unit vector ``(dimension,)`` of one encoder.

    Either may be an expression instead, where SQL itself knows them. ``language`` chooses
    the calibration: a BCP 47 tag that has one, empty for that of all languages, None for
    none, since examples lie nearer to pictures than words do.
    """

    encoder_id: int | ColumnElement[int]
    vector: np.ndarray | ColumnElement[Any]
    language: str | None = ""
    bind: str = "query_vector"
    """The parameter's name: a statement may hold several vectors."""
    among_pictures: bool = False
    """Whether it was made of pictures alone, and so lies among them, as texts do not."""


@dataclass(frozen=True, slots=True)
class Speech:
    """What should be said: the query's vector under the encoder that answers for speech.

    ``by_graph``: the nearest lines are met by the HNSW index, not by comparing all.
    """

    meaning: Meaning
    by_graph: bool = False


def encoder_there(*meanings: Meaning | None) -> ColumnElement[bool]:
    """Whether the statement sees the encoders whose vectors it compares.

    An encoder goes with its vectors in one transaction: what is there is whole.
    """
    named = {m.encoder_id for m in meanings if m is not None and isinstance(m.encoder_id, int)}
    return and_(true(), *(exists().where(Encoder.id == each) for each in sorted(named)))


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row of the page before: its place, and the values the order goes by."""

    rank: int
    key: float | str | None
    """None in a list by score: there what was ``passed`` tells."""
    asset_id: int
    clip_id: int
    wide: bool = False
    """Whether the page was of a wide search, which estimates some places: the next one is, too."""
    passed: tuple[Passed, ...] = ()
    """Hits of the pages before, by what they are ranked by; see `catalog.store.search.passed`."""
    speech_floor: float | None = None
    """Of a list by score, the cosine from which on lines stood out on its first page; None: none
    did, since there were too few."""

    def value(self, kind: Any) -> ColumnElement[Any]:  # noqa: ANN401  # a type's instance or class
        """What the order goes by, as a parameter of that type."""
        return bindparam("after_key", self.key, type_=kind)

    @property
    def row(self) -> tuple[ColumnElement[int], ColumnElement[int]]:
        """Asset and clip as parameters."""
        return (
            bindparam("after_asset", self.asset_id, type_=BigInteger),
            bindparam("after_clip", self.clip_id, type_=BigInteger),
        )

    def values(self) -> dict[str, Any]:
        """The parameters' values."""
        return {
            "after_key": self.key,
            "after_asset": self.asset_id,
            "after_clip": self.clip_id,
            "after_speech_floor": self.speech_floor,
            **parameters(self.passed),
        }


@dataclass(frozen=True, eq=False)
class Keywords:
    """The query's words as tsqueries, made once for the statement, wherever they are looked at."""

    query: ColumnElement[Any]

    @cached_property
    def all(self) -> ColumnElement[Any]:
        """All the words, as the query joins them."""
        return select(self._asked.c.every).scalar_subquery()

    @cached_property
    def any(self) -> ColumnElement[Any]:
        """One of the words or more."""
        return select(self._asked.c.some).scalar_subquery()

    @cached_property
    def _asked(self) -> CTE:
        # Materialized: else the words are read as a query wherever it is named, while planning.
        every = select(self.query.label("every")).cte("every_word").prefix_with("MATERIALIZED")
        return select(every.c.every, any_of(every.c.every).label("some")).cte("asked")


def any_of(query: ColumnElement[Any]) -> ColumnElement[Any]:
    """A tsquery of one of the words or more, instead of all or of a phrase."""
    some = func.regexp_replace(cast(query, Text), " (&|<->|<[0-9]+>) ", " | ", "g")
    return cast(some, TSQUERY)


@dataclass(frozen=True, slots=True)
class Ground:
    """What a miss looks like, measured before: figures of the query's cosines with the library.

    See `catalog.store.search.cutoff`.
    """

    median: float
    quartile: float
    floor: float
    """From where on a clip can be a match."""

    def values(self) -> dict[str, float]:
        """The parameters' values."""
        return {
            "ground_median": self.median,
            "ground_quartile": self.quartile,
            "ground_floor": self.floor,
        }


@dataclass(frozen=True, slots=True)
class Background:
    """What passes the filters of a wide search, measured before: about how many, their cosines."""

    candidates: int
    mean: float
    spread: float

    def values(self) -> dict[str, float]:
        """The parameters' values."""
        return {
            "background_candidates": self.candidates,
            "background_mean": self.mean,
            "background_spread": self.spread,
        }


@dataclass(frozen=True, slots=True)
class Rough:
    """A first look at sketches: of which basis, and the query's own, ``(numbers,)``.

    ``take`` centres are then compared. Where the one at place ``depth`` might be nearer than
    what the last sketch tells, give or take ``error``, all are.
    """

    basis_id: int
    query: np.ndarray | None
    numbers: int
    take: int
    depth: int
    error: float

    @property
    def shape(self) -> Rough:
        """What the statement's text hangs on: the same, without values."""
        return replace(self, basis_id=0, query=None, error=0.0)

    def values(self) -> dict[str, Any]:
        """The parameters' values."""
        return {"basis": self.basis_id, "rough_vector": self.query, "rough_error": self.error}


@dataclass(frozen=True, slots=True)
class Nearest:
    """The nearest centres first, then the frames of their clips: for wide searches.

    ``take`` is how many centres are looked at closely. By the graph, at most
    ``walk`` are met; where those that pass the filters are fewer than ``take``, the
    statement goes on with a scan. ``sample`` is the
    percentage of the centres that the background is measured on; ``centres``
    how many of them there are where no filter chooses, else None and the sample
    tells. Where ``background`` is known already none is drawn. ``take`` and ``sample`` may be
    expressions, where SQL itself knows them.
    """

    dimension: int
    take: int | ColumnElement[int]
    by_graph: bool
    walk: int
    sample: float | ColumnElement[float]
    centres: int | None
    background: Background | None = None
    rough: Rough | None = None
    """The first look at sketches; None: there is none."""

    @property
    def shape(self) -> Nearest:
        """What the statement's text hangs on: the same, without values."""
        known = None if self.background is None else Background(0, 0.0, 0.0)
        centres = None if self.centres is None else 0
        rough = None if self.rough is None else self.rough.shape
        return replace(self, centres=centres, background=known, rough=rough)

    def values(self) -> dict[str, Any]:
        """The parameters' values."""
        known = {} if self.background is None else self.background.values()
        rough = {} if self.rough is None else self.rough.values()
        return {"centres": self.centres, **known, **rough}


@dataclass(frozen=True, slots=True)
class SearchParts:
    """What the query compiles to, before it is one statement.

    ``where`` keeps assets and clips; ``keywords`` rank and exclude nothing;
    ``meaning`` orders by cosine. Each may be missing.
    """

    where: ColumnElement[bool]
    keywords: Keywords | None
    meaning: Meaning | None
    limit: int | ColumnElement[int]
    after: Cursor | None = None
    flagged: bool = False
    """Whether flagged shots (bars, black, leaders, slates) are looked at too."""
    nearest: Nearest | None = None
    """How to find what to compare; None: every frame of every candidate is compared."""
    all: bool = False
    """Whether hits below the cutoff are listed too."""
    weights: Weights = field(default_factory=Weights)
    """What the rankings count for in the score."""
    sort: Sort | None = None
    """The order within what is relevant; None: by score, by name where nothing ranks."""
    free_words: bool = True
    """Whether words are sought that rank and do not filter: then what has no rank is no hit."""
    library: int = 0
    """Frames in the library when the search was planned, about."""
    ground: Ground | None = None
    """What the query's cosines are like, where that is known; None: it is measured."""
    few: int | None = None
    """How many candidates the statement compares, counting them itself; where more pass, it
    compares none, and tells that there are more. None: it compares them all."""
    said: ColumnElement[Any] | None = None
    """The tsquery of what a filter wants said: hits are shown with the line that says it."""
    speech: Speech | None = None
    """What should be said; None where nothing is said in the library, or no words are sought."""

    @property
    def by_speech(self) -> bool:
        """Whether what is said ranks."""
        return self.speech is not None and self.weights.speech > 0


def shows_lines(parts: SearchParts) -> bool:
    """Whether hits are shown with a line that is said."""
    return parts.by_speech or parts.said is not None


def is_sorted_by_score(parts: SearchParts) -> bool:
    """Whether the hits go by their score."""
    return is_ranked(parts) and (parts.sort is None or parts.sort.by == "relevance")


def is_ranked(parts: SearchParts) -> bool:
    """Whether anything orders the hits by relevance."""
    return parts.meaning is not None or parts.keywords is not None


def everything() -> ColumnElement[bool]:
    """The filter that keeps all."""
    return true()
