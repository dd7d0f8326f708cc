"""What is asked for: a script, and what the editor wants of the plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_
from sqlalchemy.orm import Session

from catalog.domain.query import Query, parse
from catalog.domain.recommended import MOST_TAKEN, Pick, check_picks
from catalog.domain.script import Script
from catalog.errors import InvalidInputError, InvalidQueryError
from catalog.maintain.bins import BinReference, resolve_bin
from catalog.store import filters, proposals
from catalog.store.visibility import actor_of, narrowed

MOST_PICKS = 2_000


@dataclass(frozen=True, slots=True)
class Wish:
    """A script, and how it is to be planned; see `catalog.api.Catalog.recommend`."""

    script: Script
    filter: str = ""
    bins_used: Sequence[BinReference] = ()
    take: int = 3
    locks: Sequence[Pick] = ()
    avoid: Sequence[Pick] = ()

    def checked(self) -> Query:
        """The filter's tree.

        Raises
        ------
        InvalidQueryError
            If it does not parse, or holds words that would only rank.
        InvalidInputError
            If a number is out of its range, or a pick names no line of the script.
        """
        if not 1 <= self.take <= MOST_TAKEN:
            raise InvalidInputError(
                f"{self.take} proposals a line were asked for; expected 1 to {MOST_TAKEN}.",
                remedy="Leave it out for three.",
            )
        if len(self.locks) + len(self.avoid) > MOST_PICKS:
            raise InvalidInputError(
                f"{len(self.locks) + len(self.avoid)} clips are locked or avoided; expected "
                f"{MOST_PICKS} at most.",
                remedy="Put what is used into a bin, and name that.",
            )
        lines = len(self.script.lines)
        check_picks(self.locks, lines, "locks")
        check_picks(self.avoid, lines, "avoids")
        return _filter_of(self.filter)

    def avoided(self, line: int) -> frozenset[int]:
        """Clips not to be proposed for this line (None in a pick: for any)."""
        return frozenset(pick.clip for pick in self.avoid if pick.line in (None, line))


def _filter_of(text: str) -> Query:
    parsed = parse(text)
    if parsed.has_free_words:
        raise InvalidQueryError(
            f"The filter holds the words {parsed.words[:60]!r}, which keep nothing out; expected "
            "field:value filters and phrases.",
            remedy='Write such as collection:News -tag:embargo, or a "phrase".',
            position=0,
            length=max(1, len(text)),
            query=text,
        )
    return parsed


def allowed(session: Session, wish: Wish, query: Query) -> ColumnElement[bool]:
    """Which clips may be proposed at all: filter, rights of who asks, bins, what is avoided."""
    bins = [int(resolve_bin(session, each)["id"]) for each in wish.bins_used]
    everywhere = [pick.clip for pick in wish.avoid if pick.line is None]
    return and_(
        narrowed(actor_of(session), filters.condition(query.root)),
        filters.versions_wanted(query.root),
        proposals.unused_in(bins),
        proposals.none_of(everywhere),
    )
