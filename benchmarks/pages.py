"""How quick the pages are in a browser: ``python -m benchmarks.pages [--shots N]``.

Catalogues the demonstration, serves it, and looks at it with Debian's Chromium: when a view
is first painted, what moves while it loads, what goes over the wire, and how evenly a list of
``N`` shots scrolls from its beginning to its end. With ``--screens`` it also takes the
pictures of docs/ and README.

First contentful paint and layout shift are those of the W3C's Paint Timing and Layout
Instability. Times are medians of several loads with an empty cache, the server warm.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import statistics
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import text

from catalog import Catalog
from catalog.db.models import Asset, Clip, Frame
from catalog.web.server import serve

QUERY = "a green bicycle on the beach in the rain"
VIEWS = {
    "everything": "/",
    "search": f"/?q={QUERY.replace(' ', '+')}&all=1",
    "player": f"/?q={QUERY.replace(' ', '+')}&all=1&shot=SHOT",
    "asset": "/assets/1",
    "admin": "/admin",
}
_MOST_BYTES = 200_000
_MANY = "collection:Many"

# What differs in a copy of a still, and which row is copied.
_COPIES = (
    (
        Asset,
        """jsonb_build_object('id', :base + n, 'fingerprint', left(t.fingerprint, 50) || n,
           'collection', 'Many', 'name', 'still-' || lpad(n::text, 6, '0') || '.jpg')""",
        "t.id",
    ),
    (Clip, "jsonb_build_object('id', :base + n, 'asset_id', :base + n)", "t.asset_id"),
    (
        Frame,
        "jsonb_build_object('id', :base + n, 'asset_id', :base + n, 'clip_id', :base + n)",
        "t.asset_id",
    ),
)

_OBSERVE = """
window.seen = { shift: 0, paint: 0, frames: [] };
new PerformanceObserver(list => list.getEntries().forEach(e => { seen.shift += e.value; }))
  .observe({ type: "layout-shift", buffered: true });
