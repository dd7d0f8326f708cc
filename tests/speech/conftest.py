"""Films in which somebody speaks, and a catalogue whose recogniser is a stand-in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from stand_in import Source, StandIn

from catalog import Catalog
from catalog.domain.speech import RATE, Heard
from catalog.media.hearing import hear_file
from catalog.media.isolated import DecoderPool
from catalog.settings import Settings

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "media" / "sound"
JFK = SHARED / "speech_jfk.flac"


@pytest.fixture(scope="session")
def speech() -> Heard:
    """Eleven seconds of John F. Kennedy, public domain, at 16 kHz."""
    if not JFK.exists():
        pytest.skip(f"no {JFK.name} among the shared sounds")
    blocks: list[Heard] = []
    pool = DecoderPool()
    hear_file(pool, JFK, blocks.append)
    pool.close()
    return np.concatenate(blocks)


@pytest.fixture
def film(tmp_path: Path) -> Callable[..., Path]:
    """Makes a film with this sound; the sound begins ``late`` seconds after the first picture."""

    def make(
        name: str, sound: Heard, *, late: float = 0.0, channels: int = 1, live: int = 0
    ) -> Path:
        path = tmp_path / "films" / name
        path.parent.mkdir(exist_ok=True)
        write(path, sound, late=late, channels=channels, live=live)
        return path

    return make


def write(path: Path, sound: Heard, *, late: float, channels: int, live: int) -> None:
    """A film of grey pictures; of so many channels only the ``live`` one has the sound."""
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[channels]
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("mpeg4", rate=5)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        words = container.add_stream("pcm_s16le", rate=RATE, layout=layout)
        for pts in range(int(5 * (late + len(sound) / RATE)) + 1):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 120, np.uint8))
            frame.pts = pts
            container.mux(pictures.encode(frame))
        container.mux(pictures.encode())
        samples = np.zeros((len(sound), channels), "<i2")
        samples[:, live] = np.clip(sound * 32767, -32768, 32767)
        for first in range(0, len(sound), 1024):
            block = samples[first : first + 1024].reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(block, format="s16", layout=layout)
            frame.sample_rate = RATE
            frame.pts = first + round(late * RATE)
            container.mux(words.encode(frame))
        container.mux(words.encode())


@pytest.fixture
def catalog(settings: Settings) -> Iterator[Catalog]:
    """A catalogue whose recogniser's weights are away."""
    with Catalog.open(settings) as opened:
        opened.recognisers = Source()
        yield opened


@pytest.fixture
def recogniser(catalog: Catalog) -> StandIn:
    """The stand-in, as the catalogue's recogniser."""
    made = StandIn()
    catalog.recognisers = Source(made)
    return made
