"""Timelines as the files that editing programs read, and such files as logs.

Each writer takes a `catalog.domain.timeline.Timeline` and returns bytes, with a list of
what its format could not carry. Nothing here knows of the database. OpenTimelineIO,
pyaaf2 and fpdf2 are imported only in here, and only when they are used.
"""
