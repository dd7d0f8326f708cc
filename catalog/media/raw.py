"""Raw pictures of cameras: their preview. DNG, CR2, NEF, ARW, PEF and SRW are built as TIFF.

CR3, RAF, ORF, RW2, MRW and X3F are taken apart in `catalog.media.raw_formats`. Cameras store a
developed JPEG beside the sensor's values. The largest one is the picture that is catalogued; the
sensor's size, and EXIF, are the file's.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from catalog.domain.paths import shown_path
from catalog.errors import UndecodableError
from catalog.media.raw_formats import raw_format, raw_parts
from catalog.media.still_format import notes

if TYPE_CHECKING:
    from PIL import Image
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

RAW_SUFFIXES = frozenset({".dng", ".cr2", ".nef", ".nrw", ".arw", ".sr2", ".pef", ".srw", ".3fr"})
RAW_SUFFIXES |= {".iiq", ".erf", ".dcr", ".kdc", ".mef", ".mos", ".fff", ".srf"}
_TIFF = (b"II*\0", b"MM\0*")
_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_STRIPS, _STRIP_BYTES, _SUBDIRECTORIES, _JPEG, _JPEG_BYTES = 273, 279, 330, 513, 514
_XMP, _DNG_VERSION = 700, 50706
_SENSOR = (32803, 34892)  # photometric interpretations: colour filter array, linear raw
_JPEG_COMPRESSIONS = (6, 7)
_MOST_DIRECTORIES = 32
_LARGEST_PREVIEW = 64_000_000  # bytes


def is_raw(path: Path, head: bytes) -> bool:
    """Whether the file is a camera's raw picture that `open_raw` reads."""
    if raw_format(head) is not None:
        return True
    if not head.startswith(_TIFF):
        return False
    if path.suffix.lower() in RAW_SUFFIXES:
        return True
    with path.open("rb") as file:
        return any(_DNG_VERSION in directory for directory in _directories(file, most=1))


@contextmanager
def open_raw(path: Path) -> Iterator[Image.Image]:
    """The largest preview, with the raw file's EXIF; `notes` of it say of what file.

    Raises
    ------
    UndecodableError
        If it holds no JPEG preview.
    """
    from PIL import Image  # noqa: PLC0415

    with path.open("rb") as file:
        if (form := raw_format(file.read(16))) is not None:
            with _open_parts(path, form) as image:
                yield image
            return
        directories = list(_directories(file))
        preview = _largest(_pieces(file, directories))
        if preview is None:
            raise _without_preview(path)
        exif = Image.Exif()
        file.seek(0)
        exif.load_from_fp(file)
        with Image.open(io.BytesIO(preview)) as image:
            # Orientation and the rest are the raw file's; previews often have none.
            image._exif = exif
            exif._loaded = True
            image.info["xmp"] = directories[0].get(_XMP) or image.info.get("xmp")
            notes(image).raw = _sensor(path, directories)
            yield image


@contextmanager
def _open_parts(path: Path, form: str) -> Iterator[Image.Image]:
    from PIL import Image  # noqa: PLC0415

    parts = raw_parts(path, form)
    preview = _largest(parts.previews)
    if preview is None:
        raise _without_preview(path)
    with Image.open(io.BytesIO(preview)) as image:
        if parts.exif is not None:
            image._exif = parts.exif
            parts.exif._loaded = True
        notes(image).raw = {"format": form, **parts.sensor}
        yield image


def _without_preview(path: Path) -> UndecodableError:
    return UndecodableError(
        f"{shown_path(path)} is a raw picture without a JPEG preview; expected one, for"
        " the sensor's values themselves are not developed here.",
        remedy="Export it as JPEG or TIFF, or have the camera's software add a preview.",
        path=shown_path(path),
    )


def _directories(file: BinaryIO, most: int = _MOST_DIRECTORIES) -> Iterator[ImageFileDirectory_v2]:
    """The file's directories: the chain, and those within."""
    from PIL.TiffImagePlugin import ImageFileDirectory_v2  # noqa: PLC0415

    file.seek(0)
    header = file.read(8)
    if len(header) < 8:
        return
    waiting, seen = [ImageFileDirectory_v2(header).next], set[int]()
    while waiting and len(seen) < most:
        offset = waiting.pop(0)
        if not offset or offset in seen:
            continue
        seen.add(offset)
        directory = ImageFileDirectory_v2(header)
        try:
            file.seek(offset)
            directory.load(file)
            within = directory.get(_SUBDIRECTORIES, ())
        except Exception:  # noqa: BLE001, S112  Pillow's reader raises anything
            continue
        waiting += [directory.next, *(within if isinstance(within, tuple) else (within,))]
        yield directory


def _pieces(file: BinaryIO, directories: list[ImageFileDirectory_v2]) -> Iterator[bytes]:
    """What lies where the directories say that JPEGs are."""
    for offset, length in filter(None, map(_place, directories)):
        if 0 < length <= _LARGEST_PREVIEW:
            file.seek(offset)
            yield file.read(length)


def _largest(pieces: Iterable[bytes]) -> bytes | None:
    """The largest picture among pieces that may be JPEGs; only what decodes is one."""
    from PIL import Image  # noqa: PLC0415

    found: list[tuple[int, bytes]] = []
    for data in pieces:
        try:
            with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
                image.draft("RGB", (8, 8))
                image.load()  # a lossless JPEG of the sensor's values ends here
                found.append((_pixels(data), data))
        except Exception:  # noqa: BLE001, S112
            continue
    return max(found, default=(0, None), key=lambda each: each[0])[1]


def _pixels(data: bytes) -> int:
    from PIL import Image  # noqa: PLC0415

    with Image.open(io.BytesIO(data)) as image:
        return image.width * image.height


def _place(directory: ImageFileDirectory_v2) -> tuple[int, int] | None:
    """Where a directory's JPEG lies, and its bytes; None if it describes none."""
    offset, length = directory.get(_JPEG), directory.get(_JPEG_BYTES)
    if offset and length:
        return int(offset), int(length)
    strips, lengths = directory.get(_STRIPS, ()), directory.get(_STRIP_BYTES, ())
    developed = directory.get(_PHOTOMETRIC) not in _SENSOR
    if directory.get(_COMPRESSION) in _JPEG_COMPRESSIONS and developed and len(strips) == 1:
        return int(strips[0]), int(lengths[0]) if lengths else 0
    return None


def _sensor(path: Path, directories: list[ImageFileDirectory_v2]) -> dict[str, Any]:
    """The sensor's size and depth, where a directory describes it."""
    found: dict[str, Any] = {"format": path.suffix.lower().lstrip(".") or "dng"}
    sensors = [each for each in directories if each.get(_PHOTOMETRIC) in _SENSOR]
    largest = max(sensors, default=None, key=lambda each: each.get(_WIDTH, 0))
    if largest is not None and largest.get(_WIDTH) and largest.get(_HEIGHT):
        found |= {"width": int(largest[_WIDTH]), "height": int(largest[_HEIGHT])}
        bits = largest.get(_BITS)
        found["bit_depth"] = int(bits[0] if isinstance(bits, tuple) else bits) if bits else None
    return found
