"""Long lists as one array parameter, not one parameter per value (65,535 at most)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, any_, literal
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute


def among(column: InstrumentedAttribute[Any], ids: Sequence[int]) -> ColumnElement[bool]:
    """``column = ANY (ids)``."""
    return column == any_(literal(list(ids), ARRAY(BigInteger)))
