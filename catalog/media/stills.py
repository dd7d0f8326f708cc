"""Stills: their metadata, and their picture the right way up, by Pillow."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.domain.media import AssetKind, Probe, VideoTrack
from catalog.domain.paths import shown_path
from catalog.errors import (
    CatalogError,
    MediaError,
    MediaTooLargeError,
    NotMediaError,
    UndecodableError,
)
from catalog.media.exif import read_exif
from catalog.media.files import check_readable, unreadable
from catalog.media.hdr import hdr_kinds
from catalog.media.orientation import Orientation
from catalog.media.picture_boxes import note_boxes
from catalog.media.picture_texts import read_picture_texts
from catalog.media.raw import is_raw, open_raw
from catalog.media.signatures import recognise
from catalog.media.still_color import (
    color_tags,
    embedded_profile,
    in_srgb,
    profile_mode,
    profile_name,
)
from catalog.media.still_format import (
    DEEP_MODES,
    bit_depth,
    chroma,
    codec,
    note_pixels,
    notes,
    pixel_format,
    profile,
    stores_rgb,
)

if TYPE_CHECKING:
    from PIL import Image

MAX_PIXELS = 300_000_000  # above the largest cameras; a bomb unpacks to gigabytes
_ANIMATED = {"GIF", "PNG", "WEBP", "AVIF"}
_WITH_TEXTS = {"GIF", "PNG", "PSD"}
_ORIENTATION_TAG = 0x0112
_LARGEST_PROFILE = 64 * 1024
_ROOM = 1.5
_OF_COLOURS = {"RGBA", "RGBX", "P", "PA"}  # and RGB
# Of a picture that is cut off, so much must be there for it to be catalogued.
_LEAST_DECODED = 0.05


@cache
def _pillow() -> None:
    """Pillow as this project needs it; done once, when the first still is opened."""
    import pillow_heif  # noqa: PLC0415  slow, and only stills need it
    from PIL import Image  # noqa: PLC0415

    pillow_heif.register_heif_opener()
    # Pillow warns above this number of pixels and refuses above its double.
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2


@contextmanager
def open_still(path: Path) -> Iterator[Image.Image]:
    """Open a picture with Pillow; whatever Pillow raises inside becomes a `MediaError`.

    Raises
    ------
    UnreadableFileError, EmptyFileError
        As `check_readable`.
    NotMediaError
        If Pillow does not know the file.
    UndecodableError
        If the picture is broken.
    MediaTooLargeError
        If it has more than 300 million pixels.
    """
    head = check_readable(path)
    _pillow()
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of EXIF blocks that are slightly wrong, for one
            with open_raw(path) if is_raw(path, head) else Image.open(path) as image:
                _check_size(path, image.width, image.height)
                note_pixels(image, head, path)
                note_boxes(image, path)
                if image.format in _WITH_TEXTS:
                    texts = read_picture_texts(path)
                    notes(image).texts = texts.tags
                    image.info["xmp"] = texts.xmp or None
                    if image.format == "PSD":
                        image.info |= {"exif": texts.exif or None, "iptc": texts.iptc or None}
                # Ink has no matrix.
                coloured = image.mode in {"RGB", "L", "RGBA"} or image.format == "PNG"
                if coloured:
                    of_rgb = stores_rgb(image)
                    notes(image).colors = color_tags(head, image.format, of_rgb=of_rgb)
                yield image
    except CatalogError:
        raise
    except Image.DecompressionBombError as error:
        raise _too_large(path, str(error)) from error
    except UnidentifiedImageError as error:
        raise _not_a_picture(path, head) from error
    except Exception as error:
        # Pillow's readers raise whatever a broken file happens to trip over.
        if isinstance(error, OSError) and error.errno is not None:
            raise unreadable(path, error) from error
        raise UndecodableError(
            f"{shown_path(path)} begins as a picture, but cannot be decoded"
            f" ({str(error) or type(error).__name__}); expected a complete file.",
            remedy="It is truncated or damaged: copy it again from its source.",
            path=shown_path(path),
        ) from error


def _check_size(path: Path, width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise _too_large(path, f"{width}x{height} pixels")


def _too_large(path: Path, found: str) -> MediaTooLargeError:
    return MediaTooLargeError(
        f"{shown_path(path)} is too large ({found}); expected at most {MAX_PIXELS} pixels.",
        remedy="Store a smaller version of the picture beside it.",
        path=shown_path(path),
        limit=MAX_PIXELS,
    )


def _not_a_picture(path: Path, head: bytes) -> CatalogError:
    signature = recognise(head)
    if signature is None:
        return NotMediaError(
            f"{shown_path(path)} is no picture although it is called {shown_path(path.suffix)};"
            " expected a media file.",
            remedy="Check that it is the file it should be, or leave it out.",
            path=shown_path(path),
        )
    return UndecodableError(
        f"{shown_path(path)} begins as {signature.name}, but no reader understands it;"
        " expected a complete picture.",
        remedy="It is damaged or of an unsupported variety: save it again as JPEG, PNG or TIFF.",
        path=shown_path(path),
        format=signature.name,
    )


def is_animated(image: Image.Image) -> bool:
    """Whether the open picture moves. Pages and thumbnails of a still do not count."""
    return image.format in _ANIMATED and bool(getattr(image, "is_animated", False))


def describe_still(image: Image.Image) -> Probe:
    """Everything known of an open still without decoding its pixels."""
    exif = read_exif(image, notes(image).texts)
    metadata = exif.metadata
    if named := profile_name(embedded_profile(image)):
        metadata["icc_profile"] = named
    raw = notes(image).raw
    if raw:
        metadata["raw"] = {**raw, "preview": list(image.size)}
    pages = 1 if raw else getattr(image, "n_frames", 1)
    if pages > 1:
        metadata["pictures"] = pages
    return Probe(
        kind=AssetKind.STILL,
        container=raw["format"] if raw else (image.format or "unknown").lower(),
        duration=None,
        time_base=Fraction(1),
        video=still_track(image),
        audio=(),
        timecode=None,
        recorded=exif.recorded,
        title=exif.title,
        metadata=metadata,
        facts=exif.facts,
    )


def still_track(image: Image.Image) -> VideoTrack:
    """The open picture as a track of one frame."""
    orientation = exif_orientation(image)
    raw = notes(image).raw
    width, height = raw.get("width") or image.width, raw.get("height") or image.height
    turned = orientation.swaps_sides
    if turned and image.format == "TIFF":  # of which Pillow tells the size it will have upright
        width, height = height, width
    colors = {} if raw else notes(image).colors
    return VideoTrack(
        index=0,
        codec=raw.get("format") or codec(image),
        profile=None if raw else profile(image),
        width=width,
        height=height,
        display_width=height if turned else width,
        display_height=width if turned else height,
        rotation=orientation.rotation,
        mirrored=orientation.mirrored,
        sample_aspect_ratio=Fraction(1),
        pixel_format=None if raw else pixel_format(image),
        bit_depth=raw.get("bit_depth") or bit_depth(image),
        frame_rate=None,
        variable_frame_rate=False,
        frame_count=1,
        chroma=None if raw else chroma(image),
        hdr=hdr_kinds(colors.get("color_transfer"), colors.get("color_primaries"), {}, {}),
        **colors,
    )


def exif_orientation(image: Image.Image) -> Orientation:
    """How the picture must be turned to be seen upright."""
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:  # noqa: BLE001  an EXIF block that cannot be read turns nothing
        return Orientation()
    return Orientation.from_exif(value)


def upright(image: Image.Image, longest_edge: int) -> Image.Image:
    """Decode the open picture, upright, as RGB, no edge longer than asked for.

    Transparent parts show white, as on a page. Colours of another profile become sRGB's; a
    profile of sRGB, or one that cannot be used, is in ``info["icc_profile"]`` of the result.
    """
    from PIL import Image as PillowImage  # noqa: PLC0415

    # Pillow turns a TIFF itself while it decodes it, and no other picture.
    orientation = Orientation() if image.format == "TIFF" else exif_orientation(image)
    colours = embedded_profile(image)
    # A JPEG can be decoded at a half, quarter or eighth; half as much again leaves the filter room.
    room = _ROOM * longest_edge / max(image.size)
    image.draft("RGB", (max(1, int(room * image.width)), max(1, int(room * image.height))))
    image.load()
    if isinstance(image.info.get("transparency"), str):  # a text of PNG by that name
        del image.info["transparency"]
    of_mode = profile_mode(colours)
    usable = image.mode == of_mode or (of_mode == "RGB" and image.mode in _OF_COLOURS)
    # Ink and grey become colours by their profile, once they are few.
    picture = image.copy() if usable and of_mode != "RGB" else _as_rgb(image)
    if picture.mode == image.mode == "RGB" and colours and len(colours) <= _LARGEST_PROFILE:
        picture.info["icc_profile"] = colours
    else:
        picture.info.pop("icc_profile", None)
    scale = min(1.0, longest_edge / max(picture.size))
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    if size != picture.size:
        kept = picture.info
        picture = picture.resize(size, PillowImage.Resampling.LANCZOS, reducing_gap=3.0)
        picture.info = kept
    if usable and (converted := in_srgb(picture, colours)) is not None:
        converted.info.pop("icc_profile", None)
        picture = converted
    return orientation.apply_to_image(picture.convert("RGB"))


def decode_still(path: Path, longest_edge: int) -> tuple[Image.Image, bool]:
    """A file's picture, see `upright`, and whether all of it decoded.

    Of one that is cut off, or broken further down, what decodes is given, if it
    shows anything; the rest of it is of one colour.

    Raises
    ------
    MediaError
        As `open_still`.
    """
    try:
        with open_still(path) as image:
            return upright(image, longest_edge), True
    except UndecodableError as error:
        if isinstance(error.__cause__, MemoryError):
            raise  # it is not broken, and half of it takes as much
        from PIL import ImageFile  # noqa: PLC0415

        ImageFile.LOAD_TRUNCATED_IMAGES = True
        try:
            with open_still(path) as image:
                found = upright(image, longest_edge)
        except MediaError:
            raise error from None
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = False
        if not _shows_something(found):
            raise
        return found, False


def _shows_something(image: Image.Image) -> bool:
    """Whether more than a corner of a broken picture was decoded; the rest is of one colour."""
    tiny = image.convert("RGB").resize((64, 64))
    most = max(count for count, _ in tiny.getcolors(64 * 64) or [])
    return most < (1 - _LEAST_DECODED) * 64 * 64


def _as_rgb(image: Image.Image) -> Image.Image:
    from PIL import Image as PillowImage  # noqa: PLC0415

    if image.mode in DEEP_MODES:
        return _scaled_to_bytes(image).convert("RGB")
    if image.has_transparency_data:
        coloured = image.convert("RGBA")
        page = PillowImage.new("RGBA", coloured.size, "white")
        return PillowImage.alpha_composite(page, coloured).convert("RGB")
    # Pillow would copy what is so already: twelve megabytes of a photograph decoded at a half.
    return image if image.mode == "RGB" else image.convert("RGB")


def _scaled_to_bytes(image: Image.Image) -> Image.Image:
    """Sixteen bits and more to eight; Pillow's own conversion would clip them to white."""
    import numpy as np  # noqa: PLC0415
    from PIL import Image as PillowImage  # noqa: PLC0415

    values = np.asarray(image, dtype=np.float32)
    brightest = float(values.max(initial=0.0))
    full = 65535.0 if image.mode != "F" else max(brightest, 1e-6)
    return PillowImage.fromarray((values.clip(0, full) * (255.0 / full)).astype(np.uint8))
