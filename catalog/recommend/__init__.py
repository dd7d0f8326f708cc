"""From a script to shots: what says each line, and what shows it."""

from __future__ import annotations

from catalog.recommend.plan import Planner
from catalog.recommend.reading import script_from
from catalog.recommend.wish import Wish

__all__ = ["Planner", "Wish", "script_from"]
