"""Look every part over that the catalogue needs, and say what is wrong and what to do.

Nothing is changed, downloaded or migrated. Each check is a function that gives
its `Check`s; add one to `examine` for a further part.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from catalog.db.engine import Database, probe_server
from catalog.db.migrate import check_current
from catalog.domain.diagnosis import Check, Diagnosis, State
from catalog.domain.paths import shown_path
from catalog.encoders.at_hand import missing_weights
from catalog.encoders.sound import missing_sound_weights
from catalog.errors import CatalogError, SchemaMismatchError
from catalog.maintain.doctor_media import media_checks
from catalog.maintain.doctor_pictures import pictures_check
from catalog.maintain.doctor_service import (
    phrases_check,
    proxies_check,
    service_checks,
    verifying_check,
    watcher_check,
    work_check,
)
from catalog.maintain.doctor_speech import speech_checks, waiting_check
from catalog.settings import DEMO_ENCODER, Settings
from catalog.store import roots, vectors, watching

_LITTLE_SPACE, _NO_SPACE = 5 * 2**30, 2**28


def examine(settings: Settings) -> Diagnosis:
    """Check everything; what is wrong is in the answer, never raised."""
    checks = [*_database(settings)]
    for look in (_sound_encoder, _frame_store, service_checks, media_checks, speech_checks):
        checks.extend(_told(look, settings))
    return Diagnosis(tuple(checks))


def _told(look: Callable[[Settings], Iterator[Check]], settings: Settings) -> list[Check]:
    """A check that trips is a failed check: the others are still wanted."""
    name = look.__name__.strip("_")
    try:
        return list(look(settings))
    except CatalogError as error:
        return [Check(name, State.FAIL, error.message, error.remedy or "")]
    except Exception as error:  # noqa: BLE001  # whatever a half-broken machine brings
        return [Check(name, State.FAIL, f"{type(error).__name__}: {error}")]


def _database(settings: Settings) -> Iterator[Check]:
    if settings.database_url is None and not settings.postgres_dir.exists():
        found = f"there is no catalogue under {shown_path(settings.home)} yet"
        yield Check("database", State.OK, f"{found}; the first verb makes it", service=True)
        yield _encoder(settings.encoder)
        return
    try:
        database = Database.open(settings)
    except CatalogError as error:
        yield Check("database", State.FAIL, error.message, error.remedy or "", service=True)
        yield _encoder(settings.encoder)
        return
    with database:
        with database.connect() as connection:
            facts = probe_server(connection)
        major, minor = divmod(facts.version_num, 10000)
        server = "embedded" if database.server is not None else "server"
        found = f"{server} PostgreSQL {major}.{minor}, pgvector {facts.installed}"
        yield Check("database", State.OK, found, service=True)
        yield from _contents(settings, database)


def _contents(settings: Settings, database: Database) -> Iterator[Check]:
    try:
        check_current(database.engine)
    except SchemaMismatchError as error:
        yield Check("schema", State.FAIL, error.message, error.remedy or "")
        yield _encoder(settings.encoder)
        return
    yield Check("schema", State.OK, "as this program needs it")
    with database.session() as session:
        active = vectors.active_encoder(session)
        folders = [path for _, path in roots.list_roots(session)]
        paused = watching.paused_roots(session)
        work = [work_check(session), *proxies_check(session), *waiting_check(session)]
        work += [watcher_check(session), phrases_check(settings, session)]
        work.append(verifying_check(settings, session))
    yield pictures_check(settings, database)
    yield _encoder(active.name if active else settings.encoder)
    yield _roots(folders)
    yield from _paused(paused)
    yield from work


def _encoder(name: str) -> Check:
    try:
        missing = missing_weights(name)
    except CatalogError as error:
        return Check("encoder", State.FAIL, error.message, error.remedy or "")
    if missing is None:
        only = ", and knows the rendered demonstration alone" if name == DEMO_ENCODER else ""
        return Check("encoder", State.OK, f"{name} is at hand{only}")
    remedy = "It is downloaded at first use, from the network; or name a local checkpoint."
    return Check("encoder", State.WARN, f"{name}: {missing}", remedy)


def _sound_encoder(settings: Settings) -> Iterator[Check]:
    """Nothing where none is set: then sound is not offered, and nothing is wrong."""
    name = settings.sound_encoder
    if name is None:
        return
    missing = missing_sound_weights(name)
    if missing is None:
        yield Check("sound_encoder", State.OK, f"{name} is at hand")
        return
    remedy = "It is downloaded at first use, from the network; until then sounds wait to be heard."
    yield Check("sound_encoder", State.WARN, f"{name}: {missing}", remedy)


def _roots(folders: list[Path]) -> Check:
    away = [shown_path(folder) for folder in sorted(folders) if not _can_list(folder)]
    if not away:
        return Check("roots", State.OK, f"{len(folders)} reachable")
    found = f"{len(away)} of {len(folders)} cannot be read: {', '.join(away)}"
    return Check("roots", State.FAIL, found, "Mount the storage and check its permissions.")


def _paused(roots_away: list[tuple[str, datetime, str]]) -> Iterator[Check]:
    for path, since, why in roots_away:
        found = f"{path} is paused since {since:%Y-%m-%d %H:%M} UTC: {why}"
        remedy = (
            "Mount its storage: it goes on by itself, and no file was marked missing. If the "
            "folder is right as it is, write `catalog root watch PATH --accept`."
        )
        yield Check("watched_root", State.WARN, found, remedy)


def _can_list(folder: Path) -> bool:
    try:
        with os.scandir(folder) as listing:
            next(listing, None)
    except NotADirectoryError:
        return folder.is_file()
    except OSError:
        return False
    return True


def _frame_store(settings: Settings) -> Iterator[Check]:
    folder = settings.frames_dir
    there = next(each for each in (folder, *folder.parents) if each.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        found = f"{shown_path(folder)} cannot be written to: {reason}"
        remedy = "Check its permissions and mount, or set CATALOG_FRAME_STORE."
        yield Check("frame_store", State.FAIL, found, remedy, service=True)
        return
    free = shutil.disk_usage(there).free
    state = State.OK if free > _LITTLE_SPACE else State.WARN
    state = State.FAIL if free < _NO_SPACE else state
    remedy = "" if state is State.OK else "Free some space, or set CATALOG_FRAME_STORE."
    found = f"{shown_path(folder)}, {free / 2**30:.1f} GiB free"
    yield Check("frame_store", state, found, remedy, service=True)
