"""What people write about assets: title and description, each change with its history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from catalog.db.engine import Database
from catalog.domain.labels import clean_text
from catalog.errors import InvalidInputError
from catalog.maintain.assets import Reference, check_limit, resolve
from catalog.store import assets, audit

MOST = {"title": 500, "description": 20_000}


def edit(database: Database, references: Sequence[Reference], values: dict[str, Any]) -> list[int]:
    """Set title or description (None: none) of assets; their ids.

    Raises
    ------
    NotFoundError, InvalidInputError
        If one is no asset, or a text cannot be kept.
    """
    unknown = sorted(set(values) - set(MOST))
    if unknown or not values:
        raise InvalidInputError(
            f"{', '.join(unknown) or 'Nothing'} was to be edited; expected title or description.",
            remedy="Tags and collections have verbs of their own.",
        )
    clean = {
        key: None if value is None else clean_text(str(value), key, MOST[key])
        for key, value in values.items()
    }
    with database.session() as session:
        ids = [resolve(session, reference) for reference in references]
        assets.lock_assets(session, ids)
        for asset_id in ids:
            row = assets.get_asset(session, asset_id)
            before = {key: getattr(row, key) for key in clean}
            if before != clean:
                assets.set_columns(session, asset_id, clean)
                audit.note(session, "edit", [asset_id], before=before, now=clean)
    return ids


def audit_trail(
    database: Database,
    reference: Reference | None = None,
    *,
    action: str | None = None,
    limit: int = 100,
    before: int | None = None,
) -> dict[str, Any]:
    """What was changed by whom, the latest first: of all, or of one asset.

    Returns
    -------
    dict
        ``entries``, each with ``id``, ``at``, ``actor``, ``token_id``, ``action``,
        ``asset_ids`` and ``details``; ``next``: the id to go on ``before``, or None.
    """
    check_limit(limit)
    with database.session() as session:
        asset_id = None if reference is None else resolve(session, reference)
        rows = audit.entries(
            session, asset_id=asset_id, action=action, limit=limit + 1, before=before
        )
    page = [dict(row) for row in rows[:limit]]
    for row in page:
        moment = row["at"]
        assert isinstance(moment, datetime)  # noqa: S101  # the column's type
        row["at"] = moment.isoformat()
    return {"entries": page, "next": page[-1]["id"] if len(rows) > limit else None}
