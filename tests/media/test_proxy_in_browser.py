"""A real browser plays proxies: it asks for ranges, jumps, and shows the picture of that time."""

from __future__ import annotations

import functools
import http.server
import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import pytest
from media_essence import REAL_MEDIA
from test_proxy import BITS, make, numbered, with_tone

from catalog.domain.renditions import ProxySettings
from catalog.media.isolated import DecoderPool
from catalog.media.writer import write_video

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
RATE = Fraction(25)
PICTURES = 200

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="NO CHROMIUM: nobody has played the proxies; apt install chromium"
)

# Jumps to each time in turn, reads the stripes of what is shown, and reports by a request.
PAGE = """<!doctype html><video id=v muted preload=metadata></video><script>
const times = TIMES, bits = BITS, video = document.getElementById("v"), seen = [];
const tell = body => fetch("/report", {method: "POST", body: JSON.stringify(body)});
const number = () => {
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth; canvas.height = video.videoHeight;
  const pen = canvas.getContext("2d");
  pen.drawImage(video, 0, 0);
  let found = 0;
  for (let bit = 0; bit < bits; bit++) {
    const x = Math.floor((bit + 0.5) * canvas.width / bits), y = canvas.height >> 1;
    if (pen.getImageData(x, y, 1, 1).data[0] > 110) found += 1 << bit;
  }
  return found;
};
// "seeked" may come before the picture is shown; the picture alone never comes if it is the same.
let sought = false, shown = false, late = 0;
const look = () => {
  clearTimeout(late);
  sought = shown = false;
  seen.push(number());
  next();
};
const next = () => {
  if (seen.length < times.length) {
    video.requestVideoFrameCallback(() => { shown = true; if (sought) look(); });
    video.currentTime = times[seen.length];
    return;
  }
  tell({seen, duration: video.duration, width: video.videoWidth, height: video.videoHeight});
};
video.onseeked = () => { sought = true; if (shown) look(); else late = setTimeout(look, 3000); };
video.onloadeddata = next;
video.onerror = () => tell({error: video.error.message});
video.src = "FILE";
</script>"""


class Server(http.server.ThreadingHTTPServer):
    """Serves a folder with ranges, and waits for what a page reports."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), functools.partial(_Handler, directory=str(folder)))
        self.ranges: list[str] = []
        self.told: dict = {}
        self.report = threading.Event()


class _Handler(http.server.SimpleHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if not wanted or not path.is_file():
            super().do_GET()
            return
        size = path.stat().st_size
        first, last = int(wanted[1]), min(int(wanted[2] or size), size - 1)
        self.server.ranges.append(wanted[0])
        self.send_response(206)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.send_header("Content-Length", str(last - first + 1))
        self.end_headers()
        with path.open("rb") as file:
            file.seek(first)
            with suppress(OSError):  # the browser has enough
                self.wfile.write(file.read(last - first + 1))

    def do_POST(self) -> None:
        self.server.told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()
        self.server.report.set()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def pool() -> Iterator[DecoderPool]:
    pool = DecoderPool()
    yield pool
    pool.close()


def played(proxy: Path, times: list[float]) -> tuple[dict, list[str]]:
    """What a browser reports of the file, jumping to the times; the ranges it asked for."""
    page = PAGE.replace("TIMES", json.dumps(times)).replace("BITS", str(BITS), 1)
    (proxy.parent / "page.html").write_text(page.replace("FILE", proxy.name))
    server = Server(proxy.parent)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    profile = proxy.parent / "profile"
    command = [str(CHROMIUM), "--headless", "--disable-gpu", "--mute-audio", "--no-first-run"]
    command += ["--disable-background-networking", f"--user-data-dir={profile}"]
    command += ["--disable-dev-shm-usage", *(["--no-sandbox"] if os.getuid() == 0 else [])]
    address = f"http://127.0.0.1:{server.server_address[1]}/page.html"
    browser = subprocess.Popen(
        [*command, "--remote-debugging-port=0", address],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "HOME": str(proxy.parent)},
    )
    try:
        assert server.report.wait(240), "the browser has told nothing"
    finally:
        browser.terminate()
        browser.wait(240)
        server.shutdown()
        server.server_close()
        thread.join()
    return server.told, server.ranges


def test_jumping_to_a_time_shows_its_picture(pool, tmp_path):
    # Uneven times: each picture is shown until the next one's time.
    times = [n + n // 3 + (n > 100) * 50 for n in range(PICTURES)]
    film = tmp_path / "v.mp4"
    write_video(film, map(numbered, range(PICTURES)), frame_rate=RATE, pts=times)
    proxy, made = make(pool, with_tone(tmp_path / "a.mkv", film, seconds=8))
    assert made.sound
    wanted = [150, 3, 101, 7, 199, 0, 60]
    told, ranges = played(proxy, [float((times[n] + 0.3) / RATE) for n in wanted])
    assert "error" not in told, told
    assert told["seen"] == wanted
    assert (told["width"], told["height"]) == (128, 96)
    assert told["duration"] == pytest.approx((times[-1] + 1) / 25, abs=0.1)
    assert ranges


@pytest.mark.skipif(not REAL_MEDIA.is_dir(), reason="NO SHARED MEDIA: real proxies unplayed")
@pytest.mark.parametrize("name", ["media3_sample_h262_mpeg_audio.ts", "torchcodec_h265_10bits.mp4"])
def test_what_no_browser_plays_is_played_as_its_proxy(pool, tmp_path, name):
    source = tmp_path / name
    shutil.copy(REAL_MEDIA / "video" / name, source)
    proxy, made = make(pool, source, ProxySettings())
    told, _ = played(proxy, [0.2, 0.0])
    assert "error" not in told, told
    assert (told["width"], told["height"]) == (made.width, made.height)
    assert len(told["seen"]) == 2
