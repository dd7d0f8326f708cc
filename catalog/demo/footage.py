"""Makes footage: video files with hard cuts, stills, and a manifest of what is where.

Everything follows from the seed: the same call writes the same pictures, names, dates and
timecodes. File names and embedded metadata say nothing about what is shown, so that whatever finds
a shot has looked at it.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

from PIL import Image

from catalog.demo import world
from catalog.demo.captions import captions
from catalog.demo.light import Pixels
from catalog.demo.render import Stage
from catalog.demo.world import Scene

FRAME_RATE = Fraction(25)
MANIFEST = "manifest.json"
_FIRST_DAY = datetime(2024, 3, 4, 8, 30, tzinfo=UTC)
_EXIF_TAKEN, _EXIF_ARTIST = 0x9003, 0x013B
_EXIF_FOLDER = 0x8769

Told = Callable[[int, int], None]
"""Progress: files done, files in all."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One shot of a file: half-open, in frames and in seconds."""

    index: int
    first_frame: int
    end_frame: int
    start: float
    end: float
    scene: dict[str, str]
    seed: int
    captions: dict[str, str]
    """The plainest caption in every language, by language code."""


@dataclass(frozen=True, slots=True)
class File:
    """One file of the footage. A still has one shot of no length."""

    file: str
    kind: str
    """``video`` or ``still``."""
    recorded: str
    """ISO 8601, UTC; also written into the file."""
    start_timecode: str | None
    shots: list[Shot]


