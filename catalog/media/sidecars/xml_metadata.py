"""XML beside a clip: what cameras write, and whatever names its values as a list would."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from catalog.domain.sidecars import Description, Sidecar, SidecarKind
from catalog.media.sidecars.camera_metadata import described_by_camera
from catalog.media.sidecars.columns import describe, keyed
from catalog.media.sidecars.nested_xml import nested
from catalog.media.sidecars.text import decode, parse_xml

# Timelines and lists of a whole card, which say nothing of the one clip they are called like.
_OTHER_XML = frozenset({"xmeml", "fcpxml", "smil", "mediaprofile", "mediaroot", "stationplaylist"})
_ROOT = re.compile(rb"<(?:!DOCTYPE\s+)?(?:[\w.-]+:)?([A-Za-z][\w.-]*)")
_HEAD = 4096
_MOST_LEAVES = 500
_LINE = re.compile(r"\s*([A-Za-z][\w .-]{0,60}?)\s*[:=]\s*(\S.{0,500})")


def parse_xml_metadata(data: bytes) -> Sidecar:
    """What an XML file says of the clip beside it; nothing where it speaks of something else.

    Raises
    ------
    ValueError
        If it is no XML, or has entities or a document type.
    """
    if is_other_xml(data):
        return Sidecar()
    document = nested(parse_xml(data))
    said = described_by_camera(document) or _by_names(document)
    return Sidecar(description=replace(said, metadata=keyed(said.metadata)))


def is_other_xml(data: bytes) -> bool:
    """Whether XML is, by its document type or its first element, of a sort that is passed over."""
    found = _ROOT.search(data[:_HEAD].replace(b"\0", b""))
    return found is not None and found[1].decode("ascii", "replace").lower() in _OTHER_XML


def parse_red(data: bytes) -> Sidecar:
    """A RED ``.RMD``: XML, or lines of names and values; nothing where it is neither.

    Raises
    ------
    ValueError
        If it begins as XML and is none.
    """
    if data.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        return parse_xml_metadata(data)
    text = decode(data)
    lines = [] if text is None else text.splitlines()[:_MOST_LEAVES]
    values = {found[1]: found[2] for line in lines if (found := _LINE.fullmatch(line))}
    if not values:
        return Sidecar(kind=SidecarKind.XML)  # a look in bits and bytes
    return Sidecar(description=describe(keyed(values)))


def _by_names(document: Mapping[str, Any]) -> Description:
    """By the names of elements at any depth, those further out first; everything is kept."""
    found: dict[str, Any] = {}
    waiting: deque[Mapping[str, Any]] = deque([document])
    while waiting and len(found) < _MOST_LEAVES:
        for name, value in waiting.popleft().items():
            items = value if isinstance(value, list) else [value]
            waiting.extend(item for item in items if isinstance(item, Mapping))
            texts = [item for item in items if isinstance(item, str)]
            if texts:
                found.setdefault(name, texts if len(texts) > 1 else texts[0])
    return replace(describe(keyed(found)), metadata=document)
