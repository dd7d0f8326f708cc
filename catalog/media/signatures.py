"""What the first bytes of a file say it is, whatever it is called."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reader(StrEnum):
    """Who reads a file of this sort."""

    PILLOW = "pillow"
    FFMPEG = "ffmpeg"


@dataclass(frozen=True, slots=True)
class Signature:
    """A recognised format: its name for people, and who reads it."""

    name: str
    reader: Reader


_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"hevc", b"hevx", b"mif2"}
_AVIF_BRANDS = {b"avif", b"avis"}

_PILLOW_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"BM", "BMP"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "BigTIFF"),
    (b"MM\x00+", "BigTIFF"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"8BPS", "Photoshop"),
    (b"FUJIFILMCCD-RAW ", "Fujifilm raw"),
    (b"IIRO", "Olympus raw"),
    (b"IIRS", "Olympus raw"),
    (b"MMOR", "Olympus raw"),
    (b"IIU\x00", "Panasonic raw"),
    (b"\x00MRM", "Minolta raw"),
    (b"FOVb", "Sigma raw"),
    *((b"ARRI" + order, "ARRIRAW") for order in (b"\x12\x34\x56\x78", b"\x78\x56\x34\x12")),
    (b"\x00\x00\x01\x00", "ICO"),
    *((b"P%d" % number, "PNM") for number in range(1, 7)),
)
_FFMPEG_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"GIF8", "GIF"),
    (b"\x1a\x45\xdf\xa3", "Matroska/WebM"),
    (b"\x06\x0e\x2b\x34", "MXF"),
    (b"fLaC", "FLAC"),
    (b"OggS", "Ogg"),
    (b"ID3", "MP3"),
    (b"FLV", "Flash video"),
    (b"FORM", "AIFF"),
    (b"RF64", "RF64"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "ASF/WMV"),
    (b"\x00\x00\x01\xba", "MPEG program stream"),
    (b"\x00\x00\x01\xb3", "MPEG video"),
    (b"\x76\x2f\x31\x01", "OpenEXR"),
    (b"SDPX", "DPX"),
    (b"XPDS", "DPX"),
    (b"\x80\x2a\x5f\xd7", "Cineon"),
    (b"\xd7\x5f\x2a\x80", "Cineon"),
    (b"caff", "Core Audio"),
    (b"riff\x2e\x91\xcf\x11", "Wave64"),
    (b".snd", "AU"),
    (b"#!AMR", "AMR"),
    (b"DSD ", "DSF"),
    (b"FRM8", "DSDIFF"),
    (b"wvpk", "WavPack"),
    (b"TTA1", "True Audio"),
    (b"MAC ", "Monkey's Audio"),
    (b"Creative Voice File\x1a", "VOC"),
    (b".RMF", "RealMedia"),
    (b"#?RADIANCE", "Radiance HDR"),
    (b"#?RGBE", "Radiance HDR"),
    (b"PF\n", "PFM"),
    (b"Pf\n", "PFM"),
    (b"qoif", "QOI"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "JPEG XL"),
    *((b"\x01\xda" + bytes(kind), "SGI") for kind in ((0, 1), (1, 1), (0, 2), (1, 2))),
    *((b"\x0a\x05\x01" + bytes((bits,)), "PCX") for bits in (1, 2, 4, 8)),
    (b"\x59\xa6\x6a\x95", "Sun raster"),
)
_ISO_BOXES = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp", b"moof"}
_TS_PACKET = 188
_TS_SYNC = 0x47
_PNM_SPACES = b" \t\r\n#"


def recognise(head: bytes) -> Signature | None:
    """The format a file's first bytes are of, or None if they are of none known here."""
    for found in (_iso(head), _riff(head), _by_magic(head), _transport_stream(head)):
        if found is not None:
            return found
    return None


def _by_magic(head: bytes) -> Signature | None:
    for magic, name in _PILLOW_MAGIC:
        if head.startswith(magic) and (name != "PNM" or head[2:3] in _in_pieces(_PNM_SPACES)):
            return Signature(name, Reader.PILLOW)
    for magic, name in _FFMPEG_MAGIC:
        if head.startswith(magic):
            return Signature(name, Reader.FFMPEG)
    return None


def _in_pieces(characters: bytes) -> set[bytes]:
    return {bytes((character,)) for character in characters}


RED_RAW = "RED raw"
"""Files of RED's cameras: only those of the first one are in a codec that others know."""


def _iso(head: bytes) -> Signature | None:
    box, brand = head[4:8], head[8:12]
    if box in (b"RED1", b"RED2"):
        return Signature(RED_RAW, Reader.FFMPEG)
    if box not in _ISO_BOXES:
        return None
    if box == b"ftyp" and brand in _HEIF_BRANDS:
        return Signature("HEIF", Reader.PILLOW)
    if box == b"ftyp" and brand == b"crx ":
        return Signature("Canon raw", Reader.PILLOW)
    if box == b"ftyp" and brand in _AVIF_BRANDS:
        return Signature("AVIF", Reader.PILLOW)
    return Signature("MP4/QuickTime", Reader.FFMPEG)


def _riff(head: bytes) -> Signature | None:
    if not head.startswith(b"RIFF"):
        return None
    if head[8:12] == b"WEBP":
        return Signature("WebP", Reader.PILLOW)
    return Signature({b"WAVE": "WAV", b"AVI ": "AVI"}.get(head[8:12], "RIFF"), Reader.FFMPEG)


def _transport_stream(head: bytes) -> Signature | None:
    # Blu-ray puts four bytes before every packet.
    for start, step in ((0, _TS_PACKET), (4, _TS_PACKET + 4)):
        syncs = head[start::step][:5]
        if len(syncs) > 1 and set(syncs) == {_TS_SYNC}:
            return Signature("MPEG transport stream", Reader.FFMPEG)
    return None
