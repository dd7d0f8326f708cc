"""One watched root: where its storage is, what of it settles, what is gone."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from stat import S_ISDIR

from catalog.db.engine import Database
from catalog.domain.file_state import FileState
from catalog.domain.paths import raw_path, shown_path
from catalog.domain.watch_report import WatchReport
from catalog.errors import (
    CatalogError,
    FileChangedError,
    OutsideRootError,
    UnreadableFileError,
)
from catalog.ingest.register import Registrar, sequence_policy
from catalog.media.camera_cards import repeats_clips
from catalog.media.files import is_passed_over, looks_like_media
from catalog.media.sequences import state_of
from catalog.media.sidecars import looks_like_sidecar
from catalog.store import roots, stages, watching
from catalog.store.watching import KnownFile, WatchedRoot
from catalog.watch.beside import Beside
from catalog.watch.bitmap import Bitmap
from catalog.watch.frames import touched_frames
from catalog.watch.intake import Intake
from catalog.watch.lost import mark_lost
from catalog.watch.notices import Notices
from catalog.watch.presence import Away, Folder, look, unchanged
from catalog.watch.settling import Settling
from catalog.watch.walk import BATCH, Walk, batches, is_within

_PROBED = 50
_TRIES = 5
# What may be otherwise next time though the file is as it was: storage that failed to read.
_MAY_PASS = frozenset({UnreadableFileError.code, FileChangedError.code})

_log = logging.getLogger("catalog.watch")


class RootState:
    """What is known of one root while it is watched; one thread uses it at a time.

    It holds no more of a file than a bit, once the catalogue knows it; of files that
    wait to settle, or to be read, their names and states, `Settling.capacity` at most.

    Attributes
    ----------
    settling:
        The files that wait.
    overfull:
        Whether files were met for which there was no room: another walk is due.
    """

    def __init__(
        self,
        database: Database,
        root: WatchedRoot,
        intake: Intake,
        beside: Beside,
        report: WatchReport,
    ) -> None:
        self._database = database
        self.root = root
        self._intake = intake
        self._beside = beside
        self._report = report
        self.settling = Settling(root.settings.settle)
        self.overfull = False
        self._folder: Folder | None = None
        self._in_hand: set[str] = set()
        self._over: list[tuple[str, CatalogError | None]] = []
        self._lock = threading.Lock()
        self._tries: dict[str, int] = {}
        self._touched: set[str] = set()
        self._real = os.path.realpath(root.path)
        self._notices = Notices(report)
        self._newest_ns = 0
        self._inner: frozenset[str] = frozenset()
        self.wake: Callable[[], None] = lambda: None
        self.stopping: Callable[[], bool] = lambda: False

    @property
    def shown(self) -> str:
        """The root's path, for people."""
        return shown_path(self.root.path)

    @property
    def at_rest(self) -> bool:
        """Whether nothing waits, and nothing is being read."""
        return not len(self.settling) and not self._in_hand

    # --- is it there? -------------------------------------------------------------

    def is_there(self) -> bool:
        """Look whether the root's storage is there; if not, it is paused, and says why."""
        root = self.root
        before = None if root.device is None else Folder(root.device, root.inode or 0)
        found = look(root.path, before, self._some_known)
        if isinstance(found, Away):
            self._away(found.why)
            return False
        if found != before or root.paused_why is not None or self._folder is None:
            with self._database.session() as session:
                watching.note_folder(session, root.id, found.device, found.inode)
                again = stages.retry_reachable(session, root_id=root.id)
            self._tell_tried_again(again)
            if root.paused_why is not None:
                _log.warning("root_back", extra={"root": self.shown})
            self.root = replace(root, device=found.device, inode=found.inode, paused_why=None)
        self._folder = found
        return True

    def _some_known(self) -> list[bytes]:
        with self._database.session() as session:
            return watching.some_online(session, self.root.id, _PROBED)

    def _away(self, why: str) -> None:
        if self.root.paused_why == why:
            return
        with self._database.session() as session:
            watching.pause(session, self.root.id, why)
        self.root = replace(self.root, paused_why=why)
        self.settling = Settling(self.root.settings.settle)
        _log.warning("root_paused", extra={"root": self.shown, "reason": why})

    def _still_there(self) -> bool:
        return self._folder is not None and unchanged(self.root.path, self._folder)

    # --- what is in it? -----------------------------------------------------------

    def scan(self) -> None:
        """Walk all of it: what is new waits to settle, what is gone is missing."""
        began = time.monotonic()
        self.overfull = False
        self._inner = self._inner_roots()
        self.settling.sequences = sequence_policy(self._database)(self.root.path)
        met = Bitmap()
        before, newest = self._newest_ns, 0

        def beside(folder: str, changed_ns: int) -> None:
            nonlocal newest
            newest = max(newest, changed_ns)
            if changed_ns >= before:
                self._beside.note(self.root, folder)

        walk = self._walk(beside)
        files = 0
        for batch in batches(walk.files()):
            files += len(batch)
            for known in self._compare(batch):
                met.add(known.id)
            if self.stopping():
                return
        self._notices.troubles(walk)
        if not self._still_there():
            return  # it went while we looked: the next look says so
        self._mark_lost(b"", met.has, walk.devices)
        self._beside.note_gone(self.root)
        self._newest_ns = newest
        _log.info(
            "root_scanned",
            extra={
                "root": self.shown,
                "files": files,
                "settling": len(self.settling),
                "seconds": round(time.monotonic() - began, 3),
            },
        )

    def look_at(self, paths: Mapping[str, bool]) -> set[str]:
        """Look where something may have changed; the folders that came are told.

        A path is true if something came or went there. A folder that only changed
        is not looked through: of what changed in it the system has told as well.
        """
        found = _Looked()
        concerned = filter(self._concerns, sorted(paths))
        frames = touched_frames(concerned, self.settling.sequences, self.settling.__contains__)
        found.files += [each for each in frames.sequences if self._wants(each[0])]
        found.gone += frames.gone
        for path in frames.plain:
            self._sort(path, found)
            if looks_like_sidecar(path):
                self._beside.note(self.root, os.path.dirname(path))  # noqa: PTH120
        found.folders = {path for path in found.folders if paths[path]}
        for batch in batches(iter(found.files)):
            for path, _ in batch:
                self._notices.card(os.path.dirname(path))  # noqa: PTH120
            self._compare(batch)
        for path in found.gone:
            self.settling.forget(path)
            self._mark_lost(self._raw(path), lambda _: False, ())
        for folder in found.folders:
            self._scan_below(folder)
        return found.folders

    def _sort(self, path: str, found: _Looked) -> None:
        """What is at a path now: a folder, a file that is wanted, or nothing any more."""
        try:
            state = os.stat(path)  # noqa: PTH116  # as in Walk
        except (FileNotFoundError, NotADirectoryError):
            if not os.path.lexists(path):
                found.gone.append(path)
        except OSError as error:
            self._notices.trouble(path, error)
        else:
            if not S_ISDIR(state.st_mode):
                if self._wants(path):
                    found.files.append((path, FileState.of(state)))
            elif is_within(os.path.realpath(path), self._real):
                found.folders.add(path)

    def _scan_below(self, folder: str) -> None:
        walk = self._walk(lambda where, _: self._beside.note(self.root, where))
        for batch in batches(walk.files(folder)):
            self._compare(batch)
        self._notices.troubles(walk)

    def _walk(self, beside: Callable[[str, int], None]) -> Walk:
        return Walk(
            self.root.path,
            self.root.settings,
            inner=self._inner,
            policy=self.settling.sequences,
            enter=self._notices.card,
            beside=beside,
        )

    def _compare(self, batch: list[tuple[str, FileState]]) -> list[KnownFile]:
        """What the catalogue knows of these; what it does not, or not so, waits to settle."""
        raws = {self._raw(path): (path, state) for path, state in batch}
        with self._database.session() as session:
            known = watching.known_files(session, self.root.id, list(raws))
            back = [
                each
                for raw, each in known.items()
                if not each.online and _as_known(*raws[raw], each)
            ]
            if back:
                watching.mark_back(session, [each.id for each in back])
                assets = [each.asset_id for each in back if each.asset_id is not None]
                self._tell_tried_again(stages.retry_reachable(session, asset_ids=assets))
                self._report.count("back", len(back))
                _log.info("files_back", extra={"root": self.shown, "files": len(back)})
        for raw, (path, state) in raws.items():
            if raw not in known or not _as_known(path, state, known[raw]):
                self._wait_for(path, state)
        return list(known.values())

    def _wait_for(self, path: str, state: FileState) -> None:
        if path in self._in_hand:
            self._touched.add(path)  # it is compared again when it is over
            return
        if len(self._in_hand) >= self.settling.capacity or not self.settling.observe(path, state):
            self.overfull = True

    def _mark_lost(self, below: bytes, seen: Callable[[int], bool], devices: Iterable[int]) -> None:
        here = {*devices, *([self._folder.device] if self._folder else [])}
        lost = mark_lost(
            self._database,
            self.root.id,
            self.root.path,
            self._still_there,
            below=below,
            seen=seen,
            devices=here,
        )
        if lost.missing:
            self._report.count("missing", lost.missing)
            _log.info("files_missing", extra={"root": self.shown, "files": lost.missing})
        if lost.unreachable:
            self._notices.warn(
                self.shown,
                "storage_away",
                f"{lost.unreachable} files lay on other storage below this root, which is not"
                " mounted; they are not marked missing",
            )

    # --- what has settled? --------------------------------------------------------

    def settle(self, *, once: bool = False) -> None:
        """Look at the files that are due; those that have settled are registered.

        With ``once``, those that have not are left, and counted.
        """
        self._take_over(again=not once)
        looked = self.settling.take_due(most=BATCH)
        if looked.settled:
            with self._database.session() as session:
                known = [path for _, path in roots.list_roots(session)]
            if self.root.path not in known:
                return  # it is a root no more
            registrar = Registrar(self._database, [])
            for path in looked.settled:
                self._in_hand.add(path)
                self._intake.submit(registrar, path, self.root.settings, self._is_over)
        for path in looked.gone:
            self._mark_lost(self._raw(path), lambda _: False, ())
        for path in looked.waiting if once else ():
            self.settling.forget(path)
            self._report.count("waiting")

    def _is_over(self, path: str, error: CatalogError | None) -> None:
        """Called by the intake's threads."""
        with self._lock:
            self._over.append((path, error))
        self.wake()

    def _take_over(self, *, again: bool) -> None:
        """Learn what became of files that were registered; what may pass by itself, ``again``."""
        with self._lock:
            over, self._over = self._over, []
        changed: list[tuple[str, FileState]] = []
        for path, error in over:
            self._in_hand.discard(path)
            touched = path in self._touched
            self._touched.discard(path)
            if not again or (error is None and not touched):
                self._tries.pop(path, None)
                continue
            try:
                state = state_of(Path(path))
            except OSError:
                continue
            if error is None or touched:
                changed.append((path, state))
            elif error.retryable and self._tries.get(path, 0) < _TRIES:
                # As one that changed while it was read: it has to settle again.
                self._tries[path] = self._tries.get(path, 0) + 1
                self.settling.observe(path, state)
        for batch in batches(iter(changed)):
            self._compare(batch)

    # --- names ----------------------------------------------------------------------

    def _inner_roots(self) -> frozenset[str]:
        with self._database.session() as session:
            known = [str(path) for _, path in roots.list_roots(session)]
        own = str(self.root.path)
        return frozenset(path for path in known if path != own and is_within(path, own))

    def _raw(self, path: str) -> bytes:
        return raw_path(Path(self._below(path)))

    def _below(self, path: str) -> str:
        return path[len(str(self.root.path).rstrip("/")) + 1 :]

    def _concerns(self, path: str) -> bool:
        """Whether a path lies in the root, and in no part that is passed over."""
        own = str(self.root.path)
        if path == own or not is_within(path, own):
            return False
        if any(is_within(path, inner) for inner in self._inner):
            return False
        below = self._below(path)
        return not any(map(is_passed_over, below.split("/"))) and not (
            self.root.settings.leaves_out(below)
        )

    def _wants(self, path: str) -> bool:
        if not looks_like_media(Path(path)) or repeats_clips(PurePath(path).parent):
            return False
        return self.root.settings.wants(self._below(path))

    def _tell_tried_again(self, count: int) -> None:
        if count:
            _log.info("tried_again", extra={"root": self.shown, "stages": count})


def _as_known(path: str, state: FileState, known: KnownFile) -> bool:
    """Whether the catalogue knows the file as it is: nothing is to be done about it."""
    if known.asset_id is not None:
        return state.untouched_since(known.state)
    if known.error_code in _MAY_PASS:
        return False
    if known.error_code == OutsideRootError.code:  # of such a link, the link itself was noted
        with suppress(OSError):  # of a sequence all was noted, and there is no such file
            state = FileState.of(os.lstat(path))
    return state.untouched_since(known.state)


@dataclass(slots=True)
class _Looked:
    """What is where something may have changed."""

    folders: set[str] = field(default_factory=set)
    files: list[tuple[str, FileState]] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
