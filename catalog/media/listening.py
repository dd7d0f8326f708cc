"""A sound played through, in a decoding process, to who listens."""

from __future__ import annotations

from pathlib import Path

from catalog.media.isolated_worker import Report, beating
from catalog.media.probe import probe
from catalog.media.sound import Listener, SoundPass


def played(path: Path, listener: Listener, report: Report) -> SoundPass:
    """A file's main sound, played to a listener to its end, in a decoding process.

    Raises
    ------
    MediaError
        If it cannot be opened.
    """
    sound = SoundPass(
        path, probe(path), report.seconds, drawn=False, measured=False, listener=listener
    )
    with beating(lambda: (sound.decoded, sound.errors), report):
        sound.run()
    return sound
