"""Announcements: PostgreSQL tells whoever listens that an asset is ready, or has failed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Text, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

CHANNEL = "catalog_asset"

ANNOUNCED = "announced"
"""Where a session keeps what it has announced: told to others once it is committed."""


def announce(
    session: Session, asset_ids: Sequence[int], state: str, code: str | None = None
) -> None:
    """Notify ``catalog_asset`` of these assets, in this transaction: with it, or not at all.

    Each payload is a JSON object with ``asset`` (its id), ``state`` (ready or
    failed) and ``code`` (the error's, or null).
    """
    if not asset_ids:
        return
    told: list[dict[str, Any]] = [
        {"asset": asset_id, "state": state, "code": code} for asset_id in sorted(asset_ids)
    ]
    payloads = func.unnest(cast([json.dumps(each) for each in told], ARRAY(Text)))
    each = payloads.table_valued("payload").render_derived()
    session.execute(select(func.pg_notify(CHANNEL, each.c.payload)).select_from(each))
    session.info.setdefault(ANNOUNCED, []).extend(told)
