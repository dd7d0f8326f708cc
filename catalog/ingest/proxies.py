"""Proxies and outlines of sounds, made on demand: a stage of their own, for workers as well."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from sqlalchemy.orm import Session

from catalog.db.engine import Database
from catalog.domain.renditions import ProxySettings, Rendition, RenditionKind
from catalog.errors import (
    DatabaseUnavailableError,
    FrameStoreError,
    InvalidInputError,
    NotFoundError,
)
from catalog.ingest.analyse import STAGE as ANALYSE
from catalog.ingest.analyse import (
    Tools,
    first_present,
    store_rendition,
)
from catalog.ingest.attempts import attempted, taken_over
from catalog.ingest.removed import nothing_left_if_removed
from catalog.ingest.verify import usable_files
from catalog.media.frame_store import free_rendition_key
from catalog.media.isolated import MadeRendition, StoreRendition
from catalog.media.isolated_proxy import outline_of, proxy_of
from catalog.media.proxy import ProxyMade
from catalog.store import (
    assets,
    descriptions,
    locations,
    renditions,
    roots,
    service,
    stages,
    waiting,
)

_log = logging.getLogger(__name__)

STAGE = "proxy"
NOTED_S = 0.5
"""How often it is written down how far a proxy is, at most."""
OnSeconds = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class _Source:
    asset_id: int
    fingerprint: str
    has_pictures: bool
    attempt: int
    frame_rate: float | None
    seconds: float | None


def want_proxies(tools: Tools, asset_ids: Sequence[int], *, anew: bool = True) -> None:
    """Make the proxies of these assets due; of those alone that have none, if not ``anew``.

    One that is due already, or is being made, is not asked for twice.

    Raises
    ------
    InvalidInputError
        If one of them is neither a film nor a sound.
    """
    with tools.database.session() as session:
        for asset_id in asset_ids:
            row = assets.get_asset(session, asset_id)
            if row is None or row.kind not in {"video", "audio"}:
                kind = "not analysed yet" if row is None or row.kind is None else f"a {row.kind}"
                raise InvalidInputError(
                    f"Asset {asset_id} is {kind}; expected a film or a sound.",
                    remedy="A still is shown by its frame's picture; `catalog ingest` analyses.",
                    asset=asset_id,
                )
        there = () if anew else renditions.assets_with(session, asset_ids, RenditionKind.PROXY)
        wanted = [asset_id for asset_id in asset_ids if asset_id not in there]
        stages.make_due(session, wanted, STAGE)


def want_by_policy(tools: Tools, asset_ids: Sequence[int]) -> list[int]:
    """Make due the proxies that roots ask for and that are not there; all due ones of these."""
    with tools.database.session() as session:
        return proxies_wanted(session, asset_ids)


def proxies_wanted(session: Session, asset_ids: Sequence[int]) -> list[int]:
    """As `want_by_policy`, in a session that is there."""
    known = roots.proxy_policies(session)
    if not known:
        return stages.due(session, asset_ids, STAGE)
    there = renditions.assets_with(session, asset_ids, RenditionKind.PROXY)
    wanted = []
    for asset_id in stages.done(session, asset_ids, ANALYSE):
        row = assets.get_asset(session, asset_id)
        if asset_id in there or row is None or row.kind not in {"video", "audio"}:
            continue
        if any(_policy(file, known) for file in locations.files_of(session, asset_id)):
            wanted.append(asset_id)
    # One that failed waits for `catalog retry`.
    stages.make_due(session, stages.not_failed(session, wanted, STAGE), STAGE)
    return stages.due(session, asset_ids, STAGE)


def _policy(file: Path, known: Sequence[tuple[Path, str]]) -> bool:
    """What the deepest root above the file says, that says anything."""
    said = [(len(root.parts), policy) for root, policy in known if file.is_relative_to(root)]
    return bool(said) and max(said)[1] == "always"


def make_proxy(
    tools: Tools,
    asset_id: int,
    settings: ProxySettings,
    on_seconds: OnSeconds = lambda _: None,
) -> Rendition | None:
    """Make an asset's proxy if that is due; None if it is not.

    Broken off, it stays due and leaves no file; done again it begins anew. Meanwhile its stage
    tells how far it is.

    Raises
    ------
    AssetBusyError
        If another process is at work on the asset.
    NotFoundError
        If the asset was removed meanwhile; nothing of it is left.
    MediaError
        If the proxy cannot be made; also kept in the asset's stage.
    ServiceError
        If the database fails: it stays due; or the frame store (its disk is full): it waits, with
        all that are due, and its stage says why.
    """
    try:
        with attempted(tools.database, asset_id, STAGE) as attempt:
            if attempt is None:
                return None
            source = _source(tools, asset_id, attempt.number)
            return _make(tools, source, settings, on_seconds)
    except FrameStoreError as error:
        # The next one would be encoded in vain as well.
        with suppress(DatabaseUnavailableError), tools.database.session() as session:
            waiting.put_off_all(session, STAGE, error)
        raise


def due_proxies(session: Session, *, limit: int) -> list[int]:
    """Assets whose proxies are due and nobody makes; after a pause one of those that wait."""
    waiting.probe(session, STAGE)
    return service.waiting_for(session, STAGE, limit=limit)


def _source(tools: Tools, asset_id: int, attempt: int = 0) -> _Source:
    with tools.database.session() as session:
        row = assets.get_asset(session, asset_id)
        assert row is not None  # noqa: S101  # the caller has looked it up
        rate = descriptions.frame_rate_of(row)
        pictures = row.kind == "video"
        return _Source(asset_id, row.fingerprint, pictures, attempt, rate, row.duration)


def _make(
    tools: Tools, source: _Source, settings: ProxySettings, on_seconds: OnSeconds
) -> Rendition:
    with tools.database.session() as session:
        old = renditions.key_of(session, source.asset_id, RenditionKind.PROXY)
    # Beside the old one, which plays until the row names the new one, and stays if it never does.
    key = free_rendition_key(source.fingerprint, RenditionKind.PROXY, old)
    outlines: list[Rendition] = []
    removed = _removed(source.asset_id, "proxy was made")
    with nothing_left_if_removed(tools.database, tools.store, source.fingerprint, removed):
        # A large file may be read through first: whoever wants to break off need not wait for that.
        there = usable_files(tools.database, source.asset_id, lambda _: on_seconds(0.0))
        path = first_present(there)
        with tools.store.writing(key) as file:
            made = proxy_of(
                tools.decoders,
                path,
                settings,
                file,
                # A sound's own outline was made by its analysis, of all its channels.
                store_rendition=_keep(tools, source, outlines if source.has_pictures else None),
                progress=_Noted(tools.database, source, on_seconds),
                sequence_rate=source.frame_rate,
            )
            size = file.seek(0, 2)
        proxy = _described(key, size, made, settings)
        _enter(tools, source, [proxy, *outlines])
        if old is not None:
            _delete_unnamed(tools, source, old)
    return proxy


def _enter(tools: Tools, source: _Source, made: Sequence[Rendition]) -> None:
    try:
        with tools.database.session() as session:
            _save(session, source, made)
    except Exception:
        _delete_unnamed(tools, source, made[0].key)
        raise


def _delete_unnamed(tools: Tools, source: _Source, key: str) -> None:
    """Delete a proxy's file, unless its row names it or another makes one.

    If the database or the store is away it stays, and the next proxy of the asset replaces it.
    """
    try:
        with tools.database.session() as session:
            # A commit of ours of which nobody told us has ended when this has the stage's row.
            if not stages.still_at_it(session, source.asset_id, STAGE, source.attempt):
                return
            if renditions.key_of(session, source.asset_id, RenditionKind.PROXY) != key:
                tools.store.delete(key)
    except (DatabaseUnavailableError, FrameStoreError) as error:
        _log.warning(
            "proxy_left", extra={"asset_id": source.asset_id, "key": key, "reason": error.message}
        )


def _save(session: Session, source: _Source, made: Sequence[Rendition]) -> None:
    for one in made:
        renditions.save_rendition(session, source.asset_id, one)
    if not stages.finish_stage(session, source.asset_id, STAGE, attempt=source.attempt):
        raise taken_over(source.asset_id)
    waiting.wake(session, STAGE)  # it can be written to


def _removed(asset_id: int, meanwhile: str) -> NotFoundError:
    return NotFoundError(
        f"Asset {asset_id} was removed while its {meanwhile}.",
        remedy="Nothing is to be done: no file of it is left.",
        asset=asset_id,
    )


class _Noted:
    """Writes down now and then how far a proxy is, for all who want to know."""

    def __init__(self, database: Database, source: _Source, on_seconds: OnSeconds) -> None:
        self._database, self._source, self._on_seconds = database, source, on_seconds
        self._next = monotonic()

    def __call__(self, seconds: float) -> None:
        """Hear of progress.

        Raises
        ------
        AssetBusyError
            If what is made does not count any more: another makes it, or its asset is gone.
        """
        self._on_seconds(seconds)
        if (now := monotonic()) < self._next:
            return
        self._next = now + NOTED_S
        source = self._source
        share = seconds / source.seconds if source.seconds else None
        # An hour of work is not thrown away because the database is away for a minute of it.
        with suppress(DatabaseUnavailableError), self._database.session() as session:
            if not stages.note_progress(
                session, source.asset_id, STAGE, share, attempt=source.attempt
            ):
                raise taken_over(source.asset_id)


def _described(key: str, size: int, made: ProxyMade, settings: ProxySettings) -> Rendition:
    facts = {"pictures": made.pictures, "sound": made.sound, "decode_errors": made.errors}
    return Rendition(
        RenditionKind.PROXY,
        key,
        size,
        made.width,
        made.height,
        made.end_pts,
        {**settings.as_json(), **facts},
    )


def _keep(tools: Tools, source: _Source, made: list[Rendition] | None) -> StoreRendition:
    def keep(told: MadeRendition) -> None:
        if made is not None:
            made.append(store_rendition(tools.store, source.fingerprint, told))

    return keep


def draw_sound(tools: Tools, asset_id: int, on_seconds: OnSeconds = lambda _: None) -> bool:
    """Make waveform and peaks of an asset's sound, and measure it; False if it has none.

    Raises
    ------
    MediaError
        If its file cannot be read.
    NotFoundError
        If the asset was removed meanwhile; nothing of it is left.
    """
    source = _source(tools, asset_id)
    made: list[Rendition] = []
    removed = _removed(asset_id, "sound was drawn")
    with nothing_left_if_removed(tools.database, tools.store, source.fingerprint, removed):
        loudness = outline_of(
            tools.decoders,
            first_present(usable_files(tools.database, asset_id)),
            store_rendition=_keep(tools, source, made),
            progress=on_seconds,
        )
        with tools.database.session() as session:
            for one in made:
                renditions.save_rendition(session, asset_id, one)
            descriptions.set_loudness(session, asset_id, loudness)
    return bool(made)
