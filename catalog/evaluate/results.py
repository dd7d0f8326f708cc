"""What an evaluation found: plain values with one JSON form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from catalog.domain.evaluating import Protocol
from catalog.evaluate.bootstrap import Estimate
from catalog.evaluate.calibration import Calibrated
from catalog.evaluate.cosines import Cosines
from catalog.evaluate.dataset import ENGLISH
from catalog.evaluate.retrieval import AT

Recalls = tuple[Estimate, ...]
"""Recall at 1, 5 and 10."""


def recalls_json(recalls: Recalls) -> dict[str, Any]:
    """JSON form: ``{"r1": {"value", "ci"}, "r5": …, "r10": …}``."""
    return {f"r{k}": each.as_json() for k, each in zip(AT, recalls, strict=False)}


@dataclass(frozen=True, slots=True)
class Example:
    """One caption that asked: what it found first, and by how much it was right or wrong.

    ``margin`` is the cosine of its own picture minus that of the best other; below 0 the
    other came first. ``wanted`` and ``found`` are pictures by their place in the dataset.
    """

    language: str
    text: str
    wanted: int
    found: int
    rank: int
    cosine: float
    margin: float

    def as_json(self, names: Mapping[int, str]) -> dict[str, Any]:
        """JSON form, with pictures by name."""
        return {
            "language": self.language,
            "text": self.text,
            "wanted": names.get(self.wanted, str(self.wanted)),
            "found": names.get(self.found, str(self.found)),
            "rank": self.rank,
            "cosine": round(self.cosine, 4),
            "margin": round(self.margin, 4),
        }


@dataclass(frozen=True, slots=True)
class LanguageFigures:
    """One encoder in one language."""

    language: str
    queries: int
    pictures: int
    text_to_image: Recalls
    image_to_text: Recalls
    cosines: Cosines | None = None
    calibrated: Calibrated | None = None
    examples: tuple[Example, ...] = ()

    def as_json(self, names: Mapping[int, str]) -> dict[str, Any]:
        """JSON form."""
        return {
            "queries": self.queries,
            "pictures": self.pictures,
            "text_to_image": recalls_json(self.text_to_image),
            "image_to_text": recalls_json(self.image_to_text),
            "cosines": None if self.cosines is None else self.cosines.as_json(),
            "calibration": None if self.calibrated is None else self.calibrated.as_json(),
            "examples": [each.as_json(names) for each in self.examples],
        }


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast an encoder was here, alone in its process, and what it takes.

    Rates are of batches; ``query_ms`` is the median of single texts. ``process_mb`` is what
    the process grew by, from before the model was loaded; ``device_mb`` what a CUDA device
    held at most.
    """

    images_per_s: float
    texts_per_s: float
    query_ms: float
    process_mb: float
    device_mb: float | None

    def as_json(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "images_per_s": round(self.images_per_s, 1),
            "texts_per_s": round(self.texts_per_s, 1),
            "query_ms": round(self.query_ms, 2),
            "process_mb": round(self.process_mb),
            "device_mb": None if self.device_mb is None else round(self.device_mb),
        }


@dataclass(frozen=True, slots=True)
class Matrix:
    """Cosines of some captions (rows) with their own and each other's pictures (columns).

    ``pictures`` are places in the dataset; row and column at the same place belong together.
    """

    language: str
    texts: tuple[str, ...]
    pictures: tuple[int, ...]
    cosines: tuple[tuple[float, ...], ...]

    def as_json(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "language": self.language,
            "texts": list(self.texts),
            "cosines": [[round(cell, 4) for cell in row] for row in self.cosines],
        }


@dataclass(frozen=True, slots=True)
class EncoderFigures:
    """One encoder, on one device, in one precision, with or without prompt templates.

    ``text_to_image`` and ``image_to_text`` are means over the languages, each counting the
    same. ``cut`` is how many captions were longer than it reads; None: not asked.
    """

    label: str
    name: str
    digest: str
    dimension: int
    device: str
    precision: str
    templates: Mapping[str, str] = field(default_factory=dict)
    languages: Mapping[str, LanguageFigures] = field(default_factory=dict)
    text_to_image: Recalls = ()
    image_to_text: Recalls = ()
    calibrated: Calibrated | None = None
    matrix: Matrix | None = None
    speed: Speed | None = None
    cut: int | None = None

    def parity(self, language: str) -> float | None:
        """Recall@1 from text in a language, as a share of English; None without English."""
        english = self.languages.get(ENGLISH)
        if english is None or not english.text_to_image[0].value:
            return None
        return self.languages[language].text_to_image[0].value / english.text_to_image[0].value

    def as_json(self, names: Mapping[int, str]) -> dict[str, Any]:
        """JSON form."""
        return {
            "label": self.label,
            "name": self.name,
            "digest": self.digest,
            "dimension": self.dimension,
            "device": self.device,
            "precision": self.precision,
            "templates": dict(self.templates),
            "text_to_image": recalls_json(self.text_to_image),
            "image_to_text": recalls_json(self.image_to_text),
            "languages": {
                code: {**found.as_json(names), "parity": _rounded(self.parity(code))}
                for code, found in self.languages.items()
            },
            "calibration": None if self.calibrated is None else self.calibrated.as_json(),
            "matrix": None if self.matrix is None else self.matrix.as_json(),
            "speed": None if self.speed is None else self.speed.as_json(),
            "captions_cut": self.cut,
        }


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 4)


@dataclass(frozen=True, slots=True)
class Paired:
    """Recall@1 from text of one encoder minus another's, on the same draws of pictures.

    ``language`` is empty for the mean over all.
    """

    label: str
    against: str
    language: str
    difference: Estimate

    @property
    def certain(self) -> bool:
        """Whether the interval leaves out 0."""
        low, high = self.difference.low, self.difference.high
        return low is not None and high is not None and not low <= 0 <= high

    def as_json(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "encoder": self.label,
            "against": self.against,
            "language": self.language or None,
            "r1_difference": self.difference.as_json(),
            "certain": self.certain,
        }


@dataclass(frozen=True, slots=True)
class Missing:
    """A picture that could not be had, and why."""

    picture: str
    code: str
    reason: str

    def as_json(self) -> dict[str, str]:
        """JSON form."""
        return {"picture": self.picture, "code": self.code, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Encoders side by side on one dataset."""

    dataset: str
    kind: str
    protocol: Protocol
    pictures: int
    captions: int
    languages: tuple[str, ...]
    encoders: tuple[EncoderFigures, ...]
    paired: tuple[Paired, ...] = ()
    missing: tuple[Missing, ...] = ()
    notes: tuple[str, ...] = ()
    seed: int = 0
    resamples: int = 0
    wall_s: float = 0.0
    thumbnails: Mapping[int, bytes] = field(default_factory=dict)
    """Small JPEGs of the pictures that matrices and examples show, by place."""
    names: Mapping[int, str] = field(default_factory=dict)
    """Names of the pictures, by place."""
    kept: str | None = None
    """The id it is kept under."""

    def as_json(self) -> dict[str, Any]:
        """JSON form, as ``catalog evaluate --json`` prints it."""
        return {
            "dataset": self.dataset,
            "kind": self.kind,
            "protocol": self.protocol.value,
            "pictures": self.pictures,
            "captions": self.captions,
            "languages": list(self.languages),
            "encoders": [each.as_json(self.names) for each in self.encoders],
            "paired": [each.as_json() for each in self.paired],
            "missing": [each.as_json() for each in self.missing],
            "notes": list(self.notes),
            "seed": self.seed,
            "resamples": self.resamples,
            "wall_s": round(self.wall_s, 3),
        }
