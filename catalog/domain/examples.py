"""What a search is given beside its words: pictures and shots to be like, and not to be like."""

from __future__ import annotations

import hashlib
import math
import os
import re
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard, cast

from catalog.errors import InvalidInputError

MOST_EXAMPLES = 32
_REFERENCE = re.compile(r"(?:(clip|frame):)?([0-9]{1,18})")

Picture = Path | bytes


@dataclass(frozen=True, slots=True)
class FrameOrClip:
    """A frame or a clip of the catalogue, by its number."""

    kind: str
    """``clip`` or ``frame``."""
    id: int

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True, slots=True)
class GivenVector:
    """A picture's vector under the encoder that answers, made elsewhere: of any length but 0."""

    numbers: tuple[float, ...]

    def packed(self) -> bytes:
        """The numbers as doubles, one after another."""
        return struct.pack(f"<{len(self.numbers)}d", *self.numbers)

    def __str__(self) -> str:
        return f"{len(self.numbers)} numbers"


@dataclass(frozen=True, slots=True)
class Examples:
    """Pictures and shots that hits should be like; texts, pictures and shots they should not.

    ``keep`` has shots given as examples be hits too.
    """

    images: tuple[Picture, ...] = ()
    vectors: tuple[GivenVector, ...] = ()
    like: tuple[FrameOrClip, ...] = ()
    without: tuple[str | Picture | FrameOrClip, ...] = ()
    keep: bool = False

    @classmethod
    def of(
        cls,
        image: object = None,
        like: object = None,
        not_: object = None,
        *,
        vector: object = None,
        keep: bool = False,
    ) -> Examples:
        """The examples as people give them: one of each or several, references as text or numbers.

        ``vector`` is numbers, or several such: a row, or the rows, of an array.

        Raises
        ------
        InvalidInputError
            If one is nothing of the kind, or there are more than 32.
        """
        images = tuple(map(_picture, _several(image)))
        vectors = tuple(map(_vector, _rows(vector)))
        shots = tuple(map(reference, _several(like)))
        without = tuple(map(_unwanted, _several(not_)))
        count = len(images) + len(vectors) + len(shots) + len(without)
        if count > MOST_EXAMPLES:
            raise InvalidInputError(
                f"{count} examples were given; expected at most {MOST_EXAMPLES}.",
                remedy="A few good examples say more than many: leave some out.",
            )
        return cls(images, vectors, shots, without, keep)

    @property
    def wanted(self) -> bool:
        """Whether there is anything to be like."""
        return bool(self.images or self.vectors or self.like)

    @property
    def at_hand(self) -> bool:
        """Whether they are vectors alone: nothing has to be read or encoded."""
        return bool(self.vectors) and not (self.images or self.like or self.without)

    def __bool__(self) -> bool:
        return bool(self.images or self.vectors or self.like or self.without)

    def mark(self) -> str:
        """A text that differs where the examples do, for cursors."""
        parts = [*map(_mark, self.images), "|", *map(_mark, self.like), "|"]
        parts += [*map(_mark, self.without), "keep" if self.keep else ""]
        parts += [_mark(each.packed()) for each in self.vectors]
        return "\n".join(parts) if self else ""

    def as_json(self) -> dict[str, list[str] | bool]:
        """What was asked for, in words."""
        given = {"vector": [str(each) for each in self.vectors]} if self.vectors else {}
        return {
            **given,
            "image": [_said(image) for image in self.images],
            "like": [str(shot) for shot in self.like],
            "not": [_said(unwanted) for unwanted in self.without],
        }


def reference(given: object) -> FrameOrClip:
    """A clip or frame as people name it: ``17``, ``clip:17``, ``frame:203``.

    Raises
    ------
    InvalidInputError
        If it is none.
    """
    if isinstance(given, FrameOrClip):
        return given
    found = _REFERENCE.fullmatch(str(given).strip()) if not isinstance(given, bool) else None
    if found is None or not found[0].isascii():
        raise InvalidInputError(
            f"{str(given)[:80]!r} names no clip; expected a clip's number, clip:NUMBER or"
            " frame:NUMBER.",
            remedy='Take it from `catalog search "…" --json`: clip.id or frame.id of a hit.',
        )
    return FrameOrClip(found[1] or "clip", int(found[2]))


