"""How a still is stored, in FFmpeg's words, from what Pillow says of it without decoding."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

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
_CHROMA |= {"bgra": "rgb", "pal": "rgb", "mono": "4:0:0"}
DEEP_MODES = {"I;16": 16, "I;16B": 16, "I;16L": 16, "I": 16, "F": 32}


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
    layers = getattr(image, "layer", None)
    if image.format in {"JPEG", "MPO"} and layers:
        return _jpeg_pixels(layers)
    if image.format in {"HEIF", "AVIF"}:
        deep = int(image.info.get("bit_depth") or 8) > 8
        return f"yuv{image.info.get('chroma', 420)}p{'10le' if deep else ''}"
    stored: str | None = image.info.get("stored")
    if stored is not None:
        return stored
    special = _SPECIAL_PIXELS.get(image.format or "", {})
    return special.get(image.mode) or special.get("") or _PIXELS.get(image.mode)


def chroma(image: Image.Image) -> str | None:
    """How colour is sampled, in the words of `catalog.media.color.chroma`."""
    stored = pixel_format(image)
    if stored is None:
        return None
    if found := _SUBSAMPLING.search(stored):
        return ":".join(found[1])
    return _CHROMA.get(stored.rstrip("0123456789lbe"), "rgb" if "rgb" in stored else None)


def note_depth(image: Image.Image, head: bytes) -> None:
    """Remember how deep a picture that was just opened is stored: once it is read, Pillow forgets.

    ``info["stored"]`` becomes FFmpeg's name of the pixels, ``info["stored_bits"]`` their depth.

    Parameters
    ----------
    head:
        The file's first bytes.
    """
    tile = next(iter(getattr(image, "tile", ())), None)
    args = tile.args if tile is not None else None
    raw = args[0] if isinstance(args, tuple) and args else args
    if isinstance(raw, str) and (found := _DEEP_RAW.fullmatch(raw)) is not None:
        order = {"B": "be", "L": "le"}.get(found[2], "le" if sys.byteorder == "little" else "be")
        image.info |= {"stored": f"{_DEEP_PIXELS[found[1]]}{order}", "stored_bits": 16}
    elif image.format == "PPM" and isinstance(args, tuple) and args[1:2] > (255,):
        image.info |= {"stored": "rgb48be", "stored_bits": 16}
    elif image.format == "JPEG2000" and (bits := jpeg2000_bits(head)) is not None:
        image.info["stored_bits"] = bits
        if bits > 8 and image.mode in _DEEP_PIXELS:
            image.info["stored"] = f"{_DEEP_PIXELS[image.mode]}le"


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
    stored = image.info.get("stored_bits")
    return int(stored) if stored else DEEP_MODES.get(image.mode, 8)
