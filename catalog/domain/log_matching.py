"""Which assets the lines of a log speak of: by name or tape, and by timecode."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PureWindowsPath

from catalog.domain.paths import shown_path
from catalog.domain.sidecars import (
    Essence,
    LogEntry,
    entry_place,
    file_forms,
    name_forms,
    names_file,
    names_reel,
)

_EDL_REEL = 8
_NAMED_IN_REASON = 5
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Known:
    """An asset as a log may know it.

    ``paths`` are those of its files; ``analysed`` whether its length is known; ``addresses``
    says from where to where its timecode runs, for messages.
    """

    id: int
    name: str
    essence: Essence
    paths: tuple[str, ...] = ()
    analysed: bool = True
    addresses: str = ""


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A line of which no asset is meant; ``row`` counts from 1."""

    row: int
    entry: LogEntry
    reason: str


@dataclass(slots=True)
class Matched:
    """The lines that speak of each asset, by its id, and those that speak of none."""

    of_asset: dict[int, list[LogEntry]] = field(default_factory=dict)
    unmatched: list[Unmatched] = field(default_factory=list)


def forms_of(entries: Iterable[LogEntry]) -> set[str]:
    """Every spelling of a name or reel that the entries use."""
    return {form for each in entries for form in file_forms(*each.files) | name_forms(*each.reels)}


def match(entries: Sequence[LogEntry], known: Sequence[Known]) -> Matched:
    """Find the asset that each entry means: one, or none with the reason.

    The name of a file is enough for an entry without timecode; one that has timecode must
    lie within the asset. Of several assets that fit, the one whose tape fits as well, else
    the one whose path says most of what the entry's path says, is meant.
    """
    index = _Index(known)
    found = Matched()
    for row, entry in enumerate(entries, 1):
        meant = _meant(entry, index)
        if isinstance(meant, Known):
            found.of_asset.setdefault(meant.id, []).append(entry)
        else:
            found.unmatched.append(Unmatched(row, entry, meant))
    return found


class _Index:
    """Assets by the spellings they are known by."""

    def __init__(self, known: Sequence[Known]) -> None:
        self._by_form: dict[str, dict[int, Known]] = {}
        for each in known:
            forms = each.essence.names | each.essence.reels
            # CMX 3600 cuts names of reels.
            for form in forms | {form[:_EDL_REEL] for form in forms}:
                self._by_form.setdefault(form, {})[each.id] = each

    def may_mean(self, entry: LogEntry) -> list[Known]:
        forms = file_forms(*entry.files) | name_forms(*entry.reels)
        found = {k: each for form in forms for k, each in self._by_form.get(form, {}).items()}
        return [found[key] for key in sorted(found)]


def _meant(entry: LogEntry, index: _Index) -> Known | str:
    if not entry.files and not entry.reels:
        return "it names no file and no reel"
    near = index.may_mean(entry)
    named = [each for each in near if names_file(entry, each.essence, beside=False)]
    if not entry.timecode_in or not entry.timecode_out:
        return _one(named, entry) if named else _nobody(entry)
    placed = [(each, place) for each in near if (place := entry_place(entry, each.essence))]
    fitting = [e for e, place in placed if e in named or names_reel(entry, e.essence, place)]
    if fitting:
        return _one(fitting, entry)
    candidates = named or [each for each in near if _is_reel(entry, each.essence)]
    return _elsewhere(candidates, entry) if candidates else _nobody(entry)


def _is_reel(entry: LogEntry, essence: Essence) -> bool:
    """Whether it is of that reel, were its timecode right."""
    known = essence.reels | essence.names
    return any(
        reel in known or (len(reel) == _EDL_REEL and any(n.startswith(reel) for n in known))
        for reel in name_forms(*entry.reels)
    )


def _one(several: Sequence[Known], entry: LogEntry) -> Known | str:
    if len(several) == 1:
        return several[0]
    ranked = [(_likeness(each, entry), each) for each in several]
    best = max(likeness for likeness, _ in ranked)
    chosen = [each for likeness, each in ranked if likeness == best]
    if len(chosen) == 1:
        return chosen[0]
    ids = ", ".join(str(each.id) for each in chosen[:_NAMED_IN_REASON])
    return f"{len(chosen)} assets fit ({ids}), and nothing tells which is meant"


def _likeness(each: Known, entry: LogEntry) -> tuple[bool, bool, int]:
    """Of an asset that fits: does its reel fit, its file's name, and how much of its path."""
    reel = bool(name_forms(*entry.reels) & each.essence.reels)
    named = names_file(entry, each.essence, beside=False)
    shared = max((_shared(a, b) for a in entry.files for b in each.paths), default=0)
    return reel, named, shared


def _shared(first: str, second: str) -> int:
    """How many names two paths end with alike."""
    parts = [PureWindowsPath(path.casefold()).parts[::-1] for path in (first, second)]
    count = 0
    for one, other in zip(*parts, strict=False):
        if one != other:
            break
        count += 1
    return count


def _nobody(entry: LogEntry) -> str:
    # A folder beside a name says nothing that a person would look for.
    named = [name for name in entry.files if not name.endswith(("/", "\\"))] or entry.files
    files, reels = _or(named), _or(entry.reels)
    if not files:
        return f"no asset is of the reel {reels}"
    return f"no asset is called {files}" + (f", nor of the reel {reels}" if reels else "")


def _or(names: Sequence[str]) -> str:
    """Of a long path the end is shown: there is the name."""
    shown = (
        name if len(name) <= _SHOWN else f"…{name[1 - _SHOWN :]}"
        for name in dict.fromkeys(names[:_NAMED_IN_REASON])
    )
    return " or ".join(f"'{shown_path(name)}'" for name in shown)


def _elsewhere(candidates: Sequence[Known], entry: LogEntry) -> str:
    if not any(each.analysed for each in candidates):
        return f"{candidates[0].name} has not been analysed, or has no length"
    told = [
        f"{each.name} ({each.addresses or 'without timecode'})"
        for each in candidates[:_NAMED_IN_REASON]
    ]
    return f"{entry.timecode_in} to {entry.timecode_out} lies in none of {', '.join(told)}"
