"""XMP (ISO 16684-1): RDF properties as values, safely."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard
from xml.etree.ElementTree import Element  # only a type; see `parse_xml`

from catalog.domain.languages import language_tag
from catalog.domain.sidecars import Description, Sidecar
from catalog.media.place import parse_xmp_angle, place
from catalog.media.sidecars.columns import joined, key_name, labels, moment
from catalog.media.sidecars.text import parse_xml
from catalog.media.tags import clean_text

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_PREFIXES = {
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://ns.adobe.com/xap/1.0/rights/": "rights",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop",
    "http://ns.adobe.com/xmp/1.0/DynamicMedia/": "xmpdm",
    "http://ns.adobe.com/exif/1.0/": "exif",
    "http://ns.adobe.com/tiff/1.0/": "tiff",
    "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/": "iptc",
    "http://iptc.org/std/Iptc4xmpExt/2008-02-29/": "iptc_ext",
    "http://ns.adobe.com/lightroom/1.0/": "lightroom",
    "http://cipa.jp/exif/1.0/": "exifex",
}
# How a picture was developed and a file was saved says nothing of what it shows.
_UNTOLD = ("http://ns.adobe.com/camera-raw-settings/", "http://ns.adobe.com/xap/1.0/mm/")
_MOST_VALUES = 500
_DEEPEST = 6
_MOMENTS = ("xmpdm.shotdate", "photoshop.datecreated", "exif.datetimeoriginal", "xmp.createdate")


def parse_xmp(data: bytes) -> Sidecar:
    """The properties of an XMP packet; entities and document types are refused.

    Raises
    ------
    ValueError
        If it is no XML, or no XMP.
    """
    root = parse_xml(data)
    # The packet's own descriptions; those within are structures.
    descriptions = [d for rdf in root.iter(f"{_RDF}RDF") for d in rdf.findall(f"{_RDF}Description")]
    found: dict[str, dict[str, Any]] = {}
    for name, value in (pair for each in descriptions for pair in _properties(each)):
        space, key = _named(name)
        values = found.setdefault(space, {}) if len(found) < _MOST_VALUES else {}
        if key and value not in (None, "", [], {}) and len(values) < _MOST_VALUES:
            values.setdefault(key, value)
    if not descriptions:
        raise ValueError("it holds no XMP")
    return Sidecar(description=_described(found))


def _properties(description: Element, depth: int = 0) -> Iterator[tuple[str, Any]]:
    for name, text in description.attrib.items():
        if not name.startswith((_RDF, "{http://www.w3.org/XML/")) and _told(name):
            yield name, clean_text(text)
    for child in description:
        if isinstance(child.tag, str) and _told(child.tag):
            yield child.tag, _value(child, depth)


def _told(name: str) -> bool:
    return not name[1:].startswith(_UNTOLD)


def _value(element: Element, depth: int) -> Any:  # noqa: ANN401  # text, list or structure
    if depth > _DEEPEST:
        return None
    for kind in ("Alt", "Bag", "Seq"):
        container = element.find(f"{_RDF}{kind}")
        if container is None:
            continue
        items = container.findall(f"{_RDF}li")[:_MOST_VALUES]
        if kind == "Alt":
            default = [i for i in items if i.get(_LANG) == "x-default"]
            return _value((default or items)[0], depth + 1) if items else None
        return [_value(item, depth + 1) for item in items]
    inner = element.find(f"{_RDF}Description")
    structure = element if inner is None else inner
    if len(structure) or (inner is not None):
        return {_named(name)[1]: v for name, v in _properties(structure, depth + 1)}
    if element.get(f"{_RDF}resource"):
        return clean_text(element.get(f"{_RDF}resource", ""))
    return clean_text(element.text or "") or _flat_structure(element)


def _flat_structure(element: Element) -> dict[str, str] | None:
    """A structure written as attributes of its element."""
    found = {
        _named(name)[1]: clean_text(text)
        for name, text in element.attrib.items()
        if not name.startswith((_RDF, "{http://www.w3.org/XML/"))
    }
    return found or None


def _named(name: str) -> tuple[str, str]:
    uri, _, local = name[1:].rpartition("}") if name.startswith("{") else ("", "", name)
    space = _PREFIXES.get(uri) or key_name(uri.rstrip("/#").rpartition("/")[2]) or "other"
    return space, key_name(local)


def _described(found: dict[str, dict[str, Any]]) -> Description:
    dc, dynamic = found.get("dc", {}), found.get("xmpdm", {})
    photoshop, rights = found.get("photoshop", {}), found.get("rights", {})
    titles = (dc.get("title"), photoshop.get("headline"), dynamic.get("shotname"))
    texts = (dc.get("description"), dynamic.get("logcomment"))
    subjects = dc.get("subject")
    spoken = dc.get("language")
    spoken = spoken if isinstance(spoken, list) else [spoken]
    moments = (found.get(s, {}).get(k) for s, _, k in (m.partition(".") for m in _MOMENTS))
    return Description(
        title=_text(titles),
        description=_text(texts),
        language=next((t for t in map(language_tag, filter(_is_text, spoken)) if t), None),
        recorded=next((m for m in map(moment, filter(_is_text, moments)) if m), None),
        reel=_text((dynamic.get("tapename"), dynamic.get("alttapename"))),
        scene=_text((dynamic.get("scene"), found.get("iptc", {}).get("scene"))),
        take=_text((dynamic.get("takenumber"),)),
        rights=joined(
            _several(dc.get("rights"), rights.get("usageterms"), dynamic.get("copyright"))
        ),
        creator=joined(_several(dc.get("creator"))),
        credit=joined(_several(photoshop.get("credit"), photoshop.get("source"))),
        **_camera(found),
        tags=labels(filter(_is_text, subjects if isinstance(subjects, list) else [subjects])),
        metadata=found,
    )


def _camera(found: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The columns of the camera and the place."""
    tiff, exif, aux = (found.get(space, {}) for space in ("tiff", "exif", "aux"))
    newer, dynamic = found.get("exifex", {}), found.get("xmpdm", {})
    latitude, longitude = (_angle(exif.get(name)) for name in ("gpslatitude", "gpslongitude"))
    where = None
    if latitude is not None and longitude is not None:
        where = place(latitude, longitude, _altitude(exif))
    return {
        "camera_make": _text((tiff.get("make"),)),
        "camera_model": _text((tiff.get("model"), dynamic.get("cameramodel"))),
        "camera_serial": _text((aux.get("serialnumber"), newer.get("bodyserialnumber"))),
        "lens": _text((aux.get("lens"), exif.get("lensmodel"), newer.get("lensmodel"))),
        "latitude": where.latitude if where else None,
        "longitude": where.longitude if where else None,
        "altitude": where.altitude if where else None,
    }


def _angle(value: Any) -> float | None:  # noqa: ANN401  # any JSON
    return parse_xmp_angle(value) if _is_text(value) else None


def _altitude(exif: Mapping[str, Any]) -> float | None:
    numerator, _, denominator = (_text((exif.get("gpsaltitude"),)) or "").partition("/")
    try:
        metres = float(numerator) / float(denominator or 1)
    except (ValueError, ZeroDivisionError):
        return None
    return -metres if exif.get("gpsaltituderef") == "1" else metres


def _is_text(value: Any) -> TypeGuard[str]:  # noqa: ANN401  # any JSON
    return isinstance(value, str) and bool(value)


def _text(values: tuple[Any, ...]) -> str | None:
    return next((str(value) for value in values if _is_text(value)), None)


def _several(*values: Any) -> Iterator[str]:  # noqa: ANN401  # texts and lists of them
    for value in values:
        yield from filter(_is_text, value if isinstance(value, list) else [value])
