"""What the report shows, as the template wants it: numbers as text, and places in per cent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from catalog.domain.confidence import Logistic
from catalog.domain.evaluating import Protocol
from catalog.evaluate.bootstrap import Estimate
from catalog.evaluate.calibration import METHOD, Calibrated, Reliability
from catalog.evaluate.cosines import Cosines
from catalog.evaluate.published import published_of
from catalog.evaluate.readers import CROSSMODAL
from catalog.evaluate.results import EncoderFigures, Evaluation, Matrix, Paired
from catalog.evaluate.retrieval import AT

_PROTOCOLS = {
    Protocol.FIRST: "the first caption of each picture asks",
    Protocol.EVERY: "every caption asks; a picture is right with any of its own",
}


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar's end and its whiskers, in per cent of the width, and what stands beside it."""

    series: int
    width: float
    low: float | None
    high: float | None
    text: str
    note: str


def view_of(found: Evaluation) -> dict[str, Any]:
    """Everything the template shows."""
    encoders = found.encoders
    return {
        "dataset": found.dataset,
        "kind": found.kind,
        "protocol": _PROTOCOLS[found.protocol],
        "pictures": found.pictures,
        "captions": found.captions,
        "languages": [(code, language_name(code)) for code in found.languages],
        "notes": found.notes,
        "missing": found.missing,
        "resamples": found.resamples,
        "seed": found.seed,
        "encoders": [_encoder(found, each, at) for at, each in enumerate(encoders)],
        "verdicts": [_verdict(each) for each in found.paired if not each.language],
        "bars": [_language_bars(found, code) for code in found.languages],
        "parities": [_english(each) for each in encoders],
        "comparison": _comparison(found),
        "examples": _examples(found),
        "depths": AT,
        "method": METHOD,
        "timed": any(each.speed is not None for each in encoders),
        "matrices": any(each.matrix is not None for each in encoders),
        "calibrated": any(each.calibrated is not None for each in encoders),
        "histograms": any(_any_cosines(each) is not None for each in encoders),
    }


@cache
def language_name(code: str) -> str:
    """The language's English name, as far as it is known."""
    import langcodes  # noqa: PLC0415  # its tables are for those who show languages

    try:
        # Its names are a package of their own; without it, the code has to do.
        return langcodes.Language.get(code).display_name()
    except (LookupError, ImportError, ValueError):
        return code


def percent(share: float) -> str:
    """A share as text, to a tenth of a per cent."""
    return f"{100 * share:.1f}"


