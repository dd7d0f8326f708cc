"""Ingest: register files, analyse their essence, encode their frames."""

from catalog.ingest.pipeline import Ingest

__all__ = ["Ingest"]
