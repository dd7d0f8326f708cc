"""What sender and worker agree on: tasks and queues by name, so that neither imports the other."""

from __future__ import annotations

ANALYSE = "catalog.analyse"
ENCODE = "catalog.encode"
PROXY = "catalog.proxy"
RECOGNISE = "catalog.recognise"
RECONCILE = "catalog.reconcile"
SOUND = "catalog.sound"
VERIFY = "catalog.verify"

MEDIA_QUEUE = "media"
"""Decoding: work for CPUs near the storage."""
ENCODE_QUEUE = "encode"
"""Encoding: work for the few machines with a GPU; needs no access to the media."""
SPEECH_QUEUE = "speech"
"""Recognising speech: as long as the sound itself; reads the media, and likes a GPU."""
SERVICE_QUEUE = "service"
"""What keeps the others at work, and must not wait behind an hour of decoding."""
QUEUES = (MEDIA_QUEUE, ENCODE_QUEUE, SPEECH_QUEUE, SERVICE_QUEUE)

# On Redis 0 is what is taken first, and each of kombu's steps is a list of its own.
FRESH, BACKFILL = 0, 9
PRIORITY_STEPS = (FRESH, BACKFILL)
