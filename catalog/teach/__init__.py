"""Teaching: an encoder learns what people logged here, and what it knew before stays."""

from catalog.teach.options import Options
from catalog.teach.results import Taught
from catalog.teach.run import teach

__all__ = ["Options", "Taught", "teach"]
