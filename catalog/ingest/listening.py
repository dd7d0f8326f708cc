"""Where somebody speaks in an asset: found while it is analysed, or by itself."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

from catalog.domain.speech import Heard, Range, to_pts
from catalog.errors import SpeechUnavailableError
from catalog.media.hearing import Blocks, hear_file
from catalog.media.isolated import DecoderPool
from catalog.speech import SpeechActivity, load_voice

OnSeconds = Callable[[float], None]


def listen(
    pool: DecoderPool, path: Path, base: Fraction, on_seconds: OnSeconds = lambda _: None
) -> list[Range] | None:
    """Where somebody speaks in a file, in its asset's time base; None if no sound decodes.

    Raises
    ------
    SpeechUnavailableError
        If the extra that listens is not installed.
    MediaError
        If the file cannot be read.
    """
    activity = SpeechActivity(load_voice())
    heard = hear_file(pool, path, activity.hear, on_seconds)
    return to_pts(activity.finish(), base) if heard else None


class ListenBeside:
    """Listens while a file is analysed, so that it is read once; `take` what is told of its sound.

    Where it cannot be listened to here, the analysis goes on without. What did not go is gone
    through again by the stage that recognises, which tells why.
    """

    def __init__(self, path: Path) -> None:
        self._blocks = Blocks(path, self._hear)
        self._activity: SpeechActivity | None = None
        self._able = True

    def take(self, *values: Any) -> None:  # noqa: ANN401  # whatever the process said
        """The next block; see `catalog.media.hearing.Blocks`."""
        self._blocks.take(*values)

    def _hear(self, sound: Heard) -> None:
        if self._activity is None and self._able:
            try:
                # Not before there is something to be heard: most stills would load it in vain.
                self._activity = SpeechActivity(load_voice())
            except SpeechUnavailableError:
                self._able = False
        if self._activity is not None:
            self._activity.hear(sound)

    def finish(self, base: Fraction, tracks: int) -> list[Range] | None:
        """Where somebody speaks, in an asset's time base, of a file with so many sounds.

        None if that cannot be told here and now.
        """
        if not tracks:
            return []
        return to_pts(self._activity.finish(), base) if self._activity is not None else None
