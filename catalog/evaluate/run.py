"""One evaluation: several encoders on the same pictures and captions."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from PIL import Image

from catalog.domain.evaluating import RESAMPLES, Protocol
from catalog.domain.progress import Progress, Silent
from catalog.encoders import Encoder
from catalog.errors import CatalogError, InvalidInputError
from catalog.evaluate.bootstrap import Draws
from catalog.evaluate.dataset import Caption, Dataset
from catalog.evaluate.encoding import Contents, asked_with, encode_pictures, encode_texts, look_over
from catalog.evaluate.results import EncoderFigures, Evaluation, Paired, Speed
from catalog.evaluate.retrieval import Vectors
from catalog.evaluate.score import Scored, score
from catalog.evaluate.speed import resident_mb, speed_of
from catalog.evaluate.thumbnails import thumbnails_of
from catalog.evaluate.vectors import Shelves

_TIMED = 32


@dataclass(frozen=True, slots=True)
class Contender:
    """An encoder to measure: how to load it, and the prompt templates its captions go into.

    ``templates`` are by language (``""``: any other), each with ``{}`` for the caption.
    ``prepare`` is called before memory is first looked at: libraries are not the encoder's.
    """

    label: str
    load: Callable[[], Encoder]
    templates: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Options:
    """How an evaluation goes. ``speed`` False: nothing is timed."""

    protocol: Protocol = Protocol.FIRST
    seed: int = 0
    resamples: int = RESAMPLES
    speed: bool = True


@dataclass(frozen=True, slots=True)
class _Encoded:
    """What one contender made: vectors by digest of the pictures, and by language of the texts."""

    facts: EncoderFigures
    pictures: Mapping[bytes, Vectors]
    texts: Mapping[str, Vectors]


def evaluate(
    dataset: Dataset,
    contenders: Sequence[Contender],
    *,
    options: Options = Options(),  # frozen
    shelves: Shelves | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Measure encoders side by side.

    Vectors made before are taken from ``shelves``, new ones are kept there as they are
    made; so whatever breaks it off, the next run goes on. Pictures that cannot be had are
    left out for every encoder, and named. One encoder is in memory at a time.

    Raises
    ------
    InvalidInputError
        If fewer than two pictures with captions are left, or two contenders have one label.
    EncoderUnavailableError
        If an encoder cannot be loaded.
    """
    began = time.perf_counter()
    told, kept = progress or Silent(), shelves or Shelves(None)
    labels = [contender.label for contender in contenders]
    if len(set(labels)) < len(labels) or not labels:
        raise InvalidInputError(
            f"Encoders were named as {', '.join(labels) or 'nothing'}; expected each once.",
            remedy="Name one or several different ones: --encoder A --encoder B.",
        )
    asking = dataset.asking(options.protocol)
    contents = look_over(asking, told)
    _enough(asking, contents)
    encoded = [
        _encoded(contender, asking, contents, kept, told, timed=options.speed)
        for contender in contenders
    ]
    _enough(asking, contents)
    found = _figures(asking, contents, encoded, options, told)
    return replace(found, wall_s=time.perf_counter() - began)


def by_language(dataset: Dataset) -> dict[str, list[Caption]]:
    """The captions by language, in their order."""
    found: dict[str, list[Caption]] = {language: [] for language in dataset.languages}
    for caption in dataset.captions:
        found[caption.language].append(caption)
    return found


def _enough(dataset: Dataset, contents: Contents) -> None:
    captioned = {c.picture for c in dataset.captions} & set(contents.digests)
    if len(captioned) < 2:
        reasons = "; ".join(m.reason for m in itertools.islice(contents.missing.values(), 2))
        raise InvalidInputError(
            f"{dataset.name} has {len(captioned)} pictures with captions that can be read; "
            f"expected 2 or more. {reasons}".strip(),
            remedy="Name the folder of the pictures: --images FOLDER.",
        )


