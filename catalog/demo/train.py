"""Trains the demonstration encoder: ``python -m catalog.demo.train``.

Everything comes from the drawn world: pictures of the training scenes, captions in every language,
a tokenizer trained on those captions. The result is an ordinary open_clip checkpoint folder;
:mod:`benchmarks.demo_encoder` measures it on scenes that were held out.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from catalog.demo import world
from catalog.demo.captions import caption, languages, query, topics
from catalog.demo.pictures import Pictures, prerender
from catalog.demo.world import Scene
from catalog.encoders import training
from catalog.encoders.training import Batch

SIDE = 96
CONTEXT = 32
VOCABULARY = 3200
DIMENSIONS = 256
MODEL_FOLDER = Path(__file__).resolve().parent.parent / "encoders" / "demo_model"

CONFIG: dict[str, Any] = {
    "model_cfg": {
        "embed_dim": DIMENSIONS,
        # A ResNet, not a transformer: from so few pictures, convolutions learn shapes far sooner.
        "vision_cfg": {"image_size": SIDE, "layers": [1, 1, 2, 1], "width": 24, "head_width": 64},
        "text_cfg": {
            "context_length": CONTEXT,
            "vocab_size": VOCABULARY,
            "hf_tokenizer_name": "catalog-demo",
            "width": 160,
            "heads": 5,
            "layers": 2,
            "pad_id": 0,
            "eos_id": 2,
            "pool_type": "eos",
        },
    },
    "preprocess_cfg": {
        "mean": [0.5, 0.5, 0.5],
        "std": [0.25, 0.25, 0.25],
        "interpolation": "bicubic",
        # The whole frame, squeezed: cropping a 16:9 picture to a square would cut off what moves at
        # its edges.
        "resize_mode": "squash",
    },
}


def corpus(seed: int = 0) -> Iterator[str]:
    """Texts for the tokenizer: sentences and short queries of training scenes in every language."""
    rng = random.Random(seed)  # noqa: S311  # reproducible, not secret
    scenes = world.sample(world.training(), 1500, seed)
    for code in languages():
        for scene in scenes:
            yield caption(scene, code, rng.randrange(10_000))
            yield query(scene, code, rng)


class SceneBatches:
    """Picks the pictures of a batch, so that it holds pairs that are hard to tell apart.

    A third of each batch is drawn from everywhere. The rest comes in groups that share place and
    light, and groups that share the colour as well: within those only the shape of the subject and
    its motion tell one caption from another, which is what a model otherwise learns last. A batch
    as a whole stays varied, for the sake of batch normalisation.
    """

    def __init__(self, scenes: Sequence[Scene], size: int, seed: int) -> None:
        self._rng = random.Random(seed)  # noqa: S311  # reproducible, not secret
        self._scenes = scenes
        self._size = size
        self._by_place = _grouped(scenes, lambda scene: (scene.setting, scene.light))
        self._by_colour = _grouped(scenes, lambda scene: (scene.setting, scene.light, scene.colour))

    def draw(self) -> list[int]:
        """Indices of one batch; no scene comes up twice."""
        size, rng = self._size, self._rng
        chosen: dict[Scene, int] = {}
        for groups, members, share in ((self._by_place, 32, 1 / 3), (self._by_colour, 16, 2 / 3)):
            while len(chosen) < size * share:
                group = rng.choice(groups)
                for index in rng.sample(group, min(members, len(group))):
                    chosen.setdefault(self._scenes[index], index)
        while len(chosen) < size:
            index = rng.randrange(len(self._scenes))
            chosen.setdefault(self._scenes[index], index)
        return list(chosen.values())[:size]


class QueryBatches:
    """Picks the pictures of a batch of short queries, so that each fits one picture only.

    "Red car" fits many scenes. In a batch where no two scenes share subject and colour it fits one,
    and what it leaves open (the place, the light) is learned to be of no account.
    """

    def __init__(self, scenes: Sequence[Scene], size: int, seed: int) -> None:
        self._rng = random.Random(seed)  # noqa: S311  # reproducible, not secret
        self._scenes = scenes
        self._size = size

    def draw(self) -> tuple[list[int], list[str]]:
        """Indices of one batch, and a query for each, all about the same fields."""
        rng = self._rng
        topic = rng.choice(topics())
        chosen: dict[tuple[str, ...], int] = {}
        for index in rng.sample(range(len(self._scenes)), min(len(self._scenes), 8 * self._size)):
            scene = self._scenes[index]
            if len(chosen) < self._size and not ("motion" in topic and scene.motion == "still"):
                chosen.setdefault(tuple(getattr(scene, field) for field in sorted(topic)), index)
        picked = list(chosen.values())
        said = [query(self._scenes[i], rng.choice(languages()), rng, topic) for i in picked]
        return picked, said


class Speaker:
    """Says something about a scene: mostly a whole sentence, sometimes a short query."""

    def __init__(self, seed: int, *, queries: float, codes: Sequence[str]) -> None:
        self._rng = random.Random(seed)  # noqa: S311  # reproducible, not secret
        self._queries = queries
        self._codes = codes

    def say(self, scene: Scene) -> str:
        """One text that fits the scene."""
        rng = self._rng
        code = rng.choice(self._codes)
        if rng.random() < self._queries:
            return query(scene, code, rng)
        return caption(scene, code, rng.randrange(10_000) if rng.random() < 0.7 else 0)


@dataclass(frozen=True, slots=True)
class Course:
    """How long to train, and on how much."""

    pictures: int = 50_000
    batch: int = 128
    steps: int = 1200
    """Steps of both towers, in English."""
    text_steps: int = 1200
    """Steps of the text tower alone, in every language, with batches twice as large."""
    rate: float = 1.5e-3
    """The highest learning rate of both towers; alone, the text tower gets two thirds of it."""
    seed: int = 0


def train(
    folder: Path,
    scratch: Path,
    course: Course,
    *,
    resume: bool = False,
    progress: Callable[[str], None] = print,
) -> None:
    """Make the tokenizer, the pictures and the model, and write the model to ``folder``.

    Parameters
    ----------
    folder
        Where the open_clip checkpoint goes.
    scratch
        Where the rendered pictures go (about 28 kB each); they are used again when they are there.
    course
        How long to train, and on how much.
    resume
        Go on from the model in ``folder``. With no steps for both towers, only its text tower
        learns.
    progress
        Told a line now and then.
    """

    def drawn(done: int, total: int) -> None:
        progress(f"drawing: {done}/{total} pictures")

    shown = prerender(
        scratch, world.training(), course.pictures, side=SIDE, seed=course.seed, progress=drawn
    )
    if not resume:
        training.train_tokenizer(
            corpus(course.seed), folder, vocabulary=VOCABULARY, context_length=CONTEXT
        )
        training.save_weights(training.create(CONFIG, folder, seed=course.seed), folder)
    _learn_to_see(folder, shown, course, progress)
    _learn_languages(folder, shown, course, progress)


def _learn_to_see(
    folder: Path, shown: Pictures, course: Course, progress: Callable[[str], None]
) -> None:
    """Both towers, from nothing, in one language: words must mean something before shapes can."""
    if course.steps == 0:
        return
    model, tokenizer = training.load(folder)
    plan = training.TrainingPlan(
        course.steps, learning_rate=course.rate, warm_up=60, weight_decay=0.05, seed=course.seed
    )
    batches = _picture_batches(shown, course.batch, course.seed)
    training.fit(model, tokenizer, batches, plan, _reporter(model, folder, progress))
    training.save_weights(model, folder)


def _learn_languages(
    folder: Path, shown: Pictures, course: Course, progress: Callable[[str], None]
) -> None:
    """The text tower alone, against the vectors of a share of the pictures, computed once."""
    if course.text_steps == 0:
        return
    model, tokenizer = training.load(folder)
    share = min(len(shown.scenes), 24_000)
    progress(f"encoding {share} pictures for the text tower")
    vectors = training.encode_pictures(model, shown.pixels[:share])
    plan = training.TrainingPlan(
        course.text_steps,
        learning_rate=course.rate * 2 / 3,
        warm_up=50,
        weight_decay=0.05,
        seed=course.seed,
    )
    batches = _vector_batches(shown.scenes[:share], vectors, 2 * course.batch, course.seed)
    training.fit(model, tokenizer, batches, plan, _reporter(model, folder, progress))
    training.save_weights(model, folder)


def _reporter(
    model: training.Model, folder: Path, progress: Callable[[str], None]
) -> Callable[[training.Progress], None]:
    def report(state: training.Progress) -> None:
        if state.step % 25 == 0 or state.step == state.steps:
            progress(
                f"step {state.step}/{state.steps} loss {state.loss:.3f} "
                f"accuracy {state.accuracy:.3f} {state.seconds:.0f} s"
            )
        if state.step % 200 == 0:
            training.save_weights(model, folder)

    return report


def _picture_batches(shown: Pictures, size: int, seed: int) -> Iterator[Batch]:
    batches = SceneBatches(shown.scenes, size, seed)
    speaker = Speaker(seed, queries=0.1, codes=("en",))
    while True:
        chosen = batches.draw()
        texts = [speaker.say(shown.scenes[index]) for index in chosen]
        yield Batch(texts, pictures=shown.pixels[chosen])


def _vector_batches(
    scenes: Sequence[Scene], vectors: npt.NDArray[np.float32], size: int, seed: int
) -> Iterator[Batch]:
    """Whole sentences that are hard to tell apart, and short queries, in turn."""
    batches, questions = SceneBatches(scenes, size, seed + 1), QueryBatches(scenes, size, seed + 2)
    speaker = Speaker(seed + 1, queries=0.0, codes=languages())
    while True:
        chosen = batches.draw()
        yield Batch([speaker.say(scenes[index]) for index in chosen], vectors=vectors[chosen])
        chosen, asked = questions.draw()
        yield Batch(asked, vectors=vectors[chosen])


def _grouped(scenes: Sequence[Scene], key: Callable[[Scene], Hashable]) -> list[list[int]]:
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for index, scene in enumerate(scenes):
        groups[key(scene)].append(index)
    return list(groups.values())


def main(arguments: Sequence[str] | None = None) -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--folder", type=Path, default=MODEL_FOLDER, help="where the checkpoint goes"
    )
    parser.add_argument(
        "--scratch", type=Path, default=Path(tempfile.gettempdir()) / "demo-pictures"
    )
    parser.add_argument("--resume", action="store_true", help="go on from the model in the folder")
    usual = Course()
    for name in ("pictures", "batch", "steps", "text_steps", "rate", "seed"):
        value = getattr(usual, name)
        parser.add_argument("--" + name.replace("_", "-"), type=type(value), default=value)
    chosen = vars(parser.parse_args(arguments))
    fixed = {name: chosen.pop(name) for name in ("folder", "scratch", "resume")}
    train(fixed["folder"], fixed["scratch"], Course(**chosen), resume=fixed["resume"])


if __name__ == "__main__":
    main()
