"""Clips and markers of an OpenTimelineIO file.

The file is read as the JSON it is, not by the library: that refuses files of newer
versions whole, and parses what strangers wrote in native code.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any
from urllib.parse import unquote

from catalog.interchange.logged import MOST_FRAMES, Logged, distinct, exact_rate, lines

_MOST_OBJECTS = 2_000_000


def read_otio(data: bytes) -> list[Logged]:
    """Every clip with the part of its media, and every marker on one.

    Raises
    ------
    ValueError
        If it is no such file.
    """
    try:
        root = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it is no JSON ({type(error).__name__})") from error
    if not isinstance(root, dict) or "OTIO_SCHEMA" not in root:
        raise ValueError("it is no OpenTimelineIO file")
    return distinct([entry for clip in _clips(root) for entry in _entries(clip)])


def _clips(root: dict[str, Any]) -> Iterator[dict[str, Any]]:
    stack: list[Any] = [root]
    count = 0
    while stack:
        each = stack.pop()
        count += 1
        if count > _MOST_OBJECTS:
            raise ValueError("it holds more than any timeline")
        if isinstance(each, list):
            stack.extend(reversed(each))
        elif isinstance(each, dict):
            if _schema(each) == "Clip":
                yield each
            else:
                stack += [each[key] for key in ("children", "tracks") if key in each][::-1]


def _schema(value: Mapping[str, Any]) -> str:
    return str(value.get("OTIO_SCHEMA", "")).partition(".")[0]


@dataclass(frozen=True, slots=True)
class _Range:
    start: int
    frames: int
    rate: Fraction


def _range(value: Any) -> _Range | None:  # noqa: ANN401  # any JSON
    if not isinstance(value, dict):
        return None
    start, length = (_time(value.get(key)) for key in ("start_time", "duration"))
    if start is None or length is None:
        return None
    # Both in the rate of the start, as OpenTimelineIO itself counts.
    frames = round(length[0] * start[1] / length[1])
    return _Range(round(start[0]), frames, start[1])


def _time(value: Any) -> tuple[Fraction, Fraction] | None:  # noqa: ANN401  # any JSON
    if not isinstance(value, dict):
        return None
    numbers = [value.get(key) for key in ("value", "rate")]
    if not all(isinstance(n, int | float) and not isinstance(n, bool) for n in numbers):
        return None
    count, rate = (float(number) for number in numbers if number is not None)
    exact = exact_rate(rate) if math.isfinite(rate) else None
    if exact is None or not math.isfinite(count) or abs(count) > MOST_FRAMES:
        return None
    return Fraction(count), exact


def _entries(clip: Mapping[str, Any]) -> Iterator[Logged]:
    media = _media(clip)
    whole = _range(media.get("available_range"))
    part = _range(clip.get("source_range")) or whole
    if part is None:
        return
    ours = _object(_object(clip.get("metadata")).get("catalog"))
    first = whole.start if whole is not None and whole.rate == part.rate else None
    files, reels, drop = _files(clip, media), _reels(clip, ours), ours.get("drop_frame") is True
    facts = {"clip_name": _text(clip.get("name"))}
    facts |= {key: _text(ours.get(key)) for key in ("scene", "take", "reel", "note")}

    def entry(where: _Range, text: str | None) -> Logged:
        return Logged(
            files=files,
            reels=reels,
            rate=where.rate,
            start=where.start,
            frames=where.frames,
            drop=drop,
            offset=None if first is None else (where.start - first) / where.rate,
            text=text,
            facts={key: value for key, value in facts.items() if value},
        )

    remarks = []
    for marker, marked in _markers(clip):
        # A remark on all of what was chosen, without its handles, names it.
        before, after = _handles(ours)
        if (marked.start, marked.frames) == (part.start + before, part.frames - before - after):
            remarks.append(marker)
        else:
            yield entry(marked, marker)
    before, after = _handles(ours)
    chosen = _Range(part.start + before, part.frames - before - after, part.rate)
    yield entry(chosen if chosen.frames > 0 else part, lines(_text(clip.get("name")), *remarks))


def _handles(ours: Mapping[str, Any]) -> tuple[int, int]:
    """Frames before and after what was chosen, in files of our own."""
    found = ours.get("handles")
    if isinstance(found, list) and len(found) == 2 and all(type(n) is int for n in found):
        return max(0, found[0]), max(0, found[1])
    return 0, 0


def _markers(clip: Mapping[str, Any]) -> Iterator[tuple[str, _Range]]:
    found = clip.get("markers")
    for marker in found if isinstance(found, list) else ():
        marked = _range(_object(marker).get("marked_range"))
        text = lines(_text(_object(marker).get("name")), _text(_object(marker).get("comment")))
        if marked is not None and text:
            yield text, _Range(marked.start, max(1, marked.frames), marked.rate)


def _media(clip: Mapping[str, Any]) -> Mapping[str, Any]:
    several = _object(clip.get("media_references"))
    active = several.get(str(clip.get("active_media_reference_key", "DEFAULT_MEDIA")))
    return _object(active or clip.get("media_reference") or next(iter(several.values()), None))


def _files(clip: Mapping[str, Any], media: Mapping[str, Any]) -> tuple[str, ...]:
    url = _text(media.get("target_url") or media.get("target_url_base"))
    prefix = _text(media.get("name_prefix"))
    names = (unquote(url), prefix.rstrip("._-"), _text(media.get("name")), _text(clip.get("name")))
    return tuple(dict.fromkeys(name for name in names if name))


def _reels(clip: Mapping[str, Any], ours: Mapping[str, Any]) -> tuple[str, ...]:
    metadata = _object(clip.get("metadata"))
    logs = _object(metadata.get("ALE"))
    found = [ours.get("reel"), _object(metadata.get("cmx_3600")).get("reel")]
    found += [logs.get("Tape"), logs.get("Reel")]
    return tuple(dict.fromkeys(text for value in found if (text := _text(value))))


def _object(value: Any) -> Mapping[str, Any]:  # noqa: ANN401  # any JSON
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:  # noqa: ANN401  # any JSON
    return value.strip() if isinstance(value, str) else ""
