"""Films with sound whose proxies are made, and who is told how far they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from catalog import Catalog


def renditions(catalog: Catalog, reference: str) -> dict[str, dict]:
    return {made["kind"]: made for made in catalog.show(reference)["renditions"]}


def put_sound_to(film: Path) -> Path:
    import av

    target = film.with_name(f"loud-{film.name}")
    with av.open(str(film)) as source, av.open(str(target), "w") as out:
        pictures = out.add_stream_from_template(source.streams.video[0])
        tone = out.add_stream("aac", rate=48000, layout="mono")
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = pictures
                out.mux(packet)
        samples = (np.sin(np.arange(48000) / 20) * 0.5).astype(np.float32)[np.newaxis]
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 48000, 0
        out.mux(tone.encode(frame))
        out.mux(tone.encode(None))
    film.unlink()
    return target


class Listener:
    """Does something whenever a proxy has gone on."""

    def __init__(self, act: Callable[[], object]) -> None:
        self._act = act

    def begin(self, stage: str, total: float | None, unit: str) -> None: ...

    def end(self, stage: str) -> None: ...

    def advance(self, stage: str, amount: float, note: str = "") -> None:
        self._act()
