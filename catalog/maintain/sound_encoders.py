"""The sound encoder of a catalogue: which is set, and its model in this process."""

from __future__ import annotations

import threading
import time
from typing import Any

from sqlalchemy.orm import Session

from catalog.db.engine import Database
from catalog.encoders.sound import SoundEncoder, load_sound_encoder
from catalog.encoders.sound.registry import WAYS_TO_NAME, sound_name
from catalog.errors import EncoderUnavailableError
from catalog.store import sounds
from catalog.store.sounds import SoundEncoderRow

# Work that waits for weights asks for them again and again; whether they have come is looked
# at once in so many seconds.
_LOOK_AGAIN_S = 60.0


class SoundEncoders:
    """Loads the sound encoder of the settings once per process, and keeps its row."""

    def __init__(self, database: Database, name: str | None, device: str) -> None:
        self._database = database
        self._name = name
        self._device = device
        self._lock = threading.Lock()
        self._loaded: SoundEncoder | None = None
        self._failed: tuple[float, EncoderUnavailableError] | None = None

    @property
    def is_set(self) -> bool:
        """Whether the settings name one."""
        return self._name is not None

    def known_id(self) -> int | None:
        """The row's id of the one that is set; None if none is, or it never heard anything.

        Raises
        ------
        UnknownEncoderError
            If the setting names no sound encoder.
        """
        with self._database.session() as session:
            row = self.known(session)
        return None if row is None else row.id

    def known(self, session: Session) -> SoundEncoderRow | None:
        """The row of the one that is set, without loading it.

        Raises
        ------
        UnknownEncoderError
            If the setting names no sound encoder.
        """
        return None if self._name is None else sounds.find_encoder(session, sound_name(self._name))

    def list(self) -> list[dict[str, Any]]:
        """Every sound encoder with what it has heard; that of the settings, heard or not.

        Raises
        ------
        UnknownEncoderError
            If the setting names no sound encoder.
        """
        mine = None if self._name is None else sound_name(self._name)
        with self._database.session() as session:
            rows = [
                {
                    "name": row.name,
                    "set": row.name == mine,
                    "dimension": row.dimension,
                    "weights": row.weights_digest,
                    "assets": heard,
                    "missing": len(sounds.unheard(session, row.id)),
                    "windows": windows,
                }
                for row, heard, windows in sounds.figures(session)
            ]
            if mine is not None and not any(row["set"] for row in rows):
                nothing = {"assets": 0, "missing": len(sounds.unheard(session, None)), "windows": 0}
                rows.append(
                    {"name": mine, "set": True, "dimension": None, "weights": None, **nothing}
                )
        return rows

    def active(self) -> tuple[SoundEncoder, SoundEncoderRow]:
        """The sound encoder, loaded, and its row.

        Raises
        ------
        EncoderUnavailableError
            If none is set, its weights are not to be had, or they are others than the
            catalogue's vectors were made with.
        """
        encoder = self._load()
        with self._database.session() as session:
            row = sounds.enter_encoder(
                session,
                name=encoder.name,
                dimension=encoder.dimension,
                weights_digest=encoder.weights_digest,
            )
        if row.weights_digest != encoder.weights_digest:
            raise EncoderUnavailableError(
                f"The weights of {encoder.name} are not those that the catalogue's sounds were "
                "heard with.",
                remedy="Bring the former weights back, or give these another name (a copy in "
                "another folder): everything is then heard anew.",
                encoder=encoder.name,
            )
        return encoder, row

    def _load(self) -> SoundEncoder:
        if self._name is None:
            raise EncoderUnavailableError(
                "Sounds cannot be searched for: no sound encoder is set.", remedy=WAYS_TO_NAME
            )
        with self._lock:
            if self._loaded is not None:
                return self._loaded
            if self._failed is not None and time.monotonic() < self._failed[0] + _LOOK_AGAIN_S:
                raise self._failed[1]
            try:
                self._loaded = load_sound_encoder(self._name, device=self._device)
            except EncoderUnavailableError as error:
                self._failed = (time.monotonic(), error)
                raise
            return self._loaded
