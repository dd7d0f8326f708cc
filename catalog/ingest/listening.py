"""Where somebody speaks in an asset: its sound is listened to beside its analysis."""

from __future__ import annotations

import logging
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from catalog.domain.speech import Range, to_pts
from catalog.errors import MediaError, SpeechUnavailableError
from catalog.media.hearing import hear_file
from catalog.media.isolated import DecoderPool
from catalog.speech import SpeechActivity, load_voice

OnSeconds = Callable[[float], None]

_log = logging.getLogger(__name__)


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


def listen_beside(pool: DecoderPool, path: Path, base: Fraction, tracks: int) -> list[Range] | None:
    """As `listen`, beside an analysis, which does not fail with it; None if it was not possible.

    What did not go here is gone through again by the stage, which tells why.
    """
    if not tracks:
        return []
    try:
        return listen(pool, path, base)
    except SpeechUnavailableError:
        return None
    except MediaError as error:
        _log.debug("sound_not_heard", exc_info=error)
        return None
