"""What a timeline of another program says of essences: lines of a log, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from catalog.domain.timecode import Timecode, frames_per_day, nominal_rate

MOST_ENTRIES = 50_000
# Beyond this no count of frames is one: 300 days at 1000 frames/s.
MOST_FRAMES = 1 << 35


@dataclass(frozen=True, slots=True)
class Logged:
    """A part of an essence that a file speaks of.

    ``files`` are names and paths it may go by, ``reels`` of its tape. ``start`` is the first
    frame's address in frames since midnight, ``offset`` the same in seconds from the essence's
    first picture, where the file knows where that is. ``facts`` is what else it says.
    """

    files: tuple[str, ...]
    reels: tuple[str, ...]
    rate: Fraction
    start: int
    frames: int
    drop: bool = False
    offset: Fraction | None = None
    text: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def timecode_in(self) -> str:
        """The address of the first frame."""
        return str(self._first)

    @property
    def timecode_out(self) -> str:
        """The address after the last frame."""
        return str(self._first + self.frames)

    @property
    def _first(self) -> Timecode:
        nominal = nominal_rate(self.rate)
        return Timecode(self.start % frames_per_day(nominal, drop=self.drop), nominal, self.drop)


def lines(*texts: str | None) -> str | None:
    """What is said, each once, a line for each; None if nothing is."""
    return "\n".join(dict.fromkeys(t.strip() for t in texts if t and t.strip())) or None


def exact_rate(value: float) -> Fraction | None:
    """Frames per second as a fraction, from a number that another program rounded."""
    if not 0.5 <= value <= 100_000:
        return None
    nominal = round(value)
    if nominal and abs(value - nominal * 1000 / 1001) < 0.003:
        return Fraction(nominal * 1000, 1001)
    return Fraction(value).limit_denominator(1001)


def distinct(entries: list[Logged]) -> list[Logged]:
    """Each part once, with all that is said of it: picture and sound of one cut lie alike."""
    found: dict[tuple[object, ...], Logged] = {}
    for each in entries:
        key = (each.files, each.reels, each.start, each.frames, each.rate)
        first = found.setdefault(key, each)
        if first.text != each.text:
            found[key] = replace(first, text=lines(*_said(first), *_said(each)))
    return list(found.values())[:MOST_ENTRIES]


def _said(entry: Logged) -> list[str]:
    return (entry.text or "").split("\n")
