"""Encoders, and what they made of pictures and words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    UniqueConstraint,
)
from sqlalchemy import (
    text as sql,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from catalog.db.models.base import SCHEMA, Base, cascade, now
from catalog.db.vectors import HALFVEC


class Encoder(Base):
    """An image-text model with its weights, preprocessing and precision."""

    __tablename__ = "encoder"

    id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(comment="model and weights, as in CATALOG_ENCODER")
    dimension: Mapped[int] = mapped_column(Integer, comment="numbers per vector")
    precision: Mapped[str] = mapped_column(
        comment="the vectors were first made with (fp32, bf16, fp16)"
    )
    weights_digest: Mapped[str] = mapped_column(comment="tells other weights of the same name")
    active: Mapped[bool] = mapped_column(
        server_default=sql("false"), comment="answers searches; one at most"
    )
    created_at: Mapped[datetime] = now()
    filling_since: Mapped[datetime | None] = mapped_column(
        comment="since when every frame is given its vector beside the active encoder's; null: no"
    )
    problem: Mapped[str | None] = mapped_column(comment="why that stood still the last time")
    sees: Mapped[bool] = mapped_column(
        server_default=sql("true"),
        comment="encodes pictures and words; false: a sentence encoder, of speech alone",
    )
    hears: Mapped[bool] = mapped_column(
        server_default=sql("false"),
        comment="a sentence encoder that answers for speech in the active encoder's place; "
        "one at most",
    )

    __table_args__ = (
        UniqueConstraint("name"),
        CheckConstraint("NOT active OR filling_since IS NULL", name="filling"),
        CheckConstraint("CASE WHEN sees THEN NOT hears ELSE NOT active END", name="senses"),
        CheckConstraint("dimension BETWEEN 1 AND 4000", name="dimension"),
        Index("uq_encoder_active", "active", unique=True, postgresql_where=sql("active")),
        Index("uq_encoder_hears", "hears", unique=True, postgresql_where=sql("hears")),
    )


class EncoderPace(Base):
    """How many frames were encoded for an encoder in a minute: its rate, and the time left."""

    __tablename__ = "encoder_pace"

    encoder_id: Mapped[int] = cascade("encoder.id", primary_key=True, type_=Integer)
    minute: Mapped[datetime] = mapped_column(primary_key=True, comment="its beginning")
    frames: Mapped[int] = mapped_column(Integer, comment="of a backfill, by all who work at it")


class Embedding(Base):
    """One encoder's unit vector of one frame; one partition per encoder.

    ``clip_id`` and ``asset_id`` repeat the frame's, so that a filter meets the
    vector without a join in between.
    """

    __tablename__ = "embedding"

    encoder_id: Mapped[int] = mapped_column(
        Integer, ForeignKey(f"{SCHEMA}.encoder.id", ondelete="RESTRICT"), primary_key=True
    )
    frame_id: Mapped[int] = cascade("frame.id", primary_key=True)
    clip_id: Mapped[int] = mapped_column(comment="the frame's, repeated for filters")
    asset_id: Mapped[int] = mapped_column(comment="the frame's, repeated for filters")
    vector: Mapped[Any] = mapped_column(HALFVEC(), comment="of unit length, in half precision")

    __table_args__ = (
        Index(None, "frame_id"),
        Index(None, "clip_id"),
        Index(None, "asset_id"),
        {"postgresql_partition_by": "LIST (encoder_id)"},
    )


class Centre(Base):
    """For wide searches: one vector for the frames of a shot that lie close together.

    A trigger on the embeddings keeps it. Frames of one shot are mostly alike, so
    there are fewer centres than frames, and an index over them is as much smaller.
    """

    __tablename__ = "centre"

    encoder_id: Mapped[int] = mapped_column(
        Integer, ForeignKey(f"{SCHEMA}.encoder.id", ondelete="RESTRICT"), primary_key=True
    )
    clip_id: Mapped[int] = cascade("clip.id", primary_key=True)
    part: Mapped[int] = mapped_column(
        Integer, primary_key=True, comment="which run of like frames of the clip, from 0"
    )
    asset_id: Mapped[int] = mapped_column(comment="the clip's, repeated for filters")
    vector: Mapped[Any] = mapped_column(
        HALFVEC(), comment="mean direction of the run, of unit length, in half precision"
    )

    __table_args__ = (
        Index(None, "clip_id"),
        Index(None, "asset_id"),
        {"postgresql_partition_by": "LIST (encoder_id)"},
    )


class SketchBasis(Base):
    """The directions in which an encoder's centres differ most; sketches tell of the first ones.

    Worked out from the centres, and thrown away for another as the library grows.
    """

    __tablename__ = "sketch_basis"

    id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True)
    encoder_id: Mapped[int] = cascade("encoder.id", type_=Integer)
    directions: Mapped[bytes] = mapped_column(
        comment="orthonormal rows, the most telling first: float32, little-endian"
    )
    moments: Mapped[bytes] = mapped_column(
        comment="mean square of the centres along each direction: float32, little-endian"
    )
    numbers: Mapped[int] = mapped_column(Integer, comment="how many directions a sketch tells of")
    made_of: Mapped[int] = mapped_column(comment="centres there were when it was made, about")
    filled_at: Mapped[int] = mapped_column(
        server_default=sql("0"), comment="centres there were when all had been sketched, about"
    )
    awaits: Mapped[int | None] = mapped_column(
        comment="sketches are being made: once all transactions before this one have ended"
    )

    __table_args__ = (Index(None, "encoder_id"),)


class Sketch(Base):
    """An asset's centres in few numbers, in one row, for a first look at very many.

    It is made behind the vectors; an asset whose centres have none is compared by these.
    """

    __tablename__ = "sketch"

    asset_id: Mapped[int] = cascade("asset.id", primary_key=True)
    encoder_id: Mapped[int] = cascade("encoder.id", primary_key=True, type_=Integer)
    basis_id: Mapped[int | None] = mapped_column(
        Integer,
        comment="whose directions it tells of; negative: it is being made; "
        "null: the centres have changed",
    )
    clips: Mapped[list[int] | None] = mapped_column(
        ARRAY(BigInteger), comment="of each centre its clip"
    )
    vectors: Mapped[list[Any] | None] = mapped_column(
        ARRAY(HALFVEC()), comment="of each centre how far it goes in the basis's first directions"
    )

    # Which assets have one is read from this alone.
    __table_args__ = (Index("ix_sketch_made", "encoder_id", "asset_id", "basis_id"),)


class SpeechEmbedding(Base):
    """One encoder's unit vector of one spoken line; one partition per encoder.

    The vector is of the line's text, made as a query's is: so both can be compared.
    """

    __tablename__ = "speech_embedding"

    encoder_id: Mapped[int] = mapped_column(
        Integer, ForeignKey(f"{SCHEMA}.encoder.id", ondelete="RESTRICT"), primary_key=True
    )
    clip_id: Mapped[int] = cascade("clip.id", primary_key=True)
    asset_id: Mapped[int] = mapped_column(comment="the clip's, repeated for filters")
    vector: Mapped[Any] = mapped_column(HALFVEC(), comment="of unit length, in half precision")

    __table_args__ = (
        Index(None, "clip_id"),
        Index(None, "asset_id"),
        {"postgresql_partition_by": "LIST (encoder_id)"},
    )


class Phrase(Base):
    """A text and its vector, kept so that SQL can order by it."""

    __tablename__ = "phrase"

    encoder_id: Mapped[int] = cascade("encoder.id", primary_key=True, type_=Integer)
    text: Mapped[str] = mapped_column(
        primary_key=True, comment="as catalog.normal_phrase() leaves it"
    )
    vector: Mapped[Any] = mapped_column(HALFVEC(), comment="of unit length, in half precision")
    characters_read: Mapped[int | None] = mapped_column(
        Integer, comment="how much of the text shaped the vector; null: all, as far as is known"
    )
    created_at: Mapped[datetime] = now()


class Calibration(Base):
    """How a cosine reads as a confidence, per encoder and query language."""

    __tablename__ = "calibration"

    encoder_id: Mapped[int] = cascade("encoder.id", primary_key=True, type_=Integer)
    language: Mapped[str] = mapped_column(
        primary_key=True, server_default=sql("''"), comment="BCP 47; empty for any"
    )
    match_median: Mapped[float] = mapped_column(comment="cosine of texts with pictures that fit")
    miss_median: Mapped[float] = mapped_column(comment="cosine of texts with pictures that do not")
    miss_spread: Mapped[float] = mapped_column(
        comment="1.4826 x median absolute deviation of the misses"
    )
    slope: Mapped[float] = mapped_column(
        comment="confidence is 1 / (1 + exp(-(slope x height + intercept))), where height is how "
        "many spreads a cosine is above the median of its query's cosines"
    )
    intercept: Mapped[float] = mapped_column(comment="see slope")
    error: Mapped[float | None] = mapped_column(
        comment="expected calibration error on pictures that were not fitted on"
    )
    samples: Mapped[int] = mapped_column(comment="queries measured")
    source: Mapped[str] = mapped_column(
        server_default=sql("''"), comment="the dataset it was measured on"
    )
    measured_at: Mapped[datetime] = now()

    __table_args__ = (
        CheckConstraint("match_median > miss_median", name="medians"),
        CheckConstraint("slope > 0", name="slope"),
    )


class RollCue(Base):
    """What a picture of a roll may show, in words, and their vector."""

    __tablename__ = "roll_cue"

    encoder_id: Mapped[int] = cascade("encoder.id", primary_key=True, type_=Integer)
    wording: Mapped[str] = mapped_column(primary_key=True, comment="what a picture may show")
    vector: Mapped[Any] = mapped_column(HALFVEC(), comment="of unit length, in half precision")
