"""What a writer returns, and how text and names are made fit for a format."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from catalog.domain.timecode import nominal_rate
from catalog.domain.timeline import RATES, Cut, Timeline, spell_rate

# What XML 1.0 cannot hold: control characters, surrogates, and two that are no characters.
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# The number in the name of an image sequence, as it is and within a URL.
_PATTERN = re.compile(r"%0([1-9])d(\.[A-Za-z0-9]+)$")
_QUOTED_PATTERN = re.compile(r"%250([1-9])d(\.[A-Za-z0-9]+)$")
PICTURES = Callable[[str], bytes | None]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that the format cannot carry: ``what`` in a word, why, and of which cut."""

    what: str
    reason: str
    cut: Cut | None = None

    def as_json(self) -> dict[str, Any]:
        """For programs; ``position`` counts from 1 in the bin, None is the whole."""
        return {
            "what": self.what,
            "reason": self.reason,
            "position": None if self.cut is None else self.cut.position,
            "clip": None if self.cut is None else self.cut.clip_id,
            "name": None if self.cut is None else self.cut.name,
        }


@dataclass(slots=True)
class Written:
    """A file's bytes, how many cuts are in it, and what is not."""

    data: bytes = b""
    clips: int = 0
    left_out: list[LeftOut] = field(default_factory=list)

    def leave(self, what: str, reason: str, cut: Cut | None = None) -> None:
        """Note something that is not carried."""
        self.left_out.append(LeftOut(what, reason, cut))


@dataclass(frozen=True, slots=True)
class Options:
    """How a file is written: with paths below the root, and where pictures are had."""

    relative: bool = False
    picture: PICTURES = lambda _key: None

    def url(self, cut: Cut) -> str:
        """The URL of a cut's file, of an image sequence its first frame; empty where none is."""
        return _first_frame(_QUOTED_PATTERN, self.whole_url(cut), cut)

    def path(self, cut: Cut) -> str:
        """The path of a cut's file, of an image sequence its first frame; empty where none is."""
        return _first_frame(_PATTERN, self.whole_path(cut), cut)

    def file_name(self, cut: Cut) -> str:
        """The name of a cut's file, of an image sequence that of its first frame."""
        return _first_frame(_PATTERN, cut.media.name, cut)

    def whole_url(self, cut: Cut) -> str:
        """The same, of an image sequence the URL of its pattern (``shot.%04d.dpx``)."""
        place = cut.media.place
        if place is None:
            return ""
        return place.relative_url if self.relative else place.url

    def whole_path(self, cut: Cut) -> str:
        """The same, of an image sequence the path of its pattern."""
        place = cut.media.place
        if place is None:
            return ""
        return place.relative if self.relative else place.path


def _first_frame(pattern: re.Pattern[str], where: str, cut: Cut) -> str:
    """The first of the files that a pattern means; what is none of a sequence is left as it is."""
    number = cut.media.first_number
    if number is None:
        return where
    return pattern.sub(lambda found: f"{number:0{found[1]}d}{found[2]}", where)


def note_sequence(written: Written, format_name: str, cut: Cut) -> None:
    """Say of an image sequence that only its first frame is named, which editors begin with."""
    if cut.media.first_number is not None:
        written.leave("sequence", f"{format_name} names only its first frame", cut)


def one_line(text: str | None) -> str:
    """The text on one line, without control characters: what lists of lines can hold."""
    shown = "".join(" " if unicodedata.category(c) in {"Cc", "Zl", "Zp"} else c for c in text or "")
    return " ".join(shown.encode("utf-8", "replace").decode().split())


def xml_text(text: str | None) -> str:
    """The text without what XML cannot hold."""
    return _NOT_IN_XML.sub("", text or "")


def of_one_rate(
    timeline: Timeline, written: Written, format_name: str, *, tracks: int | None = None
) -> list[Cut]:
    """The cuts that a format of one frame rate can carry; the rest is noted as left out.

    ``tracks``: how many video tracks it has; None: any number.
    """
    own = timeline.rate
    kept: list[Cut] = []
    for cut in timeline.cuts:
        if tracks is not None and cut.track > tracks:
            written.leave("clip", f"{format_name} has one video track", cut)
        elif cut.media.still:
            written.leave("clip", f"{format_name} has no stills, only what runs in time", cut)
        elif cut.media.rate != own:
            written.leave(
                "clip",
                f"it has {spell_rate(cut.media.rate)} frames/s, and {format_name} one rate for all,"
                f" here {spell_rate(own)}{_other_list(cut)}",
                cut,
            )
        else:
            note_sequence(written, format_name, cut)
            kept.append(cut)
    return kept


def _other_list(cut: Cut) -> str:
    """How a cut of another rate is written; nothing where no timeline has its rate."""
    spelt = spell_rate(cut.media.rate)
    return f": export it with --rate {spelt}" if spelt in RATES else ""


def is_ntsc(rate: Fraction) -> bool:
    """Whether the rate is a whole number slowed down by 1000/1001."""
    return rate == Fraction(nominal_rate(rate) * 1000, 1001)


def reel_names(cuts: Sequence[Cut], limit: int) -> dict[str, str]:
    """Names of reels in ASCII letters, digits and ``_``, no longer than the limit, each its own."""
    found: dict[str, str] = {}
    for reel in dict.fromkeys(cut.media.reel for cut in cuts):
        bare = unicodedata.normalize("NFKD", reel).encode("ascii", "ignore").decode()
        short = re.sub(r"[^A-Za-z0-9_]+", "_", bare).strip("_")[:limit]
        # What means an auxiliary source, black or nothing is no name.
        if not short or short.upper() in {"AX", "BL", "BLACK", "NONE"}:
            short = f"REEL{short}"[:limit]
        found[reel] = _distinct(short, {name.upper() for name in found.values()}, limit)
    return found


def _distinct(name: str, taken: set[str], limit: int) -> str:
    number, tried = 1, name
    while tried.upper() in taken:
        number += 1
        tail = str(number)
        tried = name[: limit - len(tail)] + tail
    return tried
