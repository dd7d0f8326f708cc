"""Two encoders side by side: what each finds for the same queries among the same frames."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from catalog.db.engine import Database
from catalog.domain.progress import Progress
from catalog.encoders import TextEncoder
from catalog.errors import InvalidInputError
from catalog.maintain.encoders import Encoders, row_called
from catalog.search.phrases import Phrases, normal_phrase
from catalog.store import comparing
from catalog.store.vectors import EncoderRow

MOST_QUERIES = 1000
# Taken of what was asked before, or written of the footage, where no queries are given.
_OWN_QUERIES = 50


@dataclass(frozen=True, slots=True)
class Found:
    """What one encoder finds for a query, best first."""

    shots: list[int]
    names: list[str]
    cosines: list[float]


def compare(
    database: Database,
    encoders: Encoders,
    names: tuple[str, str],
    *,
    queries: Sequence[str],
    limit: int,
    progress: Progress,
) -> dict[str, Any]:
    """How far two encoders agree on the first ``limit`` shots of each query.

    Without queries those are taken that were asked before, or else what people wrote of
    the footage. Only frames that both have vectors of take part, compared exactly, so
    an encoder may be compared while it is being filled.

    Returns
    -------
    dict
        ``encoders`` (name, dimension), ``frames`` (``compared`` and ``all``), ``source`` of the
        queries, ``limit``, ``overlap`` (mean share of shots found by both), ``same_first``
        (share of queries with the same first shot), and ``queries``, those agreed on
        least first: ``query``, ``overlap``, and per encoder its ``first`` (``asset``,
        ``clip``, ``cosine``) or None.

    Raises
    ------
    NotFoundError
        If the catalogue does not know one of them.
    InvalidInputError
        If they are the same, have no frame in common, or there are no queries.
    """
    with database.session() as session:
        one, other = (row_called(session, name) for name in names)
        if one.id == other.id:
            raise InvalidInputError(
                f"{one.name} is compared with itself.", remedy="Name two encoders."
            )
        common = comparing.count_common(session, one.id, other.id)
        frames = comparing.count_frames(session)
    if not common:
        raise InvalidInputError(
            f"No frame has a vector under both {one.name} and {other.name}.",
            remedy=f"Fill it first: catalog encoder backfill {other.name}",
        )
    texts, source = _queries(database, queries, (one, other))
    progress.begin("compare", len(texts), "queries")
    answers: list[list[Found]] = []
    for row, rival in ((one, other), (other, one)):
        # Through the catalogue's cache of phrases, so that asking again is cheap.
        phrases = Phrases(database, row, partial(_model, encoders, row))
        answers.append([])
        for found in _answers(phrases, rival, texts, limit):
            answers[-1].append(found)
            progress.advance("compare", 0.5)
    progress.end("compare")
    rows = [_row(text, a, b) for text, a, b in zip(texts, *answers, strict=True)]
    return {
        "encoders": [{"name": row.name, "dimension": row.dimension} for row in (one, other)],
        "frames": {"compared": common, "all": frames},
        "source": source,
        "limit": limit,
        "overlap": round(statistics.fmean(row["overlap"] for row in rows), 4),
        "same_first": round(statistics.fmean(row["same_first"] for row in rows), 4),
        "queries": sorted(rows, key=lambda row: row["overlap"]),
    }


def _queries(
    database: Database, given: Sequence[str], rows: tuple[EncoderRow, EncoderRow]
) -> tuple[list[str], str]:
    """Texts to compare with, and where they are from."""
    texts = list(dict.fromkeys(filter(None, map(normal_phrase, given))))
    if len(texts) > MOST_QUERIES:
        raise InvalidInputError(
            f"{len(texts)} queries were given; at most {MOST_QUERIES} are compared.",
            remedy="Give fewer.",
        )
    if texts:
        return texts, "given"
    with database.session() as session:
        for row in rows:
            texts += comparing.newest_phrases(session, row.id, _OWN_QUERIES)
        if asked := list(dict.fromkeys(texts))[:_OWN_QUERIES]:
            return asked, "asked before"
        written = comparing.captions(session, _OWN_QUERIES)
    if written:
        return list(dict.fromkeys(map(normal_phrase, written))), "written of the footage"
    raise InvalidInputError(
        "There are no queries to compare with: nothing was searched for, and nothing is described.",
        remedy='Give some: --query "a red car at night", or --queries FILE with one a line.',
    )


def _model(encoders: Encoders, row: EncoderRow) -> TextEncoder:
    return encoders.filling(row)[0]


def _answers(
    phrases: Phrases, rival: EncoderRow, texts: Sequence[str], limit: int
) -> Iterator[Found]:
    vector_of = phrases.vectors(texts)
    for text in texts:
        with phrases.database.session() as session:
            shots = comparing.nearest_shots(
                session, phrases.encoder.id, rival.id, vector_of[text], limit
            )
        yield Found(
            [clip for clip, _, _ in shots],
            [name for _, name, _ in shots],
            [cosine for _, _, cosine in shots],
        )


def _row(query: str, one: Found, other: Found) -> dict[str, Any]:
    both = set(one.shots) & set(other.shots)
    return {
        "query": query,
        "overlap": round(len(both) / max(len(one.shots), 1), 4),
        "same_first": one.shots[:1] == other.shots[:1],
        "first": [
            {"asset": each.names[0], "clip": each.shots[0], "cosine": round(each.cosines[0], 6)}
            if each.shots
            else None
            for each in (one, other)
        ],
    }
