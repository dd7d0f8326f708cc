"""How the footage of `benchmarks.shot_stress` is written: codecs, rates, fields, times, light."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from av.video.stream import VideoStream

Picture = npt.NDArray[np.uint8]
_FAST = {"preset": "veryfast", "crf": "23"}
_QUANTISER = {"qscale": "4", "qmin": "2", "qmax": "8"}


@dataclass(frozen=True, slots=True)
class Form:
    """A way of writing a film.

    ``rate`` is of the pictures that are made; ``shown`` of those that are written. ``weave``:
    ``tff`` and ``bff`` take two moments for each, ``pulldown`` four for five.
    """

    encoder: str = "libx264"
    suffix: str = ".mp4"
    size: tuple[int, int] = (320, 180)
    rate: Fraction = Fraction(25)
    pixels: str = "yuv420p"
    options: dict[str, str] = field(default_factory=lambda: dict(_FAST))
    weave: str = ""
    light: str = ""
    turned: int = 0
    variable: bool = False
    bars: bool = False

    @property
    def shown(self) -> Fraction:
        """Pictures written in a second."""
        if self.weave == "pulldown":
            return self.rate * 5 / 4
        return self.rate / 2 if self.weave else self.rate

    def decoded(self, at: int) -> int:
        """The number of the written picture in which a made one is first seen."""
        if self.weave == "pulldown":
            return at // 4 * 5 + at % 4
        return at // 2 if self.weave else at


_NTSC = Fraction(30000, 1001)
_PAL_FIELDS = Fraction(50)
_FORMS: dict[str, Form] = {
    "": Form(),
    "low bitrate": Form(options={"preset": "veryfast", "crf": "40"}),
    "hevc": Form(
        "libx265", options={"preset": "ultrafast", "x265-params": "log-level=error", "crf": "26"}
    ),
    "mpeg2": Form("mpeg2video", ".mpg", (352, 288), options={"b": "2000000", "g": "12", "bf": "2"}),
    "vp9": Form(
        "libvpx-vp9", ".webm", options={"deadline": "realtime", "cpu-used": "8", "b": "600000"}
    ),
    "prores": Form("prores_ks", ".mov", (352, 288), pixels="yuv422p10le", options={"profile": "0"}),
    "mjpeg": Form("mjpeg", ".avi", pixels="yuvj420p", options=dict(_QUANTISER)),
    "av1": Form("libsvtav1", ".mp4", options={"preset": "12", "crf": "40"}),
    "tff": Form(
        "mpeg2video",
        ".mxf",
        (352, 288),
        _PAL_FIELDS,
        weave="tff",
        options={"b": "4000000", "g": "12", "bf": "2", "flags": "+ildct+ilme"},
    ),
    "bff": Form("libx264", ".mov", (352, 288), 2 * _NTSC, weave="bff", options=dict(_FAST)),
    "pulldown": Form("libx264", ".mp4", (352, 240), Fraction(24000, 1001), weave="pulldown"),
    "variable": Form(
        "libx264", ".mp4", rate=Fraction(30), variable=True, options={**_FAST, "bf": "0"}
    ),
    "pq": Form(
        "libx265",
        ".mp4",
        pixels="yuv420p10le",
        light="pq",
        options={"preset": "ultrafast", "x265-params": "log-level=error", "crf": "20"},
    ),
    "hlg": Form(
        "libx265",
        ".mov",
        pixels="yuv420p10le",
        light="hlg",
        rate=Fraction(50),
        options={"preset": "ultrafast", "x265-params": "log-level=error", "crf": "20"},
    ),
    "rotated": Form(turned=90, size=(320, 180)),
    "portrait": Form(size=(180, 320), rate=Fraction(30)),
    "pillarbox": Form(bars=True),
    "50": Form(rate=Fraction(50)),
    "60": Form(rate=2 * _NTSC),
    "24": Form(rate=Fraction(24000, 1001)),
    "intra": Form("libx264", ".mov", options={**_FAST, "g": "1"}),
    "longgop": Form(
        "libx264",
        ".mkv",
        options={"preset": "veryfast", "crf": "26", "g": "600", "sc_threshold": "0"},
    ),
    "transport": Form("libx264", ".ts", rate=_NTSC, options={**_FAST, "g": "15"}),
}


def form_of(name: str) -> Form:
    """The form of that name; the usual one for any other."""
    return _FORMS[name]


def write(path: Path, pictures: Iterable[Picture], form: Form, dice: np.random.Generator) -> None:
    """Encode RGB pictures, uint8, as the form says."""
    import av  # noqa: PLC0415

    with av.open(str(path), "w") as container:
        stream = cast(
            "VideoStream", container.add_stream(form.encoder, rate=form.shown, options=form.options)
        )
        stream.width, stream.height, stream.pix_fmt = *form.size, form.pixels
        context = stream.codec_context
        trc = {"pq": 16, "hlg": 18}.get(form.light, 1)
        context.color_trc, context.color_range = trc, 2 if form.pixels == "yuvj420p" else 1
        context.color_primaries = context.colorspace = 9 if form.light else 1
        if form.turned:
            stream.set_display_rotation(-form.turned)
        at = 0
        for picture in _woven(_boxed(pictures, form), form.weave):
            frame = av.VideoFrame.from_ndarray(*_lit(picture, form.light))
            frame = frame.reformat(
                format=form.pixels,
                dst_colorspace="ITU709",
                dst_color_range="JPEG" if form.pixels == "yuvj420p" else "MPEG",
            )
            frame.pts, frame.time_base = at, 1 / form.shown
            container.mux(stream.encode(frame))
            at += 1 if not form.variable or dice.random() < 0.7 else int(dice.integers(2, 5))
        container.mux(stream.encode(None))


def _boxed(pictures: Iterable[Picture], form: Form) -> Iterator[Picture]:
    """Four by three between black bars, where the form has them."""
    for picture in pictures:
        if form.bars:
            picture[:, : picture.shape[1] // 8] = picture[:, -picture.shape[1] // 8 :] = 0
        yield picture


def _woven(pictures: Iterator[Picture], weave: str) -> Iterator[Picture]:
    if not weave:
        yield from pictures
        return
    number = 4 if weave == "pulldown" else 2
    held: list[Picture] = []
    for picture in pictures:
        held.append(picture)
        if len(held) < number:
            continue
        if weave == "pulldown":
            a, b, c, d = held
            yield from (a, b, _lines(b, c), _lines(c, d), d)
        else:
            yield _lines(*held) if weave == "tff" else _lines(held[1], held[0])
        held = []


def _lines(upper: Picture, lower: Picture) -> Picture:
    """Even lines (from 0) of one, odd lines of the other."""
    both = upper.copy()
    both[1::2] = lower[1::2]
    return both


def _lit(picture: Picture, light: str) -> tuple[npt.NDArray[np.uint8 | np.uint16], str]:
    """The picture as an array and the name of its format, in another light if there is one."""
    if not light:
        return np.ascontiguousarray(picture), "rgb24"
    linear = (np.arange(256) / 255) ** 2.2 * (203 if light == "pq" else 0.265)
    if light == "pq":
        y = (linear / 10000) ** 0.1593017578125
        signal = ((0.8359375 + 18.8515625 * y) / (1 + 18.6875 * y)) ** 78.84375
    else:
        signal = np.where(
            linear <= 1 / 12,
            np.sqrt(3 * linear),
            0.17883277 * np.log(np.maximum(12 * linear - 0.28466892, 1e-9)) + 0.55991073,
        )
    return (signal * 65535).astype(np.uint16)[picture], "rgb48le"
