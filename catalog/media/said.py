"""What the parts of a film or sound say of it, read once: tags, boxes, chunks, XML, sets.

docs/metadata.md has the order in which they are believed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.domain.media import Facts
from catalog.domain.sidecars import Description, Sidecar
from catalog.media.acquisition import (
    Acquisition,
    has_acquisition_track,
    read_sets,
    read_track,
)
from catalog.media.aiff import aiff_notes
from catalog.media.avchd import CameraPack
from catalog.media.broadcast_wave import read_adm, read_bext, read_cart, with_bext
from catalog.media.container import MP4_FAMILY
from catalog.media.exif import Exif
from catalog.media.facts import (
    facts_of,
    facts_of_tags,
    facts_of_wave,
    facts_of_xmp,
    first_of,
    read_xmp,
    slate_lines,
)
from catalog.media.film_exif import read_film_exif
from catalog.media.gopro import GoPro, has_gopro_track, read_gopro
from catalog.media.id3 import read_id3, with_all_values
from catalog.media.insta360 import insta360_facts, read_insta360
from catalog.media.mxf import camera_of, described_in, mxf_texts, mxf_timecodes
from catalog.media.picture_texts import PictureTexts, read_picture_texts
from catalog.media.sidecars.camera_metadata import (
    TABLES,
    described_by_camera,
    recorded_by_camera,
)
from catalog.media.sidecars.columns import labels
from catalog.media.sidecars.nested_xml import parse_nested
from catalog.media.tags import (
    clean_tags,
    find_recorded,
    find_title,
    find_words,
    local_moment,
    zoned_moment,
)
from catalog.media.transport_stream import Broadcast, read_broadcast
from catalog.media.user_data import read_user_data, with_user_data

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.stream import Stream

_LONGEST_DOCUMENT = 200_000
_COMMENTS = ("comment", "list_comment")
_WITH_TEXTS = ("apng", "gif", "png_pipe", "psd_pipe")
_KEYWORDS = ("keywords", "com.apple.quicktime.keywords")


@dataclass(frozen=True, slots=True)
class Said:
    """What a file's parts say; of each the least telling where the file has none."""

    tags: Mapping[str, str] = field(default_factory=dict)
    stream_tags: Mapping[str, str] = field(default_factory=dict)
    data_tags: tuple[Mapping[str, str], ...] = ()
    xmp: Sidecar | None = None
    ixml: Mapping[str, Any] = field(default_factory=dict)
    xml: Mapping[str, Any] = field(default_factory=dict)
    bext: Mapping[str, Any] = field(default_factory=dict)
    cart: Mapping[str, str] = field(default_factory=dict)
    adm: Mapping[str, Any] = field(default_factory=dict)
    exif: Exif = field(default_factory=Exif)
    gopro: GoPro = field(default_factory=GoPro)
    pack: CameraPack = field(default_factory=CameraPack)
    acquisition: Acquisition = field(default_factory=Acquisition)
    descriptive: Mapping[str, Sequence[str]] = field(default_factory=dict)
    timecodes: Sequence[str] = ()
    broadcast: Broadcast = field(default_factory=Broadcast)
    insta360: Mapping[str, str] = field(default_factory=dict)

    @property
    def camera(self) -> Description:
        """The camera's XML within the file."""
        return described_by_camera(self.xml) or Description()

    @property
    def described(self) -> Description:
        """The XMP."""
        return self.xmp.description if self.xmp is not None else Description()

    @property
    def facts(self) -> Facts:
        """Who, where and with what."""
        # FFmpeg calls a Broadcast Wave's description its comment. A slate describes nothing.
        plain = {k: v for k, v in self.tags.items() if k not in _COMMENTS or not slate_lines(v)}
        sources = [facts_of_tags(self.stream_tags, *self.data_tags, plain)]
        slate = facts_of_wave(self.tags.get("comment", ""), self.ixml)
        # A recorder writes its slate line by line where a person would describe.
        sources = [slate, *sources] if slate.scene or slate.take or slate.reel else sources
        if self.xmp is not None:
            sources.insert(0, facts_of_xmp(self.xmp))
        sources += [facts_of(self.camera), self.exif.facts, self.gopro.facts, self.pack.facts]
        sources += [facts_of(described_in(self.descriptive)), camera_of(self.tags)]
        sources.append(insta360_facts(self.insta360))
        sources.append(Facts(description=self.broadcast.text, credit=self.broadcast.service))
        return first_of([*sources, self.acquisition.facts])

    @property
    def recorded(self) -> tuple[datetime | None, str | None]:
        """When it was recorded, and a note; who names an offset comes before who does not."""
        spoken = recorded_by_camera(self.xml) if self.camera.recorded else (None, None)
        zoned = spoken[0] if not spoken[1] else None
        zoned = zoned or (self.exif.recorded if not self._exif_note else None)
        found, note = find_recorded(self.tags, self.stream_tags)
        if zoned_moment(self.tags) is None and zoned is not None:
            return zoned, None
        others = (
            (found, note),
            spoken,
            (self.exif.recorded, self._exif_note),
            (self.gopro.recorded, None),
            (self.pack.recorded, self.pack.note),
            (self.acquisition.recorded, "UTC assumed"),
            (self.described.recorded, None),
            (self.broadcast.begins, None),
        )
        return next((each for each in others if each[0] is not None), (None, None))

    @property
    def _exif_note(self) -> str | None:
        return self.exif.metadata.get("recorded_note")

    @property
    def title(self) -> str | None:
        """What somebody called it."""
        return (
            self.described.title
            or find_title(self.tags, self.stream_tags)
            or self.camera.title
            or self.exif.title
            or described_in(self.descriptive).title
            or self.broadcast.title
        )

    def metadata(self) -> dict[str, Any]:
        """What stands in metadata beside the streams; empty values among it."""
        created = self.xml.get("creationdate")
        spoken = created.get("value") if isinstance(created, Mapping) else None
        return {
            "tags": self.tags,
            "ixml": self.ixml,
            "xml": _kept(self.xml),
            "bext": self.bext,
            "cart": self.cart,
            "adm": self.adm,
            "xmp": self.described.metadata,
            "exif": self.exif.metadata.get("exif"),
            "gopro": dict(self.gopro.said),
            "acquisition": dict(self.acquisition.said),
            "descriptive": self.descriptive,
            "insta360": self.insta360,
            "broadcast": self.broadcast.said,
            "timecodes": self.timecodes if len(self.timecodes) > 1 else (),
            "recorded_note": self.recorded[1],
            "recorded_local": local_moment(self.tags, self.stream_tags)
            or (local_moment({"recording_date": spoken}) if isinstance(spoken, str) else None)
            or self.pack.local,
            "keywords": list(labels(self._keywords())),
            "lyrics": find_words({**self.stream_tags, **self.tags}),
        }

    def _keywords(self) -> Iterator[str]:
        """Keywords, which become tags: XMP's subjects, and the tags that list them."""
        yield from self.described.tags
        yield from described_in(self.descriptive).tags
        for tags in (self.tags, self.stream_tags):
            for name in _KEYWORDS:
                yield from tags.get(name, "").replace(";", ",").split(",")

    def of_gamma(self) -> dict[str, Any]:
        """All that may name a log curve."""
        return {
            "tags": self.tags,
            "stream": self.stream_tags,
            "data": self.data_tags,
            "xml": self.xml,
            "acquisition": self.acquisition.said,
        }


