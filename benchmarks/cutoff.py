"""Where lists of hits end, against what is known to be relevant.

Drawn scenes are catalogued as pictures and searched by short queries ("red car at night") in every
language; a picture is relevant if its scene has all that the query names. Beside the cutoff: the
flat threshold that is best *with hindsight*, over all languages together.

    python -m benchmarks.cutoff [--scenes 600] [--queries 6]

Prints a table per language and, as its last line, one JSON object of named figures.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from catalog import Catalog
from catalog.demo.captions import languages, query, topics
from catalog.demo.measure import photographed
from catalog.demo.world import Scene, sample, scenes
from catalog.settings import DEMO_ENCODER, Settings

SIZE = (320, 180)


@dataclass(frozen=True, slots=True)
class Answer:
    """One query's whole list: cosines, what is relevant, and where the cutoff ended it."""

    cosines: np.ndarray
    relevant: np.ndarray
    kept: np.ndarray

    def score(self, kept: np.ndarray) -> tuple[float, float, float]:
        """Precision, recall and F1 of keeping these; nothing kept has no precision."""
        right = float((kept & self.relevant).sum())
        precision = right / max(1, int(kept.sum()))
        recall = right / int(self.relevant.sum())
        return precision, recall, 2 * precision * recall / max(1e-9, precision + recall)


def ask(catalog: Catalog, shown: dict[str, Scene], code: str, count: int) -> list[Answer]:
    """``count`` queries a topic, each about a scene that is there."""
    rng = random.Random(f"cutoff {code}")  # reproducible, not secret
    pool = list(shown.values())
    asked = [(rng.choice(pool), topic) for topic in topics() for _ in range(count)]
    asked = [(s, t) for s, t in asked if not ("motion" in t and s.motion == "still")]
    texts = [(query(scene, code, rng, topic), scene, topic) for scene, topic in asked]
    catalog.phrases([text for text, _, _ in texts])
    answers = []
    for text, scene, topic in texts:
        hits = catalog.search(text, limit=1000, all_=True).hits
        relevant = [
            all(getattr(shown[hit.asset["name"]], f) == getattr(scene, f) for f in topic)
            for hit in hits
        ]
        answers.append(
            Answer(
                np.array([hit.cosine for hit in hits]),
                np.array(relevant),
                np.array([hit.relevant for hit in hits]),
            )
        )
    return answers


def mean(answers: list[Answer], flat: float | None = None) -> tuple[float, ...]:
    """Mean precision, recall and F1, of the cutoff or of a flat threshold."""
    scores = [a.score(a.kept if flat is None else a.cosines >= flat) for a in answers]
    return tuple(float(value) for value in np.mean(scores, axis=0))


def fill(catalog: Catalog, folder: Path, count: int) -> dict[str, Scene]:
    """Catalogue drawn pictures; their scenes by file name, which says nothing of them."""
    folder.mkdir()
    drawn = sample(scenes(), count, 11)
    shown = {}
    for first in range(0, count, 50):
        batch = drawn[first : first + 50]
        for at, picture in enumerate(photographed(batch, seed=first, size=SIZE), first):
            name = f"x{at:05d}q.jpg"
            picture.save(folder / name, quality=90)
            shown[name] = drawn[at]
    catalog.ingest(folder)
    return shown


def main() -> None:
    """Draw, catalogue, search and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=int, default=600)
    parser.add_argument("--queries", type=int, default=6, help="a topic and language")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        settings = Settings(home=Path(name) / "home", encoder=DEMO_ENCODER)
        with Catalog.open(settings) as catalog:
            shown = fill(catalog, Path(name) / "pictures", options.scenes)
            answers = {c: ask(catalog, shown, c, options.queries) for c in languages()}
    every = [answer for several in answers.values() for answer in several]
    flat = max(np.linspace(0, 1, 101), key=lambda t: mean(every, float(t))[2])
    print(f"{len(every)} queries over {options.scenes} pictures; best flat cosine {flat:.2f}")
    print("      cutoff: precision recall  F1     flat: precision recall  F1")
    table = {}
    for code, several in answers.items():
        ours, theirs = mean(several), mean(several, float(flat))
        table[code] = {"f1": round(ours[2], 3), "flat_f1": round(theirs[2], 3)}
        print(f"  {code}  " + "".join(f"{v:9.3f}" for v in (*ours, *theirs)))
    ours, theirs = mean(every), mean(every, float(flat))
    figures = {
        "queries": len(every),
        "precision": round(ours[0], 3),
        "recall": round(ours[1], 3),
        "f1": round(ours[2], 3),
        "flat_threshold": round(float(flat), 2),
        "flat_precision": round(theirs[0], 3),
        "flat_recall": round(theirs[1], 3),
        "flat_f1": round(theirs[2], 3),
        "by_language": table,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
