"""Postgres-backed asset catalog for film and video.

``from catalog import Catalog`` is the Python admin API; see ``catalog.api``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from catalog.api import Catalog as Catalog

__version__ = "0.1.0"
__all__ = ["Catalog", "__version__"]


def __getattr__(name: str) -> Any:  # noqa: ANN401  # PEP 562
    # `catalog --help` imports this package and must not pay for SQLAlchemy.
    if name == "Catalog":
        from catalog.api import Catalog  # noqa: PLC0415

        return Catalog
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
