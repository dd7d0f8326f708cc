"""Encoders of a catalogue: which there are, and which answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from catalog.db.engine import Database
from catalog.domain.progress import Progress
from catalog.encoders import Encoder, parse_spec
from catalog.errors import EncoderUnavailableError, InvalidInputError
from catalog.ingest.encode import EncodeQueue
from catalog.maintain.graphs import build_graphs
from catalog.media.frame_store import FrameStore
from catalog.store import vectors
from catalog.store.vectors import EncoderRow


class Encoders:
    """Loads encoders once per process and keeps the catalogue's list of them."""

    def __init__(self, database: Database, load: Callable[[str], Encoder], default: str) -> None:
        self._database = database
        self._load_spec = load
        self._default = default
        self._loaded: dict[str, Encoder] = {}

    def load(self, name: str) -> Encoder:
        """The encoder, loaded on first use."""
        if name not in self._loaded:
            self._loaded[name] = self._load_spec(name)
        return self._loaded[name]

    def active(self) -> tuple[Encoder, int]:
        """The encoder that answers, loaded, and its row's id; the first becomes active.

        Raises
        ------
        EncoderUnavailableError
            If its weights are not to be had, or are other weights than the
            catalogue's vectors were made with.
        """
        with self._database.session() as session:
            row = vectors.active_encoder(session)
        encoder = self.load(row.name if row else self._default)
        if row is None:
            row = self._enter(encoder)
            with self._database.session() as session:
                row = vectors.activate_first(session, row)
            encoder = self.load(row.name)
        _check_weights(encoder, row)
        return encoder, row.id

    def list(self) -> list[dict[str, Any]]:
        """Every encoder with its number of vectors and of frames that still wait."""
        with self._database.session() as session:
            return [
                {
                    "name": row.name,
                    "dimension": row.dimension,
                    "precision": row.precision,
                    "active": row.active,
                    "vectors": vectors.count_vectors(session, row.id),
                    "missing": vectors.count_missing(session, row.id),
                }
                for row in vectors.list_encoders(session)
            ]

    def activate(self, name: str, store: FrameStore, progress: Progress) -> dict[str, Any]:
        """Let the encoder answer, once every frame has its vector.

        The old one answers until the very end, so a break-off changes nothing;
        doing it again goes on where it stopped.

        Raises
        ------
        InvalidInputError
            If its vectors are too long to be indexed.
        UnknownEncoderError, EncoderUnavailableError
            If there is no such encoder, or its weights are not to be had, or
            frames could not be encoded.
        """
        canonical = parse_spec(name).name
        encoder = self.load(canonical)
        row = self._enter(encoder)
        _check_weights(encoder, row)
        with self._database.session() as session:
            missing = vectors.count_missing(session, row.id)
        progress.begin("encode", missing, "frames")
        queue = EncodeQueue(self._database, store, encoder, row.id)
        # Waiting, so that two activations at once leave no frame to each other.
        written, failures = queue.drain(
            wait=True, on_frames=lambda n: progress.advance("encode", n)
        )
        progress.end("encode")
        if failures:
            asset_id, error = next(iter(failures.items()))
            raise EncoderUnavailableError(
                f"Frames of {len(failures)} assets could not be encoded (asset {asset_id}: "
                f"{error.message}); {row.name} was not activated.",
                remedy="Remove or analyse those assets again, then activate once more.",
            )
        build_graphs(self._database, progress)
        with self._database.session() as session:
            vectors.activate_encoder(session, row.id)
        return {"name": row.name, "active": True, "encoded": written}

    def index(self, progress: Progress) -> Sequence[dict[str, Any]]:
        """Build the graphs that are due; what was built."""
        return build_graphs(self._database, progress)

    def _enter(self, encoder: Encoder) -> EncoderRow:
        if not 1 <= encoder.dimension <= vectors.MAX_DIMENSION:
            raise InvalidInputError(
                f"{encoder.name} makes vectors of {encoder.dimension} dimensions; the index takes "
                f"1 to {vectors.MAX_DIMENSION}.",
                remedy="Choose a model with shorter vectors.",
            )
        with self._database.session() as session:
            return vectors.find_encoder(session, encoder.name) or vectors.add_encoder(
                session,
                name=encoder.name,
                dimension=encoder.dimension,
                precision=encoder.precision,
                weights_digest=encoder.weights_digest,
            )


def _check_weights(encoder: Encoder, row: EncoderRow) -> None:
    if encoder.weights_digest != row.weights_digest:
        raise EncoderUnavailableError(
            f"The weights of {encoder.name} are not those this catalogue's vectors were made "
            f"with (digest {encoder.weights_digest[:12]}, expected {row.weights_digest[:12]}): "
            "their vectors cannot be compared.",
            remedy="Bring the old weights back, or give the new ones another name (a folder of "
            "their own) and activate that.",
        )
