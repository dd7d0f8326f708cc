"""Teaches an encoder what people logged, without letting it forget what it knows.

A pair is told apart from the other pairs of its batch *and* from pictures and texts of the library
that nobody put together: thirty captions of one subject differ in all but its name, so among
themselves they could not teach it. Meanwhile library and anchor texts are held where the parent
has them (learning without forgetting: Li and Hoiem 2016, arXiv:1606.09282). In the end the learned
weights are mixed with the parent's (WiSE-FT: Wortsman et al. 2022, arXiv:2109.01903).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from catalog.encoders import checkpoint, lora
from catalog.encoders.building import build_model, build_tokenizer
from catalog.encoders.contrast import contrast, most_alike, share_of_rate
from catalog.encoders.lessons import (
    RATES,
    Checked,
    Course,
    Learnt,
    Lessons,
    OpenPicture,
    Pair,
)
from catalog.encoders.open_clip_encoder import OpenClipEncoder
from catalog.encoders.precision import candidates, resolve_device
from catalog.encoders.protocol import Vectors
from catalog.encoders.scaling import Pixels
from catalog.encoders.sources import find_sources
from catalog.encoders.spec import EncoderSpec

_LARGEST_GRADIENT = 1.0
# Mixed precision must be faster by more than noise can explain.
_GAIN = 1.15
# Prepared pictures stay in memory as long as they take no more than this.
_KEPT_BYTES = 2 << 30
_AT_ONCE = 64


class Pupil:
    """A model that is taught, and what its weights were and became.

    Attributes
    ----------
    encoder:
        Encodes with the weights as they are at the moment.
    """

    def __init__(self, spec: EncoderSpec, *, name: str, device: str = "auto") -> None:
        """Load the parent in fp32; raises as `load_encoder` does."""
        self._where = resolve_device(device)
        self._sources = find_sources(spec, name)
        self._model = build_model(self._sources).to(self._where)
        tokenizer = build_tokenizer(self._sources)
        self.encoder = OpenClipEncoder(
            self._model, tokenizer, name=name, precision="fp32", weights_digest=""
        )
        self._changed: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}
        self._lesson: _Lesson | None = None

    def learn(
        self,
        lessons: Lessons,
        course: Course,
        *,
        on_step: Callable[[int], None] = lambda _: None,
        on_check: Callable[[Checked], None] = lambda _: None,
    ) -> Learnt:
        """Teach the model; afterwards it has the weights that held-out pairs fared best with.

        Equal lessons, courses and seeds teach equal weights on one processor with as many
        threads; a GPU sums in no fixed order.

        Raises
        ------
        CatalogError, OSError
            If a picture cannot be opened.
        ValueError
            If the model has no weights that the method could teach.
        """
        torch.manual_seed(course.seed)
        before = {k: v.detach().cpu().clone() for k, v in self._model.state_dict().items()}
        self._lesson = lesson = _Lesson(self.encoder, lessons, course)
        chosen = lora.prepare(self._model, course.method, course.rank)
        try:
            precision = self._settled(lesson, chosen, course.precision)
            learnt = _Teaching(lesson, chosen, precision).run(on_step, on_check)
        finally:
            lora.settle(self._model)
        self._changed = {
            name: (old, now)
            for name, value in self._model.state_dict().items()
            if not torch.equal(old := before[name], now := value.detach().cpu().clone())
        }
        return learnt

    @torch.no_grad()
    def blend(self, alpha: float) -> None:
        """Give the model the weights that lie between the parent's (0) and the learned ones (1)."""
        state = self._model.state_dict()
        for name, (old, new) in self._changed.items():
            state[name].copy_(torch.lerp(old.float(), new.float(), alpha))

    def held_loss(self) -> float:
        """How well held-out pairs are told apart at the moment; less is better.

        Raises
        ------
        RuntimeError
            If nothing was learned yet.
        """
        if self._lesson is None:
            raise RuntimeError("there are no held-out pairs before something was learned")
        return self._lesson.held_loss()

    def encode_pictures(self, pictures: Sequence[OpenPicture]) -> Vectors:
        """Unit vectors ``(n, d)`` of pictures, of which few are in memory at once."""
        return _encoded(self.encoder, pictures)

    def save(self, folder: Path) -> None:
        """Write the model as it is at the moment, as a folder that ``local-dir:`` loads."""
        checkpoint.write_folder(self._sources, self._model, folder)

    def _settled(self, lesson: _Lesson, chosen: list[torch.nn.Parameter], wanted: str) -> str:
        """What to compute in: mixed precision where a step of it is faster here."""
        if wanted != "auto":
            return wanted
        if "bf16" not in candidates(self._model, self._where):
            return "fp32"
        best = {"fp32": math.inf, "bf16": math.inf}
        for at in range(2):
            for precision in best:
                began = time.perf_counter()
                _down(lesson.loss(lesson.first_batch(), precision))
                if at:  # the first compiles kernels
                    best[precision] = time.perf_counter() - began
        for parameter in chosen:
            parameter.grad = None
        return "bf16" if best["fp32"] > _GAIN * best["bf16"] else "fp32"


