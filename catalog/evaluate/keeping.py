"""Calibrations of an evaluation, given to the searches of a catalogue."""

from __future__ import annotations

from dataclasses import replace

from catalog.db.engine import Database
from catalog.evaluate.calibration import Calibrated
from catalog.evaluate.results import EncoderFigures, Evaluation
from catalog.store.calibrations import CalibrationRow, replace_calibrations
from catalog.store.vectors import find_encoder


def keep_calibrations(database: Database, found: Evaluation) -> Evaluation:
    """Keep what was found of encoders that the catalogue has, in place of what was kept before.

    Returns the evaluation with a note of each encoder. Prompts are left out, for
    searches use none; of several precisions the first is kept.
    """
    notes = []
    done: set[str] = set()
    for each in found.encoders:
        if each.templates or each.name in done:
            continue
        done.add(each.name)
        notes.append(_kept(database, each, found.dataset))
    return replace(found, notes=(*found.notes, *notes))


def _kept(database: Database, each: EncoderFigures, source: str) -> str:
    if each.calibrated is None:
        return f"{each.label} was not calibrated: too few queries, or nothing to tell matches by."
    spoken = [f.calibrated for f in each.languages.values() if f.calibrated is not None]
    rows = [_row(curve, source) for curve in (each.calibrated, *spoken)]
    with database.session() as session:
        encoder = find_encoder(session, each.name)
        if encoder is None or encoder.weights_digest != each.digest:
            return (
                f"{each.label} is no encoder of this catalogue, so its calibration was not kept; "
                f"`catalog encoder add` makes it one."
            )
        replace_calibrations(session, encoder.id, rows)
    languages = f" and {len(spoken)} languages" if spoken else ""
    return f"{each.label} is calibrated for searches, for all texts{languages}."


def _row(curve: Calibrated, source: str) -> CalibrationRow:
    return CalibrationRow(
        language=curve.language,
        match_median=curve.match_median,
        miss_median=curve.miss_median,
        miss_spread=curve.miss_spread,
        slope=curve.curve.slope,
        intercept=curve.curve.intercept,
        error=curve.after.error,
        samples=curve.queries,
        source=source,
    )
