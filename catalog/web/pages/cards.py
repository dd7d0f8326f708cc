"""Hits as the cards of the grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup, escape

from catalog.domain.passages import Passage
from catalog.domain.results import Hit, SearchResult
from catalog.web.pages import formats, links
from catalog.web.pages.strings import STRINGS

Passages = Mapping[int, Sequence[Passage]]


@dataclass(frozen=True, slots=True)
class Card:
    """One shot (or asset) as the grid shows it.

    Times are seconds. ``sure`` is percent; None where it was not found by meaning.
    ``why`` is the text that has the query's words; ``more`` counts further shots of the asset.
    """

    asset: Mapping[str, Any]
    clip: Mapping[str, Any] | None
    picture: str | None
    sure: int | None
    sure_said: str
    by: str
    name: Markup
    why: Markup
    more: int = 0

    @property
    def clip_id(self) -> int | None:
        """The shot; None of an asset without shots."""
        return None if self.clip is None else self.clip["id"]

    @property
    def roll_said(self) -> str:
        """The shot's roll, and how sure that is, in words."""
        return "" if self.clip is None else roll_said(self.clip)

    @property
    def moves(self) -> bool:
        """Whether there is anything to scrub."""
        return self.asset["kind"] == "video" and self.clip is not None

    @property
    def length(self) -> str:
        """How long the shot runs, in words."""
        return "" if self.clip is None else formats.length(self.clip["end"] - self.clip["start"])

    @property
    def label(self) -> str:
        """What a screen reader says of the picture."""
        timecode = None if self.clip is None else self.clip["timecode_in"]
        return ", ".join(
            p for p in (self.asset["name"], timecode, self.length, self.sure_said) if p
        )


def roll_said(clip: Mapping[str, Any]) -> str:
    """A clip's roll, and how sure that is, in words; empty where it has none."""
    if not clip["roll"]:
        return ""
    told, sure = STRINGS[f"roll_{clip['roll']}"], clip["roll_confidence"]
    if sure is None:
        return told
    by = STRINGS["roll_by_person"] if sure == 1 else STRINGS["roll_sure"].format(f"{sure:.0%}")
    return f"{told} · {by}"


def cards_of(result: SearchResult, passages: Passages, *, grouped: bool) -> list[Card]:
    """A card per hit; grouped: per asset, of its best hit, which counts the others."""
    found: dict[int, Card] = {}
    for hit in result.hits:
        key = hit.asset["id"] if grouped else hit.rank
        earlier = found.get(key)
        if earlier is None:
            found[key] = _card(result, hit, passages.get(hit.rank, ()))
        else:
            found[key] = replace(earlier, more=earlier.more + 1)
    return list(found.values())


def _card(result: SearchResult, hit: Hit, passages: Sequence[Passage]) -> Card:
    by_words = result.by_words_alone(hit)
    named = next((each for each in passages if each.field == "name"), None)
    other = next((each for each in passages if each.field != "name"), None)
    why = Markup()
    if other is not None:
        why = Markup("{}: {}").format(STRINGS[f"in_{other.field}"], marked(other))
    elif (heard := getattr(hit, "sound", None)) is not None:
        why = Markup("{}: {} – {}").format(STRINGS["in_sound"], *_moment(heard))
    elif hit.said is not None:
        line = (STRINGS["in_speech"], hit.said["text"], hit.said["timecode_in"] or "")
        why = Markup("{}: {} {}").format(*line)
    return Card(
        asset=hit.asset,
        clip=hit.clip,
        picture=None if hit.frame is None else links.picture(hit.frame["id"]),
        sure=None if by_words else _percent(hit),
        sure_said="" if by_words else _sure_said(hit),
        by=STRINGS["by_words"] if by_words else _by(hit),
        name=escape(hit.asset["name"]) if named is None else marked(named),
        why=why,
    )


def _moment(sound: Mapping[str, Any]) -> tuple[str, str]:
    """From when to when it sounds so: in timecode, or of what has none in seconds."""
    start, end = (formats.length(sound[which]) or "0 s" for which in ("start", "end"))
    return sound["timecode_in"] or start, sound["timecode_out"] or end


def marked(passage: Passage) -> Markup:
    """The text with what matched marked; everything else is text, whatever it looks like."""
    return Markup().join(
        Markup("<mark>{}</mark>").format(text) if matched else escape(text)
        for text, matched in passage.parts
    )


def _percent(hit: Hit) -> int | None:
    """How far the bar goes: how sure it is, or without that how near the picture comes."""
    if hit.cosine is None:
        return None
    share = hit.cosine if hit.confidence is None else hit.confidence
    return round(100 * max(0.0, min(1.0, share)))


def _sure_said(hit: Hit) -> str:
    if hit.cosine is None:
        return ""
    cosine = f"{hit.cosine:.3f}"
    if hit.confidence is None:
        return STRINGS["unsure"].format(cosine=cosine)
    return STRINGS["sure"].format(percent=round(100 * hit.confidence), cosine=cosine)


def _by(hit: Hit) -> str:
    if not hit.relevant:
        return STRINGS["weak"]
    if hit.cosine is None:
        return ""
    return STRINGS["by_meaning"] if hit.keyword_rank is None else STRINGS["by_both"]
