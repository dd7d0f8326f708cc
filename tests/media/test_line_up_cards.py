"""Line-up signals and cards are told, drawn after their published descriptions; what only looks
like one is not."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import pytest
from media_essence import PAL, REAL_MEDIA, black, take
from test_analyse import run

from catalog.media.cards import is_line_up
from catalog.media.writer import write_video

WIDTH, HEIGHT = 256, 144
YELLOW, CYAN, GREEN = (0, 191, 191), (191, 191, 0), (0, 191, 0)
MAGENTA, RED, BLUE = (191, 0, 191), (0, 0, 191), (191, 0, 0)
COLOURS = (YELLOW, CYAN, GREEN, MAGENTA, RED, BLUE)


def painted(grey: np.ndarray) -> np.ndarray:
    return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, 2)


def across(line: np.ndarray) -> np.ndarray:
    return painted(np.repeat(line[None], HEIGHT, 0))


def ramp(dark: float = 16, light: float = 235) -> np.ndarray:
    return across(np.linspace(dark, light, WIDTH))


def ramps() -> np.ndarray:
    picture = ramp(0, 255)
    picture[HEIGHT // 2 :] = picture[HEIGHT // 2 :, ::-1]
    return picture


def checkers(squares: int = 16) -> np.ndarray:
    side = WIDTH / squares
    at = [(np.arange(length) / side).astype(int) for length in (HEIGHT, WIDTH)]
    return painted(np.where((at[0][:, None] + at[1]) % 2, 16, 235))


def distances() -> np.ndarray:
    down, right = np.mgrid[:HEIGHT, :WIDTH]
    return np.hypot(right - (WIDTH - 1) / 2, down - (HEIGHT - 1) / 2)


def zone_plate(phase: float = 0.0) -> np.ndarray:
    return painted(126 + 109 * np.cos(np.pi / WIDTH * distances() ** 2 + phase))


def sweep() -> np.ndarray:
    at = np.linspace(0, 1, WIDTH)
    return across(126 + 100 * np.cos(2 * np.pi * (4 * at + 28 * at**2)))


def multiburst() -> np.ndarray:
    """White, black, and bursts of 0.5 to 5.8 MHz in 52 µs, as a chart of 720 pixels shrunk."""
    at = np.arange(720) / 720 * 52
    line = np.full(720, 126.0)
    line[(at > 1) & (at < 3)], line[(at > 3) & (at < 5)] = 235, 16
    for number, frequency in enumerate((0.5, 1, 2, 4, 4.8, 5.8)):
        here = (at >= 6 + 7.5 * number) & (at < 12.5 + 7.5 * number)
        line[here] = 126 + 100 * np.sin(2 * np.pi * frequency * at[here])
    return across(cv2.resize(line[None], (WIDTH, 1), interpolation=cv2.INTER_AREA)[0])


def rowed(
    picture: np.ndarray, down: tuple[float, float], colours: Sequence[object], half: float
) -> None:
    """Colours side by side about the middle of a picture; in units of its height."""
    height, width = picture.shape[:2]
    ends = np.linspace(width / 2 - half * height, width / 2 + half * height, len(colours) + 1)
    for colour, (left, right) in zip(
        colours, np.stack([ends[:-1], ends[1:]], axis=1).round().astype(int), strict=True
    ):
        picture[round(down[0] * height) : round(down[1] * height), left:right] = colour


def greys(steps: int) -> list[int]:
    return [round(grey) for grey in np.linspace(16, 235, steps)]


def circle_card() -> np.ndarray:
    """As PM5544: a grid, and in a circle bars at 75 %, a crosshair, greys, red on yellow."""
    picture = np.full((576, 768, 3), 128, np.uint8)
    side = 576 / 14
    for at in range(1, 19):
        picture[:, round(at * side) + 14 : round(at * side) + 16] = 235
        picture[round(at * side) : round(at * side) + 2] = 235
    inner = picture.copy()
    unit = 1 / 14
    rowed(inner, (1 * unit, 2 * unit), [235], 6 * unit)
    rowed(inner, (2 * unit, 3 * unit), [16, 235, 16], 6 * unit)
    rowed(inner, (4 * unit, 6 * unit), COLOURS, 6 * unit)
    rowed(inner, (6 * unit, 8 * unit), [16], 6 * unit)
    rowed(inner, (10 * unit, 11 * unit), greys(6), 6 * unit)
    rowed(inner, (12 * unit, 13 * unit), [YELLOW, RED, YELLOW], 6 * unit)
    inside = cv2.circle(np.zeros((576, 768), np.uint8), (384, 288), round(6 * side), 1, -1) > 0
    picture[inside] = inner[inside]
    return picture


def small(picture: np.ndarray) -> np.ndarray:
    scale = WIDTH / picture.shape[1]
    size = (WIDTH, round(picture.shape[0] * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def square_card() -> np.ndarray:
    """As FuBK: white, six colours and black, steps of grey, a field of red, a circle about it."""
    picture = np.full((576, 768, 3), 70, np.uint8)
    picture[20::41], picture[:, 15::41] = 235, 235
    rowed(picture, (0.21, 0.43), [(191,) * 3, *COLOURS, (16,) * 3], 0.43)
    rowed(picture, (0.43, 0.5), greys(5), 0.43)
    rowed(picture, (0.71, 0.79), [RED], 0.43)
    return np.asarray(cv2.circle(picture, (384, 288), 268, (235, 235, 235), 2), np.uint8)


CARDS: list[Callable[[], np.ndarray]] = [
    ramp, ramps, checkers, zone_plate, sweep, multiburst,
    circle_card, square_card,
]  # fmt: skip


def worn(picture: np.ndarray) -> np.ndarray:
    """After noise and compression."""
    noise = np.random.default_rng(3).normal(0, 4, picture.shape)
    noisy = np.clip(picture + noise, 0, 255).astype(np.uint8)
    _, jpeg = cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, 60])
    return np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), np.uint8)


@pytest.mark.parametrize("card", CARDS)
def test_each_is_told_also_where_it_is_worn(card: Callable[[], np.ndarray]):
    assert is_line_up(small(card()))
    assert is_line_up(small(worn(card())))


def test_they_are_told_in_other_sizes_too():
    assert all(is_line_up(checkers(squares)) for squares in (8, 20, 32))
    assert all(is_line_up(zone_plate(phase)) for phase in (0.5, 1.5, 3.0))
    assert is_line_up(ramp(235, 16))
    down, right = np.mgrid[:720, :1280]
    squares = (right - 639.5) ** 2 + (down - 359.5) ** 2
    for finest in (1280, 2560):
        assert is_line_up(small(painted(126 + 109 * np.cos(np.pi / finest * squares))))
    wide = cv2.copyMakeBorder(circle_card(), 0, 0, 128, 128, cv2.BORDER_CONSTANT)
    assert is_line_up(small(wide)), "between pillars"


def shaded(picture: np.ndarray, least: float) -> np.ndarray:
    """With light that falls off to the lower edge."""
    return (picture * np.linspace(1, least, HEIGHT)[:, None, None]).astype(np.uint8)


def rings(spaced: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    return painted(126 + 109 * np.cos(spaced(distances())))


def sunset() -> np.ndarray:
    sky = np.linspace(0, 1, HEIGHT)[:, None, None]
    colours = np.array([120, 60, 30]) * (1 - sky) + np.array([40, 120, 250]) * sky
    return np.repeat(colours, WIDTH, 1).astype(np.uint8)


def night() -> np.ndarray:
    picture = painted(np.repeat(np.linspace(4, 30, HEIGHT)[:, None], WIDTH, 1))
    rng = np.random.default_rng(5)
    picture[rng.integers(0, HEIGHT, 90), rng.integers(0, WIDTH, 90)] = 230
    return picture


def titled(picture: np.ndarray) -> np.ndarray:
    copy = np.ascontiguousarray(picture)
    cv2.putText(copy, "A FILM", (40, 90), cv2.FONT_HERSHEY_SIMPLEX, 1.6, (250, 250, 250), 4)
    return copy


def receding() -> np.ndarray:
    """A wall of slats seen aslant: they come nearer to each other."""
    at = np.arange(WIDTH) / WIDTH
    return across(126 + 100 * np.sign(np.cos(2 * np.pi * 6 / (1.25 - at))))


def played() -> np.ndarray:
    board = checkers()
    for column in range(0, 16, 3):
        cv2.circle(board, (column * 16 + 8, 40), 6, (126, 126, 126), -1)
        cv2.circle(board, (column * 16 + 8, 104), 6, (126, 126, 126), -1)
    return board


OTHERS: dict[str, Callable[[], np.ndarray]] = {
    "a sunset": sunset,
    "a sky at night": night,
    "light on a wall": lambda: shaded(ramp(), 0.7),
    "half a range": lambda: ramp(60, 235),
    "a ramp from top to bottom": lambda: np.ascontiguousarray(
        np.repeat(ramp()[:, :HEIGHT].transpose(1, 0, 2)[:, :1], WIDTH, 1)
    ),
    "a curve": lambda: across(235 * np.linspace(0, 1, WIDTH) ** 2),
    "a title on a ramp": lambda: titled(ramp()),
    "a warm ramp": lambda: (ramp() * np.array([0.5, 0.8, 1.0])).astype(np.uint8),
    "a target": lambda: rings(lambda far: far / 2.2),
    "a lens's rings out of the middle": lambda: np.roll(zone_plate(), 40, 1),
    "a vignette": lambda: painted(255 - 1.7 * distances()),
    "stripes": lambda: across(126 + 100 * np.sign(np.sin(np.arange(WIDTH) / 2.5))),
    "slats in perspective, in light": lambda: shaded(receding(), 0.85),
    "a bar code": lambda: across(
        np.repeat(np.random.default_rng(1).integers(0, 2, 64) * 220 + 16.0, 4)
    ),
    "a game on a board": played,
    "tiles in perspective": lambda: np.asarray(
        cv2.warpPerspective(
            checkers(),
            np.array([[1, 0.25, -18], [0, 1.1, 0], [0, 0.002, 1]], np.float32),
            (WIDTH, HEIGHT),
        ),
        np.uint8,
    ),
    "a pale checker behind pictures": lambda: (checkers() // 6 + 210).astype(np.uint8),
    "bars of colours without greys": lambda: small(coloured(steps=False)),
    "greys without colours": lambda: small(coloured(colours=False)),
    "one white": lambda: np.full((HEIGHT, WIDTH, 3), 255, np.uint8),
    "nothing": lambda: np.zeros((HEIGHT, WIDTH, 3), np.uint8),
    "few pixels": lambda: np.zeros((3, 5, 3), np.uint8),
}


def coloured(*, colours: bool = True, steps: bool = True) -> np.ndarray:
    picture = np.full((576, 768, 3), (90, 60, 40), np.uint8)
    if colours:
        rowed(picture, (0.2, 0.4), COLOURS, 0.4)
    if steps:
        rowed(picture, (0.6, 0.75), greys(6), 0.4)
    return picture


@pytest.mark.parametrize("name", OTHERS)
def test_what_only_looks_like_one_is_none(name: str):
    assert not is_line_up(OTHERS[name]())
    if min(OTHERS[name]().shape[:2]) > 8:
        assert not is_line_up(worn(OTHERS[name]()))


def test_a_shot_of_one_is_flagged_as_bars_are(tmp_path):
    path = tmp_path / "a.mp4"
    cards = [picture for card in (circle_card, square_card) for picture in [card()] * 40]
    dark, film = (
        [np.asarray(cv2.resize(each, (768, 576)), np.uint8) for each in some]
        for some in (black(50), take(1, 50))
    )
    shown = [np.ascontiguousarray(card[:, :, ::-1]) for card in cards]
    write_video(path, [*shown, *dark, *film], frame_rate=PAL)
    assert [shot.flag for shot in run(path)[2]] == ["bars", "bars", "black", None]


@pytest.mark.skipif(not REAL_MEDIA.is_dir(), reason="SKIPPED: no real pictures; none looked at")
def test_of_real_photographs_none_is_told():
    looked = 0
    for path in sorted((REAL_MEDIA / "photo").glob("*.jpg")):
        picture = cv2.imread(str(path))
        if picture is not None:
            looked += 1
            assert not is_line_up(small(picture)), path.name
    assert looked
