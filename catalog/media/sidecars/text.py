"""The bytes of a small file, and the text or the XML they are."""

from __future__ import annotations

import codecs
import re
import stat
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError  # only types; see defusedxml

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from catalog.domain.paths import shown_path
from catalog.errors import SidecarError
from catalog.media.files import unreadable
from catalog.media.sidecars.encodings import encoding_of

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins as the UTF-16 one does
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 4096
# Tabs, line ends, form feeds; U+001A ended files under CP/M and Windows.
_BINARY = re.compile(r"[\x00-\x08\x0e-\x19\x1b-\x1f]")


def read_bytes(path: Path, limit: int) -> bytes:
    """All bytes of a regular file.

    Raises
    ------
    SidecarError
        If it is larger than ``limit`` bytes, or no regular file.
    UnreadableFileError
        If the operating system refuses it.
    """
    try:
        # A pipe would block on open, so its kind is asked first.
        state = path.stat()
        if not stat.S_ISREG(state.st_mode):
            raise broken(path, "it is no regular file")
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise unreadable(path, error) from error
    if len(data) > limit:
        raise broken(path, f"it is larger than {limit // 1_000_000} MB")
    return data


def read_text(path: Path, limit: int) -> str:
    r"""The text of a file, line ends as ``\n``; UTF-8, UTF-16, UTF-32 or Windows Latin-1.

    Raises
    ------
    SidecarError
        If it is too large, or no text.
    UnreadableFileError
        If the operating system refuses it.
    """
    text = decode(read_bytes(path, limit))
    if text is None:
        raise broken(path, "it is no text")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def decode(data: bytes) -> str | None:
    """Bytes as text by their mark, else UTF-8, else UTF-16 without a mark, else as they look.

    See `catalog.media.sidecars.encodings`; in doubt that is Windows-1252.
    """
    text = _decode(data)
    return None if text is None or _BINARY.search(text) else text


def _decode(data: bytes) -> str | None:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    sample = data[:_SAMPLE]
    if b"\0" in sample:
        # Every second byte of European text in UTF-16 is zero: which one tells the order.
        odd, even = sample[1::2].count(0), sample[0::2].count(0)
        order = "utf-16-le" if odd > even else "utf-16-be"
        try:
            return data.decode(order)
        except UnicodeDecodeError:
            return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode(encoding_of(data), "replace")


def parse_xml(data: bytes) -> Element:
    """The document's root; entities and document types are refused.

    Raises
    ------
    ValueError
        If it is no XML, or has these.
    """
    try:
        root: Element = fromstring(_document(data), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise ValueError(f"it is no safe XML ({type(error).__name__})") from error
    return root


def _document(data: bytes) -> bytes:
    """What is around it taken away; of UTF-16 every other byte is nought, the last among them."""
    for mark, order in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if data.startswith(mark):
            text = data.removeprefix(mark).decode(order, "replace")
            return mark + text.strip("\0 \r\n\t").encode(order, "replace")
    return data.strip(b"\0 \r\n\t")


def broken(path: Path, why: str) -> SidecarError:
    """The error for a file beside a media file that cannot be taken for what it is called."""
    return SidecarError(
        f"{shown_path(Path(path.name))} cannot be read: {why}; expected a readable sidecar.",
        remedy="Mend the file and ingest again, or take it away.",
        path=shown_path(path),
    )
