"""What sender and worker agree on: tasks and queues by name, so that neither imports the other."""

from __future__ import annotations

ANALYSE = "catalog.analyse"
ENCODE = "catalog.encode"
PROXY = "catalog.proxy"

MEDIA_QUEUE = "media"
"""Decoding: work for CPUs near the storage."""
ENCODE_QUEUE = "encode"
"""Encoding: work for the few machines with a GPU; needs no access to the media."""
