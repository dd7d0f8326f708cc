"""Who changed what: written in the transaction of the change, so that none is without the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from catalog.db.models import Audit
from catalog.store.visibility import actor_of


def note(
    session: Session,
    action: str,
    assets: Sequence[int] = (),
    **details: Any,  # noqa: ANN401  # JSON
) -> None:
    """Write down that this session's actor does this, to these assets."""
    actor = actor_of(session)
    session.execute(
        insert(Audit).values(
            actor=actor.name,
            token_id=actor.token_id,
            action=action,
            asset_ids=sorted(set(assets)),
            details=details,
        )
    )


def entries(
    session: Session, *, asset_id: int | None, action: str | None, limit: int, before: int | None
) -> list[Mapping[str, Any]]:
    """What was changed, the latest first: of all, or of one asset; ``before`` an entry's id."""
    columns = (Audit.id, Audit.at, Audit.actor, Audit.token_id)
    statement = select(*columns, Audit.action, Audit.asset_ids, Audit.details)
    if asset_id is not None:
        statement = statement.where(Audit.asset_ids.contains([asset_id]))
    if action is not None:
        statement = statement.where(Audit.action == action)
    if before is not None:
        statement = statement.where(Audit.id < before)
    rows = session.execute(statement.order_by(Audit.id.desc()).limit(limit))
    return [dict(row._mapping) for row in rows]