def _interval(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return ""
    return f"{percent(estimate.low)} to {percent(estimate.high)}"


def _encoder(found: Evaluation, each: EncoderFigures, at: int) -> dict[str, Any]:
    cosines = _any_cosines(each)
    return {
        "series": at % 6,
        "label": each.label,
        "where": ", ".join(part for part in (each.device, each.precision) if part),
        "dimension": each.dimension,
        "digest": each.digest[:12],
        "templates": each.templates,
        "r1": percent(each.text_to_image[0].value),
        "r1_ci": _interval(each.text_to_image[0]),
        "back": percent(each.image_to_text[0].value),
        "back_ci": _interval(each.image_to_text[0]),
        "cosines": None if cosines is None else _histogram(cosines),
        "speed": each.speed,
        "cut": each.cut,
        "matrix": None if each.matrix is None else _matrix(found, each.matrix),
        "calibration": _calibration(each),
        "rows": [_row(each, code) for code in found.languages],
    }


def _any_cosines(each: EncoderFigures) -> Cosines | None:
    """Of the first language that has them: English, where there is English."""
    return next((f.cosines for f in each.languages.values() if f.cosines is not None), None)


def _row(each: EncoderFigures, code: str) -> dict[str, Any]:
    figures = each.languages[code]
    parity = each.parity(code)
    return {
        "code": code,
        "name": language_name(code),
        "queries": figures.queries,
        "to_image": [percent(r.value) for r in figures.text_to_image],
        "to_image_ci": _interval(figures.text_to_image[0]),
        "to_text": [percent(r.value) for r in figures.image_to_text],
        "to_text_ci": _interval(figures.image_to_text[0]),
        "parity": "" if parity is None else f"{100 * parity:.0f}",
        "cosines": figures.cosines,
    }


def _verdict(paired: Paired) -> dict[str, str]:
    points = 100 * paired.difference.value
    if paired.certain:
        word = "better" if points > 0 else "worse"
        text = f"{abs(points):.1f} points {word} than"
    else:
        text = "not told apart from"
    return {"label": paired.label, "text": text, "against": paired.against,
            "ci": _interval(paired.difference)}  # fmt: skip


def _language_bars(found: Evaluation, code: str) -> dict[str, Any]:
    bars = []
    for at, each in enumerate(found.encoders):
        recall = each.languages[code].text_to_image[0]
        parity = each.parity(code)
        bars.append(
            Bar(
                series=at % 6,
                width=100 * recall.value,
                low=None if recall.low is None else 100 * recall.low,
                high=None if recall.high is None else 100 * recall.high,
                text=percent(recall.value),
                note="" if parity is None or code == "en" else f"{100 * parity:.0f} %",
            )
        )
    return {"code": code, "name": language_name(code), "bars": bars}


def _english(each: EncoderFigures) -> float | None:
    english = each.languages.get("en")
    return None if english is None else 100 * english.text_to_image[0].value


def _histogram(cosines: Cosines) -> dict[str, Any]:
    low, high = cosines.edges[0], cosines.edges[-1]
    wide, top = high - low, max(*cosines.match_bins, *cosines.miss_bins)
    step = 100 / len(cosines.match_bins)

    def bars(shares: Sequence[float]) -> list[tuple[float, float]]:
        return [(at * step, 100 * share / top) for at, share in enumerate(shares) if share]

    def place(cosine: float) -> float:
        return 100 * (cosine - low) / wide

    return {
        "matches": bars(cosines.match_bins),
        "misses": bars(cosines.miss_bins),
        "step": step,
        "low": f"{low:.2f}",
        "high": f"{high:.2f}",
        "match": f"{cosines.match_median:.3f}",
        "miss": f"{cosines.miss_median:.3f}",
        "delta": f"{cosines.delta:.3f}",
        "match_at": place(cosines.match_median),
        "miss_at": place(cosines.miss_median),
    }


def _matrix(found: Evaluation, matrix: Matrix) -> dict[str, Any]:
    # One scale for all encoders: that one is darker than the other is what there is to see.
    every = [
        cell
        for each in found.encoders
        if each.matrix is not None
        for row in each.matrix.cosines
        for cell in row
    ]
    low, wide = min(every), (max(every) - min(every)) or 1.0
    return {
        "language": matrix.language,
        "texts": list(zip(matrix.pictures, matrix.texts, strict=True)),
        "pictures": matrix.pictures,
        "rows": [
            [(f"{cell:.2f}".replace("0.", "."), round((cell - low) / wide, 3)) for cell in row]
            for row in matrix.cosines
        ],
    }


def _calibration(each: EncoderFigures) -> dict[str, Any] | None:
    if each.calibrated is None:
        return None
    spoken = [f.calibrated for f in each.languages.values() if f.calibrated is not None]
    return {
        "all": _curve(each.calibrated),
        "languages": [(language_name(c.language), _curve(c)) for c in spoken],
        "untold": [
            language_name(code) for code, f in each.languages.items() if f.calibrated is None
        ],
    }


def _curve(calibrated: Calibrated) -> dict[str, Any]:
    before = calibrated.before
    return {
        "queries": calibrated.queries,
        "slope": f"{calibrated.curve.slope:.1f}",
        "half": _half(calibrated.curve),
        "before": "" if before is None else f"{before.error:.3f}",
        "after": f"{calibrated.after.error:.3f}",
        "before_points": [] if before is None else _points(before),
        "after_points": _points(calibrated.after),
    }


def _half(curve: Logistic) -> str:
    height = -curve.intercept / curve.slope
    # Nothing stands a hundred spreads above the rest.
    return f"{height:.1f}" if height <= 100 else "never"


def _points(reliability: Reliability) -> list[dict[str, float | int]]:
    most = max((each.hits for each in reliability.bins), default=1)
    return [
        {
            "x": round(100 * each.confidence, 2),
            "y": round(100 * (1 - each.right), 2),
            "r": round(1.2 + 2.6 * (each.hits / most) ** 0.5, 2),
            "hits": each.hits,
            "promised": round(100 * each.confidence),
            "kept": round(100 * each.right),
        }
        for each in reliability.bins
    ]


def _examples(found: Evaluation) -> list[dict[str, Any]]:
    """Per encoder, what it found and what it missed in the first language."""
    shown = []
    for at, each in enumerate(found.encoders):
        figures = next(iter(each.languages.values()))
        if figures.examples:
            right = [e for e in figures.examples if e.margin > 0]
            wrong = [e for e in figures.examples if e.margin <= 0]
            shown.append(
                {
                    "series": at % 6,
                    "label": each.label,
                    "language": language_name(figures.language),
                    "code": figures.language,
                    "right": right,
                    "wrong": wrong,
                }
            )
    return shown


def _comparison(found: Evaluation) -> list[dict[str, Any]]:
    """Ours beside what was published, for encoders of which anything was."""
    if found.kind != CROSSMODAL:
        return []
    tables = []
    for each in found.encoders:
        theirs = None if each.templates else published_of(each.name, found.protocol)
        if theirs is None:
            continue
        rows = [
            _beside(code, each.languages[code].text_to_image[0], theirs.text_to_image[code])
            for code in found.languages
            if code in theirs.text_to_image
        ]
        tables.append({"label": each.label, "source": theirs.source, "rows": rows})
    return [table for table in tables if table["rows"]]


def _beside(code: str, ours: Estimate, theirs: float) -> dict[str, Any]:
    low, high = ours.low, ours.high
    within = None if low is None or high is None else low <= theirs <= high
    return {
        "code": code,
        "name": language_name(code),
        "ours": percent(ours.value),
        "ci": _interval(ours),
        "published": percent(theirs),
        "difference": f"{100 * (ours.value - theirs):+.1f}",
        "within": within,
    }
