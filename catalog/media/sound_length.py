"""How long a sound is: what its container claims, or what was heard of it."""

from __future__ import annotations

from fractions import Fraction

from catalog.domain.media import Probe
from catalog.media.container import MP4_FAMILY

# Decoders leave up to two blocks of silence that no listener misses, before and after.
NEAR = Fraction(1, 10)
# Streams without an index, whose length FFmpeg guesses from the bit rate at their beginning.
_GUESSED = frozenset({"aac", "mp3", "ac3", "eac3", "dts", "dtshd", "truehd", "mlp", "amr", "mpeg"})
# Their header counts samples.
_COUNTED = frozenset({"flac", "tta", "wv", "ape"})


def sound_length(probe: Probe, heard: Fraction, *, whole: bool) -> Fraction:
    """Seconds of a sound that was decoded to its end.

    A claim that is nearly what was heard is the more exact one, for it knows of what codecs put
    before and after; but not where it is a guess, and not of Opus, whose pre-skip Ogg and
    Matroska count. A claim far from it is a lie, or of what is missing.

    Parameters
    ----------
    heard:
        Seconds that were decoded, gaps included.
    whole:
        Whether what was heard is all there is to hear.
    """
    claim = probe.duration
    if claim is None:
        return heard
    if not whole or not heard:
        return claim
    return heard if abs(claim - heard) > NEAR or _inexact(probe) else claim


def ends_early(probe: Probe, heard: Fraction, *, whole: bool) -> bool:
    """Whether less was heard than the file claims: no decoder misses what is not there.

    Nothing at all, or less than a header counts.
    """
    if not whole or probe.duration is None:
        return False
    return not heard or (probe.container in _COUNTED and probe.duration - heard > NEAR)


def _inexact(probe: Probe) -> bool:
    opus = probe.main_sound is not None and probe.main_sound.codec == "opus"
    return probe.container in _GUESSED or (opus and probe.container != MP4_FAMILY)
