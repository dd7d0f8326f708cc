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

import copy
from typing import Any, Self

from catalog.api.backup import BackupVerbs
from catalog.api.backup import restore as put_back
from catalog.api.base import StrPath
from catalog.api.bin import BinVerbs
from catalog.api.clip import ClipVerbs
from catalog.api.demo import DemoVerbs
from catalog.api.doctor import DoctorVerbs
from catalog.api.encoder import EncoderVerbs
from catalog.api.events import EventVerbs
from catalog.api.export import ExportVerbs
from catalog.api.keep import KeepVerbs
from catalog.api.recommend import RecommendVerbs
from catalog.api.rendition import RenditionVerbs
from catalog.api.root import RootVerbs
from catalog.api.service import ServiceVerbs
from catalog.api.sound import SoundVerbs
from catalog.api.speech import SpeechVerbs
from catalog.api.token import TokenVerbs
from catalog.api.train import TrainVerbs
from catalog.api.view import ViewVerbs
from catalog.api.watch import WatchVerbs
from catalog.db.engine import Database
from catalog.db.migrate import migrate
from catalog.dispatch import Dispatcher
from catalog.domain.actor import Actor
from catalog.domain.progress import Progress
from catalog.media.frame_store import FolderFrameStore, FrameStore
from catalog.media.isolated import DecoderPool
from catalog.search.sql import install_search_function
from catalog.settings import Settings

__all__ = ["Catalog", "StrPath"]


class Catalog(
    WatchVerbs,
    DemoVerbs,
    TrainVerbs,
    ViewVerbs,
    KeepVerbs,
    RenditionVerbs,
    SpeechVerbs,
    SoundVerbs,
    DoctorVerbs,
    BackupVerbs,
    ServiceVerbs,
    ExportVerbs,
    RecommendVerbs,
    ClipVerbs,
    EventVerbs,
):
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
        super().__init__(settings, database, store, dispatcher=dispatcher, decoders=decoders)
        self._group()

    def _group(self) -> None:
        """The verbs that come in groups, over the database as this catalogue's user sees it."""
        self.encoder = EncoderVerbs(
            self.database, self._encoders, self.store, lambda: self.dispatcher, self._load_encoder
        )
        self.root = RootVerbs(self.database, self.store)
        self.bin = BinVerbs(self.database)
        self.token = TokenVerbs(self.database)

    @property
    def actor(self) -> Actor:
        """Who uses this catalogue: the system's user, unless `seen_by` says otherwise."""
        return self.database.actor

    def seen_by(self, actor: Actor) -> Self:
        """The same catalogue as somebody sees it; what they change is written to their name.

        What is in a collection that they do not see is, to them, not there. It shares
        everything with this one, which alone is to be closed.
        """
        view = copy.copy(self)
        view.database = self.database.seen_by(actor)
        # One sender for all views: who made it closes it.
        view._dispatcher = self.dispatcher
        view._group()  # it is our own
        return view

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
            install_search_function(database)
            return cls(chosen, database, FolderFrameStore(chosen.frames_dir))
        except BaseException:
            database.close()
            raise

    @classmethod
    def restore(
        cls,
        file: StrPath,
        settings: Settings | None = None,
        *,
        progress: Progress | None = None,
        **overrides: Any,  # noqa: ANN401
    ) -> dict[str, Any]:
        """Put a backup into the empty catalogue that the settings name; open it afterwards.

        The file is first compared with its checksums. Then tables and pictures come all
        or none, and the schema is brought up to date.

        Returns
        -------
        dict
            ``file``, ``revision`` (the backup's), ``migrated`` (revisions applied since),
            ``rows``, ``tables``, ``encoders``, ``graphs`` and ``frames``: whether they were
            ``included``, how many were ``restored``, are ``expected`` by the tables, and are
            ``missing`` in ``folder``;
            ``before`` is where they lay when the backup was taken.

        Raises
        ------
        PathNotFoundError, InvalidInputError
            If there is no such file, or it cannot be read.
        BackupError
            If it is no backup, is damaged, or is of a newer program; nothing was written.
        CatalogNotEmptyError, FrameStoreNotEmptyError
            If there is something already.
        ServiceError
            If database or frame store cannot be used.
        """
        return put_back(settings or Settings.load(**overrides), file, progress=progress)

    def close(self) -> None:
        """Let go of decoders, broker and database; the embedded server stops with its last user."""
        self.decoders.close()
        if self._webhook is not None:
            self._webhook.close()
        if self._dispatcher is not None:
            self._dispatcher.close()
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
