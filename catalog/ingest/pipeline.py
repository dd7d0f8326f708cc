"""The whole way of a file, in this process: register, analyse, encode."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from catalog.db.engine import Database
from catalog.domain.media import SamplingPolicy
from catalog.domain.paths import shown_path
from catalog.domain.progress import Progress
from catalog.domain.results import Failure, IngestReport
from catalog.encoders import Encoder
from catalog.errors import CatalogError, MediaError
from catalog.ingest.analyse import STAGE as ANALYSE
from catalog.ingest.analyse import analyse_asset, worker_name
from catalog.ingest.encode import BATCH, EncodeQueue, settle
from catalog.ingest.register import Registrar, Registration, find_files, root_folder
from catalog.media.frame_store import FrameStore
from catalog.store import assets, stages, vectors

# Loading weights takes seconds and may fail, so it waits until there is work.
LoadEncoder = Callable[[], tuple[Encoder, int]]


@dataclass(frozen=True, slots=True)
class Labels:
    """What a person says of all files of one ingest."""

    collection: str | None = None
    tags: Sequence[str] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)


class Ingest:
    """One run over some paths. Everything it has done when it is broken off stays done."""

    def __init__(
        self,
        database: Database,
        store: FrameStore,
        load_encoder: LoadEncoder,
        *,
        policy: SamplingPolicy,
        progress: Progress,
    ) -> None:
        self._database = database
        self._store = store
        self._load_encoder = load_encoder
        self._policy = policy
        self._progress = progress
        self._report = IngestReport()
        self._paths: dict[int, Path] = {}

    def run(self, paths: Sequence[Path], labels: Labels) -> IngestReport:
        """Ingest files and folders.

        Raises
        ------
        PathNotFoundError, NoMediaError
            If there is nothing at all to work on; one such path among others is
            a failure in the report.
        EncoderUnavailableError
            If there are pictures to encode and no encoder to do it. What was
            registered stays registered.
        """
        began = time.monotonic()
        self._register(paths, labels)
        ids = list(self._paths)
        if self._due(ids):
            encoder, encoder_id = self._load_encoder()
            self._work(ids, EncodeQueue(self._database, self._store, encoder, encoder_id))
        self._tell_earlier_failures(ids)
        self._count_ready(ids)
        self._report.wall_s = time.monotonic() - began
        return self._report

    def _register(self, paths: Sequence[Path], labels: Labels) -> None:
        files: list[Path] = []
        problems: list[tuple[Path, CatalogError]] = []
        for item in find_files(paths):
            if isinstance(item, Path):
                files.append(item)
            else:
                problems.append(item)
        if not files and problems:
            raise problems[0][1]
        for path, error in problems:
            self._fail(path, error)
        registrar = Registrar(self._database, [root_folder(p) for p in paths if p.exists()])
        self._progress.begin("register", len(files), "files")
        for path in files:
            self._register_one(registrar, path, labels)
            self._progress.advance("register", 1, shown_path(Path(path.name)))
        self._progress.end("register")
        self._label(labels)

    def _register_one(self, registrar: Registrar, path: Path, labels: Labels) -> None:
        try:
            found: Registration = registrar.register(path, collection=labels.collection)
        except MediaError as error:
            self._fail(path, error)
            return
        self._report.registered += found.new
        self._report.known += not found.new
        self._paths.setdefault(found.asset_id, path)

    def _label(self, labels: Labels) -> None:
        ids = list(self._paths)
        with self._database.session() as session:
            if labels.collection is not None:
                assets.set_collection(session, ids, labels.collection)
            if labels.tags:
                assets.add_tags(session, ids, labels.tags)
            if labels.metadata:
                assets.add_metadata(session, ids, labels.metadata)

    def _due(self, ids: Sequence[int]) -> bool:
        with self._database.session() as session:
            if stages.due(session, ids, ANALYSE):
                return True
            active = vectors.active_encoder(session)
            if active is None:
                return bool(stages.frames_of(session, ids))
            return vectors.count_missing(session, active.id, ids) > 0

    def _work(self, ids: Sequence[int], queue: EncodeQueue) -> None:
        with self._database.session() as session:
            due = stages.due(session, ids, ANALYSE)
        self._progress.begin("analyse", len(due), "assets")
        failures: dict[int, CatalogError] = {}
        waiting: list[int] = []
        for asset_id in due:
            frames = self._analyse(asset_id)
            waiting.append(asset_id)
            if frames >= BATCH or len(waiting) >= BATCH:
                self._encode(queue, waiting, failures)
                waiting = []
        self._progress.end("analyse")
        self._encode(queue, list(ids), failures)
        settle(self._database, queue.encoder_id, ids, failures, worker_name())
        for asset_id, error in failures.items():
            self._fail(self._paths[asset_id], error)

    def _analyse(self, asset_id: int) -> int:
        path = self._paths[asset_id]
        try:
            found = analyse_asset(self._database, self._store, asset_id, policy=self._policy)
        except CatalogError as error:
            self._fail(path, error)
            found = None
        self._progress.advance("analyse", 1, shown_path(Path(path.name)))
        if found is None:
            return 0
        self._report.collapsed += found.collapsed
        self._report.seconds_of_media += found.seconds
        return found.frames

    def _encode(
        self, queue: EncodeQueue, ids: Sequence[int], failures: dict[int, CatalogError]
    ) -> None:
        with self._database.session() as session:
            missing = vectors.count_missing(session, queue.encoder_id, ids)
        self._progress.begin("encode", missing, "frames")
        written, failed = queue.drain(ids, on_frames=lambda n: self._progress.advance("encode", n))
        self._progress.end("encode")
        self._report.frames += written
        failures.update(failed)

    def _tell_earlier_failures(self, ids: Sequence[int]) -> None:
        """Files that failed in an earlier run are failures of this one too: nothing is hidden."""
        told = {failure.path for failure in self._report.failures}
        with self._database.session() as session:
            for asset_id, error_code, reason in stages.failed(session, ids):
                path = shown_path(self._paths[asset_id])
                if path not in told:
                    self._report.failures.append(Failure(path, error_code, reason))

    def _count_ready(self, ids: Sequence[int]) -> None:
        with self._database.session() as session:
            active = vectors.active_encoder(session)
            missing = vectors.assets_missing(session, active.id, ids) if active else set()
            self._report.ready = len(set(stages.done(session, ids, ANALYSE)) - missing)

    def _fail(self, path: Path, error: CatalogError) -> None:
        self._report.failures.append(Failure.of(shown_path(path), error))