@dataclass(frozen=True, slots=True)
class Footage:
    """A folder of made footage."""

    folder: Path
    seed: int
    size: tuple[int, int]
    frame_rate: str
    files: list[File] = field(default_factory=list)

    def shots(self) -> Iterator[tuple[File, Shot]]:
        """Every shot with the file it is in."""
        for file in self.files:
            for shot in file.shots:
                yield file, shot

    def as_dict(self) -> dict[str, Any]:
        """The manifest."""
        table = asdict(self)
        del table["folder"]
        return table

    def save(self) -> Path:
        """Write the manifest beside the files."""
        path = self.folder / MANIFEST
        path.write_text(
            json.dumps(self.as_dict(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )
        return path


def make_footage(
    folder: Path,
    *,
    seed: int = 1,
    videos: int = 6,
    shots_per_video: int = 8,
    stills: int = 12,
    size: tuple[int, int] = (640, 360),
    shot_seconds: tuple[float, float] = (2.0, 4.0),
    progress: Told | None = None,
) -> Footage:
    """Make a small collection of scenes that the encoder has never seen, no two of them alike.

    Parameters
    ----------
    folder
        Where the files and ``manifest.json`` go; created if need be.
    seed
        Equal seeds make equal footage.
    videos, shots_per_video, stills
        How much. There are about 630 held-out combinations to show.
    size
        Width and height in pixels, both even.
    shot_seconds
        The shortest and the longest shot.
    progress
        Called after every file.
    """
    scenes = world.sample(world.held_out(), videos * shots_per_video + stills, seed)
    moving, standing = scenes[: videos * shots_per_video], scenes[videos * shots_per_video :]
    rng = random.Random(seed)  # noqa: S311  # reproducible, not secret
    rolls = [moving[k * shots_per_video : (k + 1) * shots_per_video] for k in range(videos)]
    files: list[File] = []
    for number, roll in enumerate(rolls):
        lengths = [round(rng.uniform(*shot_seconds) * float(FRAME_RATE)) for _ in roll]
        files.append(_make_video(folder, number, cut_order(roll), lengths, seed=seed, size=size))
        _tell(progress, len(files), videos + stills)
    for number, scene in enumerate(standing):
        files.append(_make_still(folder, number, scene, seed, (size[0] * 2, size[1] * 2)))
        _tell(progress, len(files), videos + stills)
    footage = Footage(folder, seed, size, str(FRAME_RATE), files)
    footage.save()
    return footage


def heldout_footage(
    folder: Path,
    *,
    count: int = 200,
    seed: int = 1,
    size: tuple[int, int] = (640, 360),
    seconds: float = 1.6,
    shots_per_video: int = 20,
    progress: Told | None = None,
) -> Footage:
    """Video of ``count`` held-out scenes and nothing else, for measuring a whole catalogue.

    Each shot shows another combination of subject, colour, setting and light, so each caption names
    exactly one shot.
    """
    scenes = world.sample(world.held_out(), count, seed)
    rolls = [scenes[k : k + shots_per_video] for k in range(0, count, shots_per_video)]
    frames = round(seconds * float(FRAME_RATE))
    files = []
    for number, roll in enumerate(rolls):
        files.append(
            _make_video(folder, number, cut_order(roll), [frames] * len(roll), seed=seed, size=size)
        )
        _tell(progress, number + 1, len(rolls))
    footage = Footage(folder, seed, size, str(FRAME_RATE), files)
    footage.save()
    return footage


def cut_order(scenes: Sequence[Scene]) -> list[Scene]:
    """The scenes in an order in which each cut changes the place and the light, if that can be had.

    Two shots in the same place and light would differ in the subject alone, and no cut detector
    would part them.
    """
    left = list(scenes)
    order = [left.pop(0)] if left else []
    while left:
        last = order[-1]
        best = max(
            left,
            key=lambda scene: (scene.light != last.light) * 2 + (scene.setting != last.setting),
        )
        left.remove(best)
        order.append(best)
    return order


def shot_frames(scene: Scene, count: int, *, size: tuple[int, int], seed: int) -> Iterator[Pixels]:
    """The frames of one shot, from the start of the scene's motion to its end."""
    stage = Stage(scene, size=size, seed=seed, shot_seconds=count / float(FRAME_RATE))
    for number in range(count):
        yield stage.frame(number / max(1, count - 1))


def _make_video(
    folder: Path,
    number: int,
    scenes: Sequence[Scene],
    lengths: Sequence[int],
    *,
    seed: int,
    size: tuple[int, int],
) -> File:
    from catalog.media.writer import write_video  # noqa: PLC0415  # PyAV, for those who write

    folder.mkdir(parents=True, exist_ok=True)
    name = f"roll-{number + 1:02d}.mp4"
    recorded = _FIRST_DAY + timedelta(days=9 * number, minutes=37 * number)
    timecode = f"{10 + number % 13:02d}:00:00:00"
    shots = list(_shots(scenes, lengths, seed))
    frames = (
        frame
        for scene, shot in zip(scenes, shots, strict=True)
        for frame in shot_frames(
            scene, shot.end_frame - shot.first_frame, size=size, seed=shot.seed
        )
    )
    stamp = recorded.strftime("%Y-%m-%dT%H:%M:%SZ")
    write_video(
        folder / name,
        frames,
        frame_rate=FRAME_RATE,
        start_timecode=timecode,
        metadata={"creation_time": stamp},
    )
    return File(name, "video", stamp, timecode, shots)


def _shots(scenes: Sequence[Scene], lengths: Sequence[int], seed: int) -> Iterator[Shot]:
    first = 0
    for index, (scene, length) in enumerate(zip(scenes, lengths, strict=True)):
        end = first + length
        start_seconds, end_seconds = float(first / FRAME_RATE), float(end / FRAME_RATE)
        yield Shot(
            index, first, end, start_seconds, end_seconds, scene.as_dict(), seed, captions(scene)
        )
        first = end


def _make_still(folder: Path, number: int, scene: Scene, seed: int, size: tuple[int, int]) -> File:
    folder.mkdir(parents=True, exist_ok=True)
    name = f"still-{number + 1:02d}.jpg"
    recorded = _FIRST_DAY + timedelta(days=5 * number, hours=number % 9)
    exif = Image.Exif()
    exif[_EXIF_ARTIST] = "catalog demo"
    exif.get_ifd(_EXIF_FOLDER)[_EXIF_TAKEN] = recorded.strftime("%Y:%m:%d %H:%M:%S")
    picture = Image.fromarray(Stage(scene, size=size, seed=seed).frame(0.5))
    picture.save(folder / name, "JPEG", quality=92, exif=exif)
    shot = Shot(0, 0, 1, 0.0, 0.0, scene.as_dict(), seed, captions(scene))
    return File(name, "still", recorded.strftime("%Y-%m-%dT%H:%M:%SZ"), None, [shot])


def _tell(progress: Told | None, done: int, total: int) -> None:
    if progress is not None:
        progress(done, total)
