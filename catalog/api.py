"""The catalogue, for programs: the Python admin API that CLI, pages and workers use.

Every verb of the command line has its method here, of the same name and with
the same arguments::

    from catalog import Catalog

    with Catalog.open() as catalog:
        catalog.ingest("/media/rushes", collection="News")
        for hit in catalog.search("a red car at night", limit=10).hits:
            print(hit.asset["name"], hit.clip["timecode_in"], hit.cosine)
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from catalog import encoders
from catalog.db.engine import Database
from catalog.db.migrate import current_revision, migrate
from catalog.db.reader import SqlRows
from catalog.dispatch import Dispatcher, dispatcher_for
from catalog.domain.labels import clean_label
from catalog.domain.media import SamplingPolicy
from catalog.domain.paths import full_path
from catalog.domain.progress import Progress, Silent
from catalog.domain.results import IngestReport, SearchResult
from catalog.encoders import Encoder
from catalog.ingest import Ingest
from catalog.ingest.analyse import Analysed, Tools
from catalog.ingest.pipeline import Labels
from catalog.ingest.register import (
    Registrar,
    Registration,
    is_there,
    path_not_found,
    root_folder,
)
from catalog.ingest.steps import Encoded, analyse_step, encode_step, is_analysed, is_due
from catalog.maintain import assets as maintained
from catalog.maintain.assets import Reference
from catalog.maintain.encoders import Encoders
from catalog.media.frame_store import FolderFrameStore, FrameStore
from catalog.media.isolated import DecoderPool
from catalog.search import Search, run_sql
from catalog.search.contact_sheet import contact_sheet
from catalog.search.phrases import encode_phrases
from catalog.settings import Settings
from catalog.store import assets as asset_rows
from catalog.store import stages

StrPath = str | os.PathLike[str]


class Catalog:
    """An open catalogue. Use it as a context manager, or `close` it.

    Opening starts the embedded PostgreSQL where no ``CATALOG_DATABASE_URL`` is
    set, and brings the schema up to date. An open catalogue may be used from
    several threads.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        store: FrameStore,
        *,
        dispatcher: Dispatcher | None = None,
        decoders: DecoderPool | None = None,
    ) -> None:
        self.settings = settings
        self.database = database
        self.store = store
        self.decoders = decoders or DecoderPool()
        self._dispatcher = dispatcher
        self._encoders = Encoders(database, self._load_encoder, settings.encoder)
        self.encoder = EncoderVerbs(self._encoders, store)

    @classmethod
    def open(cls, settings: Settings | None = None, **overrides: Any) -> Self:  # noqa: ANN401
        """Open the catalogue that the settings (or environment and ``catalog.toml``) name.

        Parameters
        ----------
        settings:
            Complete settings; None reads the environment.
        overrides:
            Single settings by name, when ``settings`` is None: ``home``,
            ``database_url``, ``encoder``, …

        Raises
        ------
        InvalidSettingError
            If a setting is not usable.
        ServiceError
            If the database cannot be started, reached or used.
        """
        chosen = settings or Settings.load(**overrides)
        database = Database.open(chosen, reader_url=chosen.reader_url)
        try:
            migrate(database)
        except BaseException:
            database.close()
            raise
        return cls(chosen, database, FolderFrameStore(chosen.frames_dir))

    def close(self) -> None:
        """Let go of decoders, broker and database; the embedded server stops with its last user."""
        self.decoders.close()
        if self._dispatcher is not None:
            self._dispatcher.close()
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _load_encoder(self, name: str) -> Encoder:
        return encoders.load_encoder(
            name, device=self.settings.device, precision=self.settings.precision
        )

    @property
    def dispatcher(self) -> Dispatcher:
        """Wakes the workers. Made on first use: most catalogues have nobody to wake."""
        if self._dispatcher is None:
            self._dispatcher = dispatcher_for(self.settings)
        return self._dispatcher

    # --- putting in -----------------------------------------------------------

    def register(
        self, path: StrPath, *, collection: str | None = None, dispatch: bool = False
    ) -> Registration:
        """Enter one file: the asset its content is, and this place of it. Nothing is decoded.

        With ``dispatch``, workers are told of an asset whose analysis is due.

        Raises
        ------
        InvalidInputError, PathNotFoundError
            If the collection cannot be called that, or nothing is at the path.
        MediaError
            If the file cannot be read or has no content.
        BrokerUnavailableError
            If workers cannot be told. The file *is* registered then.
        """
        file = full_path(Path(path))
        if not is_there(file):
            raise path_not_found(Path(path))
        if collection is not None:
            collection = clean_label(collection, "collection")
        found = Registrar(self.database, [root_folder(file)]).register(file, collection=collection)
        # After the commit, or a quick worker would look for what is not there yet.
        if dispatch and is_due(self.database, found.asset_id):
            self.dispatcher.analyse(found.asset_id)
        return found

    def analyse(
        self, asset_id: int, *, policy: SamplingPolicy | None = None, dispatch: bool = False
    ) -> Analysed | None:
        """Analyse one registered asset if that is due; None if it was not.

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
        found = analyse_step(self._tools(policy), asset_id)
        if dispatch and is_analysed(self.database, asset_id):
            self.dispatcher.encode()
        return found

    def _tools(self, policy: SamplingPolicy | None) -> Tools:
        return Tools(self.database, self.store, self.decoders, policy or SamplingPolicy())

    def encode(self) -> Encoded:
        """Give every frame that has none its vector under the active encoder.

        Raises
        ------
        EncoderUnavailableError
            If something waits and the encoder's weights are not to be had.
        """
        return encode_step(self.database, self.store, self._encoders.active)

    def ingest(
        self,
        *paths: StrPath,
        collection: str | None = None,
        tags: Sequence[str] = (),
        metadata: Mapping[str, Any] | None = None,
        policy: SamplingPolicy | None = None,
        progress: Progress | None = None,
    ) -> IngestReport:
        """Register, analyse and encode files and folders, here and now.

        What fails is in the report with its reason; the rest goes on. Doing it
        again does no work twice, and breaking it off loses nothing that is done.

        Raises
        ------
        InvalidInputError
            If a label cannot be kept; nothing was done then.
        PathNotFoundError, NoMediaError
            If none of the paths has anything to work on.
        EncoderUnavailableError
            If there are pictures to encode and no encoder to do it.
        """
        run = Ingest(self._tools(policy), self._encoders.active, progress=progress or Silent())
        labels = Labels.clean(collection, tags, metadata or {})
        return run.run([Path(path) for path in paths], labels)

    # --- finding --------------------------------------------------------------

    def search(
        self, query: str, *, limit: int = 20, after: str | None = None, explain: bool = False
    ) -> SearchResult:
        """The shots that answer the query, best first, from one SQL statement.

        Parameters
        ----------
        query:
            Words, ``"exact phrases"``, ``-words``, ``OR``, parentheses and
            ``field:value`` filters; see docs/query-language.md.
        limit:
            Hits per page, 1 to 1000.
        after:
            The ``next`` of the page before.
        explain:
            Also give the statement and PostgreSQL's plan of it.

        Raises
        ------
        InvalidQueryError, InvalidInputError
            If the query, the limit or the cursor cannot be used.
        EncoderUnavailableError
            If free words need an encoder whose weights are not to be had.
        """
        search = Search(self.database, self.store, self._encoders.load)
        return search.find(query, limit=limit, after=after, show_plan=explain)

    def contact_sheet(
        self,
        results: SearchResult | Sequence[SearchResult],
        path: StrPath,
        *,
        titles: Sequence[str] | None = None,
    ) -> None:
        """Write the hits of one or more searches as one picture, a heading per search.

        Raises
        ------
        InvalidInputError
            If the picture cannot be written there.
        """
        several = [results] if isinstance(results, SearchResult) else list(results)
        contact_sheet(self.store, several, Path(path), titles=titles)

    def sql(self, statement: str, *, limit: int | None = None) -> SqlRows:
        """Run one SQL statement as a role that can only read the catalogue.

        ``catalog.phrase('…')`` in it is encoded on the way.

        Raises
        ------
        ReadOnlySqlError
            If PostgreSQL refuses the statement.
        """
        return run_sql(self.database, statement, self._encoders.load, limit=limit)

    def phrases(self, texts: Sequence[str]) -> int:
        """Make the vectors of these texts known, many at once; how many texts there were.

        Searching for one, or ``catalog.phrase()`` of it in anybody's SQL, then
        needs no encoder.

        Raises
        ------
        EncoderUnavailableError
            If the encoder's weights are not to be had.
        """
        return encode_phrases(self.database, texts, self._encoders.load)

    def show(self, reference: Reference) -> dict[str, Any]:
        """All that is known of one asset, named by id, path or file name.

        Raises
        ------
        NotFoundError, InvalidInputError
            If no asset, or more than one, is meant.
        """
        return maintained.show(self.database, self.store, reference)

    def assets(
        self, query: str = "", *, limit: int = 100, after: str | None = None
    ) -> dict[str, Any]:
        """Assets by name, chosen by filters and words of their text, page by page.

        Raises
        ------
        InvalidQueryError
            If the query does not parse.
        """
        return maintained.list_assets(self.database, query, limit=limit, after=after)

    def stats(self) -> dict[str, Any]:
        """The catalogue in figures."""
        with self.database.session() as session:
            return asset_rows.count_all(session)

    def revision(self) -> str:
        """The revision of the database's schema."""
        return str(current_revision(self.database.engine))

    # --- keeping in order -----------------------------------------------------

    def tag(
        self, references: Sequence[Reference], names: Sequence[str], *, remove: bool = False
    ) -> list[int]:
        """Put tags on assets, or take them off; the assets' ids."""
        return maintained.tag(self.database, references, names, remove=remove)

    def collection(self, references: Sequence[Reference], name: str | None) -> list[int]:
        """Put assets into a collection, or into none; the assets' ids."""
        return maintained.collect(self.database, references, name)

    def remove(self, references: Sequence[Reference]) -> list[int]:
        """Forget assets, with their vectors and pictures. Files are never touched."""
        return maintained.remove(self.database, self.store, references)

    def jobs(self, *, failed: bool = False, limit: int = 100) -> list[dict[str, Any]]:
        """Work that is due, running or failed (or only the failed), with reasons."""
        maintained.check_limit(limit)
        with self.database.session() as session:
            return stages.list_stages(session, failed_only=failed, limit=limit)

    def retry(self, references: Sequence[Reference] = ()) -> list[int]:
        """Make failed work due again; the next ingest of those files does it."""
        return maintained.retry(self.database, references)


class EncoderVerbs:
    """``catalog.encoder.list()`` and ``catalog.encoder.activate(name)``."""

    def __init__(self, encoders_of: Encoders, store: FrameStore) -> None:
        self._encoders = encoders_of
        self._store = store

    def list(self) -> list[dict[str, Any]]:
        """Every encoder of the catalogue, with its vectors and what it still lacks."""
        return self._encoders.list()

    def activate(self, name: str, *, progress: Progress | None = None) -> dict[str, Any]:
        """Give every frame a vector of this encoder, then let it answer searches.

        Raises
        ------
        UnknownEncoderError, EncoderUnavailableError
            If there is no such encoder or its weights are not to be had.
        """
        return self._encoders.activate(name, self._store, progress or Silent())
