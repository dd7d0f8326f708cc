"""Work to be done, and who may ask for it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    Double,
    Index,
    Integer,
)
from sqlalchemy import (
    text as sql,
)
from sqlalchemy.orm import Mapped, mapped_column

from catalog.db.models.base import Base, cascade, now


class Stage(Base):
    """Where an asset stands in one stage of the work, and why it failed there."""

    __tablename__ = "stage"

    asset_id: Mapped[int] = cascade("asset.id", primary_key=True)
    name: Mapped[str] = mapped_column(
        primary_key=True, comment="analyse, encode, proxy, recognise or sound"
    )
    state: Mapped[str] = mapped_column(
        server_default=sql("'due'"), comment="due, running, waiting, done or failed"
    )
    attempts: Mapped[int] = mapped_column(
        Integer, server_default=sql("0"), comment="how often it was begun"
    )
    worker: Mapped[str | None] = mapped_column(comment="host:process that is or was at work")
    started_at: Mapped[datetime | None] = mapped_column(comment="of the last attempt")
    finished_at: Mapped[datetime | None] = mapped_column(comment="of the last attempt")
    first_done_at: Mapped[datetime | None] = mapped_column(
        comment="when it was done for the first time; of encode: searchable since"
    )
    error_code: Mapped[str | None] = mapped_column(comment="why it failed or waits, for programs")
    error_message: Mapped[str | None] = mapped_column(comment="why it failed or waits, in words")
    retryable: Mapped[bool] = mapped_column(
        server_default=sql("false"), comment="whether trying again can help"
    )
    due_at: Mapped[datetime] = now(comment="since when it waits, or last waited")
    sent_at: Mapped[datetime | None] = mapped_column(comment="when workers were last told of it")
    lost: Mapped[int] = mapped_column(
        Integer,
        server_default=sql("0"),
        comment="workers that ended over it without a word, since it was last done",
    )
    tries: Mapped[int] = mapped_column(
        Integer, server_default=sql("0"), comment="failures since it was last done"
    )
    progress: Mapped[float | None] = mapped_column(
        Double,
        comment="share of the media that the attempt is through, 0 to 1;"
        " null: that is not told of this work",
    )
    retry_at: Mapped[datetime | None] = mapped_column(
        comment="when what failed or waits is tried again by itself; null: only if a person asks"
    )

    __table_args__ = (
        CheckConstraint(
            "name IN ('analyse', 'encode', 'proxy', 'recognise', 'sound')", name="name"
        ),
        CheckConstraint("state IN ('due', 'running', 'waiting', 'done', 'failed')", name="state"),
        CheckConstraint(
            "(state IN ('waiting', 'failed')) = (error_code IS NOT NULL)", name="reason"
        ),
        CheckConstraint("progress BETWEEN 0 AND 1", name="progress"),
        CheckConstraint("retry_at IS NULL OR state IN ('waiting', 'failed')", name="retry"),
        Index("ix_stage_open", "name", "state", postgresql_where=sql("state <> 'done'")),
        Index("ix_stage_done_lately", "finished_at", postgresql_where=sql("state = 'done'")),
    )


class Service(Base):
    """The one row about the service as a whole."""

    __tablename__ = "service"

    single: Mapped[bool] = mapped_column(
        primary_key=True, server_default=sql("true"), comment="true: there is but one row"
    )
    paused_at: Mapped[datetime | None] = mapped_column(
        comment="since when workers leave work due; null: they work"
    )
    paused_by: Mapped[str | None] = mapped_column(comment="who said so, and why")
    verify_from: Mapped[datetime | None] = mapped_column(
        comment="when the pace allows the next file to be read through; null: now"
    )

    __table_args__ = (CheckConstraint("single", name="single"),)
