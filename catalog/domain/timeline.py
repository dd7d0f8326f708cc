"""A selection of clips as a timeline: exact frames, whatever program it goes to.

Frames are whole numbers everywhere: of the essence (from its first picture, and as
its own SMPTE address) and of the timeline. Nothing here knows of a file format.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from catalog.domain.mapping import Place
from catalog.domain.timecode import Timecode, can_drop, nominal_rate, parse_timecode

# What rates are called, and what they are (SMPTE ST 12-1; those with a comma are n x 1000/1001).
RATES = {
    "23.976": Fraction(24000, 1001),
    "24": Fraction(24),
    "25": Fraction(25),
    "29.97": Fraction(30000, 1001),
    "30": Fraction(30),
    "47.952": Fraction(48000, 1001),
    "48": Fraction(48),
    "50": Fraction(50),
    "59.94": Fraction(60000, 1001),
    "60": Fraction(60),
}
# A measured average is off by less than this; 24 and 23.976 differ by a thousandth.
_SAME_RATE = Fraction(3, 10_000)
# Programmes begin at one hour, by custom: there is room for bars and a slate before.
_CUSTOMARY_START = "01:00:00{}00"


@dataclass(frozen=True, slots=True)
class Media:
    """The essence of a cut, as another program has to find it.

    ``identity`` is the same wherever the same essence is catalogued.
    ``start`` is the address of its first picture, ``frames`` its length; a ``still``
    has no length of its own, and is as long as it is shown. ``channels`` counts those
    of its sound, 0 if it has none. ``place`` is None where no file of it is known.
    ``first_number`` is that of the first file of an image sequence; None of all else.
    """

    id: int
    identity: str
    name: str
    reel: str
    rate: Fraction
    start: Timecode
    frames: int
    place: Place | None = None
    video: bool = True
    channels: int = 0
    still: bool = False
    online: bool = True
    uneven: bool = False
    width: int | None = None
    height: int | None = None
    sample_rate: int | None = None
    title: str | None = None
    description: str | None = None
    scene: str | None = None
    take: str | None = None
    collection: str | None = None
    first_number: int | None = None


@dataclass(frozen=True, slots=True)
class Marker:
    """A remark on ``frames`` frames of a cut's essence from ``first`` (from its first picture)."""

    first: int
    frames: int
    text: str


@dataclass(frozen=True, slots=True)
class Cut:
    """A part of one essence in its place on the timeline.

    ``first`` and ``frames`` count pictures of the essence, handles included, of which
    ``handles`` says how many there are before and after what was chosen. ``at`` and
    ``length`` count frames of the timeline, on video track ``track`` (from 1).
    """

    media: Media
    first: int
    frames: int
    at: int
    length: int
    name: str
    position: int
    clip_id: int | None = None
    kind: str = "shot"
    roll: str | None = None
    note: str | None = None
    text: str | None = None
    markers: tuple[Marker, ...] = ()
    handles: tuple[int, int] = (0, 0)
    track: int = 1
    sound: bool = True
    picture: str | None = None

    @property
    def source_in(self) -> Timecode:
        """The essence's own address of the first frame."""
        return self.media.start + self.first

    @property
    def source_out(self) -> Timecode:
        """The address after the last frame."""
        return self.media.start + (self.first + self.frames)

    @property
    def has_sound(self) -> bool:
        """Whether its sound goes along."""
        return self.sound and self.media.channels > 0

    @property
    def end(self) -> int:
        """The timeline's frame after the last."""
        return self.at + self.length


