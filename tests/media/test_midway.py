"""A recording that was cut anywhere: pictures, sound and words agree on what is 0."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
from av.subtitles.subtitle import SubtitleSet

from catalog.domain.media import SamplingPolicy
from catalog.media.pictures import PictureReader
from catalog.media.probe import probe
from catalog.media.sidecars.embedded import read_embedded
from catalog.media.sound import SoundPass

RATE = 48_000
GROUP, CUT, LIT = 25, 10, 60  # in pictures of 1/25 s: each group's, where it was cut, what is seen
MILLISECOND = Fraction(1, 1000)
HEADER = (
    b"[Script Info]\nScriptType: v4.00+\n[V4+ Styles]\nFormat: Name, Fontname\n"
    b"Style: Default,Arial\n[Events]\nFormat: Layer, Start, End, Style, Name, "
    b"MarginL, MarginR, MarginV, Effect, Text\n"
)


class Ear:
    """Keeps what is heard."""

    def __init__(self) -> None:
        self.heard: list[npt.NDArray[np.float32]] = []

    def add(self, samples: npt.NDArray[np.float32], rate: int) -> None:
        assert rate == RATE
        self.heard.append(np.abs(samples).max(axis=1))

    def skip(self, number: int, _rate: int) -> None:
        self.heard.append(np.zeros(number, np.float32))

    def finish(self) -> None:
        """Nothing waits."""


def whole(path: Path) -> Path:
    """Four seconds; a picture is lit while a tone of as long is heard, and a cue stands there."""
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("libx264", rate=25, options={"bf": "2"})
        pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        pictures.codec_context.gop_size = GROUP
        sound = container.add_stream("ac3", rate=RATE, layout="mono")
        words = container.add_stream("subrip") if path.suffix == ".mkv" else None
        if words is not None:
            words.time_base = MILLISECOND
            words.codec_context.subtitle_header = HEADER
            chapter = {"id": 1, "start": 2400, "end": 3000, "time_base": MILLISECOND}
            container.set_chapters([{**chapter, "metadata": {"title": "Lightning"}}])
        for at in range(100):
            light = 230 if at == LIT else 40
            picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), light, np.uint8))
            picture.pts = at
            container.mux(pictures.encode(picture))
        container.mux(pictures.encode())
        wave = np.zeros(4 * RATE, np.float32)
        lit = slice(LIT * RATE // 25, (LIT + 1) * RATE // 25)
        wave[lit] = np.sin(np.arange(RATE // 25) / 8) / 2
        for begin in range(0, len(wave), 1536):
            block = av.AudioFrame.from_ndarray(wave[None, begin : begin + 1536], "fltp", "mono")
            block.sample_rate, block.pts, block.time_base = RATE, begin, Fraction(1, RATE)
            container.mux(sound.encode(block))
        container.mux(sound.encode())
        if words is not None:
            event = SubtitleSet.create(b"0,0,Default,,0,0,0,,Look up", 0, 600, pts=2_400_000)
            cue = words.codec_context.encode_subtitle(event)
            cue.stream, cue.time_base = words, MILLISECOND
            cue.pts = cue.dts = 2400
            cue.duration = 600
            container.mux(cue)
    return path


def cut(path: Path, source: Path) -> Path:
    """All packets of a file from a moment on at which no picture can be decoded."""
    with av.open(str(source)) as old, av.open(str(path), "w") as new:
        start = min(Fraction(s.start_time or 0) * s.time_base for s in old.streams.video)
        streams = {each.index: new.add_stream_from_template(each) for each in old.streams}
        if path.suffix == ".mkv":
            new.set_chapters(old.chapters())
        for packet in old.demux():
            if packet.dts is None or packet.pts is None:
                continue
            if packet.pts * packet.time_base - start < Fraction(CUT, 25):
                continue
            packet.stream = streams[packet.stream_index]
            new.mux(packet)
    return path


@pytest.mark.parametrize("name", ["a.mkv", "a.ts"])
def test_all_count_from_the_first_picture_that_decodes(tmp_path: Path, name: str) -> None:
    path = cut(tmp_path / name, whole(tmp_path / f"whole-{name}"))
    found = probe(path)
    pictures = list(PictureReader(path, found, SamplingPolicy(decode="full")))
    lit = [each.pts * found.time_base for each in pictures if each.squeezed.mean() > 128]
    seen = Fraction(LIT - GROUP, 25)
    assert [float(at) for at in lit] == pytest.approx([float(seen)], abs=0.001)
    ear = Ear()
    sound = SoundPass(path, found, listener=ear)
    sound.run()
    loud = np.flatnonzero(np.concatenate(ear.heard) > 0.1) / RATE
    assert (loud[0], loud[-1]) == pytest.approx((float(seen), float(seen) + 1 / 25), abs=0.01)
    if name == "a.mkv":
        chapter, cue = read_embedded(path, found.origin).segments
        for each, text in ((chapter, "Lightning"), (cue, "Look up")):
            assert each.text == text
            assert (each.start, each.end) == pytest.approx((seen, seen + 0.6), abs=0.002)


def test_a_picture_is_found_behind_many_that_do_not_decode(tmp_path: Path) -> None:
    """A broadcast may have a group of ten seconds, of which the first picture was cut off."""
    with av.open(str(tmp_path / "whole.ts"), "w") as container:
        options = {"x264-params": "scenecut=0"}
        pictures = container.add_stream("libx264", rate=25, options=options)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        pictures.codec_context.gop_size = 250
        for at in range(300):
            shade = np.full((48, 64, 3), 40 + at % 100, np.uint8)
            picture = av.VideoFrame.from_ndarray(shade)
            picture.pts = at
            container.mux(pictures.encode(picture))
        container.mux(pictures.encode())
    with av.open(str(tmp_path / "whole.ts")) as source:
        first = Fraction(source.streams.video[0].start_time or 0) * Fraction(1, 90_000)
    found = probe(cut(tmp_path / "cut.ts", tmp_path / "whole.ts"))
    assert found.origin == first + 10


def test_chapters_that_were_counted_anew_stay(tmp_path: Path) -> None:
    """Some tools count them from 0 in a film that keeps the times of the one it was cut out of."""
    path = whole(tmp_path / "a.mkv")
    assert [each.start for each in read_embedded(path, Fraction(36_000)).segments][:1] == [
        Fraction(12, 5)
    ]
