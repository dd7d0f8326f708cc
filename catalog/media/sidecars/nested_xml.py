"""XML that recorders and cameras put into their files or beside them, as nested values."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element, ParseError  # only types; see defusedxml

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from catalog.media.sidecars.columns import key_name
from catalog.media.tags import clean_text

_DEEPEST = 8
_MOST_CHILDREN = 500


def parse_nested(data: bytes) -> dict[str, Any]:
    """An XML document as nested JSON, keys as `key_name` spells them; empty if it is none.

    Attributes and children are values alike; what repeats is a list. The text of an element
    that has attributes too is its ``text``.
    """
    text = data.strip(b"\0 \r\n\t")
    start = text.find(b"<")
    try:
        root = fromstring(text[max(start, 0) :], forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return {}
    return nested(root)


def nested(root: Element) -> dict[str, Any]:
    """What `parse_nested` says of a document that is parsed already."""
    found = _value(root, 0)
    return found if isinstance(found, dict) else {}


def _value(element: Element, depth: int) -> Any:  # noqa: ANN401  # text, structure or list
    if depth > _DEEPEST:
        return None
    found: dict[str, Any] = {}
    for name, text in list(element.attrib.items())[:_MOST_CHILDREN]:
        _put(found, name, clean_text(text))
    for child in list(element)[:_MOST_CHILDREN]:
        if isinstance(child.tag, str):
            _put(found, child.tag, _value(child, depth + 1))
    text = clean_text(element.text or "")
    if found and text:
        _put(found, "text", text)
    return found or text


def _put(found: dict[str, Any], name: str, value: Any) -> None:  # noqa: ANN401
    key = key_name(name.rpartition("}")[2])
    if not key or value in (None, "", {}, []):
        return
    if key not in found:
        found[key] = value
    elif isinstance(found[key], list):
        found[key].append(value)
    else:
        found[key] = [found[key], value]
