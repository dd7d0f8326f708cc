"""Clips and markers of an AAF file: source clips, followed to their file and their tape.

Read in a process of its own (`catalog.interchange.aaf_process`), as what strangers
wrote may loop or swell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import Any
from urllib.parse import unquote

from catalog.interchange.logged import MOST_ENTRIES, MOST_FRAMES, Logged, distinct, lines

_DEEPEST = 24
_COMMENTS = {
    "tape": ("Tape", "Tape Name", "TapeID", "Reel", "Camroll"),
    "scene": ("Scene",),
    "take": ("Take",),
    "description": ("Description", "DESCRIPT"),
    "comments": ("Comments",),
}


@dataclass(frozen=True, slots=True)
class _Remark:
    """A marker on a slot of a composition, in its edit units."""

    slot_id: int
    at: int
    frames: int
    text: str


def read_aaf(path: str) -> list[Logged]:
    """Every clip of every composition that is at the top, and every marker on one.

    Raises
    ------
    ValueError
        If it is no AAF file, or a damaged one.
    """
    import aaf2  # noqa: PLC0415  # only those who read such files pay for it

    try:
        with aaf2.open(path) as file:
            tops = list(file.content.toplevel()) or list(file.content.compositionmobs())
            return distinct([entry for mob in tops for entry in _composition(mob)])
    except Exception as error:
        # pyaaf2 has no errors of its own: what is damaged shows as whatever it trips over.
        raise ValueError(f"it is no AAF that can be read ({type(error).__name__})") from error


def _composition(mob: Any) -> Iterator[Logged]:  # noqa: ANN401  # aaf2 has no types
    remarks: dict[int, list[_Remark]] = {}
    for remark in _markers(mob):
        remarks.setdefault(remark.slot_id, []).append(remark)
    sources: dict[tuple[str, int], _Source] = {}
    for slot in mob.slots:
        if not _is_track(slot):
            continue
        rate, mine = Fraction(slot.edit_rate), remarks.get(slot.slot_id, [])
        for at, clip in islice(_source_clips(slot.segment), MOST_ENTRIES):
            key = (str(clip.mob_id), int(clip.slot_id))
            if key not in sources:
                sources[key] = _source(clip)
            entry = _entry(clip, rate, sources[key])
            if entry is not None:
                yield from _remarked(entry, at, mine)


def _is_track(slot: Any) -> bool:  # noqa: ANN401
    kind = str(slot.media_kind).lower()
    return type(slot).__name__ == "TimelineMobSlot" and kind in {"picture", "sound"}


def _remarked(entry: Logged, at: int, remarks: Sequence[_Remark]) -> Iterator[Logged]:
    """A cut from a place on, with what is remarked on all of it, and each remark on a part."""
    end = at + entry.frames
    within = [remark for remark in remarks if at <= remark.at < end]
    whole = [r.text for r in within if (r.at, r.at + r.frames) == (at, end)]
    yield _with(entry, 0, entry.frames, lines(entry.text, *whole))
    for remark in within:
        if remark.text not in whole:
            frames = max(1, min(remark.frames, end - remark.at))
            yield _with(entry, remark.at - at, frames, remark.text)


def _source_clips(segment: Any, at: int = 0, depth: int = 0) -> Iterator[tuple[int, Any]]:  # noqa: ANN401
    """The source clips of a segment, each with where it lies."""
    if depth > _DEEPEST or segment is None:
        return
    if type(segment).__name__ == "SourceClip":
        yield at, segment
    for inner, moved in _parts(segment):
        yield from _source_clips(inner, at + moved, depth + 1)


def _parts(segment: Any) -> Iterator[tuple[Any, int]]:  # noqa: ANN401
    """What a segment is made of, each with where it lies in it."""
    kind = type(segment).__name__
    if kind == "Sequence":
        at = 0
        for component in segment.components:
            length = component.length or 0
            if type(component).__name__ == "Transition":
                at -= length  # both sides of it reach into it
                continue
            yield component, at
            at += length
    elif kind == "Selector":
        yield segment["Selected"].value, 0
    elif kind in {"OperationGroup", "NestedScope"}:
        for each in segment.segments if kind == "OperationGroup" else segment.slots:
            yield each, 0


@dataclass(frozen=True, slots=True)
class _Source:
    """What a source clip leads to, however much of it is used.

    ``address`` is that of its first frame in frames since midnight, None where there is no
    timecode; ``master`` whether its frames are counted from the first of the essence.
    """

    title: str
    files: tuple[str, ...]
    tapes: tuple[str, ...]
    facts: dict[str, str]
    address: int | None
    drop: bool
    master: bool


def _source(clip: Any) -> _Source:  # noqa: ANN401
    names: list[str] = []
    facts: dict[str, str] = {}
    tapes: list[str] = []
    start, title, master = 0, "", False
    address, drop = None, False
    for mob, slot, reference in _chain(clip):
        if type(mob).__name__ == "MasterMob" and not master:
            title, master = _text(mob.name), start == 0
        names += [_text(mob.name), *_locations(mob)]
        for key, value in _comments(mob):
            facts.setdefault(key, value)
        code = _timecode(mob, slot, start)
        if code is not None:
            address, drop = code
            if _is_tape(mob):
                tapes.append(_text(mob.name))
        if reference is not None:
            start += int(reference.start)
    tapes += [facts["tape"]] if "tape" in facts else []
    if title:
        facts["clip_name"] = title
    files, reels = (tuple(dict.fromkeys(filter(None, each))) for each in (names, tapes))
    return _Source(title, files, reels, facts, address, drop, master)


def _entry(clip: Any, rate: Fraction, source: _Source) -> Logged | None:  # noqa: ANN401
    first, length = int(clip.start), int(clip.length or 0)
    start = first + (source.address or 0)
    if length <= 0 or abs(start) > MOST_FRAMES or length > MOST_FRAMES:
        return None
    return Logged(
        files=source.files,
        reels=source.tapes,
        rate=rate,
        start=max(0, start),
        frames=length,
        drop=source.drop,
        offset=first / rate if source.master else None,
        text=source.title or None,
        facts=source.facts,
    )


def _chain(clip: Any) -> Iterator[tuple[Any, Any, Any]]:  # noqa: ANN401
    """Mob after mob that a source clip leads to, with the slot and the clip that leads on."""
    reference = clip
    for _ in range(_DEEPEST):
        mob = reference.mob
        if mob is None:
            return
        slot = next((s for s in mob.slots if s.slot_id == reference.slot_id), None)
        inner = None if slot is None else next(iter(_source_clips(slot.segment, 0, 0)), None)
        yield mob, slot, None if inner is None else inner[1]
        if inner is None:
            return
        reference = inner[1]


def _timecode(mob: Any, slot: Any, start: int) -> tuple[int, bool] | None:  # noqa: ANN401
    """The address of a frame of this mob, where it has timecode, and whether it is drop-frame."""
    if type(mob).__name__ == "CompositionMob":
        return None
    for each in mob.slots:
        segment = each.segment
        if type(segment).__name__ == "Sequence":
            segment = next(iter(segment.components), None)
        if type(segment).__name__ == "Timecode":
            own = Fraction(slot.edit_rate) if slot is not None else Fraction(each.edit_rate)
            begin = round(Fraction(segment.start) * own / Fraction(each.edit_rate))
            return begin + start, bool(segment.drop)
    return None


def _is_tape(mob: Any) -> bool:  # noqa: ANN401
    descriptor = getattr(mob, "descriptor", None)
    return type(descriptor).__name__ == "TapeDescriptor"


def _locations(mob: Any) -> Iterator[str]:  # noqa: ANN401
    descriptor = getattr(mob, "descriptor", None)
    found = None if descriptor is None else descriptor.get("Locator")
    for locator in found.value or () if found is not None else ():
        url = locator.get("URLString")
        if url is not None and isinstance(url.value, str):
            yield unquote(url.value)


def _comments(mob: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    try:
        said = dict(mob.comments.items())
    except (AttributeError, KeyError, TypeError):
        return
    for key, names in _COMMENTS.items():
        for name in names:
            if isinstance(said.get(name), str) and said[name].strip():
                yield key, said[name].strip()


def _markers(mob: Any) -> Iterator[_Remark]:  # noqa: ANN401
    for slot in mob.slots:
        if type(slot).__name__ != "EventMobSlot":
            continue
        for event in getattr(slot.segment, "components", ()):
            text, at = _value(event, "Comment"), _value(event, "Position")
            if not isinstance(text, str) or not text.strip() or not isinstance(at, int):
                continue
            for slot_id in _value(event, "DescribedSlots") or ():
                yield _Remark(int(slot_id), at, int(_value(event, "Length") or 1), text.strip())


def _value(item: Any, name: str) -> Any:  # noqa: ANN401
    found = item.get(name)
    return None if found is None else found.value


def _with(entry: Logged, first: int, frames: int, text: str | None) -> Logged:
    offset = None if entry.offset is None else entry.offset + first / entry.rate
    return Logged(
        files=entry.files,
        reels=entry.reels,
        rate=entry.rate,
        start=entry.start + first,
        frames=frames,
        drop=entry.drop,
        offset=offset,
        text=text,
        facts=entry.facts,
    )


def _text(value: Any) -> str:  # noqa: ANN401
    return value.strip() if isinstance(value, str) else ""
