"""How cosines read as confidences: what was measured of an encoder, kept for searches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from catalog.db.models import Calibration, Encoder


@dataclass(frozen=True, slots=True)
class CalibrationRow:
    """One encoder's curve in one language; empty: in all together."""

    language: str
    match_median: float
    miss_median: float
    miss_spread: float
    slope: float
    intercept: float
    error: float | None
    samples: int
    source: str


def replace_calibrations(session: Session, encoder_id: int, rows: Sequence[CalibrationRow]) -> None:
    """Let these be all the encoder's calibrations."""
    # One evaluation at a time: of two that end together, one is kept whole.
    session.execute(select(Encoder.id).where(Encoder.id == encoder_id).with_for_update())
    forget_calibrations(session, encoder_id)
    if rows:
        values = [{"encoder_id": encoder_id, **asdict(row)} for row in rows]
        session.execute(insert(Calibration), values)


def forget_calibrations(session: Session, encoder_id: int) -> int:
    """Take the encoder's calibrations away; how many there were."""
    gone = delete(Calibration).where(Calibration.encoder_id == encoder_id)
    return len(session.execute(gone.returning(Calibration.language)).all())


def list_calibrations(session: Session) -> list[dict[str, Any]]:
    """Every calibration, by encoder and language."""
    columns = [column for column in Calibration.__table__.columns if column.name != "encoder_id"]
    statement = (
        select(Encoder.name.label("encoder"), *columns)
        .join(Encoder, Encoder.id == Calibration.encoder_id)
        .order_by(Encoder.id, Calibration.language)
    )
    return [dict(row) for row in session.execute(statement).mappings()]
