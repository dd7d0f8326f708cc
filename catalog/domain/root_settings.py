"""What can be set for a root and all below it: how its films are decoded and sampled.

A root keeps only what was set for it. Whatever it leaves open, the next root
above it says, and at last the default: so one setting of a storage holds for
all of its folders, and a folder may differ in one thing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from catalog.domain.media import SamplingPolicy
from catalog.domain.sequences import POLICIES, USUAL_RATE
from catalog.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class WordSetting:
    """One choice of a `SamplingPolicy`: how people write it, and what it may be."""

    name: str
    option: str
    words: tuple[str, ...]
    meaning: str


@dataclass(frozen=True, slots=True)
class SamplingSetting:
    """One number of a `SamplingPolicy`: how people write it, and what it may be."""

    name: str
    option: str
    least: float
    most: float
    whole: bool
    meaning: str


SAMPLING_SETTINGS: tuple[SamplingSetting | WordSetting, ...] = (
    SamplingSetting(
        "interval", "sampling-interval", 0.04, 3600, whole=False, meaning="seconds between samples"
    ),
    SamplingSetting(
        "similarity", "similarity", 0, 255, whole=False, meaning="mean difference of pictures"
    ),
    SamplingSetting(
        "picture_edge", "picture-edge", 64, 4096, whole=True, meaning="pixels of the longest edge"
    ),
    SamplingSetting("min_shot", "min-shot", 0, 60, whole=False, meaning="seconds of a shot"),
    WordSetting("decode", "decode", ("auto", "full"), meaning="which pictures are decoded"),
    WordSetting("sequences", "sequences", POLICIES, meaning="which numbered files are one asset"),
    SamplingSetting(
        "sequence_rate",
        "sequence-rate",
        1,
        240,
        whole=False,
        meaning="pictures a second of an image sequence",
    ),
)


def clean_sampling(values: Mapping[str, Any]) -> dict[str, float | str]:
    """Sampling settings as a root keeps them; those that are None are left out.

    Raises
    ------
    InvalidInputError
        If a name is not one of `SAMPLING_SETTINGS`, or a value is out of its range.
    """
    known = {setting.name: setting for setting in SAMPLING_SETTINGS}
    clean: dict[str, float | str] = {}
    for name, value in values.items():
        if name not in known:
            raise InvalidInputError(
                f"{name!r} is no sampling setting; expected one of {', '.join(known)}.",
                remedy="See docs/sampling.md for what each means.",
            )
        if value is not None:
            clean[name] = _checked(known[name], value)
    return clean


def _checked(
    setting: SamplingSetting | WordSetting,
    value: Any,  # noqa: ANN401  # that is the question
) -> float | str:
    if isinstance(setting, WordSetting):
        if value not in setting.words:
            raise _refused(setting, value, " or ".join(setting.words))
        return str(value)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = number and math.isfinite(value) and setting.least <= value <= setting.most
    if not fits or (setting.whole and value != int(value)):
        sort = "a whole number" if setting.whole else "a number"
        raise _refused(setting, value, f"{sort} from {setting.least:g} to {setting.most:g}")
    return int(value) if setting.whole else float(value)


def _refused(
    setting: SamplingSetting | WordSetting,
    value: Any,  # noqa: ANN401  # as in _checked
    expected: str,
) -> InvalidInputError:
    default = getattr(SamplingPolicy(), setting.name)
    default = USUAL_RATE if default is None else default
    written = default if isinstance(default, str) else f"{default:g}"
    return InvalidInputError(
        f"{value!r} cannot be the {setting.option}; expected {expected} ({setting.meaning}).",
        remedy=f"Write it like --{setting.option} {written}, which is the default.",
        setting=setting.name,
    )


def setting_named(name: str) -> str:
    """The setting a person means, by its own name or its option's.

    Raises
    ------
    InvalidInputError
        If there is none.
    """
    for setting in SAMPLING_SETTINGS:
        if name in (setting.name, setting.option, setting.option.replace("-", "_")):
            return setting.name
    options = ", ".join(setting.option for setting in SAMPLING_SETTINGS)
    raise InvalidInputError(
        f"{name!r} is no setting of a root; expected one of {options}.",
        remedy="Name the setting as its option, such as similarity.",
    )


def sampling_at(path: Path, roots: Iterable[tuple[Path, Mapping[str, Any]]]) -> SamplingPolicy:
    """The policy for a file or folder: each setting from the deepest root above that says it."""
    policy = SamplingPolicy()
    for root, said in sorted(roots, key=lambda each: len(each[0].parts)):
        if path.is_relative_to(root):
            policy = replace(policy, **said)
    return policy