new PerformanceObserver(list => list.getEntries().forEach(e => {
  if (e.name === "first-contentful-paint") seen.paint = e.startTime;
})).observe({ type: "paint", buffered: true });
"""

# Scrolls as somebody does who pulls hard, a screen a frame, until the list has ended.
_SCROLL = """
() => new Promise(done => {
  const times = [], began = performance.now();
  let before = began, still = 0, most = 0;
  const step = now => {
    times.push(now - before);
    before = now;
    const height = document.documentElement.scrollHeight;
    most = Math.max(most, document.querySelectorAll(".card").length);
    const ended = document.querySelector("#shots[data-ended]") &&
      !document.querySelector(".hollow") && scrollY + innerHeight >= height - 2;
    still = ended ? still + 1 : 0;
    if (still > 3) {
      const last = [...document.querySelectorAll(".card")].at(-1);
      return done({ times, most, last: last.dataset.name, s: (now - began) / 1000,
                    heap: performance.memory?.usedJSHeapSize });
    }
    scrollBy(0, innerHeight);
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})
"""


def main() -> None:
    """Print a table per view, how the long list scrolls, and one JSON object."""
    options = argparse.ArgumentParser()
    options.add_argument("--shots", type=int, default=100_000)
    options.add_argument("--loads", type=int, default=7)
    options.add_argument("--screens", type=Path)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory(dir=_folder_for_all()) as home:
        Path(home).chmod(0o755)
        figures = _measure(Path(home), asked.shots, asked.loads, asked.screens)
    print(json.dumps(figures))


def _measure(home: Path, shots: int, loads: int, screens: Path | None) -> dict[str, Any]:
    with Catalog.open(home=home, encoder="demo") as catalog, sync_playwright() as playwright:
        catalog.demonstrate()
        shot = str(catalog.search(QUERY).hits[0].clip["id"])
        arguments = ["--no-sandbox"] if os.getuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=_chromium(), args=arguments)
        figures: dict[str, Any] = {}
        with _served(catalog) as url:
            for name, address in VIEWS.items():
                figures |= _view(browser, url, name, address.replace("SHOT", shot), loads)
            if screens is not None:
                _take(browser, url, shot, screens)
            multiply(catalog, shots)
            figures |= _scrolled(browser, url, shots)
        browser.close()
    return figures


def multiply(catalog: Catalog, count: int) -> None:
    """Have the first still so many times more, by rows, as a collection of its own."""
    still = catalog.assets("kind:still", limit=1)["assets"][0]["id"]
    values = {"asset": still, "base": 1_000_000, "more": count}
    with catalog.database.session() as session:
        for model, changes, which in _COPIES:
            table = model.__table__
            names = [each.name for each in table.columns if each.computed is None]
            copied = ", ".join(f"c.{name}" for name in names)
            # The copies' words are those of the still: making them anew would take minutes.
            session.execute(text(f"ALTER TABLE {table.fullname} DISABLE TRIGGER USER"))
            session.execute(
                text(
                    f"INSERT INTO {table.fullname} ({', '.join(names)}) OVERRIDING SYSTEM VALUE "
                    f"SELECT {copied} FROM {table.fullname} t, generate_series(1, :more) n, "
                    f"jsonb_populate_record(t, {changes}) c WHERE {which} = :asset"
                ),
                values,
            )
            session.execute(text(f"ALTER TABLE {table.fullname} ENABLE TRIGGER USER"))
    with catalog.database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))


def _view(browser: Browser, url: str, name: str, address: str, loads: int) -> dict[str, Any]:
    paints, shifts, sent, script, served = [], [], 0, 0, []
    for _ in range(loads + 1):
        context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=url)
        context.add_init_script(_OBSERVE)
        page = context.new_page()
        page.goto(address)
        page.wait_for_load_state("networkidle")
        _wait_until(page, "seen.paint > 0")
        seen = page.evaluate("seen")
        loaded = page.evaluate(
            """[...performance.getEntriesByType("resource"),
                ...performance.getEntriesByType("navigation")].map(
                e => [e.name, e.transferSize, e.responseStart - e.requestStart, e.entryType])"""
        )
        paints.append(seen["paint"])
        shifts.append(seen["shift"])
        sent = sum(size for _, size, _, _ in loaded)
        script = sum(size for each, size, _, _ in loaded if each.split("?")[0].endswith(".js"))
        served.append(next(ms for _, _, ms, kind in loaded if kind == "navigation"))
        context.close()
    # The first load has warmed the server.
    paint, wait = statistics.median(paints[1:]), statistics.median(served[1:])
    print(
        f"{name:<12} first paint {paint:5.0f} ms (server {wait:4.0f} ms)  shift {max(shifts):.3f}"
        f"  {sent / 1000:6.0f} kB, of it scripts {script / 1000:.0f} kB"
    )
    return {
        f"{name}_first_paint_ms": round(paint, 1),
        f"{name}_server_ms": round(wait, 1),
        f"{name}_layout_shift": round(max(shifts), 4),
        f"{name}_kb": round(sent / 1000, 1),
        f"{name}_script_kb": round(script / 1000, 1),
    }


def _scrolled(browser: Browser, url: str, shots: int) -> dict[str, Any]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=url)
    page = context.new_page()
    page.set_default_timeout(3_600_000)
    page.goto(f"/?q={_MANY}&density=small")
    page.wait_for_selector("html[data-ready]")
    told = page.evaluate(_SCROLL)
    frames = sorted(told["times"])
    late = sum(1 for each in frames if each > 50)
    p99 = frames[int(0.99 * len(frames))]
    assert told["last"] == f"still-{shots:06d}.jpg", told["last"]
    print(
        f"{shots:,} shots scrolled through in {told['s']:.0f} s: {len(frames):,} frames, p99 "
        f"{p99:.0f} ms, {late} above 50 ms, at most {told['most']} cards in the document, "
        f"heap {told['heap'] / 1e6:.0f} MB"
    )
    context.close()
    return {
        "scrolled_shots": shots,
        "scroll_s": round(told["s"], 1),
        "scroll_frames": len(frames),
        "scroll_frame_p50_ms": round(statistics.median(frames), 1),
        "scroll_frame_p99_ms": round(p99, 1),
        "scroll_frames_above_50_ms": late,
        "scroll_most_cards": told["most"],
        "scroll_heap_mb": round(told["heap"] / 1e6, 1),
    }


def _take(browser: Browser, url: str, shot: str, folder: Path) -> None:
    """The pictures of README and docs: each a JPEG of at most 200 kB."""
    folder.mkdir(parents=True, exist_ok=True)
    taken = {
        "pages-search": (f"/?q={QUERY.replace(' ', '+')}&all=1&shot={shot}", 1440, 900),
        "pages-phone": (f"/?q={QUERY.replace(' ', '+')}&all=1", 390, 844),
        "pages-asset": ("/assets/1", 1440, 900),
    }
    for name, (address, width, height) in taken.items():
        context = browser.new_context(
            viewport={"width": width, "height": height}, base_url=url, device_scale_factor=1
        )
        page = context.new_page()
        page.goto(address)
        page.wait_for_selector("html[data-ready]")
        if "shot=" in address:
            _scrub(page)
        page.wait_for_load_state("networkidle")
        picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        for quality in (90, 80, 70, 60):
            picture.save(folder / f"{name}.jpg", quality=quality, optimize=True)
            if (folder / f"{name}.jpg").stat().st_size <= _MOST_BYTES:
                break
        context.close()


def _wait_until(page: Page, condition: str) -> None:
    """Wait for an expression to be true, without `eval`, which the pages forbid."""
    page.evaluate(
        f"() => new Promise(done => {{ const look = () => {condition} ? done() "
        f": requestAnimationFrame(look); look(); }})"
    )


def _scrub(page: Page) -> None:
    _wait_until(
        page,
        "(film => film && film.readyState >= 3 && !film.seeking)(document.querySelector('#film'))",
    )
    page.locator(".card[data-start] .pic").nth(1).hover()
    page.wait_for_selector(".card canvas")
    page.wait_for_selector("#filmstrip canvas")


@contextmanager
def _served(catalog: Catalog) -> Iterator[str]:
    told: list[str] = []
    ready, stop = threading.Event(), threading.Event()

    def tell(url: str) -> None:
        told.append(url)
        ready.set()

    options: dict[str, Any] = {"host": "127.0.0.1", "port": 0, "ready": tell, "stop": stop}
    thread = threading.Thread(target=serve, args=(catalog,), kwargs=options)
    thread.start()
    ready.wait(60)
    try:
        yield told[0]
    finally:
        stop.set()
        thread.join()


def _chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        raise SystemExit("There is no Chromium; apt install chromium.")
    return found


def _folder_for_all() -> str | None:
    """Where an embedded server that runs as another user can get at its files."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


if __name__ == "__main__":
    main()