def _encoded(
    contender: Contender,
    dataset: Dataset,
    contents: Contents,
    shelves: Shelves,
    progress: Progress,
    *,
    timed: bool,
) -> _Encoded:
    contender.prepare()
    before = resident_mb()
    encoder = contender.load()
    shelf = encode_pictures(encoder, dataset, contents, shelves, progress)
    texts, cut = encode_texts(encoder, by_language(dataset), contender.templates, shelves, progress)
    keys = list(dict.fromkeys(contents.digests.values()))
    return _Encoded(
        EncoderFigures(
            label=contender.label,
            name=encoder.name,
            digest=encoder.weights_digest,
            dimension=encoder.dimension,
            device=encoder.device,
            precision=encoder.precision,
            templates=contender.templates,
            cut=cut,
            speed=_timed(encoder, contender, dataset, contents, before) if timed else None,
        ),
        dict(zip(keys, shelf.vectors(keys), strict=True)),
        texts,
    )


def _timed(
    encoder: Encoder, contender: Contender, dataset: Dataset, contents: Contents, before_mb: float
) -> Speed | None:
    captions = itertools.islice(dataset.captions, _TIMED)
    texts = [asked_with(caption, contender.templates) for caption in captions]
    pictures: list[Image.Image] = []
    for at in itertools.islice(contents.digests, _TIMED):
        try:
            pictures.append(dataset.open(dataset.pictures[at].read()))
            pictures[-1].load()
        except (CatalogError, OSError):
            # Gone since it was encoded; the others tell as much.
            continue
    return speed_of(encoder, pictures, texts, before_mb=before_mb) if pictures else None


def _figures(
    dataset: Dataset,
    contents: Contents,
    encoded: Sequence[_Encoded],
    options: Options,
    progress: Progress,
) -> Evaluation:
    there = dataset.without(contents.missing)
    captions = by_language(there)
    # Texts were encoded before it was known which pictures are there.
    lasting = {
        code: [n for n, c in enumerate(said) if c.picture in contents.digests]
        for code, said in by_language(dataset).items()
    }
    digests = [contents.digests[at] for at in sorted(contents.digests)]
    draws = Draws(len(digests), resamples=options.resamples, seed=options.seed)
    progress.begin("score", len(encoded) * len(captions), "languages")
    scored = []
    for each in encoded:
        texts = {code: each.texts[code][lasting[code]] for code in captions}
        pictures = _stacked(each, digests)
        done = partial(progress.advance, "score", 1)
        scored.append(score(pictures, captions, texts, draws, seed=options.seed, on_language=done))
    progress.end("score")
    figures = tuple(_complete(e.facts, s) for e, s in zip(encoded, scored, strict=True))
    shown = thumbnails_of(there, figures)
    return Evaluation(
        dataset=dataset.name,
        kind=dataset.kind,
        protocol=options.protocol,
        pictures=len(there.pictures),
        captions=len(there.captions),
        languages=tuple(captions),
        encoders=figures,
        paired=tuple(_paired(figures, scored)),
        missing=tuple(contents.missing[at] for at in sorted(contents.missing)),
        notes=dataset.notes,
        seed=options.seed,
        resamples=options.resamples,
        thumbnails=shown,
        names={at: picture.name for at, picture in enumerate(there.pictures)},
    )


def _stacked(each: _Encoded, digests: Sequence[bytes]) -> Vectors:
    return np.stack([each.pictures[digest] for digest in digests])


def _complete(facts: EncoderFigures, scored: Scored) -> EncoderFigures:
    to_image, to_text = scored.mean()
    return replace(
        facts,
        languages=scored.languages,
        text_to_image=tuple(to_image.estimates()),
        image_to_text=tuple(to_text.estimates()),
        calibrated=scored.calibrated,
        matrix=scored.matrix,
    )


def _paired(figures: Sequence[EncoderFigures], scored: Sequence[Scored]) -> list[Paired]:
    """Each encoder against the first, over all languages and in each."""
    found = []
    for one, mine in list(zip(figures, scored, strict=True))[1:]:
        theirs, against = scored[0], figures[0].label
        over_all = mine.mean()[0].minus(theirs.mean()[0])
        found.append(Paired(one.label, against, "", over_all.estimates()[0]))
        for code, sampled in mine.text_to_image.items():
            apart = sampled.minus(theirs.text_to_image[code])
            found.append(Paired(one.label, against, code, apart.estimates()[0]))
    return found
