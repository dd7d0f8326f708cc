"""Accuracy of A-roll and B-roll on footage whose rolls are known.

Films are made of the demonstration's scenes, with speech over about half of the shots
(`benchmarks.roll_footage`). They are told twice: by their sound, where voice activity must find
the speech, and by subtitles, as if nobody had listened. Each shot that was made is looked up by
its middle.
Also prints what a fit to these shots would make of the two weights of speech, and what each
picture cue would add to them (`benchmarks.roll_cues`).

    python -m benchmarks.roll [--episodes 10] [--shots 20] [--seed 1]
    python -m benchmarks.roll --real ../shared/media/video
    python -m benchmarks.roll --library 300000 [--reuse DIR]

``--real``: instead, clips that somebody has looked at (`benchmarks.roll_real`). ``--library``:
instead, how long it takes to tell so many shots (`benchmarks.roll_library`).

Prints a table and, as its last line, one JSON object of named figures. Films need espeak-ng.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import text

from benchmarks import roll_cues, roll_library, roll_real
from benchmarks.roll_footage import Episode, PlannedShot, make_episodes
from catalog import Catalog
from catalog.evaluate.calibration import fit, reliability
from catalog.settings import DEMO_ENCODER, Settings
from catalog.store import rolls


@dataclass(frozen=True, slots=True)
class Told:
    """A shot that was made, and what the catalogue says of it."""

    made: PlannedShot
    roll: str | None
    confidence: float
    share: float | None


def look_up(catalog: Catalog, episode: Episode) -> list[Told]:
    """What is told of the shots of a film; None where no shot is at the middle."""
    details = catalog.show(episode.path.name)
    found = [clip for clip in details["clips"] if clip["kind"] == "shot"]
    with catalog.database.session() as session:
        known = rolls.what_is_known(session, [details["id"]])
    told = []
    for shot in episode.shots:
        middle = (shot.start + shot.end) / 2
        clip = next((c for c in found if c["start"] <= middle < c["end"]), None)
        share = None if clip is None else known[clip["id"]].share
        roll = None if clip is None else clip["roll"]
        told.append(Told(shot, roll, (clip or {}).get("roll_confidence") or 0.0, share))
    return told


def figures_of(told: Sequence[Told]) -> dict[str, Any]:
    """Accuracy, confusion and calibration error; of a shot that was not found, wrong."""
    right = np.array([each.roll == each.made.roll for each in told])
    sure = np.array([each.confidence for each in told])
    heard = [each for each in told if each.share is not None]
    share = np.array([each.share for each in heard], dtype=float)
    spoken = np.array([each.made.roll == "A" for each in heard])
    curve = fit(share, spoken) if heard else None
    return {
        "shots": len(told),
        "accuracy": round(float(right.mean()), 4),
        "confusion": {
            made: {roll: _count(told, made, roll) for roll in ("A", "B")} for made in ("A", "B")
        },
        "calibration_error": round(reliability(sure, right).error, 4),
        "known": len(heard),
        "fitted": None
        if curve is None
        else {"heard": round(curve.intercept, 2), "share": round(curve.slope, 2)},
    }


def _count(told: Sequence[Told], made: str, roll: str) -> int:
    return sum(each.made.roll == made and each.roll == roll for each in told)


def measure(folder: Path, episodes: Sequence[Episode], seed: int) -> dict[str, list[Told]]:
    """The shots of these films: by their sound, and by subtitles where nobody listened."""
    found = {}
    settings = Settings(home=folder / "home", encoder=DEMO_ENCODER)
    with Catalog.open(settings) as catalog:
        for way in ("sound", "subtitles"):
            if way == "subtitles":
                rng = random.Random(seed)  # reproducible, not secret
                for episode in episodes:
                    episode.write_subtitles(rng)
            catalog.ingest(*(episode.path for episode in episodes))
            if way == "subtitles":
                with catalog.database.session() as session:
                    session.execute(text("UPDATE catalog.asset SET speaking = NULL"))
                catalog.tell_rolls()
            found[way] = [told for each in episodes for told in look_up(catalog, each)]
    return found


def print_figures(found: Mapping[str, Mapping[str, Any]]) -> None:
    """A table for people."""
    for way, figures in found.items():
        print(f"{way}: {figures['shots']} shots, accuracy {figures['accuracy']:.3f}, ", end="")
        print(f"calibration error {figures['calibration_error']:.3f}, ", end="")
        print(f"speech known of {figures['known']}; fitted: {figures['fitted']}")
        for made, row in figures["confusion"].items():
            print(f"  made {made}: told A {row['A']:4d}, told B {row['B']:4d}")


def films(count: int, shots: int, seed: int) -> dict[str, Any]:
    """Make films, catalogue them, compare and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        episodes = make_episodes(folder / "footage", count=count, shots=shots, seed=seed)
        told = measure(folder, episodes, seed)
    found: dict[str, Any] = {way: figures_of(shots_told) for way, shots_told in told.items()}
    print_figures(found)
    made = [(each.made.roll, each.share, each.made.end - each.made.start) for each in told["sound"]]
    found["cues"] = roll_cues.measured(made, seed)
    roll_cues.print_table(found["cues"])
    return found


def real(folder: Path) -> dict[str, Any]:
    """Clips that somebody has looked at: a line each, and the figures."""
    shots = roll_real.measured(folder)
    roll_real.print_table(shots)
    return roll_real.figures_of(shots)


def library(shots: int, reuse: Path | None) -> dict[str, Any]:
    """How long the rolls of a large library take."""
    with tempfile.TemporaryDirectory() as name:
        found = roll_library.timed(reuse or Path(name), shots)
    for what in ("by_sound", "by_sound_and_pictures", "again"):
        print(f"{what}: {found[what]['seconds']} s for {shots} shots")
    return found


def main() -> None:
    """Measure what is asked for, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--episodes", type=int, default=10)
    parser.add_argument("--shots", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--real", type=Path, metavar="FOLDER")
    parser.add_argument("--library", type=int, metavar="SHOTS")
    parser.add_argument("--reuse", type=Path, help="where a library is made, and kept")
    options = parser.parse_args()
    if options.real is not None:
        found = real(options.real)
    elif options.library is not None:
        found = library(options.library, options.reuse)
    else:
        found = films(options.episodes, options.shots, options.seed)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
