"""Frame rates: what a container claims, checked against the times of its first pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from statistics import median

# A claim within this share of what is measured is believed; it is the exact one.
_BELIEVED = Fraction(1, 100)
_SNAPPED = Fraction(1, 250)
_STANDARD_RATES = tuple(
    Fraction(rate)
    for rate in (
        *("24000/1001", "24", "25", "30000/1001", "30", "48", "50", "60000/1001", "60"),
        *("5", "10", "12", "15000/1001", "15", "20", "100", "120000/1001", "120", "240"),
    )
)
# Times are rounded to the time base, and cameras jitter a little; neither is a variable rate.
_JITTER_TICKS = 1.5
_JITTER_SHARE = 0.1
# One dropped picture in a long recording does not make its rate variable.
_TOLERATED_BREAKS = 1 / 40
_ALIKE = 0.9
# VP9 and AV1 put pictures that are never shown a tick beside those that are.
_HIDDEN_SHARE = 0.2
# Pictures near the end of a peek may still lack neighbours that are decoded later.
_REORDERED = 32
_MAX_DENOMINATOR = 1001


@dataclass(frozen=True, slots=True)
class Timing:
    """How fast a stream's pictures follow each other."""

    frame_rate: Fraction | None
    variable: bool


def measure_timing(
    times: Sequence[int],
    time_base: Fraction,
    *,
    complete: bool,
    claims: Sequence[Fraction | None],
    average: Fraction | None,
) -> Timing:
    """The frame rate of a stream from some of its first presentation times.

    Parameters
    ----------
    times:
        Presentation times of packets in decoding order, in ``time_base``.
    time_base:
        Seconds per unit of ``times``.
    complete:
        Whether these are all of the stream's.
    claims:
        Rates the container and the codec name, the most trusted first.
    average:
        The container's frames divided by its duration.

    Returns
    -------
    Timing
        A constant rate is the first claim that the times confirm, or the
        nearest standard rate; a variable one is the average.
    """
    plausible = [claim for claim in (*claims, average) if claim is not None and claim > 0]
    ordered = sorted(set(times))
    if not complete and len(ordered) > 2 * _REORDERED:
        ordered = ordered[:-_REORDERED]
    steps = _steps(ordered)
    if not steps:
        return Timing(plausible[0] if plausible else None, variable=False)
    if is_variable(steps):
        measured = 1 / (Fraction(sum(steps), len(steps)) * time_base)
        if average is not None and _near(average, measured, Fraction(1, 2)):
            return Timing(average, variable=True)
        return Timing(_rounded(measured), variable=True)
    regular = _regular(steps)
    measured = 1 / (Fraction(sum(regular), len(regular)) * time_base)
    for claim in plausible:
        if _near(claim, measured, _BELIEVED):
            return Timing(claim, variable=False)
    return Timing(_rounded(measured), variable=False)


def _regular(steps: Sequence[int]) -> list[int]:
    """The steps that tell the rate: all alike if nearly all are, else those about the usual one.

    Where the time base is as coarse as a picture, a dropped one is not to be taken for jitter.
    """
    usual = median(steps)
    alike = [step for step in steps if step == usual]
    if len(alike) >= _ALIKE * len(steps):
        return alike
    return [step for step in steps if _is_usual(step, usual)]


def is_variable(steps: Sequence[int]) -> bool:
    """Whether the steps between pictures differ by more than rounding and jitter."""
    usual = median(steps)
    breaks = sum(not _is_usual(step, usual) for step in steps)
    return breaks > _TOLERATED_BREAKS * len(steps)


def counts_are_variable(counts: Mapping[int, int]) -> bool:
    """`is_variable` for steps that were counted: step to number of times."""
    total = sum(counts.values())
    passed = 0
    for step in sorted(counts):
        passed += counts[step]
        if 2 * passed >= total:
            usual = step
            breaks = sum(count for step, count in counts.items() if not _is_usual(step, usual))
            return breaks > _TOLERATED_BREAKS * total
    return False


def _is_usual(step: int, usual: float) -> bool:
    return abs(step - usual) <= max(_JITTER_TICKS, _JITTER_SHARE * usual)


def _steps(ordered: Sequence[int]) -> list[int]:
    steps = [after - before for before, after in pairwise(ordered)]
    if not steps:
        return []
    shortest = _HIDDEN_SHARE * median(steps)
    shown: list[int] = []
    carried = 0
    for step in steps:
        carried += step
        if carried > shortest:
            shown.append(carried)
            carried = 0
    return shown


def nearest_rate(rate: float | Fraction) -> Fraction:
    """The usual rate that a number is nearly that of (23.976), else the number as a fraction."""
    return _rounded(Fraction(rate))


def _rounded(rate: Fraction) -> Fraction:
    nearest = min(_STANDARD_RATES, key=lambda standard: abs(standard - rate))
    if _near(nearest, rate, _SNAPPED):
        return nearest
    return rate.limit_denominator(_MAX_DENOMINATOR) or rate


def _near(claim: Fraction, measured: Fraction, share: Fraction) -> bool:
    return abs(claim - measured) <= share * measured
