"""Encoders of a catalogue: which there are, which answers, and their models in this process."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy.orm import Session

from catalog.db.engine import Database
from catalog.domain.progress import Progress
from catalog.encoders import Encoder, TextEncoder, parse_spec
from catalog.encoders.spec import Kind
from catalog.errors import (
    EncoderUnavailableError,
    InvalidInputError,
    InvalidSettingError,
    NotFoundError,
)
from catalog.maintain.graphs import build_graphs
from catalog.store import filling, spoken, vectors
from catalog.store.vectors import EncoderRow


class Encoders:
    """Loads encoders once per process and keeps the catalogue's list of them."""

    def __init__(
        self,
        database: Database,
        load: Callable[[str], TextEncoder],
        default: str,
        speech: str | None = None,
        *,
        load_untried: Callable[[str], TextEncoder] | None = None,
    ) -> None:
        """``load_untried`` is the quicker way to an encoder of a few texts."""
        self.database = database
        self._load_spec = load
        self._load_untried = load_untried or load
        self._default = default
        self._speech = speech
        self._loaded: dict[str, TextEncoder] = {}
        self._untried: dict[str, TextEncoder] = {}
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def load(self, name: str) -> Encoder:
        """The encoder of pictures, loaded on first use.

        Raises
        ------
        InvalidInputError
            If it is a sentence encoder.
        """
        loaded = self.load_text(name)
        if not isinstance(loaded, Encoder):
            raise InvalidInputError(
                f"{name} is a sentence encoder: it sees no pictures.",
                remedy="Name an image-text encoder; sentence encoders are for speech "
                "(CATALOG_SPEECH_ENCODER).",
            )
        return loaded

    def load_text(self, name: str) -> TextEncoder:
        """The encoder, loaded on first use; of many threads that ask at once one loads it."""
        with self._locks[name]:
            if name not in self._loaded:
                self._loaded[name] = self._load_spec(name)
                self._untried.pop(name, None)
            return self._loaded[name]

    def for_queries(self, name: str) -> TextEncoder:
        """The encoder for a few texts or pictures: one that is loaded, or the quickest to load."""
        with self._locks[name]:
            if (loaded := self._loaded.get(name)) is not None:
                return loaded
            if name not in self._untried:
                self._untried[name] = self._load_untried(name)
            return self._untried[name]

    def load_beforehand(self) -> threading.Thread:
        """Begin to load the encoder that answers, if anything was ever encoded.

        Whatever keeps it from being loaded, the database's faults among it, whoever searches is
        told.
        """

        def load() -> None:
            with suppress(Exception):
                with self.database.session() as session:
                    row = vectors.active_encoder(session)
                if row is not None:
                    # The first text takes longer than the next, too.
                    self.for_queries(row.name).encode_texts(["ready"])

        thread = threading.Thread(target=load, name="encoder", daemon=True)
        thread.start()
        return thread

    def forget(self, name: str) -> None:
        """Let the model's memory go, once nobody uses it any more."""
        with self._locks[name]:
            self._loaded.pop(name, None)
            self._untried.pop(name, None)

    def active(self) -> tuple[Encoder, int]:
        """The encoder that answers, loaded, and its row's id; the first becomes active.

        Raises
        ------
        EncoderUnavailableError
            If its weights are not to be had, or are other weights than the
            catalogue's vectors were made with.
        """
        with self.database.session() as session:
            row = vectors.active_encoder(session)
        encoder = self.load(row.name if row else self._default)
        if row is None:
            row = self.entered(encoder)
            with self.database.session() as session:
                row = vectors.activate_first(session, row)
            encoder = self.load(row.name)
        check_weights(encoder, row)
        self._let_go()
        return encoder, row.id

    def _let_go(self) -> None:
        """Free the memory of models that answered before another one took over."""
        held = {*self._loaded, *self._untried}
        if len(held) < 2:
            return
        with self.database.session() as session:
            wanted = {r.name for r in vectors.list_encoders(session) if r.active or r.filling}
        for name in held - wanted:
            self.forget(name)

    def answering(self) -> str:
        """The name of the encoder that answers, or would in a catalogue that never encoded."""
        with self.database.session() as session:
            row = vectors.active_encoder(session)
        return row.name if row else self._default

    def filling(self, row: EncoderRow) -> tuple[TextEncoder, int]:
        """An encoder that is being filled, loaded, and its row's id.

        Raises
        ------
        EncoderUnavailableError
            As `active`.
        """
        encoder = self.load_text(row.name)
        check_weights(encoder, row)
        return encoder, row.id

    def enter_speech(self) -> None:
        """Enter the sentence encoder that the settings want, and have it filled.

        Nothing is done where they want none, it is there already, or nothing is said yet.

        Raises
        ------
        InvalidSettingError
            If what they name is no sentence encoder.
        EncoderUnavailableError
            If its weights are not to be had.
        """
        if self._speech is None:
            return
        spec = parse_spec(self._speech)
        if spec.kind is not Kind.SENTENCE:
            raise InvalidSettingError(
                f"speech_encoder is {self._speech!r}; expected a sentence encoder.",
                remedy="Set CATALOG_SPEECH_ENCODER=sentence:ORG/REPO or sentence:/path/to/folder, "
                "or leave it out: the active encoder's own words answer for speech then.",
            )
        with self.database.session() as session:
            row = vectors.find_encoder(session, spec.name)
            if (row is not None and row.filling) or not spoken.anything_said(session):
                return
        _, row = self.enter(spec.name)
        with self.database.session() as session:
            filling.begin_filling(session, row.id)

    def hear(self) -> None:
        """Let that encoder answer for speech once every line has its vector."""
        if self._speech is None:
            return
        with self.database.session() as session:
            row = vectors.find_encoder(session, parse_spec(self._speech).name)
            if row is None or row.hears or not row.filling:
                return
            if spoken.count_missing(session, row.id) == 0:
                filling.hear_with(session, row.id)

    def enter(self, name: str) -> tuple[TextEncoder, EncoderRow]:
        """Load the encoder and make sure that the catalogue knows it.

        Raises
        ------
        InvalidInputError
            If its vectors are too long to be indexed.
        UnknownEncoderError, EncoderUnavailableError
            If there is no such encoder, its weights are not to be had, or are
            others than the catalogue has vectors of.
        """
        encoder = self.load_text(parse_spec(name).name)
        row = self.entered(encoder)
        check_weights(encoder, row)
        return encoder, row

    def entered(self, encoder: TextEncoder) -> EncoderRow:
        """The encoder's row, written if it is new."""
        if not 1 <= encoder.dimension <= vectors.MAX_DIMENSION:
            raise InvalidInputError(
                f"{encoder.name} makes vectors of {encoder.dimension} dimensions; the index takes "
                f"1 to {vectors.MAX_DIMENSION}.",
                remedy="Choose a model with shorter vectors.",
            )
        with self.database.session() as session:
            return vectors.find_encoder(session, encoder.name) or vectors.add_encoder(
                session,
                name=encoder.name,
                dimension=encoder.dimension,
                precision=encoder.precision,
                weights_digest=encoder.weights_digest,
                sees=isinstance(encoder, Encoder),
            )

    def list(self) -> list[dict[str, Any]]:
        """Every encoder: how far it is, how fast, and in how many seconds it will be done."""
        with self.database.session() as session:
            return [described(session, row) for row in vectors.list_encoders(session)]

    def index(self, progress: Progress) -> Sequence[dict[str, Any]]:
        """Build the graphs that are due; what was built."""
        return build_graphs(self.database, progress)


