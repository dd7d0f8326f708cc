"""The whole way of a file, in this process: register, analyse, encode."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from catalog.domain.cards import card_notice
from catalog.domain.labels import clean_label, clean_metadata
from catalog.domain.paths import full_path, shown_path
from catalog.domain.progress import Progress, SoFar
from catalog.domain.renditions import ProxySettings
from catalog.domain.results import Failure, IngestReport
from catalog.encoders import Encoder
from catalog.errors import AssetBusyError, CatalogError, EncoderUnavailableError, MediaError
from catalog.ingest.analyse import STAGE as ANALYSE
from catalog.ingest.analyse import Analysed, Tools
from catalog.ingest.attempts import worker_name
from catalog.ingest.encode import STAGE as ENCODE
from catalog.ingest.encode import EncodeQueue, note_failures, settle
from catalog.ingest.encode_speech import encode_speech
from catalog.ingest.overlap import Overlapped
from catalog.ingest.proxies import make_proxy, want_by_policy
from catalog.ingest.register import (
    Registrar,
    Registration,
    find_files,
    is_there,
    root_folder,
    sequence_policy,
)
from catalog.ingest.rolls import know_cues
from catalog.ingest.sidecars import read_sidecars
from catalog.ingest.sounds import SoundEncoderLoader, hear_asset, let_wait, want_sounds
from catalog.ingest.speech import recognise_asset, waits, want_text
from catalog.ingest.strangers import Strangers
from catalog.ingest.turns import EncoderLoader
from catalog.media.sequences import state_of
from catalog.speech import Recognisers
from catalog.store import assets, descriptions, filling, stages, vectors

_MIB = 1 << 20
_LARGE = 256 * _MIB


@dataclass(frozen=True, slots=True)
class Labels:
    """What a person says of all files of one ingest."""

    collection: str | None = None
    tags: Sequence[str] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def clean(
        cls, collection: str | None, tags: Sequence[str], metadata: Mapping[str, Any]
    ) -> Labels:
        """The labels as the catalogue keeps them.

        Raises
        ------
        InvalidInputError
            If one of them cannot be kept.
        """
        return cls(
            None if collection is None else clean_label(collection, "collection"),
            tuple(clean_label(tag, "tag") for tag in tags),
            clean_metadata(metadata),
        )


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
        self._verify = verify
        self._database = tools.database
        # Loading weights takes seconds and may fail, so it waits until there is work.
        self._loader = loader
        self._progress = progress
        self._recognisers = recognisers
        self._report = IngestReport()
        self._paths: dict[int, list[Path]] = {}
        self._looked_beside = False
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
        self._register(paths, labels)
        ids = list(self._paths)
        if self._due(ids):
            self._tools.decoders.start()  # which loads its libraries while we load ours
            analysed = self._work(ids, *self._loader.active())
            self._fill_others(analysed)
        self._look_beside(ids)
        self._make_proxies(ids)
        self._recognise(ids)
        self._hear(ids)
        self._tell_failures(ids)
        self._count_ready(ids)
        self._report.wall_s = time.monotonic() - began
        return self._report

    def _register(self, paths: Sequence[Path], labels: Labels) -> None:
        files: list[Path] = []
        problems: list[tuple[Path, CatalogError]] = []
        strangers = Strangers()
        policy_of = sequence_policy(self._database, self._tools.policy)
        for item in find_files(paths, policy_of, strangers):
            if isinstance(item, Path):
                files.append(item)
            else:
                problems.append(item)
        if not files and problems:
            raise problems[0][1]
        for path, error in problems:
            self._fail(path, error)
        self._report.passed_over = strangers.counts()
        files = list(dict.fromkeys(files))  # overlapping paths name a file more than once
        self._tell_cards(files)
        there = [path for path in map(full_path, paths) if is_there(path)]
        folders = [root_folder(path) for path in there]
        registrar = Registrar(self._database, folders, verify=self._verify)
        self._progress.begin("register", len(files), "files")
        for path in files:
            self._register_one(registrar, path, labels)
            self._progress.advance("register", 1, shown_path(Path(path.name)))
        self._progress.end("register")
        self._label(labels)

    def _tell_cards(self, files: Sequence[Path]) -> None:
        """Say, once for each, which folders are camera cards."""
        folders = {str(full_path(file).parent) for file in files}
        notices = dict(filter(None, map(card_notice, sorted(folders))))
        self._report.warnings += [
            Failure(shown_path(top), "card_structure", reason) for top, reason in notices.items()
        ]

    def _register_one(self, registrar: Registrar, path: Path, labels: Labels) -> None:
        try:
            found: Registration = registrar.register(
                path, collection=labels.collection, progress=self._reading(path)
            )
        except MediaError as error:
            self._fail(path, error)
            return
        self._report.registered += found.new
        self._report.known += not found.new
        self._report.unverified += not found.verified
        self._paths.setdefault(found.asset_id, []).append(path)

    def _reading(self, path: Path) -> Callable[[int], None] | None:
        """Tells how far a large file is read, which may take minutes; None of a small one."""
        try:
            size = state_of(path).size
        except OSError:
            return None
        if size < _LARGE:
            return None
        told = 0

        def read(so_far: int) -> None:
            nonlocal told
            if told == 0:  # only now it is known that it has to be read
                self._progress.begin("read", size / _MIB, "MiB")
            self._progress.advance("read", (so_far - told) / _MIB, shown_path(Path(path.name)))
            told = so_far

        return read

    def _label(self, labels: Labels) -> None:
        if not (labels.collection is not None or labels.tags or labels.metadata):
            return
        ids = list(self._paths)
        with self._database.session() as session:
            assets.lock_assets(session, ids)
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
            wanted = stages.not_failed(session, ids, ENCODE)
            active = vectors.active_encoder(session)
            if active is None:
                return bool(stages.frames_of(session, wanted))
            return vectors.count_missing(session, active.id, wanted) > 0

    def _work(self, ids: Sequence[int], encoder: Encoder, encoder_id: int) -> list[int]:
        know_cues(self._database, encoder, encoder_id)
        with self._database.session() as session:
            due = stages.due(session, ids, ANALYSE)
        # The longest begins first: begun last, it would keep one processor busy while others rest.
        due.sort(key=lambda asset_id: _bytes_of(self._paths[asset_id][0]), reverse=True)
        self._progress.begin("analyse", len(due), "assets")
        run = Overlapped(
            self._tools, encoder, encoder_id, progress=self._progress, on_share=self._tell
        )
        for asset_id, found in run.over(due, beside=partial(self._look_beside, ids)):
            self._count(asset_id, found)
        self._report.frames += run.written
        self._progress.end("analyse")
        # What failed to be encoded before waits for `catalog retry`. What another
        # process holds just now is waited for: it is a matter of one batch.
        with self._database.session() as session:
            wanted = stages.not_failed(session, ids, ENCODE)
        queue = EncodeQueue(self._database, self._tools.store, encoder, encoder_id)
        failures = self._encode(queue, wanted)
        settle(self._database, encoder_id, [*wanted, *failures], failures, worker_name())
        return due

    def _look_beside(self, ids: Sequence[int]) -> None:
        """Read what sidecars say, and encode what is spoken, once in a run."""
        if self._looked_beside:
            return
        self._looked_beside = True
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

    def _fail(self, path: Path, error: CatalogError) -> None:
        self._report.failures.append(Failure.of(shown_path(path), error))


def _without_pictures(pictures: Sequence[Mapping[str, Any]]) -> str:
    """Why of a film only the sound is there."""
    codecs = ", ".join(str(each.get("codec") or "unknown") for each in pictures)
    return (
        f"Its video ({codecs}) is of a codec that nothing here decodes: only its sound and metadata"
        " are catalogued. Catalogue a proxy of it, or transcode it to H.264."
    )


def _bytes_of(path: Path) -> int:
    try:
        return state_of(path).size
    except OSError:  # its analysis will say so
        return 0
