"""Final Cut Pro 7 XML (``xmeml``), which Premiere Pro and DaVinci Resolve read.

After Apple's Final Cut Pro XML Interchange Format. Our own writer: OpenTimelineIO's
takes drop-frame from the rate, and gives all sounds one channel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement  # nothing is parsed here

from catalog.domain.timecode import Timecode, nominal_rate
from catalog.domain.timeline import Cut, Media, Timeline, spell_rate
from catalog.interchange.written import Options, Written, is_ntsc, note_sequence, one_line, xml_text
from catalog.interchange.xml_file import document


@dataclass(slots=True)
class _Items:
    """Which items stand for a cut, and which files have been described."""

    files: set[int] = field(default_factory=set)
    of_cut: dict[int, list[tuple[str, str, int, int]]] = field(default_factory=dict)


def write_fcp7(timeline: Timeline, options: Options) -> Written:
    """A sequence: video tracks, and an audio track for each channel."""
    written = Written()
    cuts = _carried(timeline, written)
    root = Element("xmeml", version="4")
    sequence = SubElement(root, "sequence", id="sequence-1")
    _add(sequence, "name", one_line(timeline.name))
    _add(sequence, "duration", max((cut.end for cut in cuts), default=0))
    _rate(sequence, timeline.rate)
    _timecode(sequence, timeline.start, timeline.rate)
    media = SubElement(sequence, "media")
    items = _Items()
    _tracks(media, timeline, cuts, options, items)
    for track in media.iter("track"):
        for item in track.iter("clipitem"):
            _links(item, items.of_cut[int(item.attrib.pop("cut"))])
    written.data = document(root, doctype="xmeml")
    written.clips = len(cuts)
    return written


def _carried(timeline: Timeline, written: Written) -> list[Cut]:
    kept = []
    for cut in timeline.cuts:
        rate = cut.media.rate
        if rate.denominator == 1 or is_ntsc(rate):
            note_sequence(written, "xmeml", cut)
            kept.append(cut)
        else:
            spelt = spell_rate(rate)
            reason = f"xmeml has whole rates and those of NTSC; this has {spelt} frames/s"
            written.leave("clip", reason, cut)
    if timeline.rate.denominator != 1 and not is_ntsc(timeline.rate):
        written.leave("rate", f"xmeml cannot say {spell_rate(timeline.rate)} frames/s exactly")
    return kept


def _tracks(
    media: Element, timeline: Timeline, cuts: Sequence[Cut], options: Options, items: _Items
) -> None:
    video, audio = SubElement(media, "video"), SubElement(media, "audio")
    form = SubElement(SubElement(video, "format"), "samplecharacteristics")
    _rate(form, timeline.rate)
    sized = next((c.media for c in cuts if c.media.width and c.media.height), None)
    _add(form, "width", (sized and sized.width) or 1920)
    _add(form, "height", (sized and sized.height) or 1080)
    channel_tracks = 0
    for number in range(1, max((cut.track for cut in cuts), default=1) + 1):
        mine = sorted((cut for cut in cuts if cut.track == number), key=lambda cut: cut.at)
        track = SubElement(video, "track")
        for cut in mine:
            if cut.media.video:
                _item(track, cut, options, items, kind=("video", number, 0))
        channels = max((cut.media.channels for cut in mine if cut.has_sound), default=0)
        for channel in range(1, channels + 1):
            channel_tracks += 1
            track = SubElement(audio, "track")
            for cut in mine:
                if cut.has_sound and channel <= cut.media.channels:
                    _item(track, cut, options, items, kind=("audio", channel_tracks, channel))


def _item(
    track: Element, cut: Cut, options: Options, items: _Items, *, kind: tuple[str, int, int]
) -> None:
    sort, number, channel = kind
    name = f"clipitem-{cut.position}-{sort}{channel or ''}"
    item = SubElement(track, "clipitem", id=name, cut=str(cut.position))
    place = (name, sort, number, len(track))
    items.of_cut.setdefault(cut.position, []).append(place)
    _add(item, "name", one_line(cut.name))
    _add(item, "enabled", "TRUE")
    _add(item, "duration", cut.media.frames)
    _rate(item, cut.media.rate)
    _add(item, "start", cut.at)
    _add(item, "end", cut.end)
    _add(item, "in", cut.first)
    _add(item, "out", cut.first + cut.frames)
    if cut.media.still:
        _add(item, "stillframe", "TRUE")
    _file(item, cut.media, options.url(cut), items)
    if channel:
        source = SubElement(item, "sourcetrack")
        _add(source, "mediatype", "audio")
        _add(source, "trackindex", channel)
    if sort == "video" or not cut.media.video:
        _remarks(item, cut)


def _remarks(item: Element, cut: Cut) -> None:
    for marker in cut.markers:
        element = SubElement(item, "marker")
        _add(element, "name", one_line(marker.text)[:80])
        _add(element, "comment", xml_text(marker.text))
        _add(element, "in", marker.first)
        _add(element, "out", marker.first + marker.frames)
    logging = SubElement(item, "logginginfo")
    for tag, text in (
        ("description", cut.text or cut.media.description),
        ("scene", cut.media.scene),
        ("shottake", cut.media.take),
        ("lognote", cut.note),
    ):
        _add(logging, tag, xml_text(text))


def _file(item: Element, media: Media, url: str, items: _Items) -> None:
    file = SubElement(item, "file", id=f"file-{media.id}")
    if media.id in items.files:
        return
    items.files.add(media.id)
    _add(file, "name", one_line(media.name))
    if url:
        _add(file, "pathurl", url.replace("file:///", "file://localhost/", 1))
    _rate(file, media.rate)
    _add(file, "duration", media.frames)
    _timecode(file, media.start, media.rate, reel=media.reel)
    tracks = SubElement(file, "media")
    if media.video:
        form = SubElement(SubElement(tracks, "video"), "samplecharacteristics")
        _rate(form, media.rate)
        if media.width and media.height:
            _add(form, "width", media.width)
            _add(form, "height", media.height)
    for channel in range(1, media.channels + 1):
        audio = SubElement(tracks, "audio")
        if media.sample_rate:
            _add(SubElement(audio, "samplecharacteristics"), "samplerate", media.sample_rate)
        _add(audio, "channelcount", 1)
        _add(SubElement(audio, "audiochannel"), "sourcechannel", channel)


def _links(item: Element, places: Sequence[tuple[str, str, int, int]]) -> None:
    """Say which items belong together, so that picture and sound are moved as one."""
    for name, sort, number, index in places if len(places) > 1 else ():
        link = SubElement(item, "link")
        _add(link, "linkclipref", name)
        _add(link, "mediatype", sort)
        _add(link, "trackindex", number)
        _add(link, "clipindex", index)


def _rate(parent: Element, rate: Fraction) -> None:
    element = SubElement(parent, "rate")
    _add(element, "timebase", nominal_rate(rate))
    _add(element, "ntsc", "TRUE" if is_ntsc(rate) else "FALSE")


def _timecode(parent: Element, start: Timecode, rate: Fraction, *, reel: str = "") -> None:
    element = SubElement(parent, "timecode")
    _rate(element, rate)
    _add(element, "string", str(start))
    _add(element, "frame", start.frames)
    _add(element, "displayformat", "DF" if start.drop else "NDF")
    if reel:
        _add(SubElement(element, "reel"), "name", one_line(reel))


def _add(parent: Element, tag: str, value: str | int) -> None:
    SubElement(parent, tag).text = xml_text(str(value))