@dataclass(frozen=True, slots=True)
class _Loss:
    """What a step is to make small: ``whole``, of which ``drift`` is the part of staying."""

    whole: torch.Tensor
    drift: torch.Tensor


class _Lesson:
    """The lessons as the model sees them, beside where its parent has pictures and texts."""

    def __init__(self, encoder: OpenClipEncoder, lessons: Lessons, course: Course) -> None:
        self.lessons, self.course = lessons, course
        self._encoder, self._model = encoder, encoder.model
        self._where = next(encoder.model.parameters()).device
        self._pictures = _Prepared(encoder, lessons.pictures)
        self._library = _Prepared(encoder, lessons.library)
        own = _encoded(encoder, lessons.pictures)
        library, anchors = _encoded(encoder, lessons.library), encoder.encode_texts(lessons.anchors)
        self._hidden_pictures = most_alike(own, library)
        self._hidden_texts = most_alike(own, anchors)
        self._library_vectors = self._there(library)
        self._anchor_vectors = self._there(anchors)
        self._rng = np.random.default_rng(course.seed)
        self._texts = {
            place: [pair.text for pair in lessons.learn if pair.picture == place]
            for place in sorted({pair.picture for pair in lessons.learn})
        }
        scale = getattr(self._model, "logit_scale", None)
        self._scale = 100.0 if scale is None else float(scale.detach().exp())
        # As much as a loss of logits, so that it means the same for models of any temperature.
        self.drift_counts = course.keep * self._scale / 4

    def batches(self) -> Iterator[list[Pair]]:
        """Endless batches, every picture once before any comes again, with one of its texts."""
        places = list(self._texts)
        while True:
            order = [places[at] for at in self._rng.permutation(len(places))]
            for start in range(0, len(order), self.course.batch):
                yield [self._pair(place) for place in order[start : start + self.course.batch]]

    def _pair(self, place: int) -> Pair:
        texts = self._texts[place]
        return Pair(place, texts[int(self._rng.integers(len(texts)))])

    def first_batch(self) -> list[Pair]:
        """One to try things out on; it draws nothing."""
        first = list(self._texts)[: self.course.batch]
        return [Pair(place, self._texts[place][0]) for place in first]

    def loss(self, pairs: Sequence[Pair], precision: str) -> _Loss:
        """Of a batch, and of as many library pictures and anchors again."""
        places = [pair.picture for pair in pairs]
        library = self._drawn(len(self._library_vectors))
        anchors = self._drawn(len(self._anchor_vectors))
        shown = [*self._pictures.of(places), *self._library.of(library)]
        said = [*(pair.text for pair in pairs), *(self.lessons.anchors[at] for at in anchors)]
        with _mixed(precision, self._where):
            image = self._model.encode_image(self._encoder.shown(shown), normalize=True)  # type: ignore[operator]
            tokens = self._encoder.tokenize(said).to(self._where)
            text = self._model.encode_text(tokens, normalize=True)  # type: ignore[operator]
        image, text, count = image.float(), text.float(), len(pairs)
        told_apart = self._told_apart(pairs, image[:count], text[:count])
        drift = 1 - torch.cat([
            (image[count:] * self._library_vectors[library]).sum(dim=1),
            (text[count:] * self._anchor_vectors[anchors]).sum(dim=1),
        ])  # fmt: skip
        stayed = drift.mean() if len(drift) else drift.sum()
        return _Loss(told_apart + self.drift_counts * stayed, stayed.detach())

    def _told_apart(
        self, pairs: Sequence[Pair], image: torch.Tensor, text: torch.Tensor
    ) -> torch.Tensor:
        spelt = [" ".join(pair.text.casefold().split()) for pair in pairs]
        places = [pair.picture for pair in pairs]
        same = torch.tensor(
            [
                [a == b or p == q for a, p in zip(spelt, places, strict=True)]
                for b, q in zip(spelt, places, strict=True)
            ],
            device=self._where,
        )
        there = [
            (text, image, self._library_vectors, self._hidden_pictures[places]),
            (image, text, self._anchor_vectors, self._hidden_texts[places]),
        ]
        return sum(
            (
                contrast(
                    rows,
                    columns,
                    others,
                    same=same,
                    hidden=torch.from_numpy(hidden),
                    scale=self._scale,
                )
                for rows, columns, others, hidden in there
            ),
            start=torch.zeros((), device=self._where),
        ) / len(there)

    @torch.no_grad()
    def held_loss(self) -> float:
        """How well held-out pairs are told apart, with the weights as they are."""
        held = self.lessons.held
        places = sorted({pair.picture for pair in held})
        pixels = self._pictures.of(places)
        parts = [self._encoder.forward(pixels[at : at + _AT_ONCE])
                 for at in range(0, len(pixels), _AT_ONCE)]  # fmt: skip
        vectors = functional.normalize(torch.cat(parts), dim=1).to(self._where)
        row = {place: at for at, place in enumerate(places)}
        image = vectors[[row[pair.picture] for pair in held]]
        text = self._there(self._encoder.encode_texts([pair.text for pair in held]))
        return float(self._told_apart(held, image, text))

    def _drawn(self, among: int) -> NDArray[np.int64]:
        return self._rng.choice(among, min(among, self.course.batch), replace=False)

    def _there(self, vectors: Vectors) -> torch.Tensor:
        return torch.from_numpy(vectors).to(self._where)


