"""EXIF that photo cameras put into their films: Canon, Nikon, Fujifilm, Panasonic, Leica.

None of them documents it. What is read is what ExifTool's documentation of its QuickTime, Canon,
Nikon, FujiFilm and Panasonic tags describes.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

from catalog.domain.media import Facts
from catalog.media.exif import Exif, read_block, read_exif
from catalog.media.facts import first_of
from catalog.media.raw_formats import canon_exif
from catalog.media.tags import clean_text
from catalog.media.user_data import user_boxes

_EXIF_BLOCK, _GPS_BLOCK = 0x8769, 0x8825
_CANON_BLOCKS = (b"CMT1", b"CMT2", b"CMT4")
# Nikon's own numbers, and those of EXIF.
_NIKON = {0x01: 271, 0x02: 272, 0x03: 305}
_NIKON_EXIF = {0x11: 36868, 0x12: 36867, 0x19: 36881}
_NIKON_EXIF_BASE, _NIKON_GPS_BASE = 0x1100000, 0x1200000
_MOST_TAGS = 500
# TIFF's types: bytes and how Python unpacks one.
_TYPES = {
    1: "B", 2: "s", 3: "H", 4: "I", 5: "II", 6: "b", 7: "s", 8: "h", 9: "i", 10: "ii", 11: "f",
    12: "d",
}  # fmt: skip
_TEXT, _BYTES = 2, 7
_FUJIFILM_START = 16
_MAKERS = {
    b"FUJIFILM": "FUJIFILM", b"NIKON": "NIKON", b"OLYMPUS": "OLYMPUS", b"PENTAX": "PENTAX",
    b"SAMSUNG": "SAMSUNG", b"SANYO": "SANYO", b"KONICA MINOLTA": "KONICA MINOLTA",
    b"MINOLTA": "MINOLTA", b"EASTMAN KODAK": "EASTMAN KODAK COMPANY",
}  # fmt: skip


def read_film_exif(user_data: bytes, canon: bytes) -> Exif:
    """What a photo camera wrote into a film, of the boxes ``udta`` and Canon's own.

    Of several the one that says more comes first; what is broken is left out.
    """
    found: list[Exif] = []
    with suppress(Exception):  # Pillow's readers raise anything
        exif = canon_exif({n: data for n, data in user_boxes(canon) if n in _CANON_BLOCKS})
        if exif is not None:
            found.append(read_block(lambda: exif))
    for name, data in user_boxes(user_data):
        with suppress(Exception):
            found += _of_box(name, data)
    if not found:
        return Exif()
    fullest = max(found, key=lambda each: len(each.metadata.get("exif", {})))
    return replace(
        fullest,
        recorded=fullest.recorded or next((f.recorded for f in found if f.recorded), None),
        facts=first_of([fullest.facts, *(each.facts for each in found)]),
    )


def _of_box(name: bytes, data: bytes) -> Iterator[Exif]:
    if name == b"CNTH":
        yield from (_of_picture(inner) for kind, inner in user_boxes(data) if kind == b"CNDA")
    elif name == b"NCDT":
        yield from (_nikon(inner) for kind, inner in user_boxes(data) if kind == b"NCTG")
    elif name == b"MVTG":
        yield _fujifilm(data[_FUJIFILM_START:])
    elif name in (b"PANA", b"LEIC"):
        yield _panasonic(data)
    elif name == b"TAGS":
        makes = (make for mark, make in _MAKERS.items() if data.startswith(mark))
        yield Exif(facts=Facts(camera_make=next(makes, None)))


def _of_picture(data: bytes) -> Exif:
    from PIL import Image  # noqa: PLC0415

    with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
        return read_exif(image)


def _nikon(data: bytes) -> Exif:
    """A list of numbers, types, counts and values, none of them elsewhere."""
    main: dict[int, Any] = {}
    exif: dict[int, Any] = {}
    gps: dict[int, Any] = {}
    at = 0
    for _ in range(_MOST_TAGS):
        if at + 8 > len(data):
            break
        number, kind, count = struct.unpack_from(">IHH", data, at)
        form = _TYPES.get(kind)
        if form is None:
            break
        size = count * struct.calcsize(f">{form}")
        if at + 8 + size > len(data):
            break
        value = _value(data[at + 8 : at + 8 + size], kind, form)
        at += 8 + size
        if number in _NIKON:
            main[_NIKON[number]] = value
        elif number in _NIKON_EXIF:
            exif[_NIKON_EXIF[number]] = value
        elif number & ~0xFFFF == _NIKON_EXIF_BASE:
            exif[number & 0xFFFF] = value
        elif number & ~0xFFFF == _NIKON_GPS_BASE:
            gps[number & 0xFFFF] = value
    return _exif(main, exif, gps)


def _value(data: bytes, kind: int, form: str) -> Any:  # noqa: ANN401  # any tag's
    if kind == _TEXT:
        return data.partition(b"\0")[0].decode("utf-8", "replace").strip()
    if kind == _BYTES:
        return data
    numbers: list[Any] = list(
        struct.unpack(f">{len(data) // struct.calcsize(form[0])}{form[0]}", data)
    )
    if len(form) > 1:
        pairs = zip(numbers[::2], numbers[1::2], strict=True)
        numbers = [above / below if below else 0.0 for above, below in pairs]
    return numbers[0] if len(numbers) == 1 else tuple(numbers)


def _fujifilm(data: bytes) -> Exif:
    """A TIFF's directories without the header before them; offsets count from the first."""
    from PIL.TiffImagePlugin import ImageFileDirectory_v2  # noqa: PLC0415

    file = io.BytesIO(data)

    def directory(at: Any) -> dict[int, Any]:  # noqa: ANN401  # a tag's value
        if not isinstance(at, int) or at >= len(data):
            return {}
        found = ImageFileDirectory_v2(b"II*\0\0\0\0\0")
        file.seek(at)
        found.load(file)
        return dict(found)

    main = directory(0)
    return _exif(main, directory(main.get(_EXIF_BLOCK)), directory(main.get(_GPS_BLOCK)))


def _exif(main: dict[int, Any], exif: dict[int, Any], gps: dict[int, Any]) -> Exif:
    from PIL import Image  # noqa: PLC0415

    whole = Image.Exif()
    for number, value in main.items():
        whole[number] = value
    whole._ifds[_EXIF_BLOCK], whole._ifds[_GPS_BLOCK] = exif, gps
    return read_block(lambda: whole)


def _panasonic(data: bytes) -> Exif:
    """Models of different years have the name elsewhere; some a JPEG without its pixels."""
    from PIL import Image  # noqa: PLC0415

    if data[0x10:0x14] == b"\xff\xd8\xff\xe1" and data[0x16:0x1C] == b"Exif\0\0":
        exif = Image.Exif()
        exif.load(data[0x16:])
        return read_block(lambda: exif)
    if data.startswith(b"LEICA"):
        make, model = _name(data[:0x16]), _name(data[0x16:0x34])
        return Exif(facts=Facts(camera_make=make, camera_model=model))
    model = _name(data[4:20]) or _name(data[12:28])
    return Exif(facts=Facts(camera_make="Panasonic" if model else None, camera_model=model))


def _name(data: bytes) -> str | None:
    """A model's name of six characters and more, as Panasonic writes them."""
    text = data.partition(b"\0")[0]
    return clean_text(text.decode("ascii", "ignore")) if len(text) >= 6 and text.isascii() else None
