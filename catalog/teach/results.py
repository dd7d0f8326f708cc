"""What came of teaching: plain values with one JSON form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from catalog.encoders.lessons import Checked, Course, Learnt
from catalog.evaluate import Evaluation
from catalog.evaluate.results import EncoderFigures, Missing
from catalog.teach.blending import Blend


@dataclass(frozen=True, slots=True)
class Amounts:
    """How much there was to teach from: pairs learned from, held out and judged by, and so on."""

    learn: int
    held: int
    judged: int
    pictures: int
    assets: int
    languages: tuple[str, ...]
    library: int
    anchors: int


@dataclass(frozen=True, slots=True)
class Taught:
    """A taught encoder, how it came about, and how it stands beside its parent.

    ``name`` loads it, from ``folder``; ``weights`` is the fingerprint that the catalogue keeps of
    an encoder, ``checksum`` the SHA-256 of the file. ``evaluation`` has parent and child on
    captions that were not learned from, among pictures nobody captioned; None where no two of
    those captions tell pictures apart.
    ``remembered`` has both on the dataset that was named to be kept.
    """

    name: str
    folder: str
    parent: str
    parent_weights: str
    weights: str
    checksum: str
    method: str
    why: str
    course: Course
    learnt: Learnt
    blends: Sequence[Blend]
    chosen: Blend
    amounts: Amounts
    evaluation: Evaluation | None
    remembered: Evaluation | None
    notes: Sequence[str]
    missing: Sequence[Missing] = ()
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """JSON form, as ``catalog train --json`` prints it and ``training.json`` keeps it."""
        return {
            "name": self.name,
            "folder": self.folder,
            "parent": self.parent,
            "parent_weights": self.parent_weights,
            "weights": self.weights,
            "checksum": self.checksum,
            "method": self.method,
            "why": self.why,
            "alpha": self.chosen.alpha,
            "kept": round(self.chosen.kept, 4),
            "amounts": {**asdict(self.amounts), "languages": list(self.amounts.languages)},
            "course": {**asdict(self.course), "method": self.course.method.value},
            "learned_numbers": self.learnt.weights,
            "precision": self.learnt.precision,
            "steps": self.learnt.steps,
            "best_step": self.learnt.best,
            "checks": [_check(each) for each in self.learnt.checks],
            "blends": [each.as_json() for each in self.blends],
            "evaluation": _figures(self.evaluation),
            "remembered": _figures(self.remembered),
            "missing": [each.as_json() for each in self.missing],
            "notes": list(self.notes),
            "seconds": round(self.seconds, 1),
        }


def _check(each: Checked) -> dict[str, Any]:
    return {
        "step": each.step,
        "loss": None if each.step == 0 else round(each.loss, 4),
        "drift": round(each.drift, 6),
        "held_loss": round(each.held_loss, 4),
        "score": round(each.score, 4),
        "seconds": round(each.seconds, 1),
    }


def _figures(found: Evaluation | None) -> dict[str, Any] | None:
    """Recall of both, and their difference; all else is in the report of the evaluation."""
    if found is None:
        return None
    over_all = next(each for each in found.paired if not each.language)
    return {
        "dataset": found.dataset,
        "pictures": found.pictures,
        "captions": found.captions,
        "parent": recalls(found.encoders[0]),
        "taught": recalls(found.encoders[1]),
        "r1_difference": over_all.difference.as_json(),
        "certain": over_all.certain,
    }


def recalls(each: EncoderFigures) -> dict[str, float]:
    """Recall@1, 5 and 10 from text and Recall@1 from pictures, means over languages."""
    r1, r5, r10 = (round(recall.value, 4) for recall in each.text_to_image)
    return {"r1": r1, "r5": r5, "r10": r10, "image_r1": round(each.image_to_text[0].value, 4)}
