"""A catalogue of the test's own, and counting what it sends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import pytest
from sqlalchemy import event

from catalog import Catalog
from catalog.domain import plan as planning
from catalog.search import planning as looking
from catalog.settings import Settings


@pytest.fixture
def catalog(settings: Settings) -> Iterator[Catalog]:
    with Catalog.open(settings) as opened:
        yield opened


class Statements(list[str]):
    """Statements sent while the block ran."""

    @contextmanager
    def of(self, catalog: Catalog) -> Iterator[None]:
        def note(_c, _k, statement, _p, _x, _m) -> None:
            self.append(statement)

        event.listen(catalog.database.engine, "before_cursor_execute", note)
        try:
            yield
        finally:
            event.remove(catalog.database.engine, "before_cursor_execute", note)


@pytest.fixture(autouse=True)
def judged_anew(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Has filters judged anew by each test, and whenever called.

    What a process believes of them for half a minute is of the test before, or of other costs.
    """
    known_by = looking.filters_of

    def anew() -> None:
        mark = object()
        monkeypatch.setattr(looking, "filters_of", lambda *given: (mark, known_by(*given)))

    anew()
    return anew


@pytest.fixture
def way(monkeypatch: pytest.MonkeyPatch, judged_anew: Callable[[], None]) -> Callable[[str], None]:
    """Makes searches go one way, whatever it would cost."""

    def go(kind: str) -> None:
        judged_anew()
        dear = {"exact": "_FRAME", "graph": "_STEP"}
        monkeypatch.setattr(planning, "_EXACT_BELOW", 0 if kind != "exact" else 10**9)
        for name, cost in dear.items():
            monkeypatch.setattr(planning, cost, 1e-6 if kind == name else 1e3)
        if kind == "graph":
            monkeypatch.setattr(planning, "_WALK", 0)
            monkeypatch.setattr(planning, "_FRAME", 1.0)
            monkeypatch.setattr(planning, "_LOOK_UP", 0)
        if kind == "centres":
            monkeypatch.setattr(planning, "_KEPT", 0)
            monkeypatch.setattr(planning, "_SCAN", 0)
            monkeypatch.setattr(planning, "_FRAME", 1.0)
            monkeypatch.setattr(planning, "_LOOK_UP", 0)

    return go


@pytest.fixture
def statements() -> Statements:
    return Statements()


@pytest.fixture
def subtitled() -> Callable[..., Path]:
    """Makes a film of two seconds with a chapter and a subtitle stream in Ukrainian."""
    return _subtitled


_CUES = ((500, 1000, "Hello press"), (1000, 1800, "two"))


def _subtitled(path: Path, cues: Sequence[tuple[int, int, str]] = _CUES) -> Path:
    import av
    import numpy as np
    from av.subtitles.subtitle import SubtitleSet

    path.parent.mkdir(parents=True, exist_ok=True)
    millisecond = Fraction(1, 1000)
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("mpeg4", rate=25)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        words = container.add_stream("mov_text" if path.suffix.lower() == ".mp4" else "subrip")
        words.metadata["language"] = "ukr"
        words.codec_context.subtitle_header = (
            b"[Script Info]\nScriptType: v4.00+\n[V4+ Styles]\nFormat: Name, Fontname\n"
            b"Style: Default,Arial\n[Events]\nFormat: Layer, Start, End, Style, Name, "
            b"MarginL, MarginR, MarginV, Effect, Text\n"
        )
        words.time_base = millisecond
        chapter = {"id": 1, "start": 0, "end": 900, "time_base": millisecond}
        container.set_chapters([{**chapter, "metadata": {"title": "Opening titles"}}])
        for pts in range(50):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 120, np.uint8))
            frame.pts = pts
            container.mux(pictures.encode(frame))
        container.mux(pictures.encode())
        for number, (start, end, text) in enumerate(cues):
            event = f"{number},0,Default,,0,0,0,,{text}".encode()
            cue = SubtitleSet.create(event, 0, end - start, pts=start * 1000)
            packet = words.codec_context.encode_subtitle(cue)
            packet.stream, packet.time_base = words, millisecond
            packet.pts = packet.dts = start
            packet.duration = end - start
            container.mux(packet)
    return path
