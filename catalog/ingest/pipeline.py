"""The whole way of a file, in this process: register, analyse, encode."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from catalog.domain.paths import shown_path
from catalog.domain.progress import Progress, SoFar
from catalog.domain.renditions import ProxySettings
from catalog.domain.results import Failure, IngestReport
from catalog.encoders import Encoder
from catalog.errors import AssetBusyError, CatalogError, EncoderUnavailableError, MediaError
from catalog.ingest.analyse import STAGE as ANALYSE
from catalog.ingest.analyse import Analysed, Tools
from catalog.ingest.arrivals import PORTION, Arrivals, Labels, bytes_of
from catalog.ingest.attempts import worker_name
from catalog.ingest.encode import STAGE as ENCODE
from catalog.ingest.encode import EncodeQueue, note_failures, settle
from catalog.ingest.encode_speech import encode_speech
from catalog.ingest.overlap import Overlapped
from catalog.ingest.proxies import make_proxy, want_by_policy
from catalog.ingest.rolls import know_cues
from catalog.ingest.sidecars import SidecarReader, look_beside, read_sidecars
from catalog.ingest.sounds import SoundEncoderLoader, hear_asset, let_wait, want_sounds
from catalog.ingest.speech import recognise_asset, waits, want_text
from catalog.ingest.turns import EncoderLoader
from catalog.speech import Recognisers
from catalog.store import assets, descriptions, filling, shots, stages, vectors


class Ingest:
    """One run over some paths. Everything it has done when it is broken off stays done."""

    def __init__(
        self,
        tools: Tools,
        loader: EncoderLoader,
        *,
        progress: Progress,
        recognisers: Recognisers,
        verify: bool = False,
        sound_encoders: SoundEncoderLoader | None = None,
    ) -> None:
        self._sound_encoders = sound_encoders
        self._tools = tools
        self._database = tools.database
        # Loading weights takes seconds and may fail, so it waits until there is work.
        self._loader = loader
        self._progress = progress
        self._recognisers = recognisers
        self._report = IngestReport()
        self._arrivals = Arrivals(tools, self._report, progress, verify=verify)
        self._paths = self._arrivals.paths
        self._looked_beside = False
        self._sidecars = SidecarReader(tools)
        self._shares: dict[int, SoFar] = {}

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
        self._arrivals.find(paths)
        portions = self._due_portions(labels)
        first = next(filter(None, portions), [])  # with none due, all are registered now
        if first or self._unencoded():
            self._tools.decoders.start()  # which loads its libraries while we load ours
            analysed = self._work(first, portions)
            self._fill_others(analysed)
        ids = list(self._paths)
        self._look_beside()
        self._make_proxies(ids)
        self._recognise(ids)
        self._hear(ids)
        self._tell_failures(ids)
        self._count_ready(ids)
        self._report.wall_s = time.monotonic() - began
        return self._report

    def _due_portions(self, labels: Labels) -> Iterator[list[int]]:
        """What is to be analysed of each portion that was registered, the longest first.

        Begun last, the longest would keep one processor busy while others rest.
        """
        for brought in self._arrivals.portions(labels):
            with self._database.session() as session:
                due = stages.due(session, brought, ANALYSE)
            due.sort(key=lambda asset_id: bytes_of(self._paths[asset_id][0]), reverse=True)
            if due:
                self._progress.begin("analyse", len(due), "assets")
            yield due

    def _unencoded(self) -> bool:
        """Whether frames of what was met lack vectors: of earlier runs, for nothing is due."""
        with self._database.session() as session:
            wanted = stages.not_failed(session, list(self._paths), ENCODE)
            active = vectors.active_encoder(session)
            if active is None:
                return bool(shots.frames_of(session, wanted))
            return vectors.count_missing(session, active.id, wanted) > 0

    def _work(self, first: list[int], later: Iterator[list[int]]) -> list[int]:
        """Analyse and encode these and what comes later; which assets that were."""
        try:
            encoder, encoder_id = self._loader.active()
        except EncoderUnavailableError:
            for _ in later:  # they are registered all the same
                pass
            raise
        know_cues(self._database, encoder, encoder_id)
        run = Overlapped(
            self._tools, encoder, encoder_id, progress=self._progress, on_share=self._tell
        )
        self._arrivals.on_step = run.listen
        analysed: list[int] = []
        beside: list[int] = []
        for asset_id, found in run.over(chain([first], later), beside=self._look_beside):
            self._count(asset_id, found)
            analysed.append(asset_id)
            beside += [asset_id] * (found is not None)
            if len(beside) >= PORTION:  # of many, nobody waits for the last
                look_beside(self._tools, beside, self._sidecars)
                beside.clear()
        self._report.frames += run.written
        self._progress.end("analyse")
        # What failed to be encoded before waits for `catalog retry`. What another
        # process holds just now is waited for: it is a matter of one batch.
        with self._database.session() as session:
            wanted = stages.not_failed(session, list(self._paths), ENCODE)
        queue = EncodeQueue(self._database, self._tools.store, encoder, encoder_id)
        failures = self._encode(queue, wanted)
        settle(self._database, encoder_id, [*wanted, *failures], failures, worker_name())
        return analysed

    def _look_beside(self) -> None:
        """Read what sidecars say, and encode what is spoken, once in a run."""
        if self._looked_beside:
            return
        self._looked_beside = True
        ids = list(self._paths)
        self._report.warnings += read_sidecars(self._tools, ids)
        self._report.warnings += encode_speech(self._database, self._loader, ids, self._progress)

    def _fill_others(self, ids: Sequence[int]) -> None:
        """Give new assets their vectors of encoders being filled, and of one that took over."""
        with self._database.session() as session:
            rows = [row for row in vectors.list_encoders(session) if row.active or row.filling]
            wanted = stages.not_failed(session, ids, ENCODE)
            rows = [row for row in rows if vectors.count_missing(session, row.id, wanted)]
        for row in rows:
            try:
                encoder, _ = self._loader.active() if row.active else self._loader.filling(row)
            except EncoderUnavailableError as error:
                with self._database.session() as session:
                    filling.note_problem(session, row.id, error.message)
                self._report.warnings.append(Failure.of(row.name, error))
                continue
            assert isinstance(encoder, Encoder)  # noqa: S101  # it lacks frames
            queue = EncodeQueue(self._database, self._tools.store, encoder, row.id)
            failures = self._encode(queue, wanted, count=row.active)
            if row.active:
                settle(self._database, row.id, wanted, failures, worker_name())
            else:
                note_failures(self._database, failures, worker_name())

    def _tell(self, asset_id: int, share: float) -> None:
        name = shown_path(Path(self._paths[asset_id][0].name))
        self._shares.setdefault(asset_id, SoFar(self._progress, "analyse", name))(share)

    def _count(self, asset_id: int, found: Analysed | None) -> None:
        self._tell(asset_id, 1)
        del self._shares[asset_id]
        if found is not None:
            self._report.collapsed += found.collapsed
            self._report.seconds_of_media += found.seconds

    def _encode(
        self, queue: EncodeQueue, ids: Sequence[int], *, count: bool = True
    ) -> dict[int, CatalogError]:
        """Encode what earlier runs, or other processes, left; the failures."""
        with self._database.session() as session:
            missing = vectors.count_missing(session, queue.encoder_id, ids)
        self._progress.begin("encode", missing, "frames")
        written, failures = queue.drain(
            ids, wait=True, on_frames=lambda n: self._progress.advance("encode", n)
        )
        self._progress.end("encode")
        self._report.frames += written if count else 0
        return failures

    def _make_proxies(self, ids: Sequence[int]) -> None:
        """Make the proxies that roots ask for; one that fails is a warning."""
        due = want_by_policy(self._tools, ids)
        self._progress.begin("proxy", len(due), "assets")
        for asset_id in due:
            path = shown_path(self._paths[asset_id][0])
            try:
                make_proxy(self._tools, asset_id, ProxySettings())
            except (MediaError, AssetBusyError) as error:
                self._report.warnings.append(Failure.of(path, error))
            self._progress.advance("proxy", 1, path)
        self._progress.end("proxy")

    def _recognise(self, ids: Sequence[int]) -> None:
        """Recognise what nobody has written down; where that cannot be done here, it waits."""
        due = want_text(self._database, ids)
        if not due:
            return
        with self._database.session() as session:
            rows = [(each, assets.get_asset(session, each)) for each in due]
        lengths = {each: row.duration or 0.0 for each, row in rows if row is not None}
        self._progress.begin("recognise", sum(lengths.values()), "s")
        for asset_id, length in lengths.items():
            path = shown_path(self._paths[asset_id][0])
            tell = SoFar(self._progress, "recognise", path)
            try:
                recognise_asset(self._tools, asset_id, self._recognisers.load, tell)
            except (MediaError, AssetBusyError) as error:
                self._report.warnings.append(Failure.of(path, error))
            tell(length)
        self._progress.end("recognise")
        self._report.speech_waits = waits(self._database, due)

    def _hear(self, ids: Sequence[int]) -> None:
        """Give sounds their vectors where an encoder is set; what fails is a warning."""
        loader = self._sound_encoders
        if loader is None or not loader.is_set:
            return
        due = want_sounds(self._database, loader.known_id(), ids)
        if not due:
            return
        try:
            encoder, row = loader.active()
        except EncoderUnavailableError as error:
            let_wait(self._database, due, error)
            self._report.warnings.append(Failure.of("CATALOG_SOUND_ENCODER", error))
            return
        self._progress.begin("listen", len(due), "assets")
        for asset_id in due:
            path = shown_path(self._paths[asset_id][0])
            try:
                hear_asset(self._tools, asset_id, encoder, row.id)
            except (MediaError, AssetBusyError) as error:
                self._report.warnings.append(Failure.of(path, error))
            self._progress.advance("listen", 1, path)
        self._progress.end("listen")

    def _tell_failures(self, ids: Sequence[int]) -> None:
        """Failures of this run and of earlier ones, under every path: nothing is hidden."""
        told = {failure.path for failure in self._report.failures}
        with self._database.session() as session:
            failed = stages.failed(session, ids)
            unseen = descriptions.undecodable_video(session, ids)
        self._report.warnings += [
            Failure(shown_path(path), "undecodable", _without_pictures(pictures))
            for asset_id, pictures in unseen.items()
            for path in self._paths[asset_id]
        ]
        for asset_id, error_code, reason in failed:
            for path in map(shown_path, self._paths[asset_id]):
                if path not in told:
                    told.add(path)
                    self._report.failures.append(Failure(path, error_code, reason))

    def _count_ready(self, ids: Sequence[int]) -> None:
        with self._database.session() as session:
            active = vectors.active_encoder(session)
            missing = vectors.assets_missing(session, active.id, ids) if active else set()
            self._report.ready = len(set(stages.done(session, ids, ANALYSE)) - missing)
            self._report.elsewhere = len(stages.due(session, ids, ANALYSE))


def _without_pictures(pictures: Sequence[Mapping[str, Any]]) -> str:
    """Why of a film only the sound is there."""
    codecs = ", ".join(str(each.get("codec") or "unknown") for each in pictures)
    return (
        f"Its video ({codecs}) is of a codec that nothing here decodes: only its sound and metadata"
        " are catalogued. Catalogue a proxy of it, or transcode it to H.264."
    )
