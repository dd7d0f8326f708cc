"""A contact sheet: the hits of a search as pictures on one page."""

from __future__ import annotations

import io
from collections.abc import Sequence
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
    store: FrameStore, results: Sequence[SearchResult], path: Path, *, columns: int = _COLUMNS
) -> None:
    """Write the hits of one or more searches as one picture, a heading per search.

    Raises
    ------
    InvalidInputError
        If the path's suffix is none that pictures have, or it cannot be written.
    """
    heights = [_section_height(len(result.hits), columns) for result in results]
    width = _GAP + columns * (_CELL[0] + _GAP)
    sheet = Image.new("RGB", (width, sum(heights) + _GAP), _PAPER)
    top = 0
    for result, height in zip(results, heights, strict=True):
        _draw_section(sheet, store, result, top, columns)
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


def _draw_section(
    sheet: Image.Image, store: FrameStore, result: SearchResult, top: int, columns: int
) -> None:
    draw = ImageDraw.Draw(sheet)
    draw.text((_GAP, top + _GAP), result.query, _INK, _font(18))
    for place, hit in enumerate(result.hits):
        left = _GAP + (place % columns) * (_CELL[0] + _GAP)
        cell_top = top + _GAP + 28 + (place // columns) * (_CELL[1] + _CAPTION + _GAP)
        picture = _picture(store, hit)
        if picture is not None:
            sheet.paste(picture, (left, cell_top))
        name = f"{hit.rank}. {hit.asset['name']}"
        draw.text((left, cell_top + _CELL[1] + 4), name[:44], _INK, _font(13))
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


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
