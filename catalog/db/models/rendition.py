"""What was made of assets for people to see and hear."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, Integer
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from catalog.db.models.base import Base, cascade, now


class Removed(Base):
    """Content that was forgotten; of what is kept of it, files may still lie in the frame store."""

    __tablename__ = "removed"

    fingerprint: Mapped[str] = mapped_column(primary_key=True, comment="as of `asset`")
    at: Mapped[datetime] = now(comment="when; hours later its files are looked for once more")

    __table_args__ = (Index(None, "at"),)


class Rendition(Base):
    """A picture, an index or a playable copy made of an asset; its bytes are in the frame store."""

    __tablename__ = "rendition"

    asset_id: Mapped[int] = cascade("asset.id", primary_key=True)
    kind: Mapped[str] = mapped_column(
        primary_key=True, comment="strip, strip_index, waveform, peaks or proxy"
    )
    key: Mapped[str] = mapped_column(comment="in the frame store")
    size_bytes: Mapped[int] = mapped_column(comment="of what lies under the key")
    width: Mapped[int | None] = mapped_column(Integer, comment="pixels, where it has any")
    height: Mapped[int | None] = mapped_column(Integer, comment="pixels, where it has any")
    duration_pts: Mapped[int | None] = mapped_column(
        comment="length in the asset's time base, where it runs in time"
    )
    settings: Mapped[dict[str, Any]] = mapped_column(
        server_default=sql("'{}'::jsonb"), comment="how it was made"
    )
    made_at: Mapped[datetime] = now(comment="when it was last made")

    __table_args__ = (
        CheckConstraint(
            "kind IN ('strip', 'strip_index', 'waveform', 'peaks', 'proxy')", name="kind"
        ),
        CheckConstraint("size_bytes > 0", name="size_positive"),
        CheckConstraint("duration_pts >= 0", name="duration"),
    )
