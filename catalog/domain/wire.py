"""What the HTTP API answers, as types: for its description, and for the Python client."""

from __future__ import annotations

from typing import Any, NotRequired

from typing_extensions import TypedDict


class Error(TypedDict):
    """What went wrong: a code for programs, a message and a remedy for people."""

    code: str
    message: str
    remedy: str
    retryable: bool
    details: NotRequired[dict[str, Any]]


class ErrorAnswer(TypedDict):
    """The one shape of an error."""

    error: Error


class HitAsset(TypedDict):
    """The asset of a hit."""

    id: int
    name: str
    kind: str | None
    path: str | None
    collection: str | None
    start_timecode: str | None
    frame_rate: str | None


class HitClip(TypedDict):
    """The shot of a hit; times are seconds from the asset's first picture."""

    id: int
    kind: str
    roll: str | None
    roll_confidence: float | None
    start: float
    end: float
    timecode_in: str | None
    timecode_out: str | None


class HitFrame(TypedDict):
    """The picture of a hit: ``picture`` is its address below the server's."""

    id: int
    at: float
    picture: str


class HitSaid(TypedDict):
    """The spoken line of a hit; ``cosine`` and ``rank`` are null where only its words were found.

    Texts lie nearer to texts than pictures do: ``cosine`` is not one of pictures.
    """

    clip_id: int
    text: str | None
    language: str | None
    start: float
    end: float
    timecode_in: str | None
    timecode_out: str | None
    cosine: float | None
    rank: int | None
    confidence: float | None


class Hit(TypedDict):
    """One shot that answers a query; with ``then``, the shot that follows it."""

    rank: int
    score: float
    cosine: float | None
    keyword_rank: int | None
    confidence: float | None
    relevant: bool
    said: NotRequired[HitSaid | None]
    asset: HitAsset
    clip: HitClip | None
    frame: HitFrame | None
    then: NotRequired[dict[str, Any]]
    gap: NotRequired[float]
    sound: NotRequired[dict[str, Any]]


class SearchAnswer(TypedDict):
    """The hits of a search; ``next`` is the cursor of the following page, or null."""

    query: str
    encoder: str | None
    plan: dict[str, Any]
    took_ms: float
    total_candidates: int
    cutoff: dict[str, Any] | None
    hits: list[Hit]
    next: str | None
    corrections: NotRequired[list[dict[str, str]]]
    examples: NotRequired[dict[str, Any]]
    explanation: NotRequired[dict[str, Any]]


class FacetsAnswer(TypedDict):
    """Values of fields, with how many assets and shots have each."""

    query: str
    facets: dict[str, Any]


class AssetEntry(TypedDict):
    """An asset in a list."""

    id: int
    name: str
    kind: str | None
    title: str | None
    collection: str | None
    recorded: str | None
    duration: float | None
    codec: str | None
    width: int | None
    height: int | None
    damaged: bool
    superseded_by: int | None
    state: str
    error_code: str | None
    error_message: str | None
    tags: list[str]
    locations: list[dict[str, Any]]
    frames: int


class AssetsAnswer(TypedDict):
    """A page of assets; ``next`` is the cursor of the following one, or null."""

    assets: list[AssetEntry]
    next: str | None


class Asset(TypedDict):
    """All that is known of an asset; further columns stand beside these."""

    id: int
    name: str
    kind: str | None
    title: str | None
    description: str | None
    collection: str | None
    metadata: dict[str, Any]
    tags: list[str]
    locations: list[dict[str, Any]]
    history: list[dict[str, Any]]
    stages: list[dict[str, Any]]
    renditions: list[dict[str, Any]]
    clips: list[dict[str, Any]]
    original: str


class ProxyStatus(TypedDict):
    """A proxy that was asked for: ``state`` is none, due, running, waiting, done or failed.

    ``progress`` is the share of the asset's length that is done, 0 to 1, while it is made, and null
    where that is not known. ``made`` is whether there is one, perhaps an earlier one, at ``url``.
    ``where`` is who makes it: workers, or here (this server). ``look`` tells all this again.
    """

    asset: int
    kind: str
    state: str
    progress: float | None
    attempts: int
    made: bool
    error: dict[str, str] | None
    where: str
    url: str | None
    look: str


