"""How well the demonstration encoder finds scenes it has never seen.

Run it as ``python -m benchmarks.demo_encoder``.

Scenes are drawn afresh from the combinations of subject, colour, setting and light that training
never saw, each at a random moment of its motion, 640 x 360, through a JPEG of quality 90. The
figure of a language is the share of captions whose own picture comes first among all the pictures
of the same draw (text to image Recall@1). Several draws are made, so that no lucky one is reported,
and once every held-out combination is searched at the same time, which is harder. The last column
is about short queries, such as "red car at night": how often the first of all those pictures has
all that was asked for.
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np

from catalog.demo import world
from catalog.demo.captions import language, languages
from catalog.demo.measure import photographed, query_precision, ranks, recall
from catalog.encoders.registry import load_encoder


def main() -> None:
    """Measure, print a table and, as the last line, one JSON object."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--encoder", default="demo", help="any encoder the catalogue can load")
    parser.add_argument("--scenes", type=int, default=200)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument(
        "--variants", type=int, nargs="+", default=[0, 7], help="wordings; 0 is the plainest"
    )
    options = parser.parse_args()
    encoder = load_encoder(options.encoder)
    began = time.monotonic()

    everything = world.sample(world.held_out(), _combinations(), 0)
    pictures = {
        seed: photographed(world.sample(world.held_out(), options.scenes, seed), seed=seed)
        for seed in options.seeds
    }
    all_vectors = encoder.encode_images(photographed(everything, seed=0))
    by_draw: dict[tuple[int, int], dict[str, float]] = {}
    for seed, shown in pictures.items():
        scenes = world.sample(world.held_out(), options.scenes, seed)
        vectors = encoder.encode_images(shown)
        for variant in options.variants:
            by_draw[seed, variant] = recall(ranks(encoder, scenes, vectors, variant=variant))
    at_once = recall(ranks(encoder, everything, all_vectors))

    asked = query_precision(encoder, everything, all_vectors)

    draws = list(by_draw)
    print(f"text to image Recall@1, {options.scenes} held-out scenes a draw, {encoder.name}")
    heads = [f"draw {seed} v{variant}" for seed, variant in draws]
    print(
        f"{'language':<12}"
        + "".join(f"{head:>12}" for head in heads)
        + f"{'all ' + str(len(everything)):>12}{'queries':>12}"
    )
    for code in languages():
        cells = [by_draw[draw][code] for draw in draws] + [at_once[code], asked[code]]
        print(f"{language(code).name:<12}" + "".join(f"{cell:>12.3f}" for cell in cells))

    plain = [figures for (_, variant), figures in by_draw.items() if variant == 0] or list(
        by_draw.values()
    )
    figures = {
        "world_combinations": world.combinations(),
        "held_out_combinations": len(everything),
        "scenes": options.scenes,
        "seeds": options.seeds,
        "recall_at_1": {
            code: round(float(np.mean([f[code] for f in plain])), 4) for code in languages()
        },
        "recall_at_1_lowest": round(min(min(f.values()) for f in plain), 4),
        "recall_at_1_lowest_any_wording": round(min(min(f.values()) for f in by_draw.values()), 4),
        "recall_at_1_all_held_out": {code: round(value, 4) for code, value in at_once.items()},
        "query_precision_at_1": {code: round(value, 4) for code, value in asked.items()},
        "seconds": round(time.monotonic() - began, 1),
    }
    print(json.dumps(figures))


def _combinations() -> int:
    return len({(s.subject, s.colour, s.setting, s.light) for s in world.held_out()})


if __name__ == "__main__":
    main()
