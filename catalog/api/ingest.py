"""Putting media in: register, analyse, encode, and all three at once."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from catalog.api.base import OpenCatalog, StrPath
from catalog.domain.labels import clean_label
from catalog.domain.media import SamplingPolicy
from catalog.domain.paths import full_path, given_path, shown_path
from catalog.domain.progress import Progress, Silent
from catalog.domain.results import DescribeReport, Failure, IngestReport
from catalog.errors import BrokerUnavailableError, CatalogError
from catalog.maintain.assets import Reference, resolve, tag
from catalog.maintain.graphs import build_graphs
from catalog.store import assets, audit, service

if TYPE_CHECKING:
    from catalog.ingest.analyse import Analysed, Tools
    from catalog.ingest.arrivals import Labels
    from catalog.ingest.register import Registration
    from catalog.ingest.steps import Encoded

# Of a command with a thousand files, the trail names these.
_MOST_NOTED = 100


class IngestVerbs(OpenCatalog):
    """The verbs that put media in."""

    def register(
        self,
        path: StrPath,
        *,
        collection: str | None = None,
        verify: bool = False,
        dispatch: bool = False,
        backfill: bool = False,
    ) -> Registration:
        """Enter one file: the asset its content is, and this place of it. Nothing is decoded.

        With ``verify`` it is read through even where it can be recognised.

        With ``dispatch``, workers are told of an asset whose analysis is due; of a
        ``backfill`` (a whole archive, at once) they take what is fresh first.

        Raises
        ------
        InvalidInputError, PathNotFoundError
            If the collection cannot be called that, or nothing is at the path.
        MediaError
            If the file cannot be read or has no content.
        BrokerUnavailableError
            If workers cannot be told. The file *is* registered then.
        """
        from catalog.ingest.analyse import STAGE as ANALYSE
        from catalog.ingest.register import (
            Registrar,
            is_there,
            path_not_found,
            root_folder,
            sequence_policy,
        )
        from catalog.ingest.sending import tell
        from catalog.media.sequences import Grouping

        file = full_path(given_path(path))
        if not is_there(file):
            raise path_not_found(Path(path))
        file = Grouping(sequence_policy(self.database)).of(file)
        if collection is not None:
            collection = clean_label(collection, "collection")
        registrar = Registrar(self.database, [root_folder(file)], verify=verify)
        due: list[int] = []

        def entered(session: Session, asset_id: int) -> None:
            seen = shown_path(file)
            audit.note(session, "register", [asset_id], path=seen, collection=collection)
            if dispatch:
                due.extend(service.note_sent(session, [asset_id], ANALYSE))

        found = registrar.register(file, collection=collection, on_new=entered)
        if not found.new:
            with self.database.session() as session:
                entered(session, found.asset_id)
        # After the commit, or a quick worker would look for what is not there yet.
        tell(self.database, ANALYSE, due, partial(self.dispatcher.analyse, backfill=backfill))
        return found

    def analyse(
        self,
        asset_id: int,
        *,
        policy: SamplingPolicy | None = None,
        dispatch: bool = False,
        heed_pause: bool = False,
    ) -> Analysed | None:
        """Analyse one registered asset if that is due; None if it was not.

        With ``heed_pause``, as workers do it, not while the service is paused: it stays due.

        With ``dispatch``, workers are told to encode its frames; also when they
        were there already, since who found them may have died before telling.

        Raises
        ------
        NotFoundError
            If there is no such asset.
        AssetBusyError
            If another process is at work on it.
        MediaError
            If its file cannot be catalogued; also kept for `jobs`.
        BrokerUnavailableError
            If workers cannot be told. The analysis *is* done then.
        """
        from catalog.ingest.steps import analyse_step, is_analysed

        found = analyse_step(self._tools(policy), asset_id, heed_pause=heed_pause)
        if dispatch and (found is not None or is_analysed(self.database, asset_id)):
            self.dispatcher.encode()
            self._dispatch_rest(asset_id)
        return found

    def _dispatch_rest(self, asset_id: int) -> None:
        """Have workers do what is wanted of an analysed asset beside its vectors."""
        from catalog.ingest.proxies import STAGE as PROXY
        from catalog.ingest.proxies import proxies_wanted
        from catalog.ingest.sending import tell, tell_if_due
        from catalog.ingest.sounds import STAGE as SOUND
        from catalog.ingest.sounds import want_sounds
        from catalog.ingest.speech import STAGE as RECOGNISE
        from catalog.ingest.speech import text_wanted

        with self.database.session() as session:
            proxy, words = service.may_be_wanted(session, asset_id)
            copies = proxies_wanted(session, [asset_id]) if proxy else []
            spoken = text_wanted(session, [asset_id]) if words else []
            copies = service.note_sent(session, copies, PROXY)
            spoken = service.note_sent(session, spoken, RECOGNISE)
        tell(self.database, PROXY, copies, self.dispatcher.proxy)
        tell(self.database, RECOGNISE, spoken, self.dispatcher.recognise)
        if self.sound_encoders.is_set:
            unheard = want_sounds(self.database, self.sound_encoders.known_id(), [asset_id])
            tell_if_due(self.database, SOUND, unheard, self.dispatcher.sound)

    def _tools(self, policy: SamplingPolicy | None) -> Tools:
        from catalog.ingest.analyse import Tools

        return Tools(self.database, self.store, self.decoders, policy, self._late.folders)

    def encode(self, *, heed_pause: bool = False) -> Encoded:
        """Give every frame the vectors it lacks: the active encoder's, then those being filled.

        With ``heed_pause``, as workers do it, until the service is paused.

        Raises
        ------
        EncoderUnavailableError
            If something waits and the encoder's weights are not to be had.
        """
        from catalog.ingest.looks import BackfillLooks
        from catalog.ingest.steps import encode_step

        # Who asks by himself, and now, knows why.
        looks = self._looks if heed_pause else BackfillLooks()
        encoded = encode_step(
            self.database, self.store, self._encoders, looks=looks, heed_pause=heed_pause
        )
        if encoded.vectors:
            build_graphs(self.database)
        return encoded

    def ingest(
        self,
        *paths: StrPath,
        collection: str | None = None,
        tags: Sequence[str] = (),
        metadata: Mapping[str, Any] | None = None,
        policy: SamplingPolicy | None = None,
        verify: bool = False,
        progress: Progress | None = None,
    ) -> IngestReport:
        """Register, analyse and encode files and folders, here and now.

        What fails is in the report with its reason; the rest goes on. Doing it
        again does no work twice, and breaking it off loses nothing that is done.
        A large file that was only moved is recognised without being read, until
        `verify` reads it; with ``verify`` it is read at once.

        Raises
        ------
        InvalidInputError
            If a label cannot be kept; nothing was done then.
        PathNotFoundError, NoMediaError
            If none of the paths has anything to work on.
        EncoderUnavailableError
            If there are pictures to encode and no encoder to do it.
        """
        from catalog.ingest.arrivals import Labels

        labels = Labels.clean(collection, tags, metadata or {})
        with self.database.session() as session:
            said = [shown_path(given_path(path)) for path in paths[:_MOST_NOTED]]
            mine, tagged = labels.collection, list(labels.tags)
            audit.note(session, "ingest", paths=said, collection=mine, tags=tagged)
        return self._ingest(paths, labels, policy, verify=verify, progress=progress)

    def _ingest(
        self,
        paths: Sequence[StrPath],
        labels: Labels,
        policy: SamplingPolicy | None = None,
        *,
        verify: bool = False,
        progress: Progress | None = None,
    ) -> IngestReport:
        """As `ingest`, by nobody in particular: what a watcher finds is nobody's deed."""
        from catalog.ingest.pipeline import Ingest

        run = Ingest(
            self._tools(policy),
            self._encoders,
            progress=progress or Silent(),
            verify=verify,
            recognisers=self.recognisers,
            sound_encoders=self.sound_encoders,
        )
        report = run.run([given_path(path) for path in paths], labels)
        if report.frames:
            build_graphs(self.database, progress)
        return report

    def hand_over(
        self,
        *paths: StrPath,
        collection: str | None = None,
        tags: Sequence[str] = (),
        progress: Progress | None = None,
    ) -> IngestReport:
        """Register files and folders, and leave the rest to workers.

        Raises
        ------
        InvalidInputError
            If a label cannot be kept; nothing was done then.
        BrokerUnavailableError
            If workers cannot be told.
        """
        from catalog.ingest.arrivals import Labels
        from catalog.ingest.register import find_files, sequence_policy
        from catalog.ingest.strangers import Strangers

        labels, told = Labels.clean(collection, tags, {}), progress or Silent()
        report, began = IngestReport(), time.monotonic()
        named = [given_path(path) for path in paths]
        strangers = Strangers()
        files = list(find_files(named, sequence_policy(self.database), strangers))
        report.passed_over = strangers.counts()
        told.begin("register", len(files), "files")
        for file in files:
            path, error = file if isinstance(file, tuple) else (file, None)
            failed = error or self._hand_over_one(path, labels, report)
            if failed is not None:
                report.failures.append(Failure.of(shown_path(path), failed))
            told.advance("register", 1, shown_path(path.name))
        told.end("register")
        report.wall_s = time.monotonic() - began
        return report

    def _hand_over_one(
        self, path: Path, labels: Labels, report: IngestReport
    ) -> CatalogError | None:
        try:
            found = self.register(path, collection=labels.collection, dispatch=True)
        except BrokerUnavailableError:
            raise
        except CatalogError as failed:
            return failed
        if labels.tags:
            tag(self.database, [found.asset_id], labels.tags, remove=False)
        report.registered += found.new
        report.known += not found.new
        return None

    def describe(
        self, references: Sequence[Reference] = (), *, progress: Progress | None = None
    ) -> DescribeReport:
        """Read again what the files of analysed assets (of these, or of all) say of themselves.

        For columns that are newer than the asset's analysis. Shots, vectors,
        tags, and what people wrote stay as they are.

        Raises
        ------
        NotFoundError, InvalidInputError
            If a reference names no asset, or several.
        """
        from catalog.ingest.describe import describe_again

        with self.database.session() as session:
            ids = [resolve(session, reference) for reference in references]
            ids = ids if references else assets.all_ids(session)
        return describe_again(self._tools(None), ids, progress or Silent())
