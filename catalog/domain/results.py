"""What the catalogue answers: plain values with one JSON form each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from catalog.domain.plan import Plan
from catalog.errors import CatalogError


@dataclass(frozen=True, slots=True)
class Failure:
    """One file that could not be catalogued, and why."""

    path: str
    code: str
    reason: str

    @classmethod
    def of(cls, path: str, error: CatalogError) -> Failure:
        """The failure an error stands for."""
        return cls(path=path, code=error.code, reason=str(error))

    def as_json(self) -> dict[str, str]:
        """JSON form: ``path``, ``code``, ``reason``."""
        return {"path": self.path, "code": self.code, "reason": self.reason}


@dataclass(slots=True)
class IngestReport:
    """What one ingest did.

    ``registered`` counts assets new to the catalogue, ``known`` files whose
    content was there already (so ``registered + known`` is every file that
    could be identified), ``ready`` assets of this run that are searchable at
    its end, ``frames`` the pictures encoded and ``seconds_of_media`` the
    essence analysed *in this run*: a second run over the same files has 0 of both.
    ``elsewhere`` counts assets that another process is still analysing.
    ``unverified`` counts files that were recognised and not read; `catalog verify` reads them.
    ``warnings`` are sidecars that cannot be read and proxies that cannot be made,
    whose assets do not fail, and camera cards, which are taken in file by file.
    ``speech_waits`` says how many assets wait for their speech to be recognised, and for what.
    ``passed_over`` counts by suffix what folders held beside media, sidecars and thumbnails.
    """

    registered: int = 0
    known: int = 0
    ready: int = 0
    frames: int = 0
    collapsed: int = 0
    elsewhere: int = 0
    unverified: int = 0
    seconds_of_media: float = 0.0
    wall_s: float = 0.0
    speech_waits: str | None = None
    failures: list[Failure] = field(default_factory=list)
    warnings: list[Failure] = field(default_factory=list)
    passed_over: dict[str, int] = field(default_factory=dict)

    @property
    def failed(self) -> int:
        """How many files failed."""
        return len(self.failures)

    def as_json(self) -> dict[str, Any]:
        """JSON form, as ``catalog ingest --json`` prints it."""
        return {
            "registered": self.registered,
            "known": self.known,
            "ready": self.ready,
            "failed": self.failed,
            "unverified": self.unverified,
            "frames": self.frames,
            "seconds_of_media": round(self.seconds_of_media, 3),
            "wall_s": round(self.wall_s, 3),
            "speech_waits": self.speech_waits,
            "passed_over": self.passed_over,
            "failures": [failure.as_json() for failure in self.failures],
            "warnings": [warning.as_json() for warning in self.warnings],
        }


@dataclass(slots=True)
class DescribeReport:
    """Which assets were described anew, by id; what could not be read; unreadable sidecars."""

    described: list[int] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    warnings: list[Failure] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """JSON form, as ``catalog describe --json`` prints it."""
        return {
            "described": self.described,
            "failures": [failure.as_json() for failure in self.failures],
            "warnings": [warning.as_json() for warning in self.warnings],
        }


@dataclass(frozen=True, slots=True)
class Hit:
    """One shot (or, of an asset without shots, the asset) that answers a query.

    ``cosine`` is in [-1, 1] and None where only keywords or filters chose the
    hit; ``keyword_rank`` counts from 1 among the keyword matches; ``score`` is
    the fused rank (reciprocal rank fusion); ``confidence`` is in [0, 1];
    ``said`` is the spoken line that brought it, with its own ``cosine`` and ``rank`` (both None
    where only its words did, not its meaning): texts lie nearer to texts than pictures do, so
    the two cosines cannot be compared.
    ``relevant`` is False below the cutoff, where only ``all_`` shows hits.
    Times are seconds from the asset's start. ``picture_key`` is the picture's
    name in the frame store; ``frame["picture"]`` says where that is.
    """

    rank: int
    score: float
    cosine: float | None
    keyword_rank: int | None
    confidence: float | None
    asset: Mapping[str, Any]
    clip: Mapping[str, Any] | None
    frame: Mapping[str, Any] | None
    picture_key: str | None = None
    relevant: bool = True
    said: Mapping[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """JSON form, as in DESIGN section 9."""
        return {
            "rank": self.rank,
            "score": self.score,
            "cosine": self.cosine,
            "keyword_rank": self.keyword_rank,
            "confidence": self.confidence,
            "relevant": self.relevant,
            "said": None if self.said is None else dict(self.said),
            "asset": dict(self.asset),
            "clip": None if self.clip is None else dict(self.clip),
            "frame": None if self.frame is None else dict(self.frame),
        }


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to know of how a query was understood; ``details`` are for programs."""

    code: str
    message: str
    details: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """JSON form: ``code``, ``message`` and the details."""
        return {"code": self.code, "message": self.message, **self.details}


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The hits of one query, best first.

    ``plan`` says how neighbours were found, and why so; in a wide one
    ``total_candidates`` is an estimate; ``next`` is the cursor of the
    following page or None; ``explanation`` holds the statement and PostgreSQL's
    own plan where they were asked for; ``examples`` what was asked for beside words;
    ``corrections`` are words no text has (``typed``) and those sought as keywords in
    their place (``searched``); ``cutoff`` says where the relevant hits end, and is
    None where nothing tells; ``notices`` what of the query was not taken as it was given.
    """

    query: str
    encoder: str | None
    plan: Plan
    took_ms: float
    total_candidates: int
    hits: tuple[Hit, ...]
    next: str | None = None
    explanation: Mapping[str, Any] | None = None
    examples: Mapping[str, Any] | None = None
    cutoff: Mapping[str, Any] | None = None
    corrections: tuple[Mapping[str, str], ...] = ()
    notices: tuple[Notice, ...] = ()

    def by_words_alone(self, hit: Hit) -> bool:
        """Whether only a hit's words are why it is one: its picture is below the cutoff.

        Its cosine and confidence tell how unlike the picture is then, not how unsure the hit.
        """
        if hit.keyword_rank is None or (hit.said is not None and hit.said["cosine"] is not None):
            return False
        if hit.cosine is None:
            return True
        return self.cutoff is not None and hit.cosine < self.cutoff["cosine"]

    def as_json(self) -> dict[str, Any]:
        """JSON form, as ``catalog search --json`` prints it."""
        body: dict[str, Any] = {
            "query": self.query,
            "encoder": self.encoder,
            "plan": self.plan.as_json(),
            "took_ms": round(self.took_ms, 2),
            "total_candidates": self.total_candidates,
            "cutoff": None if self.cutoff is None else dict(self.cutoff),
            "hits": [hit.as_json() for hit in self.hits],
            "next": self.next,
        }
        if self.corrections:
            body["corrections"] = [dict(each) for each in self.corrections]
        if self.notices:
            body["notices"] = [each.as_json() for each in self.notices]
        if self.examples is not None:
            body["examples"] = dict(self.examples)
        if self.explanation is not None:
            body["explanation"] = dict(self.explanation)
        return body
