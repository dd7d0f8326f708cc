"""How a still is stored, in FFmpeg's words, from what Pillow says of it without decoding."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from PIL import Image

# FFmpeg's names, so that a picture is found by the same word whoever read it.
_CODECS = {
    "JPEG": "mjpeg",
    "MPO": "mjpeg",
    "HEIF": "hevc",
    "AVIF": "av1",
    "JPEG2000": "jpeg2000",
    "TGA": "targa",
}
_PIXELS = {"RGB": "rgb24", "RGBA": "rgba", "L": "gray", "LA": "ya8", "P": "pal8", "CMYK": "cmyk"}
_PIXELS |= {"1": "monob", "I;16": "gray16le", "I;16B": "gray16be"}
# By reader and mode; "" is any mode of that reader's.
_SPECIAL_PIXELS = {
    "BMP": {"RGB": "bgr24", "RGBA": "bgra"},
    "GIF": {"": "bgra"},
    "PNG": {"I;16": "gray16be", "I;16B": "gray16be", "I": "gray16be"},
    "PPM": {"1": "monow", "I": "gray16be"},
    "WEBP": {"RGBA": "yuva420p", "": "yuv420p"},
}
# As Pillow names what it unpacks: RGB;16B is three samples of 16 bits, the upper byte first.
_DEEP_RAW = re.compile(r"(RGB|RGBA|RGBX|LA);16([BLN])")
_SIZ = re.compile(rb"\xff\x51.{38}(.)", re.DOTALL)
_DEEP_PIXELS = {"RGB": "rgb48", "RGBA": "rgba64", "RGBX": "rgba64", "LA": "ya16"}
_SUBSAMPLING = re.compile(r"yuvj?a?(4\d\d)p")
_CHROMA = {"gray": "4:0:0", "ya": "4:0:0", "monow": "4:0:0", "bgr": "rgb"}
_CHROMA |= {"bgra": "rgb", "gbrp": "rgb", "pal": "rgb", "mono": "4:0:0"}
DEEP_MODES = {"I;16": 16, "I;16B": 16, "I;16L": 16, "I": 16, "F": 32}
# Pillow puts texts of PNG into ``info`` by whatever name they have; none has this one.
_NOTES = (-1, -1)
_PIXELS_OF_RGB = _JPEG_OF_RGB, _WEBP_OF_RGB = "gbrp", "argb"
_RGB_NAMES = [ord(each) for each in "RGB"]
_CHUNK, _FRAME_HEADER, _MOST_CHUNKS = 8, 16, 64  # of WebP


@dataclass(slots=True)
class Notes:
    """What was found out of a picture when it was opened: once it is read, Pillow forgets.

    ``pixels`` are FFmpeg's name of the stored ones and ``bits`` their depth, where Pillow's mode
    does not tell; ``raw`` says what raw file it is the preview of; ``colors`` are columns of
    `VideoTrack`; ``texts`` the words of a PNG or GIF, by FFmpeg's names of tags.
    """

    pixels: str | None = None
    bits: int | None = None
    raw: dict[str, Any] = field(default_factory=dict)
    colors: dict[str, Any] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)


def notes(image: Image.Image) -> Notes:
    """The open picture's notes, to be read and written."""
    found: Notes = image.info.setdefault(_NOTES, Notes())
    return found


def codec(image: Image.Image) -> str:
    """The codec's name."""
    form = image.format or "unknown"
    if form == "PPM":
        return {"1": "pbm", "L": "pgm", "I": "pgm"}.get(image.mode, "ppm")
    return _CODECS.get(form, form.lower())


def profile(image: Image.Image) -> str | None:
    """The codec's profile, where it has any."""
    if image.format not in {"JPEG", "MPO"}:
        return None
    return "Progressive" if image.info.get("progressive") else "Baseline"


def pixel_format(image: Image.Image) -> str | None:
    """FFmpeg's name of the stored pixels, where Pillow tells enough to know it."""
    if (stored := notes(image).pixels) is not None:
        return stored
    layers = getattr(image, "layer", None)
    if image.format in {"JPEG", "MPO"} and layers:
        return _jpeg_pixels(layers)
    if image.format in {"HEIF", "AVIF"}:
        deep = int(image.info.get("bit_depth") or 8) > 8
        return f"yuv{image.info.get('chroma', 420)}p{'10le' if deep else ''}"
    special = _SPECIAL_PIXELS.get(image.format or "", {})
    return special.get(image.mode) or special.get("") or _PIXELS.get(image.mode)


