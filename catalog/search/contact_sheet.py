"""A contact sheet: the hits of a search as pictures on one page."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

from catalog.domain.results import Hit, SearchResult
from catalog.errors import CatalogError, InvalidInputError
from catalog.media.frame_store import FrameStore

_CELL = (320, 180)
_CAPTION = 40
_GAP = 12
_COLUMNS = 4
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
        draw.text((_GAP, top + _GAP), _drawable(heading), _INK, _font(18))
        _draw_hits(sheet, store, result.hits, top, columns)
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
    sheet: Image.Image, store: FrameStore, hits: Sequence[Hit], top: int, columns: int
) -> None:
    draw = ImageDraw.Draw(sheet)
    for place, hit in enumerate(hits):
        left = _GAP + (place % columns) * (_CELL[0] + _GAP)
        cell_top = top + _GAP + 28 + (place // columns) * (_CELL[1] + _CAPTION + _GAP)
        picture = _picture(store, hit)
        if picture is not None:
            sheet.paste(picture, (left, cell_top))
        name = f"{hit.rank}. {hit.asset['name']}"
        draw.text((left, cell_top + _CELL[1] + 4), _drawable(name)[:44], _INK, _font(13))
        draw.text((left, cell_top + _CELL[1] + 21), _facts(hit), _FAINT, _font(12))


def _facts(hit: Hit) -> str:
    facts = [] if hit.cosine is None else [f"cosine {hit.cosine:.3f}"]
    if hit.confidence is not None:
        facts.append(f"{hit.confidence:.0%}")
    if hit.clip is not None and hit.clip["timecode_in"]:
        facts.append(str(hit.clip["timecode_in"]))
    return "   ".join(facts)


def _picture(store: FrameStore, hit: Hit) -> Image.Image | None:
    if hit.picture_key is None:
        return None
    try:
        with Image.open(io.BytesIO(store.get(hit.picture_key))) as picture:
            return ImageOps.fit(picture.convert("RGB"), _CELL)
    except (OSError, CatalogError):
        return None  # a sheet with a hole tells more than no sheet


def _drawable(text: str) -> str:
    """The text as Pillow's own font can write it: accents off, other scripts as one ``…``.

    That font knows ASCII only, a sheet full of empty boxes tells nobody
    anything, and no font for every script comes as a Python package.
    """
    shown = ""
    bare = (c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    for character in bare:
        if character == " " or _glyph(character) != _glyph("\uffff"):
            shown += character
        elif not shown.rstrip().endswith("…"):
            shown += "…"
    return " ".join(shown.split())


@cache
def _glyph(character: str) -> bytes:
    return bytes(_font(16).getmask(character))


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
