"""What a page of results was asked for: all of it stands in its URL."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from typing import Annotated, Any, Self
from urllib.parse import parse_qs, urlencode

from fastapi import Depends, Query

from catalog.domain.query import terms

SORTS = ("relevance", "date", "date:asc", "name", "name:desc", "duration", "duration:asc")
GROUPS = ("shot", "asset")
DENSITIES = ("small", "medium", "large")
EVERYTHING = "id:>=0"
"""The query of whoever has asked for nothing yet."""

_MOST_EXAMPLES = 10
_IMAGE, _SHOT = re.compile(r"[0-9a-f]{64}"), re.compile(r"[0-9]{1,18}")
_ROLLS = frozenset({"roll:a", "roll:b"})


@dataclass(frozen=True, slots=True)
class Asked:
    """One state of the search page; two that are equal have the same URL.

    ``like`` are ``clip:17`` or ``frame:203``; ``not_`` the same, or words; ``image``
    names a picture that was dropped. ``shot`` is the clip being watched.
    """

    q: str = ""
    sort: str = ""
    group: str = "shot"
    density: str = "medium"
    like: tuple[str, ...] = ()
    not_: tuple[str, ...] = ()
    image: str = ""
    all_: bool = False
    after: str = ""
    shot: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for: then all there is is shown."""
        return not (self.q.strip() or self.like or self.not_ or self.image)

    @property
    def query(self) -> str:
        """The query to search for."""
        return EVERYTHING if self.is_empty else self.q

    @property
    def order(self) -> str | None:
        """The order to search in; None: what the query says, or relevance."""
        if self.sort:
            return self.sort
        return "date" if self.is_empty else None

    def pairs(self, **changes: Any) -> list[tuple[str, str]]:  # noqa: ANN401  # fields of ours
        """The state with changes as a form has it; a page further on is left unless it is given."""
        changed = replace(self, **{"after": "", **changes})
        found: list[tuple[str, str]] = []
        for each in fields(Asked):
            value = getattr(changed, each.name)
            if value == each.default:
                continue
            several = value if isinstance(value, tuple) else ("1" if value is True else value,)
            found += [(each.name.rstrip("_"), str(one)) for one in several]
        return found

    def url(self, **changes: Any) -> str:  # noqa: ANN401  # fields of ours
        """The URL of the state with changes."""
        pairs = self.pairs(**changes)
        return f"/?{urlencode(pairs)}" if pairs else "/"

    def filtered(self, by: str) -> Self:
        """The state with this filter put into the query, or taken out where it is there."""
        parts = [each.text for each in terms(self.q)]
        if by in parts:
            parts.remove(by)
        else:
            parts.append(by)
        return replace(self, q=" ".join(parts), after="", shot="")

    @property
    def roll(self) -> str:
        """``a`` or ``b`` where only that roll is asked for; else empty."""
        words = {each.text.lower() for each in terms(self.q)}
        return next((roll for roll in ("a", "b") if f"roll:{roll}" in words), "")

    def rolled(self, roll: str) -> Self:
        """The state with only this roll (``a``, ``b``) in the query; empty: with both."""
        words = [each.text for each in terms(self.q) if each.text.lower() not in _ROLLS]
        return replace(
            self, q=" ".join([*words, *([f"roll:{roll}"] * bool(roll))]), after="", shot=""
        )

    def alike(self, clip: int) -> Self:
        """The state that looks for what is like this clip, with the filters that are there."""
        example = f"clip:{clip}"
        rest = tuple(each for each in self.not_ if each != example)
        return replace(self, like=(example,), not_=rest, image="", after="", shot="")

    def unlike(self, clip: int) -> Self:
        """The state that also looks away from this clip."""
        example = f"clip:{clip}"
        kept = tuple(each for each in self.not_ if each != example)[-(_MOST_EXAMPLES - 1) :]
        like = tuple(each for each in self.like if each != example)
        return replace(self, like=like, not_=(*kept, example), after="", shot="")

    def without(self, *, like: str = "", not_: str = "") -> Self:
        """The state without this example."""
        return replace(
            self,
            like=tuple(each for each in self.like if each != like),
            not_=tuple(each for each in self.not_ if each != not_),
        )

    def examples(self) -> list[tuple[str, str, str]]:
        """Each example, which it is (``like`` or ``not_like``), and the URL without it."""
        wanted = [(each, "like", self.without(like=each).url(shot="")) for each in self.like]
        unwanted = [(each, "not_like", self.without(not_=each).url(shot="")) for each in self.not_]
        return [*wanted, *unwanted]

    def has(self, by: str) -> bool:
        """Whether the query holds this filter as it is spelt, and not as one of alternatives."""
        return any(each.text == by for each in terms(self.q))


def asked(
    *,
    q: Annotated[str, Query(max_length=2000)] = "",
    sort: str = "",
    group: str = "shot",
    density: str = "medium",
    like: Annotated[list[str] | None, Query(max_length=_MOST_EXAMPLES)] = None,
    not_: Annotated[list[str] | None, Query(alias="not", max_length=_MOST_EXAMPLES)] = None,
    image: Annotated[str, Query(pattern="^([0-9a-f]{64})?$")] = "",
    all_: Annotated[bool, Query(alias="all")] = False,
    after: str = "",
    shot: Annotated[str, Query(pattern=r"^(\d{1,18})?$")] = "",
) -> Asked:
    """What the URL asks for; what it spells wrongly is as if it were not there."""
    return Asked(
        q=q.strip(),
        sort=sort if sort in SORTS else "",
        group=group if group in GROUPS else "shot",
        density=density if density in DENSITIES else "medium",
        like=tuple(like or ()),
        not_=tuple(not_ or ()),
        image=image,
        all_=all_,
        after=after,
        shot=shot,
    )


def asked_by(text: str) -> Asked:
    """What the query part of an address asks for."""
    given = parse_qs(text.removeprefix("?"), max_num_fields=100)
    one = {name: values[-1] for name, values in given.items()}
    image, shot = one.get("image", ""), one.get("shot", "")
    return asked(
        q=one.get("q", "")[:2000],
        sort=one.get("sort", ""),
        group=one.get("group", ""),
        density=one.get("density", ""),
        like=given.get("like", [])[:_MOST_EXAMPLES],
        not_=given.get("not", [])[:_MOST_EXAMPLES],
        image=image if _IMAGE.fullmatch(image) else "",
        all_=one.get("all", "") == "1",
        shot=shot if _SHOT.fullmatch(shot) else "",
    )


AskedFor = Annotated[Asked, Depends(asked)]