def _several(given: object) -> Sequence[object]:
    if given is None:
        return ()
    if isinstance(given, Iterable) and not isinstance(given, str | bytes | os.PathLike):
        return tuple(given)
    return (given,)


def _rows(given: object) -> Sequence[object]:
    """One vector or several, from lists or arrays: of an array its rows.

    Raises
    ------
    InvalidInputError
        If there is none.
    """
    if given is None:
        return ()
    if not _is_row(given):
        raise _no_vector(given)
    # To look at an array's own numbers one by one takes 0.7 ms for 512, a third of Python's part
    # of a search: it hands over Python's.
    listed = given.tolist() if hasattr(given, "ndim") and hasattr(given, "tolist") else given
    rows = tuple(listed)
    if not rows:
        raise InvalidInputError(
            "An empty vector was given as an example; expected numbers.",
            remedy="Look at what made it, or leave `vector` away.",
        )
    return rows if not _are_floats(rows) and any(map(_is_row, rows)) else (rows,)


def _are_floats(row: Iterable[object]) -> bool:
    """Whether they are Python's own, of which nothing need be asked one by one."""
    return set(map(type, row)) == {float}


def _is_row(given: object) -> TypeGuard[Iterable[object]]:
    """Whether it may be numbers in a row; an array without dimensions is none."""
    return (
        isinstance(given, Iterable)
        and not isinstance(given, str | bytes | bytearray | memoryview | Mapping)
        and getattr(given, "ndim", 1) > 0
    )


def _no_vector(given: object) -> InvalidInputError:
    return InvalidInputError(
        f"{str(given)[:80]!r} was given as an example vector; expected numbers.",
        remedy="Give a list or an array of numbers, or several of them.",
    )


def _vector(given: object) -> GivenVector:
    if not _is_row(given):
        raise _no_vector(given)
    row = tuple(given)
    numbers = cast("tuple[float, ...]", row) if _are_floats(row) else _numbers(row)
    if not (all(map(math.isfinite, numbers)) and any(numbers)):
        raise InvalidInputError(
            f"An example vector of {len(numbers)} numbers has no direction; expected finite ones,"
            " not all of them 0.",
            remedy="Look at what made it: an encoder gives vectors of length 1.",
        )
    return GivenVector(numbers)


def _numbers(row: Iterable[object]) -> tuple[float, ...]:
    numbers = []
    for each in row:
        try:
            number = None if isinstance(each, str | bytes) else float(each)  # type: ignore[arg-type]  # told below
        except (TypeError, ValueError, OverflowError):
            number = None
        if number is None:
            raise _no_vector(row)
        numbers.append(number)
    return tuple(numbers)


def _picture(given: object) -> Picture:
    if isinstance(given, bytes | bytearray | memoryview):
        return bytes(given)
    if isinstance(given, str | os.PathLike):
        path = os.fspath(given)
        return Path(path if isinstance(path, str) else os.fsdecode(path))
    raise InvalidInputError(
        f"A {type(given).__name__} was given as an example picture; expected a path or bytes.",
        remedy="Give the path of a picture file, or its content.",
    )


def _unwanted(given: object) -> str | Picture | FrameOrClip:
    if isinstance(given, str):
        if given.startswith(("clip:", "frame:")):
            return reference(given)
        if not given.strip():
            raise InvalidInputError(
                "A negative example is empty; expected a text, a picture, or clip:NUMBER.",
                remedy="Say what the pictures should not show.",
            )
        return given
    if isinstance(given, FrameOrClip):
        return given
    if isinstance(given, int):
        return reference(given)
    return _picture(given)


def _mark(given: str | Picture | FrameOrClip) -> str:
    if isinstance(given, bytes):
        return hashlib.blake2b(given, digest_size=16).hexdigest()
    return f"{type(given).__name__}:{given}"


def _said(given: str | Picture | FrameOrClip) -> str:
    return f"{len(given)} bytes" if isinstance(given, bytes) else str(given)
