"""Sidecars that come, change or go when their media is known: its assets are looked at again."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from catalog.db.engine import Database
from catalog.domain.paths import raw_path, shown_path
from catalog.errors import CatalogError
from catalog.media.camera_cards import essence_beside
from catalog.store import watching
from catalog.store.watching import WatchedRoot

# Brings what sidecars say of these assets up to date.
ReadSidecars = Callable[[Sequence[int]], object]

_AT_ONCE = 500
_LOOK_S = 1.0
# Settle times after which a folder is looked at although something there goes on changing.
_MOST_RESTS = 10

_log = logging.getLogger("catalog.watch")


@dataclass(slots=True)
class _Folder:
    root: WatchedRoot
    first: float
    last: float

    def rests(self, now: float) -> bool:
        settle_s = max(self.root.settings.settle, 0.1)
        return now - self.last >= settle_s or now - self.first >= _MOST_RESTS * settle_s


class Beside:
    """Folders with news of sidecars, and assets that came to another folder.

    They are looked at once nothing has changed for the settle time. Looking is cheap:
    a sidecar that is as it was is not read. Any thread may note something.
    """

    def __init__(self, database: Database, read: ReadSidecars) -> None:
        self._database = database
        self._read = read
        self._folders: dict[tuple[int, str], _Folder] = {}
        self._assets: set[int] = set()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sidecars")

    def note(self, root: WatchedRoot, folder: str) -> None:
        """A sidecar came, changed or went in this folder of the root."""
        now = time.monotonic()
        with self._lock:
            for each in (folder, *essence_beside(PurePath(folder))):
                known = self._folders.setdefault((root.id, each), _Folder(root, now, now))
                known.last = now

    def note_asset(self, asset_id: int) -> None:
        """Other sidecars than before may speak of the asset, for its file or theirs has gone."""
        with self._lock:
            self._assets.add(asset_id)

    def note_gone(self, root: WatchedRoot) -> None:
        """Assets of the root whose sidecars are gone, whether or not somebody watched them go."""
        after = 0
        while not self._stop.is_set():
            with self._database.session() as session:
                found = watching.sidecar_files(session, root.id, after=after, limit=_AT_ONCE)
            for _, asset_id, raw in found:
                if not os.path.lexists(raw):
                    self.note_asset(asset_id)
            if len(found) < _AT_ONCE:
                return
            after = found[-1][0]

    def start(self) -> None:
        """Look, from a thread of its own, at what rests."""
        self._thread.start()

    def close(self) -> None:
        """End; what was not looked at is met again by the next watcher's first walk."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def look(self, *, at_all: bool = False) -> None:
        """Look at what rests, or at all of it.

        Raises
        ------
        ServiceError
            If the database or the decoders are away; nothing is forgotten then.
        """
        now = time.monotonic()
        with self._lock:
            due = {k: f for k, f in self._folders.items() if at_all or f.rests(now)}
            assets, self._assets = self._assets, set()
            for key in due:
                del self._folders[key]
        try:
            self._look_at(sorted(assets))
            assets = set()
            for key, folder in list(due.items()):
                self._look_at(self._assets_in(folder.root, key[1]))
                del due[key]
        finally:
            with self._lock:
                self._assets |= assets
                self._folders = due | self._folders

    def _assets_in(self, root: WatchedRoot, folder: str) -> list[int]:
        below = folder[len(str(root.path).rstrip("/")) + 1 :]
        with self._database.session() as session:
            found = watching.assets_in(session, root.id, raw_path(Path(below)) if below else b"")
        if found:
            _log.info("sidecars", extra={"path": shown_path(folder), "assets": len(found)})
        return found

    def _look_at(self, assets: list[int]) -> None:
        for first in range(0, len(assets), _AT_ONCE):
            if self._stop.is_set():
                return
            self._read(assets[first : first + _AT_ONCE])

    def _run(self) -> None:
        while not self._stop.wait(_LOOK_S):
            try:
                self.look()
            except CatalogError as error:  # it is looked at again
                _log.warning("sidecars_left", extra={"code": error.code, "reason": str(error)})
            except Exception:  # noqa: BLE001  # one fault must not end the watching
                _log.exception("sidecars_fault")