@dataclass(frozen=True, slots=True)
class Timeline:
    """Cuts, in order, at the timeline's own rate from its own first address."""

    name: str
    rate: Fraction
    start: Timecode
    cuts: tuple[Cut, ...]
    note: str | None = None

    @property
    def length(self) -> int:
        """Frames from the first to after the last."""
        return max((cut.end for cut in self.cuts), default=0)

    @property
    def rates(self) -> dict[str, int]:
        """How many cuts there are of each rate, spelt with drop-frame or not."""
        moving = (cut.media for cut in self.cuts if cut.media.video and not cut.media.still)
        return dict(Counter(spell_rate(m.rate, drop=m.start.drop) for m in moving))

    def address(self, frame: int) -> Timecode:
        """The timeline's own address of one of its frames."""
        return self.start + frame


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was chosen of an asset, before it has a place; ``start`` and ``end`` are seconds.

    ``media`` counts in its own rate, a sound in samples. What has no moving pictures
    takes the timeline's rate, and is ``seconds`` long. ``at`` is where it lies on the
    timeline, in seconds from its first frame; None is behind what was laid on its track before.
    ``line`` is the line of a script it belongs to: all of one line begin together, each track by
    itself, behind everything of what came before. A line's clips stand side by side.
    """

    media: Media
    start: Fraction
    end: Fraction
    seconds: Fraction
    name: str
    clip_id: int | None = None
    kind: str = "shot"
    roll: str | None = None
    note: str | None = None
    text: str | None = None
    picture: str | None = None
    track: int = 1
    sound: bool = True
    at: Fraction | None = None
    line: int | None = None


def standard_rate(rate: Fraction) -> Fraction:
    """The rate that is meant: a file's measured average as the standard's exact fraction."""
    nearest = min(RATES.values(), key=lambda known: abs(known - rate))
    return nearest if abs(nearest - rate) < _SAME_RATE * nearest else rate


def spell_rate(rate: Fraction, *, drop: bool = False) -> str:
    """A rate as editors say it: ``25``, ``23.976``, ``29.97 DF``."""
    spelt = next((name for name, known in RATES.items() if known == rate), f"{float(rate):.6g}")
    return f"{spelt} DF" if drop else spelt


def lay(
    name: str,
    chosen: Sequence[Chosen],
    *,
    rate: Fraction | None = None,
    start: str | None = None,
    handles: int = 0,
    note: str | None = None,
    tracks: int | None = None,
) -> Timeline:
    """Put what was chosen one after the other, or each in the place that it names.

    Parameters
    ----------
    rate:
        Frames per second of the timeline; None takes the one that most have, of those
        as many the first.
    start:
        The timeline's first address; None is one hour, drop-frame if most of its rate are.
    handles:
        Frames more on either side, as far as the essence goes.
    tracks:
        How many video tracks whoever writes it can carry; None: any number. What lies on others
        has no say in the rate, unless there is nothing else.

    Raises
    ------
    InvalidInputError
        If ``start`` is no timecode of that rate.
    """
    moving = [each for each in chosen if each.media.video and not each.media.still]
    carried = [each for each in moving if tracks is None or each.track <= tracks]
    pictures = [each.media for each in carried or moving]
    common = Counter(media.rate for media in pictures).most_common(1)
    own = rate or (common[0][0] if common else Fraction(25))
    cuts: list[Cut] = []
    ends: dict[int, int] = {}
    line: int | None = None
    for position, each in enumerate(chosen, 1):
        if each.line != line:
            line, behind = each.line, max(ends.values(), default=0)
            ends = dict.fromkeys({*ends, each.track, 1, 2}, behind)
        at = ends.get(each.track, 0) if each.at is None else _nearest(each.at * own)
        cut = _cut(each, own, position, handles, at)
        ends[each.track] = cut.end
        cuts.append(cut)
    return Timeline(name, own, _start(start, own, pictures), tuple(cuts), note)


def _start(text: str | None, rate: Fraction, pictures: Sequence[Media]) -> Timecode:
    if text is not None:
        return parse_timecode(text, rate)
    alike = [media.start.drop for media in pictures if media.rate == rate]
    drop = can_drop(rate) and 2 * sum(alike) > len(alike)
    return parse_timecode(_CUSTOMARY_START.format(";" if drop else ":"), rate)


def _cut(chosen: Chosen, rate: Fraction, position: int, handles: int, at: int) -> Cut:
    media = chosen.media
    if media.still or not media.video:
        media = _at_rate(chosen, rate)
    first = min(_nearest(chosen.start * media.rate), media.frames - 1)
    last = max(first + 1, min(_nearest(chosen.end * media.rate), media.frames))
    before, after = (0, 0) if media.still else (min(handles, first), media.frames - last)
    after = min(handles, after)
    frames = before + last - first + after
    markers = (Marker(first, last - first, chosen.note),) if chosen.note else ()
    return Cut(
        media,
        first - before,
        frames,
        at,
        frames_at(frames, media.rate, rate),
        chosen.name,
        position,
        clip_id=chosen.clip_id,
        kind=chosen.kind,
        roll=chosen.roll,
        note=chosen.note,
        text=chosen.text,
        markers=markers,
        handles=(before, after),
        track=chosen.track,
        sound=chosen.sound,
        picture=chosen.picture,
    )


def _at_rate(chosen: Chosen, rate: Fraction) -> Media:
    """A still or a sound, which have no pictures to count, in the timeline's frames."""
    media = chosen.media
    since_midnight = Fraction(media.start.frames) / media.rate
    return replace(
        media,
        rate=rate,
        start=Timecode(_nearest(since_midnight * rate), nominal_rate(rate)),
        frames=max(1, _nearest(chosen.seconds * rate)),
    )


def frames_at(frames: int, rate: Fraction, other: Fraction) -> int:
    """How many whole frames of another rate so many fill: never more than there are pictures."""
    return frames if rate == other else max(1, int(frames * other / rate))


def _nearest(value: Fraction) -> int:
    return int(value + Fraction(1, 2))


__all__ = [
    "RATES",
    "Chosen",
    "Cut",
    "Marker",
    "Media",
    "Timeline",
    "frames_at",
    "lay",
    "spell_rate",
    "standard_rate",
]
