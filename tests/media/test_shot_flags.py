"""Black and colour bars are told from what is worth searching."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import cv2
import numpy as np
import pytest
from media_essence import PAL, REAL_MEDIA, SIZE, black, scene, take
from PIL import Image, ImageDraw, ImageFont
from test_analyse import run

from catalog.domain.media import SamplingPolicy
from catalog.media import sampling
from catalog.media.bars import is_bars
from catalog.media.charts import is_chart
from catalog.media.leaders import is_card, is_field, is_leader
from catalog.media.sampling import ShotSampler
from catalog.media.views import Once, Picture, squeeze
from catalog.media.writer import write_video

# White, yellow, cyan, green, magenta, red, blue.
ORDER = [(1, 1, 1), (1, 1, 0), (0, 1, 1), (0, 1, 0), (1, 0, 1), (1, 0, 0), (0, 0, 1)]


def columns(colours: list[tuple[float, ...]], edges: list[float], *, height: int) -> np.ndarray:
    picture = np.zeros((height, SIZE[1], 3), np.uint8)
    ends = [round(edge * SIZE[1]) for edge in edges]
    for colour, (left, right) in zip(colours, pairwise(ends), strict=True):
        picture[:, left:right] = np.array(colour) * 255
    return picture


def ebu() -> np.ndarray:
    """EBU bars, 100/0/75/0: eight columns."""
    colours = [ORDER[0], *(tuple(0.75 * c for c in each) for each in ORDER[1:]), (0, 0, 0)]
    return columns(colours, list(np.linspace(0, 1, 9)), height=SIZE[0])


def smpte() -> np.ndarray:
    """SMPTE EG 1: seven columns over two thirds, then a castellation and the PLUGE."""
    colours = [tuple(0.75 * c for c in each) for each in ORDER]
    picture = columns(colours, list(np.linspace(0, 1, 8)), height=SIZE[0])
    low, lowest = SIZE[0] * 2 // 3, SIZE[0] * 3 // 4
    picture[low:lowest] = picture[:1, ::-1]
    picture[lowest:] = (19, 19, 19)
    picture[lowest:, 40:90] = 255
    return picture


def pillars() -> np.ndarray:
    """SMPTE RP 219: seven columns between pillars of grey."""
    bars = [tuple(0.75 * c for c in each) for each in ORDER]
    edges = [0.0, *np.linspace(0.125, 0.875, 8), 1.0]
    return columns([(0.4,) * 3, *bars, (0.4,) * 3], edges, height=SIZE[0])


def split() -> np.ndarray:
    """EBU bars over a field of red."""
    picture = ebu()
    picture[SIZE[0] // 2 :] = (191, 0, 0)
    return picture


def over(lower: np.ndarray) -> np.ndarray:
    """Bars in the upper half of a picture (BGR)."""
    picture = np.ascontiguousarray(ebu()[:, :, ::-1])
    picture[SIZE[0] // 2 :] = lower[SIZE[0] // 2 :]
    return picture


def test_bars_over_a_field_are_told_and_over_a_scene_are_not():
    assert is_bars(over(np.full((*SIZE, 3), 120, np.uint8)))
    assert is_bars(over(np.ascontiguousarray(ebu()[:, ::-1, ::-1])))
    assert not is_bars(over(scene(3)))


@pytest.mark.parametrize("chart", [ebu, smpte, pillars, split])
def test_an_ident_or_a_clock_over_bars_leaves_them_bars_and_bars_in_a_scene_are_none(chart):
    for top, bottom, left, right in ((60, 84, 70, 186), (8, 28, 8, 120), (115, 135, 60, 200)):
        picture = np.ascontiguousarray(chart()[:, :, ::-1])
        picture[top:bottom, left:right] = 0
        picture[top + 4 : bottom - 4, left + 8 : right - 8 : 6] = 240
        assert is_bars(picture), (top, left)
    framed = np.zeros((*SIZE, 3), np.uint8)
    framed[18:126] = cv2.resize(chart(), (SIZE[1], 108))[:, :, ::-1]
    assert is_bars(framed)
    monitor = scene(4)
    monitor[20:120, 40:200] = cv2.resize(chart(), (160, 100))[:, :, ::-1]
    assert not is_bars(monitor)


@pytest.mark.parametrize("chart", [ebu, smpte, pillars, split])
def test_bars_are_flagged_and_what_follows_is_not(tmp_path, chart):
    path = tmp_path / "a.mp4"
    rng = np.random.default_rng(1)
    noisy = [
        np.clip(chart() + rng.normal(0, 4, (*SIZE, 3)), 0, 255).astype(np.uint8) for _ in range(75)
    ]
    write_video(path, [*noisy, *black(50), *take(1, 75)], frame_rate=PAL)
    assert [shot.flag for shot in run(path)[2]] == ["bars", "black", None]


def staircase(steps: int = 11) -> np.ndarray:
    """From dark to light in the upper half, and back in the lower one."""
    greys = np.linspace(0.06, 0.92, steps)
    picture = columns([(g,) * 3 for g in greys], list(np.linspace(0, 1, steps + 1)), height=SIZE[0])
    picture[SIZE[0] // 2 :] = picture[:1, ::-1]
    return picture


def crosshatch(ground: int = 16) -> np.ndarray:
    """Lines all through the picture, 16 cells by 9."""
    picture = np.full((*SIZE, 3), ground, np.uint8)
    picture[:, SIZE[1] // 16 :: SIZE[1] // 16] = 235
    picture[SIZE[0] // 9 :: SIZE[0] // 9] = 235
    return picture


@pytest.mark.parametrize("chart", [staircase, crosshatch])
def test_charts_of_grey_are_flagged_as_bars_are(tmp_path, chart):
    path = tmp_path / "a.mp4"
    rng = np.random.default_rng(1)
    noisy = [
        np.clip(chart() + rng.normal(0, 4, (*SIZE, 3)), 0, 255).astype(np.uint8) for _ in range(75)
    ]
    write_video(path, [*noisy, *black(50), *take(1, 75)], frame_rate=PAL)
    assert [shot.flag for shot in run(path)[2]] == ["bars", "black", None]


def test_what_is_more_or_less_than_a_chart_is_none():
    assert all(is_chart(staircase(steps)) for steps in (5, 8, 16))
    assert not is_chart(staircase(4))
    warm = staircase()
    warm[..., 0] //= 2
    assert not is_chart(warm), "it has a colour"
    smooth = np.repeat(np.linspace(0, 255, SIZE[1]).astype(np.uint8)[None, :, None], SIZE[0], 0)
    assert not is_chart(np.repeat(smooth, 3, 2)), "a ramp may be anything's background"
    uneven = columns(
        [(g,) * 3 for g in np.linspace(0, 1, 6)], [0, 0.1, 0.35, 0.45, 0.7, 0.85, 1], height=SIZE[0]
    )
    assert not is_chart(uneven)
    assert is_chart(crosshatch())
    assert is_chart(crosshatch(128))
    filled = crosshatch()
    filled[40:90, 60:140] = np.random.default_rng(2).integers(0, 200, (50, 80, 1))
    assert not is_chart(filled), "something is in it"
    broken = crosshatch()
    broken[:70] = 16
    assert not is_chart(broken), "a table"
    assert not is_chart(np.zeros((*SIZE, 3), np.uint8))
    assert not is_chart(np.zeros((3, 5, 3), np.uint8))


def shown(picture: np.ndarray, pts: int) -> Picture:
    """A picture as the sampler gets it, in tenths of a second."""
    small = np.ascontiguousarray(picture[::2, ::2, ::-1])
    return Picture(pts, squeeze(small), Once(lambda: small), render=lambda: picture)


@pytest.mark.parametrize("length", [25, 90])
def test_a_flag_is_asked_for_until_one_picture_of_the_shot_has_none(length, monkeypatch):
    """Neither for long, nor for short shots: it takes as long as decoding several pictures."""
    asked = []
    monkeypatch.setattr(sampling, "is_bars", lambda small: asked.append(1) or is_bars(small))
    sampler = ShotSampler(SamplingPolicy(), Fraction(1, 10), lambda pts, jpeg: f"{pts}")
    for pts in range(length):
        sampler.add(shown(scene(pts // 10), pts))
    scenes = sampler.finish(length)
    assert (len(scenes.frames), scenes.flag, len(asked)) == (-(-length // 10), None, 1)

    barred = [np.roll(ebu(), 30 * at, axis=0) // (1 + at % 2 / 8) for at in range(10)]
    for pts in range(length, 2 * length):
        at = (pts - length) // 10
        sampler.add(shown(barred[at].astype(np.uint8), pts))
    bars = sampler.finish(2 * length)
    assert (len(bars.frames) > 1, bars.flag) == (True, "bars")
    assert len(asked) == 1 + len(bars.frames)


def test_a_black_asset_is_flagged(tmp_path):
    path = tmp_path / "a.mp4"
    write_video(path, black(60), frame_rate=PAL)
    assert [shot.flag for shot in run(path)[2]] == ["black"]


def test_stripes_in_another_order_are_no_bars():
    edges = list(np.linspace(0, 1, 8))
    assert is_bars(np.ascontiguousarray(smpte()[:, :, ::-1]))
    backwards = columns([tuple(0.75 * c for c in each) for each in ORDER[::-1]], edges, height=144)
    assert not is_bars(np.ascontiguousarray(backwards[:, :, ::-1]))
    assert not is_bars(scene(3))
    assert not is_bars(np.full((*SIZE, 3), 255, np.uint8))
    assert not is_bars(np.zeros((3, 5, 3), np.uint8))


def lettered(lines: list[str], *, ground: tuple[int, ...], ink: tuple[int, ...]) -> np.ndarray:
    image = Image.new("RGB", (SIZE[1], SIZE[0]), ground)
    draw = ImageDraw.Draw(image)
    for at, line in enumerate(lines):
        draw.text((16, 8 + at * 19), line, fill=ink, font=ImageFont.load_default(size=13))
    return np.asarray(image)


def slate(number: int = 0) -> np.ndarray:
    said = ["PROGRAMME: The Long Way Home", "EPISODE: 03 of 06", "PROD No: ABC/1234X"]
    more = ["DURATION: 27'30\"", "AUDIO: stereo 1 L 2 R", "ASPECT: 16x9 FF 25p", "12 March 2024"]
    grounds = [((12, 12, 12), (230, 230, 230)), ((20, 30, 120), (240, 240, 60))]
    ground, ink = grounds[number % 2]
    return lettered([*said, *more], ground=ground, ink=ink)


def countdown(digit: int, *, dark: bool) -> list[np.ndarray]:
    """A second of a leader: rings, hair lines, a digit, and a hand that wipes round."""
    pictures = []
    ground, hand, ink = (205, 120, 30) if not dark else (70, 40, 220)
    for k in range(25):
        image = Image.new("L", (SIZE[1], SIZE[0]), ground)
        draw = ImageDraw.Draw(image)
        middle = (SIZE[1] // 2, SIZE[0] // 2)
        reach = SIZE[1]
        box = (middle[0] - reach, middle[1] - reach, middle[0] + reach, middle[1] + reach)
        draw.pieslice(box, -90, -90 + k * 360 / 25, fill=hand)
        for radius in (48, 60):
            ring = [c + s * radius for s in (-1, 1) for c in middle]
            draw.ellipse(ring, outline=ink, width=3)
        draw.line((middle[0], 0, middle[0], SIZE[0]), fill=ink)
        draw.line((0, middle[1], SIZE[1], middle[1]), fill=ink)
        font = ImageFont.load_default(size=64)
        draw.text(middle, str(digit), fill=ink, font=font, anchor="mm")
        pictures.append(np.asarray(image.convert("RGB")))
    return pictures


def flags_of(tmp_path, *parts: list[np.ndarray], timecode: str | None = None) -> list[str | None]:
    path = tmp_path / "a.mp4"
    pictures = [picture for part in parts for picture in part]
    write_video(path, pictures, frame_rate=PAL, start_timecode=timecode)
    return [shot.flag for shot in run(path)[2]]


@pytest.mark.parametrize("dark", [False, True])
def test_countdowns_are_leaders(tmp_path, dark):
    leader = [picture for digit in (5, 4, 3) for picture in countdown(digit, dark=dark)]
    flags = flags_of(tmp_path, leader, take(1, 75))
    assert set(flags[:-1]) == {"leader"}
    assert flags[-1] is None


def test_a_leader_of_toned_film_is_one_and_of_several_colours_none():
    grey = countdown(4, dark=False)[8][:, :, ::-1].astype(float)
    toned = grey * np.array([0.55, 0.8, 1.0]) + np.array([10, 15, 25])
    assert is_leader(np.clip(toned, 0, 255).astype(np.uint8))
    hand = np.where(grey > 160, np.array([40, 200, 220]), np.array([200, 60, 90]))
    coloured = np.where(grey > 75, hand, np.array([20, 20, 20]))
    assert not is_leader(coloured.astype(np.uint8))


def test_a_card_beside_bars_before_the_programme_is_a_slate_and_no_other_is(tmp_path):
    tape, card, programme = [ebu()] * 50, [slate()] * 75, take(1, 75)
    assert flags_of(tmp_path, tape, card, black(50), programme) == ["bars", "slate", "black", None]
    # The slate may stand before the bars; then it waits for them.
    assert flags_of(tmp_path, [slate(1)] * 50, tape, programme) == ["slate", "bars", None]
    # A title card, after black or in the midst, is what somebody looks for.
    assert flags_of(tmp_path, black(50), card, programme) == ["black", None, None]
    assert flags_of(tmp_path, tape, programme, card) == ["bars", None, None]
    assert flags_of(tmp_path, card, programme) == [None, None]
    # Footage that begins right after the bars is no card.
    assert flags_of(tmp_path, tape, programme) == ["bars", None]


def field(colour: tuple[int, int, int]) -> list[np.ndarray]:
    noise = np.random.default_rng(4).normal(0, 3, (*SIZE, 3))
    return [np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)] * 50


def test_a_field_of_one_colour_is_of_the_line_up_only_beside_bars(tmp_path):
    tape, programme = [ebu()] * 50, take(1, 75)
    red, white = field((190, 10, 10)), field((235, 235, 235))
    assert flags_of(tmp_path, tape, red, white, programme) == ["bars", "bars", "bars", None]
    assert flags_of(tmp_path, white, tape, programme) == ["bars", "bars", None]
    # A flash to white, a green screen, a wall.
    assert flags_of(tmp_path, white, programme) == [None, None]
    assert flags_of(tmp_path, black(50), red, programme) == ["black", None, None]
    assert flags_of(tmp_path, tape, programme, white) == ["bars", None, None]
    assert is_field(red[0])
    wall = np.clip(np.array(red[0], int) + np.linspace(0, 9, SIZE[1], dtype=int)[:, None], 0, 255)
    assert not is_field(wall.astype(np.uint8)), "light falls off"
    assert not is_field(scene(3))


def test_a_card_before_the_programmes_hour_is_a_slate(tmp_path):
    card, programme = [slate()] * 75, take(1, 75)
    # A master's timecode; a camera's time of day; the programme's hour, and none.
    starts = {"09:59:55:00": "slate", "09:59:56:12": None, "10:00:00:00": None, "09:20:00:00": None}
    for timecode, flag in starts.items():
        assert flags_of(tmp_path, card, programme, timecode=timecode) == [flag, None], timecode


@pytest.mark.skipif(not REAL_MEDIA.is_dir(), reason="SKIPPED: no real footage; nothing real tested")
def test_real_photographs_are_neither_leaders_nor_cards_nor_charts():
    import cv2

    wrong = []
    for path in sorted((REAL_MEDIA / "photo").rglob("*.[jp][pn]g")):
        picture = cv2.imread(str(path))
        if picture is None:
            continue
        scale = 256 / max(picture.shape[:2])
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        if is_leader(small) or is_card(small) or is_chart(small):
            wrong.append(path.name)
    # A silhouette in black on white; being a card alone flags nothing.
    assert wrong == ["skimage_horse.png"]
