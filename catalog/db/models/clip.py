"""Time ranges of assets, and the pictures that stand for them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    REAL,
    BigInteger,
    CheckConstraint,
    Identity,
    Index,
    Integer,
    UniqueConstraint,
)
from sqlalchemy import (
    text as sql,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from catalog.db.models.base import Base, cascade, identity, now


class Clip(Base):
    """A half-open time range of one asset: a shot, a spoken segment or a logged subclip."""

    __tablename__ = "clip"

    id: Mapped[int] = identity()
    asset_id: Mapped[int] = cascade("asset.id")
    kind: Mapped[str] = mapped_column(comment="shot, speech or subclip")
    start_pts: Mapped[int] = mapped_column(comment="first moment, in the asset's time base")
    end_pts: Mapped[int] = mapped_column(comment="end, exclusive, in the asset's time base")
    roll: Mapped[str | None] = mapped_column(comment="A: somebody speaks; B: cutaway")
    roll_confidence: Mapped[float | None] = mapped_column(
        REAL, comment="how sure the roll is, from 0.5 to 1; 1 where a person said so"
    )
    roll_chance: Mapped[float | None] = mapped_column(
        REAL,
        comment="how likely A is, as far as it was told without a person; stays as it was "
        "when a person spoke",
    )
    roll_by_person: Mapped[bool] = mapped_column(
        server_default=sql("false"),
        comment="a person said what the roll is; analysing again leaves it",
    )
    flag: Mapped[str | None] = mapped_column(
        comment="why the shot is left out of searches: bars, black, leader, slate; null: it is not"
    )
    flag_by_person: Mapped[bool] = mapped_column(
        server_default=sql("false"),
        comment="a person said what the flag is; analysing again leaves it",
    )
    text: Mapped[str | None] = mapped_column(comment="spoken words, or a subclip's name")
    language: Mapped[str | None] = mapped_column(comment="BCP 47 tag of the text")
    sidecar_id: Mapped[int | None] = cascade(
        "sidecar.id", nullable=True, comment="what said so; null: a person, or the cut detector"
    )
    word_times: Mapped[list[Any] | None] = mapped_column(
        JSONB,
        comment="of recognised speech, each word: [text, start, end, probability], in the"
        " asset's time base",
    )
    words: Mapped[str] = mapped_column(
        TSVECTOR,
        server_default=sql("''::tsvector"),
        comment="keyword text: its own; of a shot, what is said and logged over it",
    )
    created_at: Mapped[datetime] = now()

    __table_args__ = (
        CheckConstraint("kind IN ('shot', 'speech', 'subclip')", name="kind"),
        CheckConstraint("roll IN ('A', 'B')", name="roll"),
        CheckConstraint("roll_confidence BETWEEN 0.5 AND 1", name="roll_confidence"),
        CheckConstraint("roll_chance BETWEEN 0 AND 1", name="roll_chance"),
        CheckConstraint("NOT roll_by_person OR roll IS NOT NULL", name="roll_by_person"),
        CheckConstraint("flag IN ('bars', 'black', 'leader', 'slate')", name="flag"),
        CheckConstraint("start_pts >= 0 AND end_pts >= start_pts", name="range"),
        Index("ix_clip_asset_id_kind_start_pts", "asset_id", "kind", "start_pts"),
        # Whether anything said lacks its vector is asked often, and of few clips among many.
        Index("ix_clip_speech", "id", postgresql_where=sql("kind = 'speech'")),
        # Every search leaves them out, and they are few.
        Index("ix_clip_flagged", "id", postgresql_where=sql("flag IS NOT NULL")),
        Index(None, "sidecar_id", postgresql_where=sql("sidecar_id IS NOT NULL")),
        Index(None, "words", postgresql_using="gin", postgresql_with={"fastupdate": "off"}),
        # What is logged is little beside what is said.
        Index(
            "ix_clip_logged_words",
            "words",
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
            postgresql_where=sql("kind = 'subclip'"),
        ),
        Index(
            "ix_clip_spoken_words",
            "words",
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
            postgresql_where=sql("kind IS NOT DISTINCT FROM 'speech'"),
        ),
        Index(
            "uq_clip_shot_start",
            "asset_id",
            "start_pts",
            unique=True,
            postgresql_where=sql("kind = 'shot'"),
        ),
    )


class Frame(Base):
    """One sampled picture of a shot, standing for a time range."""

    __tablename__ = "frame"

    id: Mapped[int] = identity()
    asset_id: Mapped[int] = cascade("asset.id")
    clip_id: Mapped[int] = cascade("clip.id")
    pts: Mapped[int] = mapped_column(comment="time of the picture itself")
    start_pts: Mapped[int] = mapped_column(comment="range the picture stands for")
    end_pts: Mapped[int] = mapped_column(comment="end of that range, exclusive")
    picture: Mapped[str] = mapped_column(comment="key in the frame store")
    width: Mapped[int] = mapped_column(Integer, comment="pixels of the kept picture")
    height: Mapped[int] = mapped_column(Integer, comment="pixels of the kept picture")
    collapsed: Mapped[int] = mapped_column(
        Integer,
        server_default=sql("0"),
        comment="near-identical pictures this one stands for, beside itself",
    )
    poster: Mapped[bool] = mapped_column(
        server_default=sql("false"), comment="whether it stands for its clip; one at most"
    )
    poster_by_person: Mapped[bool] = mapped_column(
        server_default=sql("false"), comment="a person chose it; analysing again leaves it"
    )

    __table_args__ = (
        UniqueConstraint("clip_id", "pts"),
        CheckConstraint("start_pts <= end_pts AND pts >= 0", name="range"),
        Index(None, "asset_id"),
        Index("uq_frame_poster", "clip_id", unique=True, postgresql_where=sql("poster")),
    )


class Bin(Base):
    """An editor's ordered selection of clips."""

    __tablename__ = "bin"

    id: Mapped[int] = identity()
    name: Mapped[str] = mapped_column(comment="unique")
    note: Mapped[str | None] = mapped_column(comment="what it is for")
    created_at: Mapped[datetime] = now()
    changed_at: Mapped[datetime] = now(comment="when it, or what is in it, was last changed")

    __table_args__ = (UniqueConstraint("name"),)


class BinItem(Base):
    """A clip in a bin, in its place."""

    __tablename__ = "bin_item"

    # Not "always": an analysis puts the item back under the id that it had.
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    bin_id: Mapped[int] = cascade("bin.id")
    position: Mapped[int] = mapped_column(Integer, comment="order within the bin")
    clip_id: Mapped[int] = cascade("clip.id")
    note: Mapped[str | None] = mapped_column(comment="what the editor remarked")
    start_pts: Mapped[int | None] = mapped_column(
        comment="what of the asset is used, in its time base; null: the clip as it is"
    )
    end_pts: Mapped[int | None] = mapped_column(comment="end of what is used, exclusive")
    roll: Mapped[str | None] = mapped_column(
        comment="where an export lays it: A on V1 with its sound, B on V2 without; null: V1"
    )
    line: Mapped[int | None] = mapped_column(
        Integer, comment="line of a script; clips of one line lie over each other"
    )

    __table_args__ = (
        CheckConstraint("roll IN ('A', 'B')", name="roll"),
        CheckConstraint("line >= 1", name="line"),
        CheckConstraint(
            "(start_pts IS NULL) = (end_pts IS NULL) AND start_pts >= 0 AND end_pts > start_pts",
            name="range",
        ),
        # Deferred: moving one item moves others, and all are in their places at the end.
        UniqueConstraint("bin_id", "position", deferrable=True, initially="DEFERRED"),
        Index(None, "clip_id"),
    )
