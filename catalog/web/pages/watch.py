"""The player beside the grid: a shot within its film, with the query's score along all of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.api import Catalog
from catalog.errors import CatalogError
from catalog.web.pages import links
from catalog.web.pages.asked import Asked
from catalog.web.pages.cards import roll_said

# What browsers play as it is, where its sound is something they know as well.
_CONTAINERS = frozenset({"mp4", "webm", "wav", "mp3", "flac", "ogg"})
_CODECS = frozenset({None, "h264", "vp8", "vp9", "av1"})
_SOUNDS = frozenset({None, "aac", "mp3", "opus", "vorbis", "flac", "pcm_s16le"})


@dataclass(frozen=True, slots=True)
class Part:
    """One shot on the timeline: place and width are shares of the film, in percent."""

    clip: Mapping[str, Any]
    left: float
    width: float
    score: float | None
    tall: float


@dataclass(frozen=True, slots=True)
class Watched:
    """What the player shows.

    ``used`` has the in and out that it begins with: the clip's own, or those of a bin's item.
    ``source`` is what it plays, None where nothing can be played.
    """

    asset: Mapping[str, Any]
    clip: Mapping[str, Any]
    used: Mapping[str, Any]
    shots: Sequence[Part]
    spoken: Sequence[Mapping[str, Any]]
    logged: Sequence[Mapping[str, Any]]
    source: str | None
    making: Mapping[str, Any] | None
    rate: str
    strip: bool
    tiles: int
    best: int | None
    roll: str


def watched(catalog: Catalog, asked: Asked, *, used: Mapping[str, Any] | None = None) -> Watched:
    """The clip that the page is asked to show, or what an item of a bin uses of it.

    Raises
    ------
    NotFoundError
        If there is no such clip.
    """
    seen = catalog.view(int(asked.shot))
    asset = seen["asset"]
    made = {each["kind"]: each for each in asset["renditions"]}
    by_kind: dict[str, list[Any]] = {"shot": [], "speech": [], "subclip": []}
    for each in asset["clips"]:
        by_kind[each["kind"]].append(each)
    parts = _parts(by_kind["shot"], asset["duration"] or 0.0, _scores(catalog, asked, asset["id"]))
    scored = [part for part in parts if part.score is not None]
    return Watched(
        asset=asset,
        clip=seen["clip"],
        used=used or seen["clip"],
        shots=parts,
        spoken=by_kind["speech"],
        logged=by_kind["subclip"],
        source=source(asset),
        making=making(asset),
        rate=_rate(asset),
        strip="strip_index" in made,
        tiles=made["strip"]["settings"].get("tiles", 0) if "strip" in made else 0,
        roll=roll_said(seen["clip"]),
        best=max(scored, key=lambda part: part.score or 0.0).clip["id"] if scored else None,
    )


def _scores(catalog: Catalog, asked: Asked, asset: int) -> Mapping[int, float]:
    if asked.is_empty:
        return {}
    try:
        return catalog.scores(
            asked.q,
            asset,
            image=catalog.kept_picture(asked.image) if asked.image else None,
            like=asked.like or None,
            not_=asked.not_ or None,
        )
    except CatalogError as error:
        if error.http_status >= 500:
            raise
        return {}  # the results say what is wrong with the query; the film is there all the same


def _parts(
    shots: Sequence[Mapping[str, Any]], whole: float, scores: Mapping[int, float]
) -> list[Part]:
    """The shots with their scores, drawn from the weakest to the strongest of the film."""
    low, high = min(scores.values(), default=0.0), max(scores.values(), default=0.0)
    reach = max(high - low, 1e-6)
    parts = []
    for shot in shots:
        score = scores.get(shot["id"])
        tall = 0.0 if score is None else 8 + 92 * (score - low) / reach
        left, width = (
            (100 * shot["start"] / whole, 100 * (shot["end"] - shot["start"]) / whole)
            if whole
            else (0.0, 100.0)
        )
        parts.append(Part(shot, round(left, 3), round(width, 3), score, round(tall, 1)))
    return parts


def source(asset: Mapping[str, Any]) -> str | None:
    """What of the asset a browser plays: its proxy, else the file itself where that is known."""
    made = {each["kind"] for each in asset["renditions"]}
    if asset["kind"] == "still":
        return None
    if "proxy" in made:
        return links.proxy(asset["id"])
    there = any(each["online"] for each in asset["locations"])
    names = set((asset["container"] or "").split(","))
    plays = names & _CONTAINERS and asset["codec"] in _CODECS and asset["audio_codec"] in _SOUNDS
    eight = asset["bit_depth"] in (None, 8)
    return links.original(asset["id"]) if there and plays and eight else None


def making(asset: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The stage of the asset's proxy, where one is due, is made or could not be."""
    stage = next((each for each in asset["stages"] if each["name"] == "proxy"), None)
    return None if stage is None or stage["state"] == "done" else stage


def _rate(asset: Mapping[str, Any]) -> str:
    if not asset["frame_rate_num"]:
        return ""
    return f"{asset['frame_rate_num']}/{asset['frame_rate_den']}"