class _Teaching:
    """Step by step, until held-out pairs gain nothing more."""

    def __init__(self, lesson: _Lesson, chosen: list[torch.nn.Parameter], precision: str) -> None:
        self._lesson, self._chosen, self._precision = lesson, chosen, precision
        self._course = lesson.course
        rate = self._course.rate or RATES[self._course.method]
        matrices = [p for p in chosen if p.ndim >= 2]
        groups: list[dict[str, Any]] = [
            {"params": matrices, "weight_decay": 0.1},
            # Gains and biases gain nothing from being small.
            {"params": [p for p in chosen if p.ndim < 2], "weight_decay": 0.0},
        ]
        self._rate = rate
        self._optimizer = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98))

    def run(self, on_step: Callable[[int], None], on_check: Callable[[Checked], None]) -> Learnt:
        course, began = self._course, time.monotonic()
        checks = [self._checked(0, [math.nan], [0.0], began)]
        on_check(checks[0])
        best, kept, waited, step = checks[0], self._weights(), 0, 0
        losses: list[float] = []
        drifts: list[float] = []
        for step, pairs in enumerate(self._lesson.batches(), 1):
            loss, drift = self._step(step, pairs)
            losses.append(loss)
            drifts.append(drift)
            on_step(step)
            if step % course.check_every and step < course.steps:
                continue
            checks.append(self._checked(step, losses, drifts, began))
            on_check(checks[-1])
            losses, drifts, waited = [], [], waited + 1
            if checks[-1].score < best.score:
                best, kept, waited = checks[-1], self._weights(), 0
            if step >= course.steps or waited >= course.patience:
                break
        self._restore(kept)
        count = sum(parameter.numel() for parameter in self._chosen)
        return Learnt(checks, best.step, step, self._precision, count)

    def _checked(
        self, step: int, losses: Sequence[float], drifts: Sequence[float], began: float
    ) -> Checked:
        held, drift = self._lesson.held_loss(), _mean(drifts)
        score = held + self._lesson.drift_counts * drift
        return Checked(step, _mean(losses), drift, held, score, time.monotonic() - began)

    def _step(self, step: int, pairs: Sequence[Pair]) -> tuple[float, float]:
        for group in self._optimizer.param_groups:
            group["lr"] = self._rate * share_of_rate(step, self._course.steps)
        loss = self._lesson.loss(pairs, self._precision)
        _down(loss)
        torch.nn.utils.clip_grad_norm_(self._chosen, _LARGEST_GRADIENT)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        return float(loss.whole.detach()), float(loss.drift)

    def _weights(self) -> list[torch.Tensor]:
        return [parameter.detach().cpu().clone() for parameter in self._chosen]

    @torch.no_grad()
    def _restore(self, weights: Sequence[torch.Tensor]) -> None:
        for parameter, value in zip(self._chosen, weights, strict=True):
            parameter.copy_(value)


class _Prepared:
    """Pictures as the model is shown them, prepared once as far as memory allows."""

    def __init__(self, encoder: OpenClipEncoder, pictures: Sequence[OpenPicture]) -> None:
        self._encoder, self._pictures = encoder, pictures
        self._kept: dict[int, Pixels] = {}
        self._bytes = 0

    def of(self, places: Sequence[int] | NDArray[np.int64]) -> list[Pixels]:
        return [self._one(int(place)) for place in places]

    def _one(self, place: int) -> Pixels:
        if place in self._kept:
            return self._kept[place]
        pixels = self._encoder.pixels(self._pictures[place](), place)
        if self._bytes + pixels.nbytes <= _KEPT_BYTES:
            self._kept[place] = pixels
            self._bytes += pixels.nbytes
        return pixels


def _encoded(encoder: OpenClipEncoder, pictures: Sequence[OpenPicture]) -> Vectors:
    """Unit vectors ``(n, d)`` of pictures, of which few are in memory at once."""
    parts = [
        encoder.encode_images([picture() for picture in pictures[at : at + _AT_ONCE]])
        for at in range(0, len(pictures), _AT_ONCE)
    ]
    return np.concatenate(parts) if parts else encoder.encode_images([])


def _down(loss: _Loss) -> None:
    """Find out where each weight would have to go."""
    loss.whole.backward()  # type: ignore[no-untyped-call]


def _mixed(precision: str, device: torch.device) -> AbstractContextManager[Any]:
    if precision == "bf16":
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return nullcontext()


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
