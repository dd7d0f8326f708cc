"""What a calibration is worth, on queries of the kind it was fitted to and of another.

Drawn scenes are asked for by sentences ("A red car on the beach at night") and by short queries
("red car"); a hit is right if its scene has all that was asked for. Each way to read a cosine as a
confidence is fitted to one kind and judged on both:

    background   how far a hit stands out of all candidates (needs no fitting)
    cosine       logistic in the cosine itself
    lift         logistic in the cosine above the query's median
    height       the same in spreads of the query's cosines: what searches use

    python -m benchmarks.calibration [--scenes 400] [--queries 100]

Prints the expected calibration error and the Brier score, on queries that were not fitted on, and
as its last line one JSON object.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable, Sequence

import numpy as np

from catalog.demo.captions import caption, languages, query, topics
from catalog.demo.measure import photographed
from catalog.demo.world import Scene, sample, scenes
from catalog.domain.confidence import QUARTILE, standing_out
from catalog.encoders import Encoder, load_encoder
from catalog.evaluate.calibration import fit, reliability

SIZE = (320, 180)
TOP = 10
Asked = list[tuple[str, np.ndarray]]


def sentences(pool: Sequence[Scene], code: str, count: int) -> Asked:
    """The plainest caption of some scenes; one picture of all is right."""
    rng = random.Random(f"sentences {code}")  # reproducible, not secret
    return [
        (caption(scene, code), np.array([other is scene for other in pool]))
        for scene in rng.sample(list(pool), count)
    ]


def short(pool: Sequence[Scene], code: str, count: int) -> Asked:
    """What a hurried person types; every picture with all of it is right."""
    rng = random.Random(f"short {code}")
    asked: Asked = []
    while len(asked) < count:
        scene, topic = rng.choice(pool), rng.choice(topics())
        if "motion" in topic and scene.motion == "still":
            continue
        right = [all(getattr(o, f) == getattr(scene, f) for f in topic) for o in pool]
        asked.append((query(scene, code, rng, topic), np.array(right)))
    return asked


def hits(encoder: Encoder, pictures: np.ndarray, asked: Asked) -> dict[str, np.ndarray]:
    """The first ten hits of each query, read in every way, and whether they are right."""
    cosines = encoder.encode_texts([text for text, _ in asked]) @ pictures.T
    found: dict[str, list[np.ndarray]] = {}
    for row, (_, right) in zip(cosines, asked, strict=True):
        order = np.argsort(-row)[:TOP]
        quartile, median = np.quantile(row, [0.25, 0.5])
        mean, spread = float(row.mean()), float(row.std())
        said = {
            "background": [standing_out(float(row[at]), mean, spread, len(row)) for at in order],
            "cosine": row[order],
            "lift": row[order] - median,
            "height": (row[order] - median) * QUARTILE / (median - quartile),
            "right": right[order],
        }
        for name, values in said.items():
            found.setdefault(name, []).append(np.asarray(values))
    return {name: np.concatenate(values) for name, values in found.items()}


def judged(confidence: np.ndarray, right: np.ndarray, *, digits: int = 3) -> dict[str, float]:
    """Expected calibration error and Brier score."""
    return {
        "error": round(reliability(confidence, right).error, digits),
        "brier": round(float(((confidence - right) ** 2).mean()), digits),
    }


def main() -> None:
    """Draw, ask, fit, judge and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=int, default=400)
    parser.add_argument("--queries", type=int, default=100, help="of a kind and language")
    parser.add_argument("--languages", nargs="+", default=list(languages()))
    options = parser.parse_args()
    encoder = load_encoder("demo")
    pool = sample(scenes(), options.scenes, 11)
    pictures = encoder.encode_images(photographed(pool, seed=3, size=SIZE))
    kinds: dict[str, Callable[[Sequence[Scene], str, int], Asked]] = {
        "sentences": sentences, "short": short,
    }  # fmt: skip
    found = {}
    for kind, ask in kinds.items():
        asked = [each for c in options.languages for each in ask(pool, c, options.queries)]
        random.Random(0).shuffle(asked)
        half = len(asked) // 2
        found[kind] = [hits(encoder, pictures, part) for part in (asked[:half], asked[half:])]
    table: dict[str, dict[str, dict[str, float]]] = {}
    for way in ("background", "cosine", "lift", "height"):
        for fitted in kinds if way != "background" else ("none",):
            cells = {}
            for kind in kinds:
                test = found[kind][1]
                confidence = test[way].astype(float)
                if fitted != "none":
                    train = found[fitted][0]
                    curve = fit(train[way].astype(float), train["right"])
                    if curve is None:
                        continue
                    confidence = np.array([curve.confidence(float(v)) for v in confidence])
                cells[kind] = judged(confidence, test["right"])
            table[f"{way} fitted to {fitted}"] = cells
            print(f"{way:<11} fitted to {fitted:<10} {cells or 'falls with it: no curve'}")
    print(json.dumps({"scenes": options.scenes, "queries": options.queries, "ways": table}))


if __name__ == "__main__":
    main()
