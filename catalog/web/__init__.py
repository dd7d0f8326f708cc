"""Pages and the HTTP API: requests in, answers out; no logic but access.

Everything is asked of `catalog.api`. Importing this loads no torch, and the
server starts without it.
"""

from __future__ import annotations

from catalog.web.app import create_app

__all__ = ["create_app"]
