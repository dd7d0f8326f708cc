"""What all tables share: one schema, named constraints, and kinds of columns."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    LargeBinary,
    MetaData,
    Text,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SCHEMA = "catalog"

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Declarative base: one schema, named constraints, plain text and jsonb."""

    metadata = MetaData(schema=SCHEMA, naming_convention=NAMING_CONVENTION)
    type_annotation_map = {  # noqa: RUF012  # read once by SQLAlchemy, never shared
        str: Text(),
        int: BigInteger(),
        float: Double(),
        bool: Boolean(),
        bytes: LargeBinary(),
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(),
    }


def identity() -> Mapped[int]:
    """A key that PostgreSQL counts."""
    return mapped_column(BigInteger, Identity(always=True), primary_key=True)


def now(**options: Any) -> Mapped[datetime]:  # noqa: ANN401  # as mapped_column
    """A moment; the present one unless told."""
    return mapped_column(server_default=func.now(), **options)


def cascade(target: str, **options: Any) -> Mapped[int]:  # noqa: ANN401  # as mapped_column
    """A reference that goes with the row it names."""
    return mapped_column(ForeignKey(f"{SCHEMA}.{target}", ondelete="CASCADE"), **options)
