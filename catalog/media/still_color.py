"""Colours of stills: what their profile and tags say, and the picture in sRGB.

Screens and encoders take what has no profile for sRGB. Phones write Display P3, cameras Adobe RGB,
print shops CMYK: taken for sRGB, all of them are dull or wrong.
"""

from __future__ import annotations

import io
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING, Any

from catalog.media.color import PRIMARIES, RANGES, SPACES, TRANSFERS
from catalog.media.tags import clean_text

if TYPE_CHECKING:
    from PIL import Image

_LARGEST_PROFILE = 4_000_000  # bytes; those of presses have one or two
_SCREENS = {"RGB", "L"}  # modes that can be sRGB already; ink cannot
_LEVELS, _UNSEEN = range(0, 256, 51), 2
_MODES = {"RGB": "RGB", "CMYK": "CMYK", "GRAY": "L"}
# ITU-T H.273's numbers: in PNG (third edition, 11.3.2.6) and in ISO/IEC 23008-12's colour box.
_OF_FORMATS: dict[str, dict[str, str | None]] = {
    # JFIF 1.02: BT.601's matrix for 625 lines, all 256 levels; RFC 9649: BT.601 in studio range.
    "JPEG": {"color_space": "bt470bg", "color_range": "pc"},
    "MPO": {"color_space": "bt470bg", "color_range": "pc"},
    "WEBP": {"color_space": "bt470bg", "color_range": "tv"},
    "PNG": {"color_range": "pc"},
}
_PNG, _HEIF = b"\x00\x00\x00\x04cICP", b"colrnclx"


def embedded_profile(image: Image.Image) -> bytes | None:
    """An open picture's ICC profile; None if it has none.

    What Pillow finds by that name may be a text of PNG, or any value of a TIFF's tag.
    """
    found = image.info.get("icc_profile")
    return found if isinstance(found, bytes) else None


def profile_name(profile: bytes | None) -> str | None:
    """What an ICC profile calls itself; None if there is none that can be read."""
    known = _read(profile)
    return None if known is None else known[0]


def profile_mode(profile: bytes | None) -> str | None:
    """The mode of Pillow's that an ICC profile is for: ``RGB``, ``CMYK`` or ``L``; else None."""
    known = _read(profile)
    return None if known is None else known[1]


@lru_cache(maxsize=8)
def _read(profile: bytes | None) -> tuple[str, str] | None:
    from PIL import ImageCms  # noqa: PLC0415

    if not profile or len(profile) > _LARGEST_PROFILE:
        return None
    try:
        read = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = _MODES.get(read.profile.xcolor_space.strip())
        name = clean_text(ImageCms.getProfileDescription(read))[:200]
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return None
    return None if mode is None else (name, mode)


def in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image | None:
    """A picture of RGB, grey or CMYK in sRGB; None if it is so already, or nobody can tell."""
    from PIL import ImageCms  # noqa: PLC0415

    known = _read(profile)
    if profile is None or known is None or known[1] != picture.mode:
        return None
    try:
        transform = _transform(profile, picture.mode)
        return None if transform is None else ImageCms.applyTransform(picture, transform)
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return None  # a broken profile: the picture is shown as it is


@lru_cache(maxsize=4)
def _transform(profile: bytes, mode: str) -> Any:  # noqa: ANN401  # Pillow has no type for it
    """From a profile to sRGB; None if that changes nothing to speak of."""
    from PIL import ImageCms  # noqa: PLC0415

    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    found = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
    # Names do not tell: there is linear light that is called sRGB, and sRGB that is not.
    return None if mode in _SCREENS and _moves(found, mode) <= _UNSEEN else found


def _moves(transform: Any, mode: str) -> int:  # noqa: ANN401  # as above
    """How far, of 255, a profile's colours are from what they are taken for without it."""
    import numpy as np  # noqa: PLC0415
    from PIL import Image, ImageCms  # noqa: PLC0415

    # Colours in between count: the purest of a wider space may end where sRGB's do.
    colours = np.array(list(product(_LEVELS, repeat=len(mode))), np.uint8)[None]
    probes = Image.fromarray(colours if len(mode) > 1 else colours[:, :, 0])
    moved: Any = ImageCms.applyTransform(probes, transform)
    return int(np.abs(np.asarray(moved, np.int16) - colours).max())


def color_tags(head: bytes, form: str | None, *, of_rgb: bool) -> dict[str, str | None]:
    """What a file's first bytes say of its colours, as columns of `VideoTrack`; empty if nothing.

    Parameters
    ----------
    head:
        The first bytes of the file, some thousand.
    form:
        The format as Pillow calls it.
    of_rgb:
        Whether a JPEG or WebP stores RGB, which these formats usually do not.
    """
    at, width = -1, 1
    if form == "PNG":
        at = head.find(_PNG, 8, head.find(b"IDAT") if b"IDAT" in head else None)
    elif form in {"HEIF", "AVIF"}:
        at, width = head.find(_HEIF), 2
    data = head[at + 8 : at + 8 + 3 * width + 1] if at >= 0 else b""
    if len(data) <= 3 * width:
        return dict({"color_range": "pc"} if of_rgb else _OF_FORMATS.get(form or "", {}))
    primaries, transfer, space = (
        int.from_bytes(data[start : start + width], "big") for start in range(0, 3 * width, width)
    )
    full = bool(data[-1] >> 7 if width > 1 else data[-1])
    return {
        "color_primaries": PRIMARIES.get(primaries),
        "color_transfer": TRANSFERS.get(transfer),
        "color_space": SPACES.get(space),
        "color_range": RANGES[2 if full else 1],
    }
