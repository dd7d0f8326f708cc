"""Cuts where they are hard to find, kind by kind: ours beside PySceneDetect's own default run.

    python -m benchmarks.shot_stress [--seed 101] [--per-kind 2] [--shots 7] [--kinds NAME,...]
                                     [--keep FOLDER] [--alone]

On footage made from photographs and real film (`benchmarks.stress_footage`): hard cuts between
scenes that are alike, dark, pale, grainy or shaken; hard cuts among flashes, lightning, explosions,
stage light, captions and the like, which are none; dissolves, fades, wipes, pushes; and cuts and
dissolves in many codecs, rates and ways of weaving fields. Scored as `benchmarks.shots` is: a cut
within 2 pictures, a gradual transition within its span and 2 pictures around it, each once.

Prints a table and, as its last line, one JSON object of named figures.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from benchmarks.shot_footage import Transition
from benchmarks.shots import Finder, Score, ours, scenedetect
from benchmarks.stress_footage import GROUPS, KINDS, Film, films

_TOLERANCE = 2


def score(cuts: Sequence[float], truth: Sequence[Transition]) -> tuple[Score, list[str]]:
    """Compare cuts (picture numbers) with the truth; what is wrong, and what was missed."""
    left, result, told = list(truth), Score(), []
    for cut in cuts:
        hit = next((t for t in left if t.first - _TOLERANCE <= cut <= t.last + _TOLERANCE), None)
        if hit is None:
            result.wrong += 1
            told.append(f"+{cut:.0f}")
        else:
            left.remove(hit)
            result.found += 1
    result.missed = len(left)
    return result, told + [f"-{t.first}..{t.last}" for t in left]


def _times(path: Path) -> list[float]:
    """When each picture is shown, in seconds from the first."""
    import av  # noqa: PLC0415

    with av.open(str(path)) as container:
        at = [frame.time for frame in container.decode(video=0)]
    return [each - at[0] for each in at]


def _pictures(seconds: Sequence[float], times: Sequence[float]) -> list[int]:
    return [min(range(len(times)), key=lambda k, s=at: abs(times[k] - s)) for at in seconds]


def main() -> None:
    """Make or find the footage, score, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=101)
    parser.add_argument("--per-kind", type=int, default=2)
    parser.add_argument("--shots", type=int, default=7)
    parser.add_argument("--kinds", help="only these, by name or group, with commas")
    parser.add_argument("--keep", type=Path, help="where the footage is kept for another run")
    parser.add_argument("--alone", action="store_true", help="without PySceneDetect")
    parser.add_argument("--verbose", action="store_true", help="name every miss, on stderr")
    options = parser.parse_args()
    wanted = (options.kinds or ",".join(KINDS)).split(",")
    names = [name for name, kind in KINDS.items() if name in wanted or kind.group in wanted]
    finders = {"ours": ours} if options.alone else {"ours": ours, "scenedetect": scenedetect}
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        totals, cost = _measured(options, names, finders, folder)
    print(f"{'F1 precision recall (found/missed/wrong)':24s} " + "   ".join(finders))
    figures: dict[str, object] = {}
    for group in GROUPS:
        inside = [name for name in names if KINDS[name].group == group]
        for name in inside:
            _show(name, totals[name])
            for finder, each in totals[name].items():
                totals[f"all {group}"][finder].add(each)
            figures[name] = {finder: round(each.f1, 4) for finder, each in totals[name].items()}
        if inside:
            _show(f"all {group}", totals[f"all {group}"])
        for finder, total in totals[f"all {group}"].items():
            figures[f"f1_{group}_{finder}"] = round(total.f1, 4)
            figures[f"precision_{group}_{finder}"] = round(total.precision, 4)
            figures[f"recall_{group}_{finder}"] = round(total.recall, 4)
    print(json.dumps(figures | {"ms_a_picture": round(cost, 3)}))


Totals = dict[str, dict[str, Score]]


def _measured(
    options: argparse.Namespace, names: list[str], finders: dict[str, Finder], folder: Path
) -> tuple[Totals, float]:
    """Every finder's scores by kind, and our processor time in ms a picture."""
    totals: Totals = defaultdict(lambda: defaultdict(Score))
    spent, seen = 0.0, 0
    for film in films(options.seed, options.per_kind, options.shots, names):
        path = folder / f"{film.name.replace(' ', '_')}-{film.seed}{film.suffix}"
        truth, times = _made(film, path)
        for name, find in finders.items():
            began = time.process_time()
            found = find(path)
            if name == "ours":
                spent += time.process_time() - began
                seen += len(times)
            each, wrong = score(_pictures([float(at) for at in found], times), truth)
            totals[film.name][name].add(each)
            if wrong and name == "ours" and options.verbose:
                print(f"   {path.name}: {' '.join(wrong)}", file=sys.stderr)
        if not options.keep:
            path.unlink()
    return totals, 1000 * spent / max(1, seen)


def _made(film: Film, path: Path) -> tuple[list[Transition], list[float]]:
    """What is where in a film, and when its pictures are shown; it is written if need be."""
    known = path.with_suffix(".json")
    if not known.exists():
        truth = film.write(path)
        told = {"truth": [[t.kind, t.first, t.last] for t in truth], "times": _times(path)}
        known.write_text(json.dumps(told), "utf-8")
    facts = json.loads(known.read_text("utf-8"))
    return [Transition(*each) for each in facts["truth"]], facts["times"]


def _show(label: str, scores: dict[str, Score]) -> None:
    cells = "   ".join(
        f"{s.f1:.3f} {s.precision:.3f} {s.recall:.3f} ({s.found}/{s.missed}/{s.wrong})"
        for s in scores.values()
    )
    print(f"{label:24s} {cells}")


if __name__ == "__main__":
    main()
