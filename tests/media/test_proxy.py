"""A proxy is its original picture for picture, whatever the original's shape."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from media_essence import PAL, UPRIGHT, corner_names, corners

from catalog.domain.paths import shown_path
from catalog.domain.renditions import ProxySettings
from catalog.errors import MediaTooLargeError
from catalog.media import isolated_proxy
from catalog.media.isolated import DecoderPool
from catalog.media.isolated_proxy import proxy_of
from catalog.media.proxy import ProxyMade
from catalog.media.writer import write_video

LINES = ProxySettings(lines=96)
BITS = 8


@pytest.fixture(scope="module")
def pool() -> Iterator[DecoderPool]:
    pool = DecoderPool()
    yield pool
    pool.close()


def numbered(number: int, height: int = 192, width: int = 256) -> np.ndarray:
    """A picture whose stripes say which it is."""
    picture = np.zeros((height, width, 3), np.uint8)
    for bit in range(BITS):
        if number >> bit & 1:
            picture[:, bit * width // BITS : (bit + 1) * width // BITS] = 220
    return picture


def number_of(picture: np.ndarray) -> int:
    middle = picture[picture.shape[0] // 2].mean(axis=1)
    stripes = middle.reshape(BITS, -1)[:, 3:-3].mean(axis=1)
    return sum(int(level > 110) << bit for bit, level in enumerate(stripes))


def make(pool: DecoderPool, path: Path, settings: ProxySettings = LINES) -> tuple[Path, ProxyMade]:
    target = path.with_name(f"{path.stem}-proxy.mp4")
    with target.open("w+b") as file:
        return target, proxy_of(pool, path, settings, file)


def pictures(path: Path) -> list[tuple[Fraction, np.ndarray, bool]]:
    with av.open(str(path)) as container:
        return [
            (frame.pts * frame.time_base, frame.to_ndarray(format="rgb24"), frame.key_frame)
            for frame in container.decode(video=0)
        ]


def boxes(path: Path) -> list[bytes]:
    content, at, names = path.read_bytes(), 0, []
    while at < len(content):
        names.append(content[at + 4 : at + 8])
        at += int.from_bytes(content[at : at + 4], "big")
    return names


def with_tone(path: Path, source: Path, *, starts: float = 0.0, seconds: float = 2.0) -> Path:
    """The film with a sound of 32 kHz and six channels beside it, silent but for a click each half
    second."""
    rate = 32_000
    with av.open(str(source)) as film, av.open(str(path), "w") as target:
        old = film.streams.video[0]
        pictures = target.add_stream_from_template(old)
        sound = target.add_stream("pcm_s16le", rate=rate, layout="5.1")
        for packet in film.demux(old):
            if packet.dts is not None:
                packet.stream = pictures
                target.mux(packet)
        samples = np.zeros((int(rate * seconds), 6), np.int16)
        for click in np.arange(0, seconds, 0.5):
            samples[int(click * rate) : int((click + 0.02) * rate)] = 12_000
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="5.1")
        frame.sample_rate, frame.pts = rate, int(starts * rate)
        frame.time_base = Fraction(1, rate)
        target.mux(sound.encode(frame))
        target.mux(sound.encode(None))
    return path


@pytest.mark.parametrize("times", [range(60), [n + n // 7 * 3 + (n > 40) * 30 for n in range(60)]])
def test_picture_n_is_picture_n_at_its_time(pool, tmp_path, times):
    source = tmp_path / "a.mp4"
    write_video(source, map(numbered, range(60)), frame_rate=Fraction(30000, 1001), pts=times)
    path, made = make(pool, source)
    before, after = pictures(source), pictures(path)
    assert made.pictures == len(after) == 60
    assert [number_of(picture) for _, picture, _ in after] == list(range(60))
    assert [at for at, _, _ in after] == [at - before[0][0] for at, _, _ in before]
    assert after[0][1].shape == (96, 128, 3)
    assert boxes(path).index(b"moov") < boxes(path).index(b"mdat")
    keys = [float(at) for at, _, key in after if key]
    assert max(np.diff([*keys, float(after[-1][0])])) <= 2.1
    assert len(keys) >= float(after[-1][0]) / 2


def test_stored_turned_and_with_wide_pixels_it_is_upright_and_square(pool, tmp_path):
    for rotation in (0, 90, 180, 270):
        stored = np.rot90(corners(192, 256), rotation // 90)
        source = tmp_path / f"{rotation}.mp4"
        write_video(source, [stored] * 3, frame_rate=PAL, rotation=rotation)
        path, made = make(pool, source)
        ((_, first, _), *_) = pictures(path)
        assert corner_names(first) == UPRIGHT, rotation
        assert (made.width, made.height) == (128, 96) == first.shape[1::-1]
    source = tmp_path / "wide.mp4"
    write_video(source, [corners(96, 96)] * 3, frame_rate=PAL, sample_aspect_ratio=Fraction(16, 9))
    path, _ = make(pool, source)
    assert pictures(path)[0][1].shape == (96, 172, 3)


def test_interlaced_pictures_become_whole_ones_and_none_is_lost(pool, tmp_path):
    moving = []
    for at in range(25):
        picture = np.zeros((192, 256, 3), np.uint8)
        picture[::2, at * 8 : at * 8 + 40] = 220
        picture[1::2, at * 8 + 4 : at * 8 + 44] = 220
        moving.append(picture)
    source = tmp_path / "a.mp4"
    options = {"x264-params": "tff=1"}
    write_video(source, moving, frame_rate=PAL, options=options)
    for lines, settings in ((192, ProxySettings(lines=192)), (96, LINES)):
        path, made = make(pool, source, settings)
        after = pictures(path)
        assert made.pictures == len(after) == 25
        assert [at for at, _, _ in after] == [Fraction(n, 25) for n in range(25)]
        assert after[0][1].shape[0] == lines
        # The comb: neighbouring lines differ at the edges of what moves.
        comb = np.abs(np.diff(after[12][1].astype(int), axis=0)).max(axis=(1, 2))[8:-8]
        assert np.median(comb) < 60


def test_one_interlaced_picture_is_one(pool, tmp_path):
    options = {"x264-params": "tff=1"}
    write_video(tmp_path / "a.mp4", [numbered(5)], frame_rate=PAL, options=options)
    path, made = make(pool, tmp_path / "a.mp4")
    assert made.pictures == 1
    assert number_of(pictures(path)[0][1]) == 5


@pytest.mark.parametrize("starts", [0.0, 0.7])
def test_the_sound_keeps_to_the_picture_in_two_channels(pool, tmp_path, starts):
    write_video(tmp_path / "v.mp4", map(numbered, range(75)), frame_rate=PAL)
    source = with_tone(tmp_path / "a.mkv", tmp_path / "v.mp4", starts=starts)
    path, made = make(pool, source)
    assert made.sound
    with av.open(str(path)) as container:
        heard = [frame.to_ndarray() for frame in container.decode(audio=0) if frame.pts >= 0]
        context = container.streams.audio[0].codec_context
        assert (context.name, context.sample_rate, context.layout.name) == ("aac", 48000, "stereo")
        first = container.streams.audio[0].start_time or 0
    samples = np.abs(np.concatenate(heard, axis=1)).max(axis=0)
    assert first == 0
    loud = np.flatnonzero(samples > 0.1) / 48000
    clicks = [t for n, t in enumerate(loud) if not n or t - loud[n - 1] > 0.1]
    assert clicks == pytest.approx([starts, starts + 0.5, starts + 1, starts + 1.5], abs=0.03)


def test_a_sound_has_a_proxy_without_pictures(pool, tmp_path):
    write_video(tmp_path / "v.mp4", map(numbered, range(5)), frame_rate=PAL)
    film = with_tone(tmp_path / "a.mkv", tmp_path / "v.mp4")
    with av.open(str(film)) as source, av.open(str(tmp_path / "s.wav"), "w") as target:
        stream = target.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(source.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    path, made = make(pool, tmp_path / "s.wav")
    assert (made.pictures, made.width, made.sound) == (0, None, True)
    with av.open(str(path)) as container:
        assert [stream.type for stream in container.streams] == ["audio"]


def test_a_proxy_that_grows_without_bounds_is_refused(pool, tmp_path, monkeypatch):
    monkeypatch.setattr(isolated_proxy, "_BYTES", 2000)
    monkeypatch.setattr(isolated_proxy, "_BYTES_PER_SECOND", 0)
    rng = np.random.default_rng(1)
    noise = [rng.integers(0, 255, (96, 128, 3)).astype(np.uint8) for _ in range(25)]
    write_video(tmp_path / "a.mp4", noise, frame_rate=PAL)
    with pytest.raises(MediaTooLargeError, match="grows beyond 2000 bytes") as raised:
        make(pool, tmp_path / "a.mp4")
    assert shown_path(tmp_path / "a.mp4") in raised.value.message
    assert (tmp_path / "a-proxy.mp4").stat().st_size <= 2000
