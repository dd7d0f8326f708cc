"""OpenTimelineIO's own files (``.otio``), through its library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from catalog.domain.sequences import parse_pattern
from catalog.domain.timeline import Cut, Media, Timeline, spell_rate
from catalog.interchange.written import Options, Written, one_line

if TYPE_CHECKING:
    import opentimelineio as otio


def write_otio(timeline: Timeline, options: Options) -> Written:
    """Every cut in its own rate, with all that is known of it under ``metadata["catalog"]``."""
    import opentimelineio as otio  # noqa: PLC0415  # only those who export pay for it

    made = otio.schema.Timeline(
        one_line(timeline.name),
        global_start_time=_time(timeline.start.frames, float(timeline.rate)),
        metadata={"catalog": _facts_of_all(timeline)},
    )
    for number in sorted({cut.track for cut in timeline.cuts} or {1}):
        for kind, letter in (("Video", "V"), ("Audio", "A")):
            cuts = [c for c in timeline.cuts if c.track == number and _is_on(c, kind)]
            if cuts or (kind == "Video" and number == 1):
                made.tracks.append(_track(f"{letter}{number}", kind, cuts, timeline, options))
    text: str = otio.adapters.write_to_string(made, "otio_json")
    return Written(text.encode("utf-8"), clips=len(timeline.cuts))


def _is_on(cut: Cut, kind: str) -> bool:
    return cut.media.video if kind == "Video" else cut.has_sound


def _track(
    name: str, kind: str, cuts: list[Cut], timeline: Timeline, options: Options
) -> otio.schema.Track:
    import opentimelineio as otio  # noqa: PLC0415

    track = otio.schema.Track(name, kind=kind)
    rate, end = float(timeline.rate), 0
    for cut in sorted(cuts, key=lambda c: c.at):
        if cut.at > end:
            gap = otio.opentime.TimeRange(_time(0, rate), _time(cut.at - end, rate))
            track.append(otio.schema.Gap(source_range=gap))
        track.append(_clip(cut, options, markers=kind == "Video" or not cut.media.video))
        end = cut.end
    return track


def _clip(cut: Cut, options: Options, *, markers: bool) -> otio.schema.Clip:
    import opentimelineio as otio  # noqa: PLC0415

    rate, media = float(cut.media.rate), cut.media
    first = media.start.frames
    whole = otio.opentime.TimeRange(_time(first, rate), _time(media.frames, rate))
    part = otio.opentime.TimeRange(_time(first + cut.first, rate), _time(cut.frames, rate))
    found = _reference(media, options.whole_url(cut), whole)
    found.name = one_line(media.name)
    clip = otio.schema.Clip(one_line(cut.name), found, part)
    clip.metadata["catalog"] = _facts(cut)
    # Where OpenTimelineIO's other writers look for the reel.
    clip.metadata["cmx_3600"] = {"reel": one_line(media.reel)}
    for marker in cut.markers if markers else ():
        marked = otio.opentime.TimeRange(
            _time(first + marker.first, rate), _time(marker.frames, rate)
        )
        clip.markers.append(
            otio.schema.Marker(one_line(marker.text), marked, otio.schema.MarkerColor.GREEN)
        )
    return clip


def _reference(media: Media, url: str, whole: otio.opentime.TimeRange) -> otio.core.MediaReference:
    """Where the essence lies: a file, an image sequence's numbered files, or nobody knows."""
    import opentimelineio as otio  # noqa: PLC0415

    if not url:
        return otio.schema.MissingReference(available_range=whole)
    folder, _, name = url.rpartition("/")
    pattern = parse_pattern(unquote(name)) if media.first_number is not None else None
    if pattern is None:
        return otio.schema.ExternalReference(url, whole)
    return otio.schema.ImageSequenceReference(
        target_url_base=f"{folder}/" if folder else "",
        name_prefix=quote(pattern.prefix),
        name_suffix=pattern.suffix,
        start_frame=media.first_number or 0,
        rate=float(media.rate),
        frame_zero_padding=pattern.width,
        available_range=whole,
    )


def _time(frames: int, rate: float) -> otio.opentime.RationalTime:
    import opentimelineio as otio  # noqa: PLC0415

    return otio.opentime.RationalTime(frames, rate)


def _facts(cut: Cut) -> dict[str, Any]:
    media, place = cut.media, cut.media.place
    facts: dict[str, Any] = {
        "asset": media.id,
        "clip": cut.clip_id,
        "kind": cut.kind,
        "roll": cut.roll,
        "reel": media.reel,
        "rate": spell_rate(media.rate),
        "drop_frame": media.start.drop,
        "timecode_in": str(cut.source_in),
        "timecode_out": str(cut.source_out),
        "handles": list(cut.handles),
        "note": cut.note,
        "text": cut.text,
        "scene": media.scene,
        "take": media.take,
        "collection": media.collection,
        "channels": media.channels,
        "still": media.still or None,
        "path": None if place is None else place.path,
        "relative_path": None if place is None else place.relative,
    }
    return {key: _plain(value) for key, value in facts.items() if value is not None}


def _plain(value: Any) -> Any:  # noqa: ANN401  # what JSON has
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _facts_of_all(timeline: Timeline) -> dict[str, Any]:
    return {
        "rate": spell_rate(timeline.rate),
        "drop_frame": timeline.start.drop,
        "rates": dict(timeline.rates),
        **({"note": _plain(timeline.note)} if timeline.note else {}),
    }
