"""What sound encoders made of the sound of assets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Identity, Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from catalog.db.models.base import Base, cascade, now
from catalog.db.vectors import HALFVEC


class SoundEncoder(Base):
    """An audio-text model with its weights and preprocessing."""

    __tablename__ = "sound_encoder"

    id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(comment="as in CATALOG_SOUND_ENCODER")
    dimension: Mapped[int] = mapped_column(Integer, comment="numbers per vector")
    weights_digest: Mapped[str] = mapped_column(comment="tells other weights of the same name")
    created_at: Mapped[datetime] = now()

    __table_args__ = (
        UniqueConstraint("name"),
        CheckConstraint("dimension BETWEEN 1 AND 4000", name="dimension"),
    )


class SoundWindow(Base):
    """One sound encoder's unit vector of a few seconds of an asset's sound."""

    __tablename__ = "sound_window"

    encoder_id: Mapped[int] = cascade("sound_encoder.id", primary_key=True, type_=Integer)
    asset_id: Mapped[int] = cascade("asset.id", primary_key=True)
    start_pts: Mapped[int] = mapped_column(
        primary_key=True, comment="in the asset's time base, from its first picture"
    )
    end_pts: Mapped[int] = mapped_column(comment="see start_pts; windows overlap")
    vector: Mapped[Any] = mapped_column(HALFVEC(), comment="of unit length, in half precision")

    __table_args__ = (
        CheckConstraint("start_pts >= 0 AND end_pts > start_pts", name="range"),
        Index(None, "asset_id"),
    )


class SoundHeard(Base):
    """That a sound encoder has heard all of an asset's sound, however little there was."""

    __tablename__ = "sound_heard"

    encoder_id: Mapped[int] = cascade("sound_encoder.id", primary_key=True, type_=Integer)
    asset_id: Mapped[int] = cascade("asset.id", primary_key=True)
    heard_at: Mapped[datetime] = now(comment="when it was last heard")

    __table_args__ = (Index(None, "asset_id"),)


class SoundPhrase(Base):
    """What a sound should be like, and its vector under one sound encoder."""

    __tablename__ = "sound_phrase"

    encoder_id: Mapped[int] = cascade("sound_encoder.id", primary_key=True, type_=Integer)
    text: Mapped[str] = mapped_column(
        primary_key=True, comment="as catalog.normal_phrase() leaves it"
    )
    vector: Mapped[Any] = mapped_column(HALFVEC(), comment="of unit length, in half precision")
    created_at: Mapped[datetime] = now()
