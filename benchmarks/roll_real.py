"""Rolls of real clips, beside what somebody said who looked at them.

The labels are in ``roll_real.tsv``: file, a moment of the shot in seconds, A, B or - (neither),
and what is seen. Whoever wrote them looked at the pictures and at what the sound holds.
"""

from __future__ import annotations

import csv
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog import Catalog
from catalog.settings import DEMO_ENCODER, Settings
from catalog.store import rolls

LABELS = Path(__file__).with_suffix(".tsv")
NEITHER = "-"


@dataclass(frozen=True, slots=True)
class Shot:
    """A shot, what somebody says it is, and what the catalogue does; ``number`` counts from 1.

    ``told`` is None where there is no shot; ``share`` of it, over which speech lies, or None.
    """

    file: str
    number: int
    seen: str
    by_hand: str
    told: str | None
    confidence: float | None
    share: float | None
    mute: bool

    @property
    def right(self) -> bool:
        """Whether both say the same."""
        return self.told == self.by_hand


def measured(folder: Path) -> list[Shot]:
    """Every labelled shot of the clips in ``folder``, catalogued in a home that is thrown away."""
    with LABELS.open(encoding="utf-8", newline="") as opened:
        labels = list(csv.DictReader(opened, delimiter="\t", quoting=csv.QUOTE_NONE))
    files = list(dict.fromkeys(label["file"] for label in labels))
    with (
        tempfile.TemporaryDirectory() as home,
        Catalog.open(Settings(home=Path(home), encoder=DEMO_ENCODER)) as catalog,
    ):
        catalog.ingest(*(folder / file for file in files))
        return [shot for file in files for shot in _shots_of(catalog, file, labels)]


def _shots_of(catalog: Catalog, file: str, labels: Sequence[dict[str, str]]) -> list[Shot]:
    details = catalog.show(file)
    clips = [clip for clip in details["clips"] if clip["kind"] == "shot"]
    with catalog.database.session() as session:
        known = rolls.what_is_known(session, [details["id"]])
    found, still = [], details["kind"] == "still"
    for label in (each for each in labels if each["file"] == file):
        at = float(label["at"])
        number, clip = next(
            # A still has no length.
            ((n, clip) for n, clip in enumerate(clips, 1) if still or at < clip["end"]),
            (0, None),
        )
        what = known.get(clip["id"]) if clip else None
        found.append(
            Shot(
                file,
                number,
                label["seen"],
                label["by_hand"],
                None if clip is None else clip["roll"] or NEITHER,
                None if clip is None else clip["roll_confidence"],
                None if what is None else what.share,
                what is not None and what.mute,
            )
        )
    return found


def figures_of(shots: Sequence[Shot]) -> dict[str, Any]:
    """Accuracy of all, and of those that are A or B; who said what."""
    rolled = [shot for shot in shots if shot.by_hand != NEITHER]
    pairs = Counter((shot.by_hand, shot.told) for shot in shots)
    return {
        "shots": len(shots),
        "right": sum(shot.right for shot in shots),
        "accuracy": round(sum(shot.right for shot in shots) / len(shots), 4),
        "rolled": len(rolled),
        "rolled_right": sum(shot.right for shot in rolled),
        "rolled_accuracy": round(sum(shot.right for shot in rolled) / len(rolled), 4),
        "confusion": {f"{hand}{told}": count for (hand, told), count in sorted(pairs.items())},
    }


def print_table(shots: Sequence[Shot]) -> None:
    """A line a shot, as docs/roll.md has it."""
    print("| clip | shot | seen | speech over it | by hand | told | confidence |")
    print("|---|---|---|---|---|---|---|")
    for shot in shots:
        share = "mute" if shot.mute else "" if shot.share is None else f"{shot.share:.2f}"
        sure = "" if shot.confidence is None else f"{shot.confidence:.3f}"
        told = shot.told if shot.right else f"**{shot.told}**"
        cells = [shot.file, shot.number, shot.seen, share, shot.by_hand, told, sure]
        print(f"| {' | '.join(map(str, cells))} |")