def _kept(document: Mapping[str, Any]) -> dict[str, Any]:
    """A document without tables of every packet; nothing of one that is a table as a whole."""
    kept = {name: value for name, value in document.items() if name not in TABLES}
    return kept if len(json.dumps(kept)) <= _LONGEST_DOCUMENT else {}


def read_said(
    path: Path,
    container: InputContainer,
    main: Stream,
    parts: Mapping[str, bytes],
    pack: CameraPack,
) -> Said:
    """Read the parts of an open container; ``parts`` as `catalog.media.chunks` has them."""
    bext = read_bext(parts.get("bext", b""))
    told = with_user_data(container.metadata, read_user_data(parts.get("udta", b"")))
    form = container.format.name
    beside: Mapping[str, str] = {}
    if form == "mp3":
        beside, told = read_id3(path), with_all_values(path, told)
    if form == "aiff" and len(notes := aiff_notes(path)) > 1:
        told = {**told, "comment": "\n".join(notes)}
    picture = read_picture_texts(path) if form in _WITH_TEXTS else PictureTexts()
    tags = clean_tags(with_bext({**beside, **picture.tags, **told}, bext))
    sets = read_sets(parts.get("acquisition", b""))
    if has_acquisition_track(container):
        sets = read_track(path)
    return Said(
        tags=tags,
        stream_tags=clean_tags(main.metadata),
        data_tags=tuple(clean_tags(s.metadata) for s in container.streams if s.type == "data"),
        xmp=read_xmp(
            picture.xmp or parts.get("xmp") or tags.pop("id3v2_priv.xmp", None) or tags.get("xmp")
        ),
        ixml=parse_nested(parts.get("ixml", b"")),
        xml=parse_nested(parts.get("xml", b"")),
        bext=bext,
        cart=read_cart(parts.get("cart", b"")),
        adm=read_adm(parts.get("axml", b"")),
        exif=read_film_exif(parts.get("udta", b""), parts.get("canon", b"")),
        gopro=read_gopro(path, parts.get("gpmf", b""), track=has_gopro_track(container)),
        pack=pack,
        acquisition=sets,
        descriptive=mxf_texts(parts.get("mxf", b"")),
        timecodes=mxf_timecodes(parts.get("mxf", b"")),
        insta360=read_insta360(path) if form == MP4_FAMILY else {},
        broadcast=read_broadcast(path) if form == "mpegts" else Broadcast(),
    )
