"""Timelines that Hypothesis makes up: every rate, drop-frame and not, from any address."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from hypothesis import strategies as st

from catalog.domain.mapping import place_of
from catalog.domain.timecode import Timecode, can_drop, frames_per_day, nominal_rate
from catalog.domain.timeline import RATES, Chosen, Media, Timeline, lay

ALL_RATES = [RATES[n] for n in ("23.976", "24", "25", "29.97", "30", "50", "59.94", "60")]
# What people call clips and reels; control characters and XML's own letters among it.
NAMES = st.text(st.characters(codec="utf-8"), max_size=20).filter(lambda t: bool(t.strip()))


@st.composite
def addresses(draw: st.DrawFn, rate: Fraction) -> Timecode:
    """Any address of the day; near midnight and whole hours more often."""
    drop = can_drop(rate) and rate.denominator != 1 and draw(st.booleans())
    nominal = nominal_rate(rate)
    day = frames_per_day(nominal, drop=drop)
    hours = st.integers(0, 23).map(lambda hour: hour * day // 24)
    near = st.integers(1, 600).map(lambda frames: day - frames)
    frame = draw(st.one_of(st.integers(0, day - 1), hours, near))
    return Timecode(frame, nominal, drop)


@st.composite
def essences(draw: st.DrawFn, number: int, rate: Fraction) -> Media:
    """An essence of some length, with or without sound."""
    name = draw(st.sampled_from(["clip", "Ä b", "日本", "a&b <c>"])) + f" {number}.mov"
    return Media(
        number,
        f"identity {number}",
        name,
        draw(st.sampled_from([f"A001C001_24{number}", f"T{number}", "Band Ü", "BL"])),
        rate,
        draw(addresses(rate)),
        draw(st.integers(1, 40_000)),
        place_of(Path("/mnt/rushes"), Path("day 1") / name),
        channels=draw(st.integers(0, 4)),
        width=1920,
        height=1080,
        sample_rate=48000,
    )


@st.composite
def timelines(draw: st.DrawFn, *, mixed: bool = False, most: int = 5) -> Timeline:
    """A bin of several cuts of a few essences, laid end to end."""
    rate = draw(st.sampled_from(ALL_RATES))
    rates = ALL_RATES if mixed else [rate]
    media = [
        draw(essences(number, draw(st.sampled_from(rates))))
        for number in range(1, draw(st.integers(1, 3)) + 1)
    ]
    chosen = []
    for number in range(draw(st.integers(1, most))):
        each = draw(st.sampled_from(media))
        first = draw(st.integers(0, each.frames - 1))
        last = draw(st.integers(first + 1, each.frames))
        chosen.append(
            Chosen(
                each,
                first / each.rate,
                last / each.rate,
                Fraction(0),
                draw(NAMES),
                clip_id=number,
                note=draw(st.none() | NAMES),
            )
        )
    return lay(draw(NAMES), chosen, handles=draw(st.sampled_from([0, 0, 12])))