def stores_rgb(image: Image.Image) -> bool:
    """Whether it is red, green and blue that an open JPEG or WebP holds, with no matrix to them."""
    return notes(image).pixels in _PIXELS_OF_RGB


def chroma(image: Image.Image) -> str | None:
    """How colour is sampled, in the words of `catalog.media.color.chroma`."""
    stored = pixel_format(image)
    if stored is None:
        return None
    if found := _SUBSAMPLING.search(stored):
        return ":".join(found[1])
    return _CHROMA.get(stored.rstrip("0123456789lbe"), "rgb" if "rgb" in stored else None)


def note_pixels(image: Image.Image, head: bytes, path: Path) -> None:
    """Remember how a picture that was just opened is stored, where its mode does not tell.

    Parameters
    ----------
    head:
        The file's first bytes.
    path:
        The file.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    noted = notes(image)
    if image.format in {"JPEG", "MPO"} and _jpeg_of_rgb(image):
        noted.pixels = _JPEG_OF_RGB
    elif image.format == "WEBP" and _is_lossless(path):
        noted.pixels = _WEBP_OF_RGB
    tile = next(iter(getattr(image, "tile", ())), None)
    args = tile.args if tile is not None else None
    raw = args[0] if isinstance(args, tuple) and args else args
    if isinstance(raw, str) and (found := _DEEP_RAW.fullmatch(raw)) is not None:
        order = {"B": "be", "L": "le"}.get(found[2], "le" if sys.byteorder == "little" else "be")
        noted.pixels, noted.bits = f"{_DEEP_PIXELS[found[1]]}{order}", 16
    elif image.format == "PPM" and isinstance(args, tuple) and args[1:2] > (255,):
        noted.pixels, noted.bits = "rgb48be", 16
    elif image.format == "JPEG2000" and (bits := jpeg2000_bits(head)) is not None:
        noted.bits = bits
        if bits > 8 and image.mode in _DEEP_PIXELS:
            noted.pixels = f"{_DEEP_PIXELS[image.mode]}le"


def _jpeg_of_rgb(image: Image.Image) -> bool:
    """Whether a JPEG's three layers are red, green and blue, by the rules of libjpeg."""
    layers = getattr(image, "layer", ())
    if len(layers) != 3 or "jfif" in image.info:  # JFIF has no other colours than YCbCr
        return False
    if (transform := image.info.get("adobe_transform")) is not None:
        return bool(transform == 0)
    return [layer[0] for layer in layers] == _RGB_NAMES


def _is_lossless(path: Path) -> bool:
    """Whether the first picture of a WebP file (RFC 9649) is of the kind that stores RGB."""
    with path.open("rb") as file:
        file.seek(12)
        return _lossless_here(file)


def _lossless_here(file: BinaryIO) -> bool:
    for _ in range(_MOST_CHUNKS):
        header = file.read(_CHUNK)
        name, size = header[:4], int.from_bytes(header[4:], "little")
        if name in (b"VP8L", b"VP8 ", b""):
            return name == b"VP8L"
        # A frame of an animation begins with its place and time, then chunks of its own.
        file.seek(_FRAME_HEADER if name == b"ANMF" else size + size % 2, 1)
    return False


def jpeg2000_bits(head: bytes) -> int | None:
    """Bits of a sample of the JPEG 2000 codestream that begins among these bytes; else None."""
    size = _SIZ.search(head)
    # ISO/IEC 15444-1, A.5.1: one less than the depth of the first component, and its sign.
    return None if size is None else (size[1][0] & 0x7F) + 1


def _jpeg_pixels(layers: list[tuple[int, int, int, int]]) -> str | None:
    if len(layers) == 1:
        return "gray"
    if len(layers) != 3:
        return None
    (_, across, down, _), (_, chroma_across, chroma_down, _) = layers[0], layers[1]
    sampling = (across // max(1, chroma_across), down // max(1, chroma_down))
    names = {(1, 1): "444", (2, 1): "422", (2, 2): "420", (1, 2): "440", (4, 1): "411"}
    return f"yuvj{names[sampling]}p" if sampling in names else None


def bit_depth(image: Image.Image) -> int | None:
    """Bits per sample."""
    if image.format in {"HEIF", "AVIF"}:
        return int(image.info.get("bit_depth") or 8)
    if image.mode == "1":
        return 1
    return notes(image).bits or DEEP_MODES.get(image.mode, 8)
