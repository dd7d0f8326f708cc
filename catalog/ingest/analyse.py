"""Analyse: one decode pass per asset, and everything it found in one transaction.

The decoding happens in another process (`catalog.media.isolated`): what a file
does to its decoder, it cannot do to the catalogue.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from catalog.db.engine import Database
from catalog.domain.file_state import FileState
from catalog.domain.media import AssetKind, Probe, SamplingPolicy, Shot
from catalog.domain.paths import shown_path
from catalog.domain.renditions import Rendition, RenditionKind
from catalog.domain.root_settings import sampling_at
from catalog.domain.speech import Range
from catalog.errors import (
    DatabaseUnavailableError,
    DecoderCrashedError,
    DecoderKilledError,
    FileChangedError,
    FrameStoreError,
    UnreadableFileError,
)
from catalog.ingest.attempts import outcome_kept, taken_over, worker_name
from catalog.ingest.listening import ListenBeside
from catalog.ingest.posters import with_posters
from catalog.ingest.removed import nothing_left_if_removed
from catalog.ingest.verify import usable_files
from catalog.media.fingerprint import look
from catalog.media.frame_store import FrameStore, picture_key, picture_prefix, rendition_key
from catalog.media.isolated import Counts, DecoderPool, IsolatedAnalysis, MadeRendition
from catalog.media.sequences import is_present
from catalog.media.sidecars import Folders
from catalog.media.sound_length import NEAR
from catalog.store import descriptions, renditions, roots, service, shots, speech, stages
from catalog.store.locks import asset_lock, lease

STAGE = "analyse"
# What the analysis itself makes; the rest is made when it is asked for.
_MADE_HERE = (
    RenditionKind.STRIP,
    RenditionKind.STRIP_INDEX,
    RenditionKind.WAVEFORM,
    RenditionKind.PEAKS,
)

# Seconds: sound that is longer than the pictures, or a last picture that broke, are less.
_MISSING_END = Fraction(1)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Analysed:
    """What one analysis brought: frames kept, pictures collapsed into them, seconds of essence."""

    frames: int
    collapsed: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Tools:
    """What an analysis needs, whatever it is of.

    ``policy`` is how pictures are sampled; None for what the file's root says. ``folders``
    remembers what lay beside the media, for the next file of the folder.
    """

    database: Database
    store: FrameStore
    decoders: DecoderPool
    policy: SamplingPolicy | None
    folders: Folders = field(default_factory=Folders)


@dataclass(frozen=True, slots=True)
class _Job:
    asset_id: int
    fingerprint: str
    path: Path
    before: FileState
    policy: SamplingPolicy
    attempt: int


# Told of a picture as soon as it is in the frame store: its key, its JPEG.
OnPicture = Callable[[str, bytes], None]
# Told which share of a film or sound has been analysed, about once per second of it.
OnShare = Callable[[float], None]


def analyse_asset(
    tools: Tools,
    asset_id: int,
    *,
    on_picture: OnPicture = lambda _key, _jpeg: None,
    on_share: OnShare = lambda _share: None,
    heed_pause: bool = False,
) -> Analysed | None:
    """Analyse an asset whose stage is due; None if there was nothing to do.

    Another process at work on the same asset is left to it. A break-off (an
    error of ours, Ctrl-C) leaves the stage due and the asset as it was; a fault
    of the file's leaves it failed, with the reason. With ``heed_pause`` nothing is begun
    while the service is paused.

    Raises
    ------
    MediaError
        If the file cannot be catalogued; also kept in the asset's stage.
    ServiceError
        If the database or the frame store fails; the asset stays due.
    """
    database = tools.database
    with asset_lock(database.engine, asset_id) as held:
        if not held:
            return None
        with database.session() as session:
            found = stages.state_and_content(session, asset_id, STAGE)
            if found is None or found[0] in {"done", "failed"}:
                return None
            if heed_pause and service.paused(session) is not None:
                return None
            attempt = stages.start_stage(session, asset_id, STAGE, worker_name())
            fingerprint = found[1]
            said = roots.list_with_sampling(session)
        with outcome_kept(database, asset_id, STAGE, attempt):
            known = [root for root, _ in said]
            path = first_present(usable_files(database, asset_id, known=known))
            policy = tools.policy or sampling_at(path, said)
            job = _Job(asset_id, fingerprint, path, look(path), policy, attempt.number)
            with nothing_left_if_removed(database, tools.store, fingerprint):
                return _analyse_fairly(tools, job, on_picture, on_share)


def _analyse_fairly(tools: Tools, job: _Job, on_picture: OnPicture, on_share: OnShare) -> Analysed:
    """As `_analyse`; but no file is blamed for a crash that another may have led up to.

    What a hostile file did to the memory of its decoder may come out over the
    next file that is decoded there; and who is killed need have done nothing.
    """
    try:
        return _analyse(tools, job, on_picture, on_share)
    except DecoderCrashedError as error:
        if not error.details.get("files_before") and not isinstance(error, DecoderKilledError):
            raise
    return _analyse(tools, job, on_picture, on_share, fresh=True)


def _analyse(
    tools: Tools, job: _Job, on_picture: OnPicture, on_share: OnShare, *, fresh: bool = False
) -> Analysed:
    sizes: dict[int, int] = {}
    made: list[Rendition] = []

    def keep(pts: int, jpeg: bytes) -> str:
        key = picture_key(job.fingerprint, pts)
        tools.store.put(key, jpeg)
        sizes[pts] = len(jpeg)
        on_picture(key, jpeg)
        return key

    def keep_rendition(told: MadeRendition) -> None:
        made.append(store_rendition(tools.store, job.fingerprint, told))

    def tell(seconds: float) -> None:
        if analysis.probe.duration:
            on_share(min(seconds / float(analysis.probe.duration), 1.0))

    listening = ListenBeside(job.path)
    with tools.decoders.analysis(
        job.path,
        job.policy,
        keep,
        progress=tell,
        store_rendition=keep_rendition,
        take_sound=listening.take,
        fresh=fresh,
    ) as analysis:
        # Pictures of an earlier, broken-off analysis would otherwise stay for ever.
        tools.store.delete_prefix(picture_prefix(job.fingerprint))
        with _or_forgotten(tools, job, made):
            found = [with_posters(shot, sizes) for shot in analysis]
            _check_unwritten(job)
            base = analysis.probe.time_base
            heard = sum(track.decodable for track in analysis.probe.audio)
            spoken = listening.finish(base, heard)
    with tools.database.session() as session:
        lease(session)
        if analysis.probe.kind is not AssetKind.STILL:
            said = analysis.captions
            speech.replace_captions(session, job.asset_id, shown_path(job.path), said, base)
        frames = _write(session, job, analysis, found, spoken)
        if job.attempt > 1:
            renditions.forget_renditions(session, job.asset_id, _MADE_HERE)
        for one in made:
            renditions.save_rendition(session, job.asset_id, one)
    collapsed = sum(frame.collapsed for shot in found for frame in shot.frames)
    seconds = float(analysis.duration or analysis.probe.duration or 0)
    return Analysed(frames, collapsed, seconds)


def _check_unwritten(job: _Job) -> None:
    """What was written to meanwhile is not, or not all of it, the content that the asset is.

    One that is gone may have been renamed, and was decoded to its end.

    Raises
    ------
    FileChangedError
        If it was.
    """
    try:
        now = look(job.path)
    except UnreadableFileError:
        return
    if not now.written_as(job.before):
        raise FileChangedError(
            f"{shown_path(job.path)} changed while it was decoded ({job.before.size} bytes, then"
            f" {now.size}); expected a file that nobody is writing.",
            remedy="Wait until it is written completely: it is tried again by itself.",
            path=shown_path(job.path),
        )


@contextmanager
def _or_forgotten(tools: Tools, job: _Job, made: list[Rendition]) -> Iterator[None]:
    """What was put into the store goes again if the block is broken off."""
    try:
        yield
    except BaseException:
        _forget_pictures(tools, job, made)
        raise


def _forget_pictures(tools: Tools, job: _Job, made: list[Rendition]) -> None:
    """What a broken-off analysis has put into the store has no rows, and never will.

    Unless another has taken it over meanwhile, whose pictures have the same keys.
    """
    with suppress(FrameStoreError, DatabaseUnavailableError), tools.database.session() as session:
        if stages.still_at_it(session, job.asset_id, STAGE, job.attempt):
            tools.store.delete_prefix(picture_prefix(job.fingerprint))
            for rendition in made:
                tools.store.delete(rendition.key)


def _write(
    session: Session,
    job: _Job,
    analysis: IsolatedAnalysis,
    found: list[Shot],
    spoken: Sequence[Range] | None,
) -> int:
    """Everything the analysis found; how many frames that is."""
    probe, counts = analysis.probe, analysis.counts
    still = probe.kind is AssetKind.STILL
    errors = counts.decode_errors if still else None
    descriptions.describe(session, job.asset_id, probe, errors=errors)
    frames = shots.replace_shots(session, job.asset_id, found, first=job.attempt == 1)
    if not still:
        told = descriptions.Decoded(
            duration_pts=_length(probe, counts),
            variable_frame_rate=counts.variable_frame_rate if probe.video else None,
            loudness=counts.loudness,
            speaking=speech.ranges_of(spoken),
            found=_found(probe, counts),
        )
        # A film of which only the sound is known is catalogued in part.
        unseen = len(probe.metadata.get("undecodable_video", ()))
        descriptions.update_decoded(session, job.asset_id, counts.decode_errors + unseen, told)
    # Last: who is killed before waits on in the database a while, and must hold nobody up.
    if not stages.finish_stage(session, job.asset_id, STAGE, attempt=job.attempt):
        raise taken_over(job.asset_id)
    return frames


def _found(probe: Probe, counts: Counts) -> dict[str, Any]:
    """What decoding found that no column holds."""
    found: dict[str, Any] = {}
    if _is_cut(probe, counts):
        found["claimed_duration"] = round(float(probe.duration or 0), 3)
    if counts.pulldown is not None:
        found["pulldown"] = counts.pulldown
    return found


def _length(probe: Probe, counts: Counts) -> int | None:
    """Where an asset ends, if decoding knows better; None keeps what its container claims.

    A film that goes on behind its claimed end is longer: an edit list may repeat a part, and a
    transport stream set back its clock. One that ends before and is whole ends with its sound.
    """
    if probe.duration is None or probe.kind is AssetKind.AUDIO or _is_cut(probe, counts):
        return _last_pts(counts)
    end = counts.end_pts
    return end if end * probe.time_base - probe.duration > NEAR else None


def _is_cut(probe: Probe, counts: Counts) -> bool:
    """Whether a damaged film's pictures and sound end well before its header says that they do.

    Then what is not there is no part of it: a copy that was broken off keeps the header.
    """
    if probe.kind is not AssetKind.VIDEO or not counts.decode_errors or probe.duration is None:
        return False
    return probe.duration - _last_pts(counts) * probe.time_base > _MISSING_END


def _last_pts(counts: Counts) -> int:
    """The end of what was decoded: sound may go on under a last picture that broke."""
    return max(counts.end_pts, counts.sound_end_pts)


def store_rendition(store: FrameStore, fingerprint: str, told: MadeRendition) -> Rendition:
    """Put a rendition's bytes into the frame store; what is to be entered of it."""
    key = rendition_key(fingerprint, told.kind)
    store.put(key, told.content)
    size = len(told.content)
    return Rendition(told.kind, key, size, told.width, told.height, settings=told.settings)


def first_present(files: list[Path]) -> Path:
    """The first of an asset's files that is there.

    Raises
    ------
    UnreadableFileError
        If none is.
    """
    for path in files:
        if is_present(path):
            return path
    raise UnreadableFileError(
        "No file of this asset is online; expected one at "
        f"{', '.join(map(str, files)) or 'any location'}.",
        remedy="Mount the storage, or ingest the file where it lies now; then `catalog retry`.",
    )
