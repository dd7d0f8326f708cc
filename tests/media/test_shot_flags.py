"""Black and colour bars are told from what is worth searching."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from media_essence import PAL, REAL_MEDIA, SIZE, black, scene, take
from test_analyse import run

from catalog.media.bars import is_bars
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


@pytest.mark.parametrize("chart", [ebu, smpte, pillars])
def test_bars_are_flagged_and_what_follows_is_not(tmp_path, chart):
    path = tmp_path / "a.mp4"
    rng = np.random.default_rng(1)
    noisy = [
        np.clip(chart() + rng.normal(0, 4, (*SIZE, 3)), 0, 255).astype(np.uint8) for _ in range(75)
    ]
    write_video(path, [*noisy, *black(50), *take(1, 75)], frame_rate=PAL)
    assert [shot.flag for shot in run(path)[2]] == ["bars", "black", None]


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


@pytest.mark.skipif(not REAL_MEDIA.is_dir(), reason="SKIPPED: no real footage; nothing real tested")
def test_of_real_footage_only_the_black_after_the_leader_is_flagged():
    flagged = {}
    for path in sorted((REAL_MEDIA / "video").glob("[fims][fnek]*.mp4")):
        if "malformed" in path.name or "8k" in path.name:
            continue
        flags = [shot.flag for shot in run(path)[2] if shot.flag]
        if flags:
            flagged[path.name] = flags
    assert flagged == {"ffmpegpy_in1.mp4": ["black"]}