class ClipAsset(TypedDict):
    """The asset of a clip."""

    id: int
    name: str
    kind: str | None
    collection: str | None


class Clip(TypedDict):
    """A range of an asset; ``frames`` are its own pictures."""

    id: int
    kind: str
    roll: str | None
    roll_confidence: float | None
    roll_by_person: bool
    flag: str | None
    start: float
    end: float
    timecode_in: str | None
    timecode_out: str | None
    text: str | None
    language: str | None
    by_person: bool
    frame_id: int | None
    picture: str | None
    asset: ClipAsset
    frames: NotRequired[list[dict[str, Any]]]


class BinEntry(TypedDict):
    """A bin in a list; ``items`` is how many it has."""

    id: int
    name: str
    note: str | None
    created_at: str
    changed_at: str
    items: int


class BinItem(TypedDict):
    """A clip in a bin; its id stays when it is moved.

    ``start`` to ``end`` is what of the asset is used: the clip, unless it is ``trimmed``.
    ``roll`` is where an export lays it (A on V1 with its sound, B on V2 without, null on V1);
    clips of one ``line`` of a script lie over each other.
    """

    id: int
    position: int
    note: str | None
    roll: str | None
    line: int | None
    trimmed: bool
    start: float
    end: float
    timecode_in: str | None
    timecode_out: str | None
    clip: Clip


class Bin(TypedDict):
    """A bin and its items in order; ``next`` is the position to go on after, or null."""

    id: int
    name: str
    note: str | None
    created_at: str
    changed_at: str
    items: list[BinItem]
    next: int | None


class Used(TypedDict):
    """What of its asset a proposal uses, in seconds and timecode."""

    start: float
    end: float
    timecode_in: str | None
    timecode_out: str | None
    trimmed: bool


class Proposal(TypedDict):
    """A clip for a line of a script, and why."""

    rank: int
    score: float
    cosine: float | None
    confidence: float | None
    words: list[str]
    long_enough: bool
    locked: bool
    reason: str
    use: Used
    clip: Clip


class ScriptLine(TypedDict):
    """A line of a script, said or shown, with what is proposed for it, best first."""

    number: int
    text: str
    kind: str
    speaker: str | None
    scene: str | None
    seconds: float
    names: list[str]
    a_roll: list[Proposal]
    b_roll: list[Proposal]


class RecommendAnswer(TypedDict):
    """A planned script: the first proposal of each line and roll is the plan."""

    kind: str
    seconds: float
    encoder: str | None
    took_ms: float
    lines: list[ScriptLine]
    notices: list[dict[str, Any]]


class Changed(TypedDict):
    """The ids of the assets that were changed."""

    assets: list[int]


class Registered(TypedDict):
    """A file that was entered, and the asset it holds."""

    path: str
    asset: int
    new: bool
    verified: bool


class IngestRun(TypedDict):
    """An ingest that was asked for; ``where`` is here (in the server) or workers."""

    id: str
    paths: list[str]
    where: str
    by: str
    state: str
    stopped_by: str | None
    stages: dict[str, Any]
    report: dict[str, Any] | None
    error: dict[str, Any] | None


class Token(TypedDict):
    """A token; ``token``, its secret, is told once, to whoever makes it."""

    id: int
    name: str
    role: str
    collections: list[str] | None
    expires_at: str | None
    token: NotRequired[str]
    created_at: NotRequired[str]
    used_at: NotRequired[str | None]
    revoked_at: NotRequired[str | None]
    in_force: NotRequired[bool]


class Me(TypedDict):
    """Who asks; ``collections`` are all that they see, null is everything."""

    name: str
    role: str
    collections: list[str] | None


class AuditEntry(TypedDict):
    """Something that somebody changed."""

    id: int
    at: str
    actor: str
    token_id: int | None
    action: str
    asset_ids: list[int]
    details: dict[str, Any]


class AuditAnswer(TypedDict):
    """What was changed, the latest first; ``next`` is what to go on ``before``, or null."""

    entries: list[AuditEntry]
    next: int | None
