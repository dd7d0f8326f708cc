"""Before the statement: how much the filters keep, and the settings it runs under."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from catalog.store.search.nearest import kept_centres
from catalog.store.search.parts import Meaning, SearchParts


def count_kept(session: Session, parts: SearchParts, meaning: Meaning, stop: int) -> int:
    """How many centres the filters keep; counting ends at ``stop``."""
    kept = kept_centres(parts.where, meaning.encoder_id, flagged=parts.flagged).limit(stop)
    return session.execute(select(func.count()).select_from(kept.subquery())).scalar_one()


def set_locally(session: Session, settings: Mapping[str, str]) -> None:
    """Let these settings hold until the transaction ends."""
    if settings:
        calls = [func.set_config(name, value, True) for name, value in sorted(settings.items())]
        session.execute(select(*calls))
