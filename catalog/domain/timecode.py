"""SMPTE timecode arithmetic after ST 12-1: addresses of frames, not durations.

Non-drop timecode numbers every frame. Drop-frame timecode, for rates of
30000/1001 and its multiples, keeps the address close to the clock by skipping
the first frame numbers of every minute that is not a multiple of ten: two at
29.97, four at 59.94. No picture is dropped, only numbers (SMPTE ST 12-1:2014,
5.2.2 "Drop-frame compensation"; ST 12-3 for rates above 30). Addresses wrap
after 24 hours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from catalog.errors import InvalidInputError

_PATTERN = re.compile(r"(\d{2}):([0-5]\d):([0-5]\d)([:;.,])(\d{2,3})", re.ASCII)
_DROP_SEPARATORS = ";.,"
_DROP_BASE = 30  # drop-frame exists for 30000/1001 and its multiples
_NUMBERS_SKIPPED = 2  # per dropping minute, at the base rate


@dataclass(frozen=True, slots=True)
class Timecode:
    """The address of one frame.

    Attributes
    ----------
    frames:
        Frames since ``00:00:00:00``, within one day.
    nominal:
        Frame numbers per second of the address: the rate rounded to a whole number.
    drop:
        Whether frame numbers are dropped.
    """

    frames: int
    nominal: int
    drop: bool = False

    def __str__(self) -> str:
        return _spelt(self.frames, self.nominal, drop=self.drop)

    def __add__(self, frames: int) -> Timecode:
        """The address so many frames later (or earlier), wrapping at midnight."""
        day = frames_per_day(self.nominal, drop=self.drop)
        return Timecode((self.frames + frames) % day, self.nominal, self.drop)

    def later(self, frames: int) -> str:
        """The same spelt: a page of hits has many, and needs no values of them."""
        day = frames_per_day(self.nominal, drop=self.drop)
        return _spelt((self.frames + frames) % day, self.nominal, drop=self.drop)


def parse_timecode(text: str, rate: Fraction) -> Timecode:
    """Read an address such as ``01:00:00:00`` or, drop-frame, ``01:00:00;00``.

    Parameters
    ----------
    text:
        ``HH:MM:SS`` and frames; ``;``, ``.`` or ``,`` before the frames means drop-frame.
    rate:
        Frames per second, exact or measured; only its rounded value counts.

    Raises
    ------
    InvalidInputError
        If the text is no timecode, names a frame the rate does not have, or is
        drop-frame at a rate that drops no frames.
    """
    nominal = nominal_rate(rate)
    match = _PATTERN.fullmatch(text)
    if match is None:
        raise _invalid(text, "expected HH:MM:SS:FF or, drop-frame, HH:MM:SS;FF")
    hour, minute, second, frame = (int(match[group]) for group in (1, 2, 3, 5))
    drop = match[4] in _DROP_SEPARATORS
    if frame >= nominal:
        raise _invalid(text, f"expected a frame number below {nominal} at {_spell(rate)} frames/s")
    if drop and not can_drop(rate):
        raise _invalid(text, f"{_spell(rate)} frames/s has no drop-frame; expected ':' throughout")
    number = ((hour * 60 + minute) * 60 + second) * nominal + frame
    day = frames_per_day(nominal, drop=drop)
    if not drop:
        return Timecode(number % day, nominal)
    skipped = _skipped_per_minute(nominal)
    if minute % 10 and not second and frame < skipped:
        raise _invalid(text, f"that frame number is dropped; the next is {skipped:02d}")
    minutes = hour * 60 + minute
    return Timecode((number - skipped * (minutes - minutes // 10)) % day, nominal, drop=True)


def frames_to_timecode(frames: int, rate: Fraction, *, drop: bool = False) -> str:
    """The address of a frame counted from ``00:00:00:00``, wrapping after 24 hours.

    Raises
    ------
    InvalidInputError
        If ``drop`` is asked for at a rate that drops no frames.
    """
    if drop and not can_drop(rate):
        raise InvalidInputError(
            f"Drop-frame timecode was asked for at {_spell(rate)} frames/s;"
            " it exists for 29.97 and its multiples.",
            remedy="Use non-drop timecode.",
        )
    return str(Timecode(0, nominal_rate(rate), drop) + frames)


def timecode_to_frames(text: str, rate: Fraction) -> int:
    """Frames between ``00:00:00:00`` and the address; the inverse of `frames_to_timecode`.

    Raises
    ------
    InvalidInputError
        As `parse_timecode`.
    """
    return parse_timecode(text, rate).frames


def timecode_at(start: str | None, rate: Fraction | None, seconds: Fraction) -> str | None:
    """The address of the picture shown at a time of the asset.

    Parameters
    ----------
    start:
        The essence's own start timecode; None, or one that does not fit the
        rate, counts from ``00:00:00:00`` non-drop.
    rate:
        Frames per second; None (a still, a sound) has no timecode.
    seconds:
        Time since the asset's first picture. Container times are rounded to
        their time base, so the nearest frame is meant, not the one before.

    Returns
    -------
    str or None
        Non-drop with ``:``, drop-frame with ``;`` before the frames.
    """
    if rate is None or rate <= 0:
        return None
    origin = start_timecode(start, rate)
    whole = seconds.denominator * rate.denominator
    return address(origin, seconds.numerator * rate.numerator, whole)


def address(origin: Timecode, frames: int, parts: int) -> str:
    """The address ``frames / parts`` frames after the origin, to the nearest.

    In whole numbers: as a fraction it would take longer than all else of a hit.
    """
    doubled = 2 * frames + parts
    nearest = doubled // (2 * parts) if doubled >= 0 else -(-doubled // (2 * parts))
    return origin.later(nearest)


@lru_cache(maxsize=4096)  # asked twice for each hit, and the same for most
def start_timecode(start: str | None, rate: Fraction) -> Timecode:
    """The essence's start timecode, or zero where there is none that can be read."""
    if start is not None:
        try:
            return parse_timecode(start, rate)
        except InvalidInputError:
            # A wrong tag in a file must not stop anybody from finding its pictures.
            pass
    return Timecode(0, nominal_rate(rate))


