"""How a still is stored, in FFmpeg's words, from what Pillow says of it without decoding."""

from __future__ import annotations

import re
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
    return DEEP_MODES.get(image.mode, 8)
