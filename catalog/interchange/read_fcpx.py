"""Clips, keywords and markers of a Final Cut Pro X XML (``fcpxml``), in exact seconds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from catalog.interchange.logged import MOST_FRAMES, Logged, distinct, lines
from catalog.interchange.xml_file import name_of, parsed

_TIME = re.compile(r"(-?\d{1,18})(?:/(\d{1,12}))?s")
_MARKS = ("marker", "chapter-marker", "keyword", "rating")
_HOLDERS = frozenset({"clip", "sync-clip", "asset-clip", "ref-clip", "mc-clip"})
_STUDIO = "com.apple.proapps.studio."


def read_fcpxml(data: bytes) -> list[Logged]:
    """Every part of an asset on a timeline or in an event, with what is marked on it.

    Raises
    ------
    ValueError
        If it is no such document.
    """
    root = parsed(data)
    if root.tag != "fcpxml":
        raise ValueError(f"it is no fcpxml but {name_of(root)}")
    assets = _Assets(root)
    parents = {child: parent for parent in root.iter() for child in parent}
    found: list[Logged] = []
    for element in root.iter():
        if element.tag == "asset-clip":
            found += _direct(element, assets)
        elif element.tag in {"clip", "sync-clip"}:
            found += _held(element, assets)
        elif element.tag in {"video", "audio"} and not _is_held(element, parents):
            found += _direct(element, assets)
    return distinct(found)


@dataclass(frozen=True, slots=True)
class _Asset:
    files: tuple[str, ...]
    reels: tuple[str, ...]
    rate: Fraction
    start: Fraction
    duration: Fraction
    facts: dict[str, str]


class _Assets:
    """The resources of a document by id."""

    def __init__(self, root: Element) -> None:
        formats: dict[str | None, Fraction] = {}
        for each in root.findall("./resources/format"):
            one = _time(each.get("frameDuration"))
            if one:
                formats[each.get("id")] = 1 / one
        # A sound has no format: it is counted as the timeline is.
        default = next(iter(formats.values()), Fraction(25))
        self._known = {
            each.get("id"): _asset(each, formats.get(each.get("format"), default))
            for each in root.findall("./resources/asset")
        }

    def of(self, element: Element) -> _Asset | None:
        return self._known.get(element.get("ref"))


def _asset(element: Element, rate: Fraction) -> _Asset:
    media = element.find("media-rep")
    source = element.get("src") or (media.get("src") if media is not None else "") or ""
    studio = {
        (each.get("key") or "").removeprefix(_STUDIO): (each.get("value") or "").strip()
        for each in element.findall("./metadata/md")
    }
    reel = studio.get("reel", "")
    facts = {"reel": reel, "scene": studio.get("scene", ""), "take": studio.get("shot", "")}
    names = (unquote(source), element.get("name") or "")
    return _Asset(
        files=tuple(dict.fromkeys(name for name in names if name)),
        reels=(reel,) if reel else (),
        rate=rate,
        start=_time(element.get("start")) or Fraction(0),
        duration=_time(element.get("duration")) or Fraction(0),
        facts={key: value for key, value in facts.items() if value},
    )


def _direct(element: Element, assets: _Assets) -> Iterator[Logged]:
    """What refers to an asset itself: its own time is the asset's."""
    asset = assets.of(element)
    if asset is None:
        return
    start = _time(element.get("start"))
    start = asset.start if start is None else start
    duration = _time(element.get("duration")) or asset.duration
    yield from _logged(element, asset, start, duration, shift=Fraction(0))


def _held(clip: Element, assets: _Assets) -> Iterator[Logged]:
    """A clip that holds pictures or sounds of assets, which lie in its own time."""
    start = _time(clip.get("start")) or Fraction(0)
    duration = _time(clip.get("duration"))
    stack = [(child, Fraction(0)) for child in clip]
    while stack:
        element, shift = stack.pop()
        if element.tag not in {"video", "audio", "gap", "spine"}:
            continue  # a clip within speaks for itself
        own = _time(element.get("start")) or Fraction(0)
        moved = shift + own - (_time(element.get("offset")) or Fraction(0))
        asset = assets.of(element)
        if asset is not None and duration is not None:
            yield from _logged(clip, asset, start + moved, duration, shift=moved)
        stack += [(child, moved) for child in element]


def _is_held(element: Element, parents: dict[Element, Element]) -> bool:
    parent = parents.get(element)
    while parent is not None and parent.tag in {"video", "audio", "gap", "spine"}:
        if parent.tag == "spine" and parents.get(parent) is not None:
            holder = parents[parent].tag
            return holder in _HOLDERS
        parent = parents.get(parent)
    return parent is not None and parent.tag in _HOLDERS - {"asset-clip"}


def _logged(
    element: Element, asset: _Asset, start: Fraction, duration: Fraction, *, shift: Fraction
) -> Iterator[Logged]:
    name, note = element.get("name") or "", (element.findtext("note") or "").strip()
    drop = element.get("tcFormat") == "DF"
    facts = {**asset.facts, "clip_name": name, "note": note}

    def entry(begin: Fraction, length: Fraction, text: str | None) -> Logged | None:
        first, frames = round(begin * asset.rate), round(length * asset.rate)
        if frames <= 0 or first < 0 or max(first, frames) > MOST_FRAMES:
            return None
        return Logged(
            files=asset.files or ((name,) if name else ()),
            reels=asset.reels,
            rate=asset.rate,
            start=first,
            frames=frames,
            drop=drop,
            offset=begin - asset.start,
            text=text,
            facts={key: value for key, value in facts.items() if value},
        )

    remarks, found = [], []
    for mark in (each for each in element if each.tag in _MARKS):
        begin = _time(mark.get("start"))
        text = lines(mark.get("value") or mark.get("name"), mark.get("note"))
        if text is None:
            continue
        begin = start if begin is None else begin + shift
        length = _time(mark.get("duration")) or 1 / asset.rate
        if (begin, length) == (start, duration):
            remarks.append(text)
        else:
            found.append(entry(begin, length, text))
    found.append(entry(start, duration, lines(name, note, *remarks)))
    yield from (each for each in found if each is not None)


def _time(text: str | None) -> Fraction | None:
    match = _TIME.fullmatch(text or "")
    if match is None or (match[2] is not None and int(match[2]) == 0):
        return None
    return Fraction(int(match[1]), int(match[2] or 1))
