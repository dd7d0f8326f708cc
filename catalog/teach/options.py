"""How an encoder is to be taught, and what of that follows from how much there is to learn."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.encoders.lessons import Course, Method
from catalog.errors import InvalidInputError

AUTO = "auto"
# With fewer pairs than this all weights learn the pairs by heart (measured: docs/decisions/0025).
FULL_FROM = 1000
_ROUNDS, _FEWEST_STEPS, _MOST_STEPS = 20, 100, 2000
_CHECKS = 20
_PRECISIONS = (AUTO, "fp32", "bf16")


@dataclass(frozen=True, slots=True)
class Options:
    """What may be chosen; the defaults fit to the amount of captions.

    Attributes
    ----------
    method:
        ``auto``, ``head``, ``lora`` or ``full`` (`encoders.lessons.Method`).
    steps, batch, rate, rank:
        As in `encoders.lessons.Course`; None: by the amount of captions and the method.
    alpha:
        How far from the parent's weights to the learned ones, above 0 to 1; None: as far as
        what was known before is kept.
    most_loss:
        What share of what was known before may be lost.
    library:
        How many pictures nobody captioned, and as many texts of none of them, are held fast.
    seed:
        Of split, batches and low-rank matrices.
    precision:
        ``auto``, ``fp32`` or ``bf16`` (mixed).
    """

    method: str = AUTO
    steps: int | None = None
    batch: int = 32
    rate: float | None = None
    rank: int = 8
    alpha: float | None = None
    most_loss: float = 0.02
    library: int = 512
    seed: int = 0
    precision: str = AUTO

    def __post_init__(self) -> None:
        """Refuse what cannot be used.

        Raises
        ------
        InvalidInputError
            The value, what was expected, and the remedy.
        """
        _one_of("method", self.method, (AUTO, *(each.value for each in Method)))
        _one_of("precision", self.precision, _PRECISIONS)
        _between("steps", self.steps, 1, 1_000_000)
        _between("batch", self.batch, 2, 65_536)
        _between("rank", self.rank, 1, 4096)
        _between("library", self.library, 0, 100_000)
        _between("most_loss", self.most_loss, 0, 1)
        for name, value, most in (("rate", self.rate, 1.0), ("alpha", self.alpha, 1.0)):
            if value is not None and not 0 < value <= most:
                raise _refused(name, value, f"a number above 0 and at most {most:g}")

    def course(self, pairs: int) -> tuple[Course, str]:
        """The course for so many pairs to learn from, and why it is taught by that method."""
        if self.method == AUTO:
            method = Method.LORA if pairs < FULL_FROM else Method.FULL
            fewer = "fewer than" if pairs < FULL_FROM else "at least"
            why = f"auto: {pairs} pairs to learn from are {fewer} {FULL_FROM}"
        else:
            method, why = Method(self.method), "as asked for"
        rounds = _ROUNDS * -(-pairs // self.batch)
        steps = self.steps or min(max(rounds, _FEWEST_STEPS), _MOST_STEPS)
        course = Course(
            method=method,
            steps=steps,
            batch=self.batch,
            rate=self.rate,
            rank=self.rank,
            check_every=max(1, steps // _CHECKS),
            precision=self.precision,
            seed=self.seed,
        )
        return course, why


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise _refused(name, value, ", ".join(allowed))


def _between(name: str, value: float | None, least: float, most: float) -> None:
    if value is not None and not least <= value <= most:
        raise _refused(name, value, f"{least} to {most}")


def _refused(name: str, value: object, expected: str) -> InvalidInputError:
    option = f"--{name.replace('_', '-')}"
    return InvalidInputError(
        f"{option} is {value!r}; expected {expected}.",
        remedy=f"Leave {option} out for what is usual.",
        option=name,
    )
