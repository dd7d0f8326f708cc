"""XML that is written, and XML that strangers wrote."""

from __future__ import annotations

from xml.etree.ElementTree import Element, indent, tostring  # reading is defused

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring


def document(root: Element, *, doctype: str) -> bytes:
    """A document of this type, indented, in UTF-8."""
    indent(root, "  ")
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE {doctype}>\n'
    body: bytes = tostring(root, "utf-8", xml_declaration=False)
    return head.encode() + body + b"\n"


def parsed(data: bytes) -> Element:
    """The root element of a document from anywhere: no entities, nothing fetched.

    Raises
    ------
    ValueError
        If it is no such document.
    """
    try:
        root: Element = fromstring(data)
    except (ParseError, DefusedXmlException, LookupError, RecursionError) as error:
        raise ValueError(f"it is no XML that can be read ({error})"[:200]) from error
    return root


# What editing programs and studios also write as XML.
_OTHERS = {"CompositionPlaylist": "a composition playlist of an IMF"}


def name_of(root: Element) -> str:
    """What a document is, for messages; without its namespace."""
    tag = root.tag.rpartition("}")[2]
    return _OTHERS.get(tag, repr(tag[:40]))
