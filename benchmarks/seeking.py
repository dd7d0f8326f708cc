"""What a browser reads to jump in a proxy: ``python -m benchmarks.seeking [MINUTES]``.

A film of noise and motion is made into a proxy. It is served as it is (its index in front) and,
copied packet by packet, in fragments of a second; Chromium jumps to the end, the middle and the
beginning of each. Counted are requests, and bytes sent until the picture was there.
"""

from __future__ import annotations

import http.server
import json
import re
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, cast

import av
import numpy as np
from playwright.sync_api import Browser, sync_playwright

from catalog.domain.renditions import ProxySettings
from catalog.media.isolated import DecoderPool
from catalog.media.isolated_proxy import proxy_of
from catalog.media.writer import write_video

MINUTES = 10
_RATE, _CHUNK = 25, 65_536
_AT = (0.95, 0.5, 0.05)
_PAGE = "<!doctype html><video id=film muted preload=metadata src={}></video>"
_LOADED = "document.querySelector('#film').readyState >= 2"
_JUMP = """at => new Promise(done => {
  const film = document.querySelector("#film");
  film.onseeked = () => done(film.duration);
  film.currentTime = at;
})"""


class _Serving(http.server.SimpleHTTPRequestHandler):
    """A folder with byte ranges; counts what is sent, as long as the browser takes it."""

    sent = 0
    requests = 0

    def do_GET(self) -> None:
        """Answer, counting."""
        path = Path(self.translate_path(self.path))
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if asked is None or not path.is_file():
            super().do_GET()
            return
        size = path.stat().st_size
        first, last = int(asked[1]), min(int(asked[2] or size), size - 1)
        _Serving.requests += 1
        self.send_response(206)
        self.send_header("Content-Type", "video/mp4")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.send_header("Content-Length", str(last - first + 1))
        self.end_headers()
        with path.open("rb") as file, suppress(OSError):  # the browser has enough
            file.seek(first)
            left = last - first + 1
            while left and (chunk := file.read(min(_CHUNK, left))):
                self.wfile.write(chunk)
                _Serving.sent += len(chunk)
                left -= len(chunk)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _pictures(count: int) -> Iterator[np.ndarray[Any, Any]]:
    noise = np.random.default_rng(1).integers(0, 255, (360, 1280, 3)).astype(np.uint8)
    for n in range(count):
        yield np.ascontiguousarray(np.roll(noise, n * 4, axis=1)[:, :640])


def _fragmented(proxy: Path, target: Path) -> None:
    """The same packets in fragments that begin at key pictures."""
    options = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    with av.open(str(proxy)) as source, av.open(str(target), "w", options=options) as out:
        streams = {s.index: out.add_stream_from_template(s) for s in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                out.mux(packet)


def _measured(browser: Browser, url: str, seconds: float) -> dict[str, float]:
    found: dict[str, float] = {}
    page = browser.new_page()
    _Serving.sent = _Serving.requests = 0
    page.goto(url)
    page.wait_for_function(_LOADED, timeout=600_000)
    found["open_bytes"], found["open_requests"] = _Serving.sent, _Serving.requests
    length = page.evaluate("document.querySelector('#film').duration")
    found["length_known"] = float(abs((length or 0) - seconds) < 1)
    for at in _AT:
        _Serving.sent = _Serving.requests = 0
        page.evaluate(_JUMP, at * seconds)
        found[f"jump_{at:g}_bytes"] = _Serving.sent
        found[f"jump_{at:g}_requests"] = _Serving.requests
    page.close()
    return found


def main() -> None:
    """Print a table of bytes and requests, and one JSON object."""
    seconds = 60 * (int(sys.argv[1]) if len(sys.argv) > 1 else MINUTES)
    pool = DecoderPool()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        film, proxy = folder / "film.mp4", folder / "faststart.mp4"
        write_video(film, _pictures(seconds * _RATE), frame_rate=Fraction(_RATE))
        with proxy.open("w+b") as file:
            proxy_of(pool, film, ProxySettings(), cast("BinaryIO", file))
        pool.close()
        _fragmented(proxy, folder / "fragmented.mp4")
        server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), partial(_Serving, directory=name)
        )
        threading.Thread(target=server.serve_forever, daemon=True).start()
        figures: dict[str, Any] = {"seconds": seconds}
        with sync_playwright() as playwright:
            chromium = shutil.which("chromium") or shutil.which("chromium-browser")
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            for kind in ("faststart", "fragmented"):
                (folder / f"{kind}.html").write_text(_PAGE.format(f"{kind}.mp4"))
                url = f"http://127.0.0.1:{server.server_address[1]}/{kind}.html"
                found = _measured(browser, url, seconds)
                figures[f"{kind}_size"] = (folder / f"{kind}.mp4").stat().st_size
                figures |= {f"{kind}_{key}": value for key, value in found.items()}
            browser.close()
        server.shutdown()
    for key, value in figures.items():
        print(f"{key:32} {value:>14,}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
