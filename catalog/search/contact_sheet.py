"""A contact sheet: the hits of a search as pictures on one page."""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from itertools import groupby
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

from catalog.domain.results import Hit, SearchResult
from catalog.domain.typefaces import SYSTEM_FONTS
from catalog.errors import CatalogError, InvalidInputError
from catalog.media.frame_store import FrameStore

_CELL = (320, 180)
_CAPTION = 40
_GAP = 12
_COLUMNS = 4
_Ink = tuple[int, int, int]
_PAPER, _INK, _FAINT = (24, 26, 30), (236, 238, 240), (150, 156, 164)


def contact_sheet(
    store: FrameStore,
    results: Sequence[SearchResult],
    path: Path,
    *,
    titles: Sequence[str] | None = None,
    columns: int = _COLUMNS,
) -> None:
    """Write the hits of one or more searches as one picture, a heading per search.

    The headings are ``titles``, one per search, or the queries themselves.

    Raises
    ------
    InvalidInputError
        If the path's suffix is none that pictures have, or it cannot be written.
    """
    heights = [_section_height(len(result.hits), columns) for result in results]
    width = _GAP + columns * (_CELL[0] + _GAP)
    sheet = Image.new("RGB", (width, sum(heights) + _GAP), _PAPER)
    top = 0
    headings = titles if titles is not None else [result.query for result in results]
    for result, heading, height in zip(results, headings, heights, strict=True):
        draw = ImageDraw.Draw(sheet)
        _write(draw, (_GAP, top + _GAP), heading, _INK, 18)
        _draw_hits(sheet, store, result, top, columns)
        top += height
    try:
        sheet.save(path)
    except (OSError, ValueError) as error:
        raise InvalidInputError(
            f"The contact sheet cannot be written to {path}: {error}.",
            remedy="Name a .jpg or .png file in a folder that you may write.",
        ) from error


def _section_height(hits: int, columns: int) -> int:
    rows = max(1, -(-hits // columns))
    return _GAP + 28 + rows * (_CELL[1] + _CAPTION + _GAP)


def _draw_hits(
    sheet: Image.Image, store: FrameStore, result: SearchResult, top: int, columns: int
) -> None:
    draw = ImageDraw.Draw(sheet)
    for place, hit in enumerate(result.hits):
        left = _GAP + (place % columns) * (_CELL[0] + _GAP)
        cell_top = top + _GAP + 28 + (place // columns) * (_CELL[1] + _CAPTION + _GAP)
        picture = _picture(store, hit)
        if picture is not None:
            sheet.paste(picture, (left, cell_top))
        name = f"{hit.rank}. {hit.asset['name']}"[:44]
        _write(draw, (left, cell_top + _CELL[1] + 4), name, _INK, 13)
        _write(draw, (left, cell_top + _CELL[1] + 21), _facts(result, hit), _FAINT, 12)


def _facts(result: SearchResult, hit: Hit) -> str:
    facts = [] if hit.cosine is None else [f"cosine {hit.cosine:.3f}"]
    if hit.confidence is not None and not result.by_words_alone(hit):
        facts.append(f"{hit.confidence:.0%}")
    if hit.clip is not None and hit.clip["timecode_in"]:
        facts.append(str(hit.clip["timecode_in"]))
    return ", ".join(facts)


def _picture(store: FrameStore, hit: Hit) -> Image.Image | None:
    if hit.picture_key is None:
        return None
    try:
        with Image.open(io.BytesIO(store.get(hit.picture_key))) as picture:
            return ImageOps.fit(picture.convert("RGB"), _CELL)
    except (OSError, CatalogError):
        return None  # a sheet with a hole tells more than no sheet


def _write(draw: ImageDraw.ImageDraw, at: tuple[int, int], text: str, ink: _Ink, size: int) -> None:
    """Text in the typeface that has all of it, else each part in one that has it."""
    left, top = at
    for face, part in _parts(_drawable(text)):
        font = _font(face, size)
        # Parts stand on one line whatever their typefaces' heights are.
        draw.text((left, top + size), part, ink, font, anchor="ls")
        left += round(font.getlength(part))


def _parts(text: str) -> list[tuple[int, str]]:
    """The text in pieces, each with the number of the typeface that writes it."""
    faces = range(len(_faces()))
    whole = next((face for face in faces if all(_has(face, each) for each in text)), None)
    if whole is not None:
        return [(whole, text)]
    runs = groupby(text, lambda each: next(face for face in faces if _has(face, each)))
    return [(face, "".join(run)) for face, run in runs]


def _drawable(text: str) -> str:
    """What this machine's typefaces can write: accents off, or ``…`` where they have it not.

    A sheet full of empty boxes tells nobody anything.
    """
    text = unicodedata.normalize("NFC", text)
    shown = "".join(each if _anywhere(each) else _bare(each) for each in text)
    lacking = "".join(re.escape(each) for each in set(shown) if not _anywhere(each))
    if lacking:
        shown = re.sub(rf"[{lacking}](?:\s*[{lacking}])*", "...", shown)
    return " ".join(shown.split())


def _bare(character: str) -> str:
    parts = unicodedata.normalize("NFKD", character)
    return "".join(each for each in parts if not unicodedata.combining(each))


def _anywhere(character: str) -> bool:
    return any(_has(face, character) for face in range(len(_faces())))


@cache
def _faces() -> tuple[str | None, ...]:
    """Pillow's own typeface (None), which has ASCII, and after it those of this machine."""
    return (None, *(path for path in SYSTEM_FONTS if Path(path).is_file()))


@cache
def _has(face: int, character: str) -> bool:
    font = _font(face, 16)
    return character.isspace() or bytes(font.getmask(character)) != bytes(font.getmask("\uffff"))


@cache
def _font(face: int, size: int) -> ImageFont.FreeTypeFont:
    path = _faces()[face]
    if path is not None:
        return ImageFont.truetype(path, size)
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)  # noqa: S101  # it is where a size is asked for
    return font
