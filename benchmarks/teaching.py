"""What an encoder learns of a subject it has never seen, and what it forgets of all others.

The demo encoder knows twenty subjects of the drawn world. A twenty-first, a windmill, it has never
been shown, nor its word. A catalogue gets stills of the world, of which some show windmills that
nobody describes, and 30 windmills that somebody describes in one sentence each. `Catalog.train`
teaches the encoder from those. Then parent and child are measured on fresh drawings that neither
was ever shown:

    new      captions of windmills find their own picture first, among all
    word     of the first 50 pictures for "a windmill", how many show one
    rest     captions of the twenty subjects find their own picture first, mean of 14 languages

    python -m benchmarks.teaching [--captions 30] [--language en] [--method auto] [--tagged]

Prints a table and, as its last line, one JSON object.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from catalog import Catalog
from catalog.cli.progress import shown_progress
from catalog.demo import newcomer, world
from catalog.demo.captions import languages
from catalog.demo.measure import photographed, ranks, recall
from catalog.demo.world import Scene
from catalog.encoders import Encoder, load_encoder

ASKED = {"en": "a windmill", "de": "eine Windmühle", "uk": "вітряк", "ja": "風車"}
FIRST = 50


@dataclass(frozen=True, slots=True)
class World:
    """Fresh drawings to measure on: windmills, then scenes that the encoder never saw."""

    windmills: Sequence[Scene]
    rest: Sequence[Scene]
    pictures: Sequence[Image.Image]

    @classmethod
    def drawn(cls, windmills: Sequence[Scene], rest: int) -> World:
        """So many held-out scenes beside the windmills."""
        scenes = world.sample(world.held_out(), rest, 29)
        pictures = [*photographed(windmills, seed=6), *photographed(scenes, seed=7)]
        return cls(windmills, scenes, pictures)

    def figures(self, encoder: Encoder, code: str) -> dict[str, float]:
        """What the encoder finds; ``code`` is the language it was taught in."""
        vectors = encoder.encode_images(self.pictures)
        own = np.arange(len(self.windmills))
        said = encoder.encode_texts([newcomer.caption(scene, code) for scene in self.windmills])
        [word] = encoder.encode_texts([ASKED[code]])
        first = np.argsort(-(vectors @ word))[: min(FIRST, len(own))]
        # The rest comes first in `ranks`; windmills are what it must be told apart from.
        turned = np.concatenate([vectors[len(own) :], vectors[: len(own)]])
        rest = recall(ranks(encoder, self.rest, turned))
        return {
            "new_r1": round(float(((said @ vectors.T).argmax(axis=1) == own).mean()), 4),
            "word_precision": round(float((first < len(own)).mean()), 4),
            "rest_r1": round(float(np.mean(list(rest.values()))), 4),
            "rest_r1_lowest": round(min(rest.values()), 4),
        }


def fill(catalog: Catalog, folder: Path, chosen: argparse.Namespace) -> list[Scene]:
    """Ingest the library and describe its windmills; windmills that it does not have."""
    scenes = newcomer.newcomers(min(400, chosen.captions + chosen.silent + chosen.asked), 1)
    described = scenes[: chosen.captions]
    silent = scenes[chosen.captions : chosen.captions + chosen.silent]
    others = world.sample(world.training(), chosen.library, 3)
    for seed, (name, several) in enumerate(
        [("described", described), ("silent", silent), ("other", others)]
    ):
        for at, picture in enumerate(photographed(several, seed=40 + seed, size=(320, 180))):
            place = folder / name / f"{name}{at:04d}.jpg"
            place.parent.mkdir(parents=True, exist_ok=True)
            picture.save(place, quality=90)
    with shown_progress() as progress:
        catalog.ingest(folder, progress=progress)
    for at, scene in enumerate(described):
        text = newcomer.caption(scene, chosen.language, at)
        catalog.edit([f"described{at:04d}.jpg"], description=text)
    if chosen.tagged:
        names = [f"described{at:04d}.jpg" for at in range(len(described))]
        catalog.tag(names, [newcomer.SUBJECT])
    return scenes[chosen.captions + chosen.silent :]


def main() -> None:
    """Teach, measure, print a table and, as the last line, one JSON object."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--captions", type=int, default=30)
    parser.add_argument("--language", default="en", choices=sorted(newcomer.WORDS))
    parser.add_argument("--tagged", action="store_true", help="the tag windmill is learned, too")
    parser.add_argument("--method", default="auto")
    parser.add_argument("--library", type=int, default=300, help="stills of the twenty subjects")
    parser.add_argument("--silent", type=int, default=20, help="windmills nobody describes")
    parser.add_argument("--asked", type=int, default=100, help="windmills to measure on")
    parser.add_argument("--rest", type=int, default=200, help="other scenes to measure on")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="teaching-") as name:
        home = Path(name)
        home.chmod(0o755)
        with Catalog.open(home=home / "home", encoder="demo") as catalog:
            asked = fill(catalog, home / "stills", chosen)
            with shown_progress() as progress:
                taught = catalog.train(
                    tags=[newcomer.SUBJECT] if chosen.tagged else [],
                    method=chosen.method,
                    steps=chosen.steps,
                    seed=chosen.seed,
                    progress=progress,
                )
            drawn = World.drawn(asked, chosen.rest)
            before = drawn.figures(load_encoder("demo"), chosen.language)
            after = drawn.figures(load_encoder(taught.name), chosen.language)
            states = {row["name"]: row["state"] for row in catalog.encoder.list()}
    print(f"{chosen.captions} captions of windmills, method {taught.method}, "
          f"{taught.learnt.steps} steps, step {taught.learnt.best} taken, "
          f"alpha {taught.chosen.alpha}, kept {taught.chosen.kept:.3f}")  # fmt: skip
    print(f"{'':<42}{'before':>8}{'after':>8}")
    for key, text in (
        ("new_r1", f"windmills by their captions, of {len(asked)}"),
        ("word_precision", f"{ASKED[chosen.language]!r}: of the first {FIRST}"),
        ("rest_r1", f"the rest, of {chosen.rest}, mean of {len(languages())} languages"),
        ("rest_r1_lowest", "the rest, lowest language"),
    ):
        print(f"{text:<42}{before[key]:>8.3f}{after[key]:>8.3f}")
    print(json.dumps({
        "captions": chosen.captions,
        "language": chosen.language,
        "tagged": chosen.tagged,
        "method": taught.method,
        "steps": taught.learnt.steps,
        "best_step": taught.learnt.best,
        "alpha": taught.chosen.alpha,
        "kept": round(taught.chosen.kept, 4),
        "blends": [each.as_json() for each in taught.blends],
        "checks": [each["score"] for each in taught.as_json()["checks"]],
        "before": before,
        "after": after,
        "states": sorted(states.values()),
        "held_out": taught.as_json()["evaluation"],
        "seconds": round(time.monotonic() - began, 1),
    }))  # fmt: skip


if __name__ == "__main__":
    main()
