"""CMX 3600 edit decision lists.

After the CMX 3600 format as ANSI/SMPTE 258M describes its lists, with the notes that
editing systems add (FROM CLIP NAME, SOURCE FILE, LOC). Our own writer: OpenTimelineIO's
takes drop-frame from the rate, writes no FCM, and gives markers by source timecode.
"""

from __future__ import annotations

from collections.abc import Iterator

from catalog.domain.timecode import Timecode
from catalog.domain.timeline import Cut, Timeline, spell_rate
from catalog.interchange.written import (
    Options,
    Written,
    of_one_rate,
    one_line,
    reel_names,
)

REEL_LENGTH = 8
_MOST_EVENTS = 999
_RATES = ("23.976", "24", "25", "29.97", "30", "50", "59.94", "60")


def write_edl(timeline: Timeline, options: Options) -> Written:
    """The timeline's first video track and two channels of its sound, as cuts."""
    written = Written()
    cuts = of_one_rate(timeline, written, "an EDL", tracks=1)
    reels = reel_names(cuts, REEL_LENGTH)
    _note_losses(timeline, cuts, reels, written)
    lines = [f"TITLE: {one_line(timeline.name)[:70]}", _mode(timeline.start), ""]
    drop = timeline.start.drop
    for number, cut in enumerate(cuts, 1):
        if cut.media.start.drop != drop:
            drop = cut.media.start.drop
            lines.append(_mode(cut.media.start))
        lines += _event(number, cut, timeline, reels[cut.media.reel], options)
    written.data = ("\n".join(lines) + "\n").encode("utf-8")
    written.clips = len(cuts)
    return written


def _note_losses(
    timeline: Timeline, cuts: list[Cut], reels: dict[str, str], written: Written
) -> None:
    if spell_rate(timeline.rate) not in _RATES:
        spelt = spell_rate(timeline.rate)
        written.leave("rate", f"an EDL does not say its rate, and {spelt} is none it is known by")
    if len(cuts) > _MOST_EVENTS:
        written.leave("numbers", f"some systems read no more than {_MOST_EVENTS} events")
    for reel, short in reels.items():
        if reel != short:
            reason = f"the reel {one_line(reel)!r} is called {short}: an EDL has {REEL_LENGTH}"
            cut = next(cut for cut in cuts if cut.media.reel == reel)
            written.leave("reel", f"{reason} characters of ASCII for it", cut)
    for cut in cuts:
        if cut.sound and cut.media.channels > 2:
            written.leave("sound", "an EDL has two channels; the rest of them is not named", cut)


def _event(number: int, cut: Cut, timeline: Timeline, reel: str, options: Options) -> Iterator[str]:
    record = (timeline.address(cut.at), timeline.address(cut.end))
    times = " ".join(map(str, (cut.source_in, cut.source_out, *record)))
    yield f"{number:03d}  {reel:<8} {_channels(cut):<5} C        {times}"
    yield f"* FROM CLIP NAME: {one_line(cut.name)}"
    if path := options.path(cut):
        yield f"* SOURCE FILE: {path}"
    if reel != cut.media.reel:
        yield f"* REEL: {one_line(cut.media.reel)}"
    for marker in cut.markers:
        where = timeline.address(cut.at + marker.first - cut.first)
        yield f"* LOC: {where} GREEN   {one_line(marker.text)}"


def _channels(cut: Cut) -> str:
    sound = min(2, cut.media.channels) if cut.sound else 0
    if not cut.media.video:
        return "AA" if sound > 1 else "A"
    return ("V", "B", "AA/V")[sound]


def _mode(address: Timecode) -> str:
    return "FCM: DROP FRAME" if address.drop else "FCM: NON-DROP FRAME"
