"""What an answer says of itself: where its list ends, how sure its hits are, what was not read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row

from catalog.domain.confidence import Logistic, height_of, standing_out
from catalog.domain.languages import is_language, spoken_language
from catalog.domain.results import Notice
from catalog.store.vectors import EncoderRow

_SHOWN = 40
# As many lines as the background is measured on.
_LINES = 1024


def calibrated_language(encoder: EncoderRow, words: str) -> str:
    """Which of the encoder's calibrations the words ask for; empty: that of all languages.

    The language is looked for only where there is a choice, and taken only where it is sure.
    """
    if len(encoder.calibrated) < 2:
        return ""
    spoken = spoken_language(words)
    if spoken is None:
        return ""
    return next((tag for tag in encoder.calibrated if is_language(tag, spoken)), "")


def cutoff_of(row: Row[Any], language: str | None) -> dict[str, Any] | None:
    """Where the list ends, and why there; None where nothing says."""
    if row.cutoff is None:
        return None
    calibrated = row.slope is not None
    return {
        "cosine": round(float(row.cutoff), 6),
        "at_least": round(float(row.cutoff_floor), 6),
        "background": round(float(row.median), 6),
        "calibrated": calibrated,
        "language": (language or None) if calibrated else None,
        "relevant": row.relevant_hits,
        **_speech_cutoff(row),
    }


def _speech_cutoff(row: Row[Any]) -> dict[str, Any]:
    """From which cosine on a line is taken to say it: on a scale of its own."""
    if row.speech_floor is None:
        return {}
    floor, middle = float(row.speech_floor), float(row.speech_median)
    return {"speech": {"at_least": round(floor, 6), "background": round(middle, 6)}}


def said_confidence(row: Row[Any]) -> float | None:
    """How sure it is that the line says what was asked for; None where only words were found.

    By how far it stands out of the query's cosines with other lines, for as many as a page of
    those could be: see `catalog.domain.confidence.standing_out`.
    """
    if row.speech_rank is None or not row.speech_spread:
        return None
    middle, spread = float(row.speech_median), float(row.speech_spread)
    sure = standing_out(float(row.speech_cosine), middle, spread, _LINES)
    return None if sure is None else round(sure, 4)


def surest(*confidences: float | None) -> float | None:
    """The highest of those that are known: one way of finding a hit is enough."""
    return max((each for each in confidences if each is not None), default=None)


def confidence_of(row: Row[Any]) -> float | None:
    """How sure we can be that the hit is a match: by calibration, else by the background.

    See `catalog.domain.confidence`. None without a cosine or without a background worth
    the name.
    """
    if row.cosine is None:
        return None
    if row.slope is not None and row.cutoff is not None:
        height = height_of(float(row.cosine), float(row.median), float(row.quartile))
        if height is not None:
            curve = Logistic(float(row.slope), float(row.intercept))
            return round(curve.confidence(height), 4)
    if not row.background_spread:
        return None
    mean, spread = float(row.background_mean), float(row.background_spread)
    sure = standing_out(float(row.cosine), mean, spread, int(row.candidates))
    return None if sure is None else round(sure, 4)


def cut_notices(cut: Mapping[str, int]) -> tuple[Notice, ...]:
    """What to say of texts that are longer than the encoder reads."""
    return tuple(
        Notice(
            "text_cut",
            f"The encoder reads only the first {read} of {len(text)} characters of a text, up to "
            f"“…{text[max(0, read - _SHOWN) : read].strip()}”; as keywords all of it counts.",
            {"characters": len(text), "read": read},
        )
        for text, read in cut.items()
    )
