"""High dynamic range, wide gamut, logs and linear light as displays, and encoders, know pictures.

The numbers of PQ and HLG mean other light than those of ordinary video: taken as they are, pictures
look flat and pale, and an encoder sees fog. They are brought to sRGB through light: the transfer
functions of ITU-R BT.2100, white at 203 cd/m² (BT.2408), what is brighter rolled off by the curve
of BT.2390-11, section 5, from BT.2020's primaries to BT.709's (BT.2087).

A camera's log, a film scan's densities and OpenEXR's numbers are the light of a scene: a sheet of
white paper in it is taken for white, and the same curve holds what is brighter.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from catalog.media.gamuts import BT709, Chromaticities, to_bt709
from catalog.media.log_curves import LogCurve

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

RgbPicture = NDArray[np.uint8]
_Light = NDArray[np.float64]

# ITU-T H.273's code points, as FFmpeg numbers them.
_BT2020 = 9
_PQ, _HLG = 16, 18
# Nits. Most programmes are mastered for a thousand; brighter spots come out white.
_PEAK, _WHITE = 1000.0, 203.0
# Points to an edge: PQ's curve in steps of eight of 256.
_EDGE = 33
_TO_BT709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
)
_LUMINANCE = np.array([0.2627, 0.6780, 0.0593])


def for_display(rgb: RgbPicture, frame: VideoFrame, log: LogCurve | None = None) -> RgbPicture:
    """The pixels of a picture, as they were coded, as sRGB; ordinary pictures are as they were.

    ``log`` is the curve that the file's metadata names.
    """
    transfer, wide = int(frame.color_trc), int(frame.color_primaries) == _BT2020
    if log is not None and transfer not in (_PQ, _HLG):
        return _looked_up(rgb, _log_table(log))
    if transfer not in (_PQ, _HLG) and not wide:
        return rgb
    return _looked_up(rgb, _table(transfer, wide))


def scene_for_display(light: NDArray[np.float32], gamut: Chromaticities = BT709) -> RgbPicture:
    """The light of a scene, white at 1, shape (height, width, 3), as sRGB."""
    known = np.nan_to_num(light.astype(np.float64), nan=0.0, posinf=65504.0, neginf=0.0)
    return np.asarray(np.rint(255 * _scene(known.reshape(-1, 3), gamut)), np.uint8).reshape(
        light.shape
    )


def _scene(light: _Light, gamut: Chromaticities) -> _Light:
    if gamut != BT709:
        light = light @ to_bt709(gamut).T
    return _srgb(np.clip(_rolled_off(_WHITE * np.maximum(light, 0.0)) / _WHITE, 0.0, 1.0))


def _looked_up(rgb: RgbPicture, table: Any) -> RgbPicture:  # noqa: ANN401  as `_table`
    from PIL import Image  # noqa: PLC0415  slow to import

    mapped: Any = Image.fromarray(rgb).filter(table)
    return np.asarray(mapped, dtype=np.uint8)


@lru_cache(maxsize=4)
def _log_table(log: LogCurve) -> Any:  # noqa: ANN401  as `_table`
    return _cube(_scene(log.light(_every_colour()), log.gamut))


@lru_cache(maxsize=4)
def _table(transfer: int, wide: bool) -> Any:  # noqa: ANN401  PIL's class is imported when needed
    light = _nits(_every_colour(), transfer)
    if transfer in (_PQ, _HLG):
        light = _rolled_off(light)
    if wide:
        light = light @ _TO_BT709.T
    return _cube(_srgb(np.clip(light / _WHITE, 0.0, 1.0)))


def _every_colour() -> _Light:
    """The colours of a cube's points, of shape (n, 3)."""
    axis = np.linspace(0.0, 1.0, _EDGE)
    # Red changes fastest.
    blue, green, red = np.meshgrid(axis, axis, axis, indexing="ij")
    return np.stack([red, green, blue], axis=-1).reshape(-1, 3)


def _cube(coded: _Light) -> Any:  # noqa: ANN401  as `_table`
    """Every colour's place in a cube, between whose points Pillow interpolates."""
    from PIL import ImageFilter  # noqa: PLC0415

    return ImageFilter.Color3DLUT(_EDGE, coded.astype(np.float32).reshape(-1), target_mode="RGB")


def _nits(coded: _Light, transfer: int) -> _Light:
    """The light that a display gives for coded values of 0 to 1, of shape (n, 3)."""
    if transfer == _PQ:
        return _pq_to_nits(coded)
    if transfer == _HLG:
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        bright = (np.exp((coded - c) / a) + b) / 12
        scene = np.where(coded <= 0.5, coded**2 / 3, bright)
        # The system gamma of a display of a thousand nits.
        shown: _Light = _PEAK * scene * (scene @ _LUMINANCE)[:, None] ** 0.2
        return shown
    # As ordinary video is taken, whose numbers stay: greys are the same.
    return _WHITE * np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)


def _rolled_off(light: _Light) -> _Light:
    """Each of red, green and blue brought to 203 nits at most; the darker half of those stays."""
    top = _nits_to_pq(np.array(_PEAK))
    most = _nits_to_pq(np.array(_WHITE)) / top
    coded = np.minimum(_nits_to_pq(light) / top, 1.0)
    knee = 1.5 * most - 0.5
    t = np.maximum((coded - knee) / (1 - knee), 0.0)
    rolled = (
        (2 * t**3 - 3 * t**2 + 1) * knee
        + (t**3 - 2 * t**2 + t) * (1 - knee)
        + (3 * t**2 - 2 * t**3) * most
    )
    return _pq_to_nits(np.where(coded < knee, coded, rolled) * top)


# SMPTE ST 2084
_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32


def _pq_to_nits(coded: _Light) -> _Light:
    power = coded ** (1 / _M2)
    nits: _Light = 10_000 * (np.maximum(power - _C1, 0.0) / (_C2 - _C3 * power)) ** (1 / _M1)
    return nits


def _nits_to_pq(nits: _Light) -> _Light:
    power = (nits / 10_000) ** _M1
    coded: _Light = ((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2
    return coded


def _srgb(light: _Light) -> _Light:
    """IEC 61966-2-1."""
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
