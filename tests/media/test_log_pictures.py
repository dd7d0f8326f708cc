"""Camera logs that metadata names are shown as light; nothing else is taken for one."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from catalog.domain.media import SamplingPolicy
from catalog.media.log_curves import CURVES, LogCurve, log_curve, named_log
from catalog.media.pictures import PictureReader
from catalog.media.probe import probe
from catalog.media.sidecars.nested_xml import parse_nested

PATCH = 32
# Ten-bit codes in the file for a grey card and white paper (90 %), as the makers' tables give them.
GREY = {"s-log3": 420, "v-log": 433, "logc3": 64 + 876 * 0.391007, "logc4": 64 + 876 * 0.278396}
WHITE_90 = {"s-log3": 598, "v-log": 602}


def film(path: Path, codes: list[float], tags: Mapping[str, str]) -> Path:
    """Grey patches of ten-bit codes of limited range, side by side."""
    luma = np.repeat(np.array([codes], np.uint16), PATCH, 0).repeat(PATCH, 1)
    with av.open(path, "w") as container:
        container.metadata.update(tags)
        stream = container.add_stream("ffv1", rate=Fraction(25))
        stream.pix_fmt, stream.width, stream.height = "yuv444p10le", luma.shape[1], PATCH
        stream.codec_context.color_range = 1
        for _ in range(3):
            frame = av.VideoFrame(luma.shape[1], PATCH, "yuv444p10le")
            for plane, values in zip(
                frame.planes, (luma, luma * 0 + 512, luma * 0 + 512), strict=True
            ):
                padded = np.zeros((plane.height, plane.line_size // 2), dtype="<u2")
                padded[:, : plane.width] = values
                plane.update(padded.tobytes())
            frame.color_range = 1
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def greys(path: Path) -> list[int]:
    picture = next(iter(PictureReader(path, probe(path), SamplingPolicy()))).render()
    return [int(each) for each in picture[PATCH // 2, PATCH // 2 :: PATCH, 1]]


@pytest.mark.parametrize(
    ("named", "curve"),
    [("s-log3-cine", "s-log3"), ("V-Log", "v-log"), ("LOG-C", "logc3"), ("ARRI LogC4", "logc4")],
)
def test_a_grey_card_is_grey(tmp_path, named, curve):
    """sRGB's grey card is 118."""
    path = film(tmp_path / "a.mkv", [64, GREY[curve]], {"CAPTURE_GAMMA": named})
    found = probe(path).metadata["log"]
    assert (found["curve"], found["named"]) == (curve, named)
    black, grey = greys(path)
    assert black <= 10
    assert abs(grey - 118) <= 4


@pytest.mark.parametrize("curve", WHITE_90)
def test_white_paper_is_white(tmp_path, curve):
    path = film(tmp_path / "a.mkv", [WHITE_90[curve], 900], {"gamma": curve})
    paper, lamp = greys(path)
    assert 200 < paper < 235 < lamp


@pytest.mark.parametrize("curve", CURVES)
def test_every_curve_rises_from_black_to_light(curve):
    light = LogCurve(curve).light(np.linspace(0, 1, 200))
    assert np.all(np.diff(light) > 0)
    assert abs(light[0]) < 0.1
    assert light[-1] > 3


@pytest.mark.parametrize(
    "tags",
    [
        {"title": "V-Log"},
        {"comment": "s-log3"},
        {"gamma": "rec709"},
        {"gamma": "my own log"},
        {"gamma": "graded from V-Log"},
    ],
)
def test_what_names_no_log_is_taken_as_it_is(tmp_path, tags):
    path = film(tmp_path / "a.mkv", [420], tags)
    assert "log" not in probe(path).metadata
    assert greys(path)[0] == pytest.approx((420 - 64) / 876 * 255, abs=2)


def test_cameras_own_metadata_is_understood():
    sony = b"""<NonRealTimeMeta xmlns="urn:schemas-professionalDisc:nonRealTimeMeta:ver.2.00">
      <AcquisitionRecord><Group name="CameraUnitMetadataSet">
        <Item name="CaptureGammaEquation" value="s-log3-cine"/>
        <Item name="CaptureColorPrimaries" value="s-gamut3-cine"/>
      </Group></AcquisitionRecord></NonRealTimeMeta>"""
    assert named_log({"xml": parse_nested(sony)}) == {
        "curve": "s-log3",
        "gamut": "s-gamut3.cine",
        "named": "s-log3-cine",
    }
    panasonic = b"""<ClipMain><Acquisition><CameraUnitMetadata>
      <Gamma><CaptureGamma>V-Log</CaptureGamma></Gamma>
      <Gamut><CaptureGamut>V-Gamut</CaptureGamut></Gamut>
    </CameraUnitMetadata></Acquisition></ClipMain>"""
    assert named_log({"xml": parse_nested(panasonic)})["curve"] == "v-log"
    arri = {"com.arri.camera.ColorGammaSxS": "LOG-C", "com.arri.camera.CameraModel": "ALEXA"}
    assert named_log({"tags": arri})["gamut"] == "arri wide gamut 3"


@pytest.mark.parametrize(
    "noted", [None, "s-log3", {"curve": "x"}, {"curve": 3}, {"gamut": "bt709"}, {"curve": ["a"]}]
)
def test_a_note_that_is_none_is_no_curve(noted):
    assert log_curve(noted) is None
