"""An open catalogue's parts, which its verbs work with."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from catalog import encoders
from catalog.db.engine import Database
from catalog.dispatch import Dispatcher, NoDispatcher, dispatcher_for
from catalog.dispatch.webhook import Webhook
from catalog.domain.reconciled import LOOKS_SHARE
from catalog.encoders import Encoder, TextEncoder
from catalog.ingest.looks import BackfillLooks
from catalog.maintain.encoders import Encoders
from catalog.maintain.leftovers import Sweeping
from catalog.maintain.sound_encoders import SoundEncoders
from catalog.media.frame_store import FrameStore
from catalog.media.isolated import DecoderPool
from catalog.search.find import Remembered
from catalog.search.phrases import KnownPhrases
from catalog.search.sounds import known_sounds
from catalog.settings import Settings
from catalog.speech import Recognisers
from catalog.store.announcements import ANNOUNCED

if TYPE_CHECKING:
    from catalog.media.sidecars import Folders

StrPath = str | os.PathLike[str]


class _Late:
    """What all views of a catalogue share, and most processes never ask for."""

    @cached_property
    def folders(self) -> Folders:
        """What lies beside media files."""
        from catalog.media.sidecars import Folders

        return Folders()


class OpenCatalog:
    """Database, frame store, decoders and encoders of one open catalogue."""

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
        self.decoders = decoders or DecoderPool(hwaccel=settings.hwaccel)
        self.recognisers = Recognisers(
            settings.speech_model, settings.speech_device, settings.speech_compute
        )
        self._dispatcher = dispatcher
        self._late = _Late()
        self._looks = BackfillLooks()
        self._reconciler_looks = BackfillLooks(share=LOOKS_SHARE)
        self._sweeping = Sweeping()
        self._webhook = None if settings.webhook_url is None else Webhook(settings.webhook_url)
        database.after_commit(self._tell)
        self._known_phrases = KnownPhrases()
        self._known_sounds = known_sounds()
        self._remembered = Remembered()
        self.sound_encoders = SoundEncoders(database, settings.sound_encoder, settings.device)
        self._encoders = Encoders(
            database,
            self._load_text_encoder,
            settings.encoder,
            settings.speech_encoder,
            load_untried=partial(self._load_text_encoder, tried=False),
        )

    def _tell(self, committed: Mapping[Any, Any]) -> None:
        """Pass on what a session has announced, now that it is true."""
        if self._webhook is not None:
            for body in committed.get(ANNOUNCED, ()):
                self._webhook.post(body)

    def _load_encoder(self, name: str, precision: str | None = None) -> Encoder:
        wanted = precision or self.settings.precision
        return encoders.load_encoder(name, device=self.settings.device, precision=wanted)

    def _load_text_encoder(self, name: str, *, tried: bool = True) -> TextEncoder:
        given = {"device": self.settings.device, "precision": self.settings.precision}
        return encoders.load_text_encoder(name, **given, tried=tried)

    @property
    def dispatcher(self) -> Dispatcher:
        """Wakes the workers. Made on first use: most catalogues have nobody to wake."""
        if self._dispatcher is None:
            self._dispatcher = dispatcher_for(self.settings)
        return self._dispatcher

    @property
    def has_workers(self) -> bool:
        """Whether there is a broker that wakes workers; else work is done by who asks for it."""
        return not isinstance(self.dispatcher, NoDispatcher)
