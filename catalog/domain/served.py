"""A file that is shown to somebody."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ServedFile:
    """A file to be sent, and what it is.

    ``mark`` is another where the content is another; ``immutable`` says that under this
    address it never will be.
    """

    path: Path
    media_type: str
    name: str
    mark: str
    immutable: bool = False