def is_timecode(text: str) -> bool:
    """Whether the text is spelt as a timecode, whatever the rate."""
    return _PATTERN.fullmatch(text) is not None


def nominal_rate(rate: Fraction) -> int:
    """Frame numbers per second of an address at this rate; at least one."""
    return max(1, int(rate + Fraction(1, 2)))


def can_drop(rate: Fraction) -> bool:
    """Whether drop-frame timecode exists for the rate: 29.97 and its multiples.

    Only the rounded rate counts: a file's measured average is seldom exact.
    """
    return nominal_rate(rate) % _DROP_BASE == 0


def frames_per_day(nominal: int, *, drop: bool) -> int:
    """How many addresses there are before they repeat."""
    minutes = 24 * 60
    if not drop:
        return minutes * 60 * nominal
    dropped = _skipped_per_minute(nominal) * (minutes - minutes // 10)
    return minutes * 60 * nominal - dropped


def _spelt(frames: int, nominal: int, *, drop: bool) -> str:
    number = _with_skipped(frames, nominal) if drop else frames
    seconds, frame = divmod(number, nominal)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02d}:{minute:02d}:{second:02d}{';' if drop else ':'}{frame:02d}"


def _skipped_per_minute(nominal: int) -> int:
    return _NUMBERS_SKIPPED * nominal // _DROP_BASE


def _with_skipped(frames: int, nominal: int) -> int:
    """The frame number that an address spells: frames counted plus numbers skipped."""
    skipped = _skipped_per_minute(nominal)
    per_minute = 60 * nominal - skipped
    per_ten_minutes = 10 * per_minute + skipped
    tens, rest = divmod(frames, per_ten_minutes)
    # The first minute of ten drops nothing, so it is longer by the skipped numbers.
    minutes = max(0, rest - skipped) // per_minute
    return frames + skipped * (9 * tens + minutes)


def _spell(rate: Fraction) -> str:
    return f"{float(rate):.5g}"


def _invalid(text: str, expected: str) -> InvalidInputError:
    return InvalidInputError(
        f"{text!r} is not a timecode: {expected}.",
        remedy="Give the timecode as the essence's own, such as 01:00:00:00.",
        timecode=text,
    )
