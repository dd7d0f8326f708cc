"""Figures that others published, to stand beside one's own.

``crossmodal-3600.csv`` holds Recall@1 of 3,600 pictures in 36 languages. Under ``first`` from
``docs/openclip_multilingual_retrieval_results.csv`` of mlfoundations/open_clip (MIT), commit
89fb801f; under ``every`` from ``results/retrieval/xm3600`` of gregor-ge/Babel-ImageNet (MIT),
commit 317c4989.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from catalog.domain.evaluating import Protocol
from catalog.errors import InvalidInputError
from catalog.evaluate.bootstrap import Estimate
from catalog.evaluate.dataset import ENGLISH
from catalog.evaluate.results import EncoderFigures, Evaluation, LanguageFigures

NAME = "published"
_PICTURES = 3600


@dataclass(frozen=True, slots=True)
class Published:
    """What somebody measured of one encoder on Crossmodal-3600: Recall@1 by language."""

    encoder: str
    protocol: Protocol
    source: str
    text_to_image: Mapping[str, float]
    image_to_text: Mapping[str, float]


@cache
def published() -> tuple[Published, ...]:
    """All there are, in the file's order."""
    file = resources.files(__package__) / "crossmodal-3600.csv"
    rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"))))
    several = dict.fromkeys((row["encoder"], row["protocol"], row["source"]) for row in rows)
    return tuple(
        Published(
            encoder,
            Protocol(protocol),
            source,
            *(
                {
                    row["language"]: float(row[column])
                    for row in rows
                    if (row["encoder"], row["protocol"]) == (encoder, protocol)
                }
                for column in ("text_to_image_r1", "image_to_text_r1")
            ),
        )
        for encoder, protocol, source in several
    )


def published_of(encoder: str, protocol: Protocol) -> Published | None:
    """What was published of the encoder of that name, under the protocol."""
    for each in published():
        if (each.encoder, each.protocol) == (encoder, protocol):
            return each
    return None


def published_evaluation(protocol: Protocol, encoders: Sequence[str]) -> Evaluation:
    """What was published of these encoders (none: of all) under the protocol.

    Raises
    ------
    InvalidInputError
        If nothing was, of one of them.
    """
    there = [each for each in published() if each.protocol is protocol]
    names = [each.encoder for each in there]
    unknown = [name for name in encoders if name not in names]
    if unknown:
        raise InvalidInputError(
            f"Nothing is known to be published of {', '.join(unknown)} under {protocol.value!r}; "
            f"there is of {', '.join(names)}.",
            remedy="Measure it: catalog evaluate FOLDER --encoder NAME.",
        )
    return as_evaluation([each for each in there if not encoders or each.encoder in encoders])


def as_evaluation(several: Sequence[Published]) -> Evaluation:
    """Published figures of one protocol as an evaluation, for the same tables and bars.

    They have no intervals, for nobody published the single answers.
    """
    languages = sorted(several[0].text_to_image, key=lambda code: (code != ENGLISH, code))
    return Evaluation(
        dataset="Crossmodal-3600, as published",
        kind=NAME,
        protocol=several[0].protocol,
        pictures=_PICTURES,
        captions=0,
        languages=tuple(languages),
        encoders=tuple(_figures(each, languages) for each in several),
        notes=tuple(sorted({f"Measured by the authors of {each.source}." for each in several})),
    )


def _figures(each: Published, languages: Sequence[str]) -> EncoderFigures:
    return EncoderFigures(
        label=each.encoder,
        name=each.encoder,
        digest="",
        dimension=0,
        device="",
        precision="",
        languages={
            code: LanguageFigures(
                language=code,
                queries=0,
                pictures=_PICTURES,
                text_to_image=(Estimate(each.text_to_image[code]),),
                image_to_text=(Estimate(each.image_to_text[code]),),
            )
            for code in languages
        },
        text_to_image=(_mean(each.text_to_image),),
        image_to_text=(_mean(each.image_to_text),),
    )


def _mean(by_language: Mapping[str, float]) -> Estimate:
    return Estimate(sum(by_language.values()) / len(by_language))
