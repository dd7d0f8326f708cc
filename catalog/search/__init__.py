"""Search: from the text in the query box to hits."""

from catalog.search.find import Search
from catalog.search.sql import run_sql

__all__ = ["Search", "run_sql"]
