"""The model learns, and then it is found out how much of what it learned to take."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from catalog.domain.progress import Progress
from catalog.encoders import Vectors
from catalog.encoders.lessons import Checked, Course, Learnt, Lessons, OpenPicture, Pair
from catalog.errors import InvalidInputError
from catalog.evaluate import Contender, Dataset, Picture, Protocol, evaluate
from catalog.evaluate import Options as Measuring
from catalog.evaluate.logged import spelt
from catalog.teach.blending import STEPS, Blend, Known
from catalog.teach.material import Material
from catalog.teach.split import Split

if TYPE_CHECKING:
    from catalog.encoders.teaching import Pupil

# What was known before is looked at on so many pictures and texts.
_LOOKED_AT = 256


class Learning:
    """One pupil, with what it learns from."""

    def __init__(self, pupil: Pupil, material: Material, shares: Split, progress: Progress) -> None:
        self._pupil, self._progress = pupil, progress
        self._captioned, self._anchors = material.captioned, material.anchors
        opened = partial(_opener, material.captioned)
        self._pictures = [opened(picture) for picture in material.captioned.pictures]
        self._library = [opened(picture) for picture in material.library]
        self._learn, self._held = self._pairs(shares.learn), self._pairs(shares.held)

    def _pairs(self, places: Sequence[int]) -> list[Pair]:
        captions = self._captioned.captions
        return [Pair(captions[at].picture, captions[at].text) for at in places]

    def learn(self, course: Course) -> Learnt:
        """Teach the pupil.

        Raises
        ------
        InvalidInputError
            If the model has no weights that the method could teach.
        """
        lessons = Lessons(self._pictures, self._learn, self._held, self._library, self._anchors)
        self._progress.begin("teach", course.steps, "steps")
        last = ""

        def stepped(_: int) -> None:
            self._progress.advance("teach", 1, last)

        def checked(check: Checked) -> None:
            nonlocal last
            last = f"held-out loss {check.held_loss:.3f}"

        try:
            learnt = self._pupil.learn(lessons, course, on_step=stepped, on_check=checked)
        except ValueError as error:
            raise InvalidInputError(
                f"{self._pupil.encoder.name} cannot be taught so: {error}.",
                remedy="Choose another --method: lora or full.",
            ) from error
        self._progress.end("teach")
        return learnt

    def blends(self, alphas: Sequence[float], keep: Dataset | None) -> list[Blend]:
        """The parent, and its mixtures with what was learned, each looked at."""
        self._progress.begin("blend", 1 + len(alphas), "mixtures")
        known: Known | None = None
        found: list[Blend] = []
        before = 0.0
        for alpha in (0.0, *alphas):
            self._pupil.blend(alpha)
            library = self._pupil.encode_pictures(self._library[:_LOOKED_AT])
            anchors = self._pupil.encoder.encode_texts(self._anchors[:_LOOKED_AT])
            known = known or Known.of(library, anchors)
            kept = known.kept(library, anchors)
            if keep is not None:
                recall = self._recall(keep)
                before = before or recall
                kept = recall / before if before else 1.0
            found.append(Blend(alpha, self._pupil.held_loss(), self._held_recall(library), kept))
            self._progress.advance("blend", 1, f"{alpha:.1f} of what was learned")
        self._progress.end("blend")
        return found

    def _recall(self, keep: Dataset) -> float:
        options = Measuring(Protocol.EVERY, speed=False, resamples=0)
        contender = Contender("pupil", lambda: self._pupil.encoder)
        found = evaluate(keep, [contender], options=options)
        return found.encoders[0].text_to_image[0].value

    def _held_recall(self, library: Vectors) -> float:
        """Recall@1 of held-out texts among held-out and library pictures.

        Each of several pictures with one text is right for it.
        """
        places = sorted({pair.picture for pair in self._held})
        own = self._pupil.encode_pictures([self._pictures[at] for at in places])
        texts = self._pupil.encoder.encode_texts([pair.text for pair in self._held])
        first = (texts @ np.concatenate([own, library]).T).argmax(axis=1)
        said = {(pair.picture, spelt(pair.text)) for pair in self._held}
        hits = [
            at < len(places) and (places[at], spelt(pair.text)) in said
            for at, pair in zip(first, self._held, strict=True)
        ]
        return float(np.mean(hits))


def alphas(wanted: float | None) -> tuple[float, ...]:
    """The mixtures to look at: the one that was asked for as well."""
    return STEPS if wanted is None else tuple(sorted({*STEPS, wanted}))


def _opener(dataset: Dataset, picture: Picture) -> OpenPicture:
    def opened() -> Image.Image:
        return dataset.open(picture.read())

    return opened
