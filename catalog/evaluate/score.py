"""From vectors to figures: everything an evaluation says but speed. Nothing is encoded here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from catalog.evaluate.bootstrap import Draws, Sampled, average
from catalog.evaluate.calibration import Calibrated, Hits, calibrate
from catalog.evaluate.cosines import Cosines, cosines_of
from catalog.evaluate.dataset import Caption
from catalog.evaluate.results import Example, LanguageFigures, Matrix
from catalog.evaluate.retrieval import Places, Retrieved, Vectors, retrieve

_EXAMPLES = 4
_MATRIX = 12


@dataclass(frozen=True, slots=True)
class Scored:
    """Figures per language, the same drawn again and again, and what is common to all."""

    languages: Mapping[str, LanguageFigures]
    text_to_image: Mapping[str, Sampled]
    image_to_text: Mapping[str, Sampled]
    calibrated: Calibrated | None
    matrix: Matrix | None

    def mean(self) -> tuple[Sampled, Sampled]:
        """Recalls over all languages: from text, and from pictures."""
        return average(list(self.text_to_image.values())), average(
            list(self.image_to_text.values())
        )


def score(
    pictures: Vectors,
    captions: Mapping[str, Sequence[Caption]],
    texts: Mapping[str, Vectors],
    draws: Draws,
    *,
    seed: int = 0,
    on_language: Callable[[str], None] = lambda _: None,
) -> Scored:
    """Recall in both directions, cosines, calibration and examples, by language.

    Parameters
    ----------
    pictures
        Unit vectors ``(n, d)``, in the dataset's order.
    captions
        By language, what they say and of which picture; no language without any.
    texts
        Their unit vectors ``(q, d)``, by language.
    draws
        Of the *n* pictures; the same draws for every encoder make comparisons paired.
    on_language
        Told of each language that is done.
    """
    figures: dict[str, LanguageFigures] = {}
    to_image: dict[str, Sampled] = {}
    to_text: dict[str, Sampled] = {}
    every: list[Hits] = []
    for language, said in captions.items():
        owner = np.array([caption.picture for caption in said], dtype=np.int64)
        asked = texts[language]
        found = retrieve(asked, owner, pictures, np.arange(len(pictures)))
        shown = np.unique(owner)
        back = retrieve(pictures[shown], shown, asked, owner)
        to_image[language] = draws.means(found.hits, owner)
        to_text[language] = draws.means(back.hits, shown)
        cosines = cosines_of(asked, owner, pictures, seed=seed)
        hits = Hits.of(found, owner)
        every.append(hits)
        figures[language] = LanguageFigures(
            language=language,
            queries=len(said),
            pictures=len(shown),
            text_to_image=tuple(to_image[language].estimates()),
            image_to_text=tuple(to_text[language].estimates()),
            cosines=cosines,
            calibrated=_calibrated(hits, language, [cosines], len(said), seed),
            examples=_examples(found, said),
        )
        on_language(language)
    common = Hits.joined(every)
    spoken = [figure.cosines for figure in figures.values() if figure.cosines is not None]
    asked_in_all = sum(figure.queries for figure in figures.values())
    return Scored(
        figures,
        to_image,
        to_text,
        _calibrated(common, "", spoken, asked_in_all, seed),
        _matrix(pictures, captions, texts),
    )


def _calibrated(
    hits: Hits, language: str, cosines: Sequence[Cosines], queries: int, seed: int
) -> Calibrated | None:
    """Medians of several languages are averaged by their queries."""
    weights = [each.matches for each in cosines]

    def mean(name: str) -> float:
        return float(np.average([getattr(each, name) for each in cosines], weights=weights))

    medians = (mean("match_median"), mean("miss_median"), mean("miss_spread"))
    return calibrate(hits, language=language, medians=medians, queries=queries, seed=seed)


def _examples(found: Retrieved, said: Sequence[Caption]) -> tuple[Example, ...]:
    """The clearest right ones and the worst wrong ones."""
    margin = found.own - found.other
    order = np.argsort(-margin, kind="stable")
    right = [at for at in order if margin[at] > 0][:_EXAMPLES]
    wrong = [at for at in order[::-1] if margin[at] <= 0][:_EXAMPLES]
    return tuple(_example(found, said[at], int(at), float(margin[at])) for at in (*right, *wrong))


def _example(found: Retrieved, caption: Caption, at: int, margin: float) -> Example:
    own = np.flatnonzero(found.right[at])
    return Example(
        language=caption.language,
        text=caption.text,
        wanted=caption.picture,
        found=int(found.first[at]),
        # 0: not among the first ten.
        rank=int(own[0]) + 1 if len(own) else 0,
        cosine=float(found.own[at]),
        margin=margin,
    )


def _matrix(
    pictures: Vectors, captions: Mapping[str, Sequence[Caption]], texts: Mapping[str, Vectors]
) -> Matrix | None:
    """Of pictures far apart in the dataset, in the first language; None without a pair."""
    language, said = next(iter(captions.items()))
    first: dict[int, int] = {}
    for at, caption in enumerate(said):
        first.setdefault(caption.picture, at)
    places = sorted(first)
    if len(places) < 2:
        return None
    step = np.linspace(0, len(places) - 1, min(_MATRIX, len(places))).round().astype(int)
    chosen: Places = np.array(places)[np.unique(step)]
    rows = [first[int(at)] for at in chosen]
    cosines = texts[language][rows] @ pictures[chosen].T
    return Matrix(
        language,
        tuple(said[at].text for at in rows),
        tuple(int(at) for at in chosen),
        tuple(tuple(float(cell) for cell in row) for row in cosines),
    )
