"""The workers' app, where proxies write down each second of media that they are through."""

from __future__ import annotations

from catalog.ingest import proxies
from workers.app import app

proxies.NOTED_S = 0.0

__all__ = ["app"]
