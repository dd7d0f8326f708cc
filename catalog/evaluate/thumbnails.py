"""Small pictures for the report: those that its matrices and examples show."""

from __future__ import annotations

import io
from collections.abc import Iterable

from PIL import Image, ImageOps

from catalog.errors import CatalogError
from catalog.evaluate.dataset import Dataset
from catalog.evaluate.results import EncoderFigures

_SIZE = (192, 144)
_QUALITY = 72


def thumbnails_of(dataset: Dataset, figures: Iterable[EncoderFigures]) -> dict[int, bytes]:
    """JPEGs by place; a picture that is gone meanwhile has none."""
    return {
        at: jpeg for at in sorted(_shown(figures)) if (jpeg := _thumbnail(dataset, at)) is not None
    }


def _shown(figures: Iterable[EncoderFigures]) -> set[int]:
    shown: set[int] = set()
    for encoder in figures:
        if encoder.matrix is not None:
            shown.update(encoder.matrix.pictures)
        # The report shows examples of one language only.
        for language in list(encoder.languages.values())[:1]:
            for example in language.examples:
                shown.update((example.wanted, example.found))
    return shown


def _thumbnail(dataset: Dataset, at: int) -> bytes | None:
    try:
        picture = dataset.open(dataset.pictures[at].read()).convert("RGB")
    except (CatalogError, OSError):
        return None
    small = ImageOps.contain(picture, _SIZE, Image.Resampling.LANCZOS)
    content = io.BytesIO()
    small.save(content, "JPEG", quality=_QUALITY, optimize=True)
    return content.getvalue()
