"""What "not that" should do to the order: rules for negative examples, compared.

Drawn pictures are searched by one short query without another ("a car", not "at night"); of the
first ten hits: how many have what is wanted, what is not, and the one without the other.

    python -m benchmarks.negation [--pictures 600] [--queries 12]

Prints a table and, as its last line, one JSON object of named figures.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import defaultdict

import numpy as np

from catalog.demo.captions import query
from catalog.demo.measure import photographed
from catalog.demo.world import sample, scenes
from catalog.encoders import load_encoder
from catalog.search.example import NEGATIVE_WEIGHT
from catalog.settings import DEMO_ENCODER

LANGUAGES = ("en", "de", "uk", "ja", "ar", "zh")
TOPICS = (
    ("subject", "light"),
    ("subject", "setting"),
    ("setting", "light"),
    ("light", "subject"),
)
WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)


def main() -> None:
    """Draw, encode, order by each rule and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=600)
    parser.add_argument("--queries", type=int, default=12, help="a pair of topics and language")
    options = parser.parse_args()
    encoder, rng = load_encoder(DEMO_ENCODER), random.Random(3)
    drawn = sample(scenes(), options.pictures, 11)
    pictures = encoder.encode_images(photographed(drawn, seed=0, size=(320, 180)))
    shares: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    for code in LANGUAGES:
        for topic, other in TOPICS:
            for _ in range(options.queries):
                wanted = rng.choice(drawn)
                alike = [s for s in drawn if getattr(s, topic) == getattr(wanted, topic)]
                unwanted = rng.choice(alike)
                asked = query(wanted, code, rng, frozenset({topic}))
                avoided = query(unwanted, code, rng, frozenset({other}))
                vectors = encoder.encode_texts([asked, avoided])
                near, far = pictures @ vectors[0], pictures @ vectors[1]
                good = np.array([getattr(s, topic) == getattr(wanted, topic) for s in drawn])
                bad = np.array([getattr(s, other) == getattr(unwanted, other) for s in drawn])
                rules = {f"minus {weight:g}": near - weight * far for weight in WEIGHTS}
                rules["hinge 0.5"] = near - 0.5 * np.maximum(0, far - np.median(far))
                for name, scores in rules.items():
                    first = np.argsort(-scores)[:10]
                    shares[name].append(
                        tuple(float(kept[first].mean()) for kept in (good, bad, good & ~bad))
                    )
    figures = {
        name: [round(float(share), 3) for share in np.mean(several, axis=0)]
        for name, several in shares.items()
    }
    print("rule        wanted  unwanted  wanted and not unwanted   (of the first ten)")
    for name, (good, bad, both) in figures.items():
        print(f"{name:10} {good:7.3f} {bad:9.3f} {both:9.3f}")
    print(json.dumps({"used": NEGATIVE_WEIGHT, "pairs": len(shares["minus 0"]), "rules": figures}))


if __name__ == "__main__":
    main()