def described(session: Session, row: EncoderRow) -> dict[str, Any]:
    """What people are told of an encoder; ``rate`` is frames per second, ``left_s`` seconds."""
    missing = vectors.count_missing(session, row.id)
    unheard = spoken.count_missing(session, row.id)
    left = missing + unheard
    rate = filling.pace(session, row.id).rate if row.filling and left else None
    return {
        "name": row.name,
        "state": _state(row),
        "dimension": row.dimension,
        "precision": row.precision,
        "weights": row.weights_digest,
        "active": row.active,
        "vectors": vectors.count_vectors(session, row.id),
        "missing": missing,
        "speech": {"vectors": spoken.count_vectors(session, row.id), "missing": unheard},
        "rate": None if rate is None else round(rate, 2),
        "left_s": None if rate is None else round(left / rate),
        "problem": row.problem if row.filling and left else None,
    }


def _state(row: EncoderRow) -> str:
    if row.active:
        return "active"
    if row.hears:
        return "speech"
    return "filling" if row.filling else "kept"


def row_called(session: Session, name: str) -> EncoderRow:
    """The catalogue's encoder of that name, in whatever spelling.

    Raises
    ------
    NotFoundError
        If the catalogue does not know it.
    UnknownEncoderError
        If nothing could be called that.
    """
    # As it is written first: an encoder whose folder is gone has a name all the same.
    row = vectors.find_encoder(session, name) or vectors.find_encoder(
        session, parse_spec(name).name
    )
    if row is None:
        known = ", ".join(each.name for each in vectors.list_encoders(session)) or "none"
        raise NotFoundError(
            f"The catalogue has no encoder {name!r}; it has {known}.",
            remedy=f"Enter it first: catalog encoder add {name}",
        )
    return row


def check_weights(encoder: TextEncoder, row: EncoderRow) -> None:
    """Refuse weights that the encoder's vectors were not made with."""
    if encoder.weights_digest != row.weights_digest:
        raise EncoderUnavailableError(
            f"The weights of {encoder.name} are not those this catalogue's vectors were made "
            f"with (digest {encoder.weights_digest[:12]}, expected {row.weights_digest[:12]}): "
            "their vectors cannot be compared.",
            remedy="Bring the old weights back, or give the new ones another name (a folder of "
            "their own) and activate that.",
        )
