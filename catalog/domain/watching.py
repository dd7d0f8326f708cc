"""How a root is watched: which of its files, for how long they must rest, what is said of them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from catalog.domain.labels import clean_label
from catalog.errors import InvalidInputError

SETTLE_S = 5.0
RESCAN_S = 900.0
"""Seconds between looks at everything, if nobody says otherwise."""
_MOST_SETTLE_S = 86_400.0
_POLL = ("auto", "always", "never")
_MOST_PATTERNS = 100


@dataclass(frozen=True)
class WatchSettings:
    """How one root is watched.

    Attributes
    ----------
    include, exclude:
        Patterns, see `matcher`. Without ``include`` all media is taken in.
    collection, tags:
        For assets that are new; what the catalogue knows already keeps its own.
    settle:
        Seconds for which a file's size and times must not have changed.
    poll:
        ``auto`` asks the system for events, and polls on network mounts, which send
        none of what other machines do; ``always`` and ``never`` poll.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    collection: str | None = None
    tags: tuple[str, ...] = ()
    settle: float = SETTLE_S
    poll: str = "auto"

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> WatchSettings:
        """The settings as a root keeps them: what is not there is the default."""
        lists = {name: tuple(kept[name]) for name in ("include", "exclude", "tags") if name in kept}
        return cls(**{**kept, **lists})

    def kept(self) -> dict[str, Any]:
        """As a root keeps them: what differs from the default."""
        default = asdict(WatchSettings())
        return {k: v for k, v in asdict(self).items() if v != default[k]}

    @cached_property
    def _included(self) -> re.Pattern[str] | None:
        return matcher(self.include) if self.include else None

    @cached_property
    def _excluded(self) -> re.Pattern[str] | None:
        return matcher(self.exclude) if self.exclude else None

    def wants(self, below: str) -> bool:
        """Whether the patterns let a file in, by its path below the root."""
        if self.leaves_out(below):
            return False
        return self._included is None or self._included.match(below) is not None

    def leaves_out(self, below: str) -> bool:
        """Whether a folder, and so all in it, is excluded; or a file."""
        return self._excluded is not None and self._excluded.match(below) is not None


def clean_watch(
    *,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    collection: str | None = None,
    tags: Sequence[str] = (),
    settle: float | None = None,
    poll: str | None = None,
) -> WatchSettings:
    """Settings as people give them.

    Raises
    ------
    InvalidInputError
        If one of them cannot be used.
    """
    seconds = SETTLE_S if settle is None else settle
    if not (math.isfinite(seconds) and 0 <= seconds <= _MOST_SETTLE_S):
        raise InvalidInputError(
            f"A file cannot settle for {seconds!r} s; expected 0 to {_MOST_SETTLE_S:g} seconds.",
            remedy=f"Write --settle {SETTLE_S:g}, which is the default.",
        )
    if poll not in (None, *_POLL):
        raise InvalidInputError(
            f"{poll!r} is no way to poll; expected {', '.join(_POLL)}.",
            remedy="Leave it out: network mounts are polled by themselves.",
        )
    return WatchSettings(
        include=_patterns(include),
        exclude=_patterns(exclude),
        collection=None if collection is None else clean_label(collection, "collection"),
        tags=tuple(dict.fromkeys(clean_label(tag, "tag") for tag in tags)),
        settle=float(seconds),
        poll=poll or "auto",
    )


def _patterns(given: Sequence[str]) -> tuple[str, ...]:
    clean = tuple(dict.fromkeys(pattern.strip("/") for pattern in given))
    wrong = next((p for p in clean if not p or len(p) > 1000 or "\0" in p), None)
    if wrong is not None or len(clean) > _MOST_PATTERNS:
        what = f"{wrong!r} is no pattern" if wrong is not None else f"{len(clean)} are too many"
        raise InvalidInputError(
            f"{what}; expected up to {_MOST_PATTERNS} like *.mov, proxies or 2024/**/*.mxf.",
            remedy="Put the pattern in quotes, so that the shell does not expand it.",
        )
    return clean


def matcher(patterns: Sequence[str]) -> re.Pattern[str]:
    """What matches a path below a root if one of the patterns does.

    A pattern without a slash is matched with the name of the file and of every
    folder on the way to it; one with a slash with the path from the root on, of
    the file or of a folder on the way. ``*`` and ``?`` stand for characters other
    than a slash, ``**`` for any, ``[abc]`` for one of some. Case is not told apart.
    """
    return re.compile("|".join(map(_translated, patterns)), re.IGNORECASE | re.DOTALL)


_PARTS = re.compile(r"\*\*/|\*\*|\*|\?|\[!?\]?[^\]/]*\]|.", re.DOTALL)


def _translated(pattern: str) -> str:
    body = "".join(_part(part) for part in _PARTS.findall(pattern))
    before = "" if "/" in pattern else r"(?:.*/)?"
    return rf"(?:{before}{body}(?:/.*)?\Z)"


def _part(part: str) -> str:
    fixed = {"**/": r"(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    if part in fixed:
        return fixed[part]
    if len(part) > 2 and part.startswith("["):
        negated = part[1] == "!"
        inside = re.sub(r"([\\\[\]^&~|])", r"\\\1", part[1 + negated : -1])
        return f"[{'^/' if negated else ''}{inside}]" if inside else re.escape(part)
    return re.escape(part)
