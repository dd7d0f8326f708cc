"""What is saved by decoding no more than needed, and what it costs in cuts.

    python -m benchmarks.decode [--seed 7] [--per-kind 1] [--shots 9]

Every picture decoded (``full``) beside the default (``auto``, `catalog.media.groups`), one decoding
thread, on every video of ``../shared/media`` and on made footage with known transitions
(`benchmarks.shot_footage`), coded as cameras code: H.264 and MPEG-2 with a keyframe every half
second, open groups too, and MJPEG, of which every picture is coded by itself.

Prints a table and, as its last line, one JSON object of named figures: ``missed`` counts shots that
begin in the full pass and not, within two pictures, in the default one; ``added`` the reverse.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from benchmarks.shot_footage import films
from catalog.domain.media import AssetKind, Probe, SamplingPolicy
from catalog.errors import CatalogError
from catalog.media.analyse import analyse
from catalog.media.probe import probe

MEDIA = Path(__file__).resolve().parents[2] / "shared" / "media" / "video"
_TOLERANCE = 2
CODINGS: dict[str, tuple[str, str, dict[str, str]]] = {
    "h264 closed": ("libx264", ".mp4", {"g": "12", "sc_threshold": "0", "bf": "2"}),
    "h264 open": (
        "libx264",
        ".mp4",
        {"g": "12", "sc_threshold": "0", "bf": "2", "x264-params": "open-gop=1"},
    ),
    "mpeg2": ("mpeg2video", ".mkv", {"g": "12", "bf": "2", "q": "4", "sc_threshold": "1000000000"}),
    "mjpeg": ("mjpeg", ".mkv", {"strict": "unofficial", "qmin": "2", "qmax": "4"}),
}


@dataclass(frozen=True, slots=True)
class Pass:
    """One way of decoding one file."""

    starts: list[int]
    frames: int
    decoded: int
    seconds: float


def analysed(path: Path, found: Probe, decode: str) -> Pass:
    """Analyse a file, keeping nothing; the pts at which shots begin, and processor seconds."""
    began = time.process_time()
    policy = SamplingPolicy(decode=decode)
    analysis = analyse(path, found, policy, lambda pts, _: str(pts), threads=1)
    shots = list(analysis)
    return Pass(
        [shot.start_pts for shot in shots],
        sum(len(shot.frames) for shot in shots),
        analysis.frames_decoded,
        time.process_time() - began,
    )


def unmatched(some: list[int], others: list[int], near: Fraction) -> int:
    """How many of some have none of the others near them."""
    return sum(not any(abs(one - other) <= near for other in others) for one in some)


def real() -> Iterator[tuple[str, Path]]:
    """The real videos."""
    for path in sorted(MEDIA.glob("*")):
        yield path.name, path


def made(folder: Path, seed: int, per_kind: int, shots: int) -> Iterator[tuple[str, Path]]:
    """Made footage in each coding."""
    for coding, (codec, suffix, options) in CODINGS.items():
        for number, film in enumerate(films(seed, per_kind, shots)):
            path = folder / f"{coding.replace(' ', '-')}-{number}{suffix}"
            film.write(path, codec, options)
            yield f"made, {coding}", path


def main() -> None:
    """Compare, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--per-kind", type=int, default=1)
    parser.add_argument("--shots", type=int, default=9)
    options = parser.parse_args()
    rows: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name:
        footage = (*real(), *made(Path(name), options.seed, options.per_kind, options.shots))
        for label, path in footage:
            row = compared(path)
            if row is not None:
                before = rows.get(label, [0.0] * len(row))
                rows[label] = [one + other for one, other in zip(before, row, strict=True)]
    show(rows)


COLUMNS = ("pictures", "decoded", "cpu full", "cpu auto", "cuts", "missed", "added", "kept", "auto")


def compared(path: Path) -> list[float] | None:
    """Both passes over a file in numbers; None of what is no film or cannot be read."""
    try:
        found = probe(path)
        if found.kind is not AssetKind.VIDEO:
            return None
        full, auto = (analysed(path, found, decode) for decode in ("full", "auto"))
    except CatalogError:
        return None
    rate = (found.video.frame_rate if found.video else None) or Fraction(25)
    near = _TOLERANCE / (rate * found.time_base)
    return [
        full.decoded,
        auto.decoded,
        full.seconds,
        auto.seconds,
        len(full.starts) - 1,
        unmatched(full.starts, auto.starts, near),
        unmatched(auto.starts, full.starts, near),
        full.frames,
        auto.frames,
    ]


def show(rows: dict[str, list[float]]) -> None:
    """The table for people, and the figures for programs."""
    print(f"{'':44}" + "".join(f"{column:>10}" for column in COLUMNS))
    for label, row in rows.items():
        if row[1] < row[0] or row[5] or row[6]:
            print(f"{label[:43]:44}" + "".join(f"{number:10.4g}" for number in row))
    figures: dict[str, float] = {}
    for kind, made_too in (("real", False), ("made", True)):
        chosen = [row for label, row in rows.items() if label.startswith("made,") == made_too]
        total = [sum(column) for column in zip(*chosen, strict=True)]
        print(f"{'all ' + kind:44}" + "".join(f"{number:10.4g}" for number in total))
        figures |= {
            f"{kind}_decoded_share": total[1] / total[0],
            f"{kind}_cpu_ratio": total[3] / total[2],
            f"{kind}_cuts": total[4],
            f"{kind}_missed": total[5],
            f"{kind}_added": total[6],
        }
    print(json.dumps({key: round(value, 4) for key, value in figures.items()}))


if __name__ == "__main__":
    main()
