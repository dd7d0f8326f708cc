"""What is chosen as people are told it: the clip, what of it to use, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from catalog.domain.assignment import Choice
from catalog.domain.recommended import Proposal, Roll
from catalog.domain.script import Line
from catalog.maintain.clips import clip_body, times_body
from catalog.recommend.found import Found


def told(
    line: Line,
    roll: Roll,
    chosen: Sequence[Choice],
    found: Mapping[int, Found],
    rows: Mapping[int, Row[Any]],
) -> tuple[Proposal, ...]:
    """The proposals of one line and roll, best first.

    Parameters
    ----------
    found:
        What was found for this line, by clip; what an editor locked may be none of it.
    rows:
        Clips by id; one that went meanwhile is left out.
    """
    there = [choice for choice in chosen if choice.clip in rows]
    picks = (
        _Picked(
            line,
            roll,
            each,
            found.get(each.clip),
            rows[each.clip],
            _use(line, roll, rows[each.clip]),
        )
        for each in there
    )
    return tuple(_proposal(rank, picked) for rank, picked in enumerate(picks, 1))


@dataclass(frozen=True, slots=True)
class _Picked:
    line: Line
    roll: Roll
    choice: Choice
    found: Found | None
    row: Row[Any]
    use: dict[str, Any]

    @property
    def length(self) -> float:
        """Seconds of what is used."""
        return float(self.use["end"] - self.use["start"])

    @property
    def enough(self) -> bool:
        """Whether it lasts as long as its line; speech lasts as long as it lasts."""
        if self.roll == "A" or self.row.asset_kind == "still":
            return True
        # What was found was compared with the exact length.
        rounded = self.length >= self.line.seconds - 0.001
        return rounded if self.found is None else self.found.long_enough


def _proposal(rank: int, picked: _Picked) -> Proposal:
    found = picked.found
    return Proposal(
        rank=rank,
        score=round(max(0.0, picked.choice.worth), 4),
        clip=clip_body(picked.row),
        use=picked.use,
        reason=_reason(picked),
        cosine=None if found is None or found.cosine is None else round(found.cosine, 6),
        confidence=None if found is None else found.confidence,
        words=() if found is None or found.had is None else found.had.words,
        long_enough=picked.enough,
        locked=picked.choice.locked,
    )


def _use(line: Line, roll: Roll, row: Row[Any]) -> dict[str, Any]:
    """Of speech all of it; of a shot as much as the line takes, from its middle."""
    first, last = row.start_pts, row.end_pts
    trimmed = False
    if roll == "B" and row.asset_kind != "still" and row.time_base_num:
        wanted = round(line.seconds * row.time_base_den / row.time_base_num)
        if 0 < wanted < last - first:
            first += (last - first - wanted) // 2
            last, trimmed = first + wanted, True
    return {**times_body(row, first, last), "trimmed": trimmed}


def _reason(picked: _Picked) -> str:
    found, says = picked.found, picked.roll == "A"
    parts = ["locked"] if picked.choice.locked else []
    if found is not None and found.had is not None:
        words = ", ".join(found.had.words[:6])
        parts.append(f"says {words}" if says else f"its texts have {words}")
    if found is not None and found.cosine is not None:
        what = "means the same" if says else "shows it"
        sure = "" if found.confidence is None else f", {round(100 * found.confidence)} % sure"
        parts.append(f"{what}: cosine {found.cosine:.2f}{sure}")
    if says and picked.row.language:
        parts.append(f"in {picked.row.language}")
    if not picked.enough:
        taken = picked.line.seconds
        parts.append(f"{picked.length:.1f} s of the {taken:.1f} s that the line takes")
    return "; ".join(parts)
