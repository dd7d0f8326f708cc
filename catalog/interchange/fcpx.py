"""Final Cut Pro X XML (``fcpxml`` 1.8), which Final Cut Pro and DaVinci Resolve read.

After Apple's FCPXML Reference: times are exact fractions of seconds, what is on the
timeline lies on its frames. Our own writer: OpenTimelineIO's cuts rates down to whole
numbers (29.97 becomes 29), and starts a program over every file.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement  # nothing is parsed here

from catalog.domain.timecode import Timecode
from catalog.domain.timeline import RATES, Cut, Media, Timeline, spell_rate
from catalog.interchange.written import Options, Written, note_sequence, one_line, xml_text
from catalog.interchange.xml_file import document

_REEL = "com.apple.proapps.studio.reel"
_SCENE = "com.apple.proapps.studio.scene"
_TAKE = "com.apple.proapps.studio.shot"
# What Final Cut Pro calls the format of what has no rate.
_OF_STILLS = "FFVideoFormatRateUndefined"
# The rates by which a clip of another rate can be conformed, as FCPXML spells them.
_CONFORM = {
    "23.976": "23.98", "24": "24", "25": "25", "29.97": "29.97", "30": "30",
    "47.952": "47.95", "48": "48", "50": "50", "59.94": "59.94", "60": "60",
}  # fmt: skip


def write_fcpxml(timeline: Timeline, options: Options) -> Written:
    """A project: the first video track as its spine, others connected to it."""
    written = Written()
    cuts = _carried(timeline, options, written)
    root = Element("fcpxml", version="1.8")
    resources = _Resources(SubElement(root, "resources"))
    size = next(((c.media.width, c.media.height) for c in cuts if c.media.width), None)
    form = resources.format_of(timeline.rate, size or (1920, 1080))
    event = SubElement(SubElement(root, "library"), "event", name=_name(timeline.name))
    project = SubElement(event, "project", name=_name(timeline.name))
    sequence = SubElement(project, "sequence", format=form)
    one = 1 / timeline.rate
    sequence.set("duration", _time(max((cut.end for cut in cuts), default=0) * one))
    sequence.set("tcStart", _time(timeline.start.frames * one))
    sequence.set("tcFormat", _display(timeline.start))
    if timeline.note:
        SubElement(sequence, "note").text = xml_text(timeline.note)
    _spine(SubElement(sequence, "spine"), timeline, cuts, resources, options)
    written.data = document(root, doctype="fcpxml")
    written.clips = len(cuts)
    return written


def _carried(timeline: Timeline, options: Options, written: Written) -> list[Cut]:
    kept = []
    for cut in timeline.cuts:
        if not options.url(cut):
            written.leave("clip", "FCPXML names media by file, and none of it is known", cut)
        elif cut.media.rate != timeline.rate and cut.media.rate not in RATES.values():
            spelt = spell_rate(cut.media.rate)
            written.leave("clip", f"FCPXML cannot conform {spelt} frames/s to the timeline", cut)
        else:
            note_sequence(written, "FCPXML", cut)
            kept.append(cut)
    return kept


class _Resources:
    """Formats and assets, each described once."""

    def __init__(self, element: Element) -> None:
        self._element = element
        self._known: dict[tuple[object, ...], str] = {}

    def format_of(self, rate: Fraction | None, size: tuple[int | None, int | None] | None) -> str:
        key = ("format", rate, size)
        if key not in self._known:
            made = self._new("format", key)
            if rate is None:
                made.set("name", _OF_STILLS)
            else:
                made.set("frameDuration", _time(1 / rate))
            if size and size[0] and size[1]:
                made.set("width", str(size[0]))
                made.set("height", str(size[1]))
        return self._known[key]

    def asset_of(self, media: Media, url: str) -> str:
        key = ("asset", media.id)
        if key not in self._known:
            self._describe(self._new("asset", key), media, url)
        return self._known[key]

    def _new(self, tag: str, key: tuple[object, ...]) -> Element:
        self._known[key] = f"r{len(self._known) + 1}"
        return SubElement(self._element, tag, id=self._known[key])

    def _describe(self, made: Element, media: Media, url: str) -> None:
        made.set("name", _name(media.name))
        made.set("src", xml_text(url))
        made.set("start", "0s" if media.still else _time(media.start.frames / media.rate))
        made.set("duration", "0s" if media.still else _time(media.frames / media.rate))
        if media.video:
            # Formats come before what refers to them; readers do not mind either order.
            rate = None if media.still else media.rate
            made.set("hasVideo", "1")
            made.set("format", self.format_of(rate, (media.width, media.height)))
        if media.channels:
            made.set("hasAudio", "1")
            made.set("audioSources", "1")
            made.set("audioChannels", str(media.channels))
            made.set("audioRate", str(media.sample_rate or 48000))
        facts = {_REEL: media.reel, _SCENE: media.scene, _TAKE: media.take}
        metadata = SubElement(made, "metadata")
        for key, value in facts.items():
            if value:
                SubElement(metadata, "md", key=key, value=_name(value))


def _spine(
    spine: Element,
    timeline: Timeline,
    cuts: Sequence[Cut],
    resources: _Resources,
    options: Options,
) -> None:
    """Lay the first track end to end, gaps between; connect the others where they begin."""
    primary = sorted((cut for cut in cuts if cut.track == 1), key=lambda cut: cut.at)
    placed: list[tuple[int, int, Element, Fraction]] = []
    end = 0
    for cut in primary:
        if cut.at > end:
            placed.append(_gap(spine, timeline, end, cut.at))
        element = _clip(spine, timeline, cut, resources, options)
        placed.append((cut.at, cut.end, element, _source_start(cut)))
        end = cut.end
    last = max((cut.end for cut in cuts), default=0)
    if last > end:
        placed.append(_gap(spine, timeline, end, last))
    for cut in cuts:
        if cut.track > 1:
            at, _, parent, start = next(p for p in placed if p[0] <= cut.at < p[1])
            element = _clip(parent, timeline, cut, resources, options)
            element.set("lane", str(cut.track - 1))
            element.set("offset", _time(start + (cut.at - at) / timeline.rate))
    for *_, element, _ in placed:
        _in_order(element)


# What stands in a clip, in the order of FCPXML's document type.
_ORDER = ("note", "conform-rate", "asset-clip", "video", "marker", "metadata")


def _in_order(element: Element) -> None:
    element[:] = sorted(element, key=lambda child: _ORDER.index(child.tag))


def _gap(
    spine: Element, timeline: Timeline, start: int, end: int
) -> tuple[int, int, Element, Fraction]:
    offset = (timeline.start.frames + start) / timeline.rate
    length = (end - start) / timeline.rate
    gap = SubElement(spine, "gap", name="Gap", offset=_time(offset), start="3600s")
    gap.set("duration", _time(length))
    return start, end, gap, Fraction(3600)


def _clip(
    parent: Element, timeline: Timeline, cut: Cut, resources: _Resources, options: Options
) -> Element:
    media, one = cut.media, 1 / timeline.rate
    ref = resources.asset_of(media, options.url(cut))
    element = SubElement(parent, "video" if media.still else "asset-clip", ref=ref)
    element.set("name", _name(cut.name))
    element.set("offset", _time((timeline.start.frames + cut.at) * one))
    element.set("start", _time(_source_start(cut)))
    element.set("duration", _time(cut.length * one))
    if cut.note:
        SubElement(element, "note").text = xml_text(cut.note)
    if media.video and not media.still:
        element.set("format", resources.format_of(media.rate, (media.width, media.height)))
        element.set("tcFormat", _display(media.start))
        if not cut.sound:
            element.set("srcEnable", "video")
        if media.rate != timeline.rate:
            rate = _CONFORM[spell_rate(media.rate)]
            SubElement(element, "conform-rate", scaleEnabled="0", srcFrameRate=rate)
    for marker in cut.markers:
        SubElement(
            element,
            "marker",
            start=_time((media.start.frames + marker.first) / media.rate),
            duration=_time(marker.frames / media.rate),
            value=_name(marker.text),
        )
    return element


def _source_start(cut: Cut) -> Fraction:
    if cut.media.still:
        return Fraction(0)
    return (cut.media.start.frames + cut.first) / cut.media.rate


def _time(seconds: Fraction) -> str:
    """Seconds as FCPXML spells them: ``1001/30000s``, ``5s``."""
    if seconds.denominator == 1:
        return f"{seconds.numerator}s"
    return f"{seconds.numerator}/{seconds.denominator}s"


def _display(address: Timecode) -> str:
    return "DF" if address.drop else "NDF"


def _name(text: str) -> str:
    return xml_text(one_line(text))
