"""Who, where, with what and under which terms: from tags, iXML and XMP to `Facts`.

docs/metadata.md has the table of what is read from where, and what comes first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from catalog.domain.media import Facts
from catalog.domain.sidecars import PLACE, SHARED_FACTS, Description, Sidecar
from catalog.media.place import Place, parse_iso6709
from catalog.media.sidecars.columns import joined
from catalog.media.sidecars.xmp import parse_xmp

Tags = Mapping[str, str]

# Last parts of tags' names: com.apple.quicktime.make, com.arri.camera.CameraModel, make-eng.
_MAKES = ("make", "manufacturer", "camera_make", "cameramake")
_MODELS = ("model", "model_name", "modelname", "camera_model", "cameramodel", "camera_type")
_SERIALS = (
    "camera_serial", "cameraserial", "camera_serial_number", "cameraserialnumber",
    "serial_number", "serialnumber", "serialno", "body_serial_number",
)  # fmt: skip
_LENSES = ("lens_model", "lensmodel", "lens", "lens_type", "lenstype")
_REELS = ("reel_name", "reelname", "reel", "tape_name", "tapename", "tape", "material_package_name")
# What muxers call a package that nobody named.
_NO_REELS = ("Material Package", "MaterialPackage", "Untitled")
_SCENES, _TAKES = ("scene",), ("take", "take_number")
_RIGHTS = ("copyright", "rights", "usage_terms", "license", "licence")
_CREATORS = ("artist", "author", "creator", "photographer", "director", "album_artist")
_CREDITS = ("credit", "credits", "source")
_DESCRIPTIONS = (
    *("description", "synopsis", "comment", "long_description", "summary"),
    "list_comment",  # of a Broadcast Wave (`catalog.media.broadcast_wave`)
)
_LOCATIONS = ("location", "iso6709", "xyz")
_LANGUAGE = re.compile(r"-[a-z]{3}$")
_USER_COMMENT = "comment_"  # how FFmpeg calls what people wrote of an MXF, as columns of a bin
# Sound Devices and others write lines such as sSCENE=12A into the description of a Broadcast Wave.
_SLATE_LINE = re.compile(r"^[a-z]?([A-Z_]{4,20})=(.*)$", re.MULTILINE)
# What encoders and cameras put where a person might have written something.
_SAYS_NOTHING = re.compile(
    r".*DIGITAL CAMERA|SONY DSC|DCIM\\.*|default|SAMSUNG|<.*>"
    r"|\w*\s*Handler?\w*|charset=.*|\[[0-9]\](\[[0-9]\])*|vid:\w+|Created with .*",
    re.IGNORECASE | re.DOTALL,
)


def first_of(sources: Iterable[Facts]) -> Facts:
    """One of several: each fact as the first that knows it says it; a place is one fact."""
    found = Facts()
    for source in sources:
        news = {
            each.name: value
            for each in fields(Facts)
            if each.name not in PLACE
            and getattr(found, each.name) is None
            and (value := getattr(source, each.name)) is not None
        }
        if found.latitude is None and source.latitude is not None:
            news |= {name: getattr(source, name) for name in PLACE}
        found = replace(found, **news)
    return found


def facts_of_tags(*sources: Tags) -> Facts:
    """What cleaned tags say, the most telling first."""
    named = [_by_last_part(tags) for tags in sources]

    def first(names: Sequence[str]) -> str | None:
        return next((tags[name] for tags in named for name in names if name in tags), None)

    where = next(filter(None, (_place(tags) for tags in named)), None)
    return with_place(
        Facts(
            description=telling(first(_DESCRIPTIONS)),
            camera_make=first(_MAKES),
            camera_model=first(_MODELS),
            camera_serial=first(_SERIALS),
            lens=first(_LENSES),
            reel=next((r for r in (first((n,)) for n in _REELS) if r and r not in _NO_REELS), None),
            scene=first(_SCENES),
            take=first(_TAKES),
            rights=joined(tags.get(name) for tags in named for name in _RIGHTS),
            creator=first(_CREATORS),
            credit=first(_CREDITS),
        ),
        where,
    )


def telling(text: str | None) -> str | None:
    """A description that a person may have written; None for a machine's."""
    return None if text is None or _SAYS_NOTHING.fullmatch(text.strip()) else text


def with_place(facts: Facts, where: Place | None) -> Facts:
    """The facts at this place."""
    if where is None:
        return facts
    return replace(
        facts, latitude=where.latitude, longitude=where.longitude, altitude=where.altitude
    )


def _by_last_part(tags: Tags) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in tags.items():
        last = _LANGUAGE.sub("", re.split(r"[./:]", name)[-1]).replace(" ", "_")
        last = last.removeprefix(_USER_COMMENT)
        found.setdefault(last, value)
    return found


def _place(tags: Tags) -> Place | None:
    return next(filter(None, (parse_iso6709(tags[n]) for n in _LOCATIONS if n in tags)), None)


def slate_lines(description: str) -> dict[str, str]:
    """The lines such as ``sSCENE=12A`` of a Broadcast Wave's description; empty if it has none."""
    return {key: value.strip() for key, value in _SLATE_LINE.findall(description)}


def facts_of_wave(description: str, document: Mapping[str, Any]) -> Facts:
    """A recorder's slate: iXML (www.ixml.info), else the lines of its bext description."""
    lines = slate_lines(description)

    def said(name: str) -> str | None:
        value = document.get(name.lower())
        return (value if isinstance(value, str) else None) or lines.get(name) or None

    # A description of such lines only is none for people; the note within it is.
    words = said("NOTE") or (None if lines else telling(description))
    return Facts(
        description=words or None, reel=said("TAPE"), scene=said("SCENE"), take=said("TAKE")
    )


def facts_of(said: Description) -> Facts:
    """The facts of what an XML or XMP says."""
    names = ("description", *SHARED_FACTS, *PLACE)
    return Facts(**{name: getattr(said, name) for name in names})


def read_xmp(packet: bytes | str | None) -> Sidecar | None:
    """An XMP packet in a file; None if there is none that can be read."""
    if not packet:
        return None
    try:
        return parse_xmp(packet.encode() if isinstance(packet, str) else packet)
    except (ValueError, RecursionError):
        return None


def facts_of_xmp(sidecar: Sidecar) -> Facts:
    """The facts among an XMP packet's properties."""
    return facts_of(sidecar.description)


def texts(value: Any) -> Iterator[str]:  # noqa: ANN401  # any JSON
    """The texts of a value that may be one, or a list of them."""
    yield from (item for item in (value if isinstance(value, list) else [value])
                if isinstance(item, str) and item)  # fmt: skip
