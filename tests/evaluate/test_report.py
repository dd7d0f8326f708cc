"""The report: published figures in it are what was published, and it can be read."""

from __future__ import annotations

import csv
import html as escaped
import json
import os
import re
import shutil
import subprocess
import threading
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from test_run import dataset

from catalog.encoders import load_encoder
from catalog.errors import InvalidInputError, PathNotFoundError
from catalog.evaluate import Contender, Evaluation, Options, Protocol, evaluate
from catalog.evaluate.bootstrap import Estimate
from catalog.evaluate.published import as_evaluation, published, published_evaluation, published_of
from catalog.evaluate.readers import CROSSMODAL
from catalog.evaluate.report import report_path, write_report
from catalog.evaluate.report.page import html

CAPTIONS = Path(__file__).resolve().parents[3] / "shared" / "captions"
EXPECTED = CAPTIONS / "derived_xm3600_expected_recall.tsv"
XLMR, OPENAI = "xlm-roberta-base-ViT-B-32/laion5b_s13b_b90k", "ViT-B-32/openai"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


@pytest.fixture(scope="module")
def measured() -> Evaluation:
    """Two encoders, two languages, a picture that is gone, and captions of a stranger."""
    whole = dataset()
    hostile = [
        replace(caption, text=f"{caption.text} <script>alert(1)</script> {{{{ 7*7 }}}}")
        if caption.language == "de" or caption.picture == 2
        else caption
        for caption in whole.captions
    ]
    pictures = (*whole.pictures[:-1], replace(whole.pictures[-1], name='"><img>', read=gone))
    long = "MODEL-of-a-very-long-name-that-cannot-be-broken-anywhere/at_all_b79k"
    return evaluate(
        replace(whole, pictures=pictures, captions=tuple(hostile)),
        [
            Contender("null", lambda: load_encoder("null")),
            Contender(long, lambda: load_encoder("null:48"), {"de": "<b>{}</b>"}),
        ],
        options=Options(resamples=200),
    )


def gone() -> bytes:
    raise PathNotFoundError("There is no picture.", remedy="Look for it.")


class Tables(HTMLParser):
    """Cells of every table of a page, and every address it names."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.classes: list[str] = []
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self._cell: list[str] | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = dict(attributes)
        self.addresses += [given[name] or "" for name in ("src", "href", "srcset") if name in given]
        if tag == "table":
            self.tables.append([])
            self.classes.append(given.get("class") or "")
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in {"td", "th"}:
            self._cell = []

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th"} and self._cell is not None:
            self.tables[-1][-1].append(" ".join("".join(self._cell).split()))
            self._cell = None


def page_of(found: Evaluation) -> str:
    return html(found, made=NOW, program="1.2.3")


@pytest.mark.skipif(not EXPECTED.is_file(), reason="LOUD: ../shared/captions is not there")
def test_published_figures_are_those_that_were_published():
    """What the package carries, against the sources' own files."""
    with EXPECTED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert len(rows) == 36
    first, every = published_of(XLMR, Protocol.FIRST), published_of(XLMR, Protocol.EVERY)
    openai = published_of(OPENAI, Protocol.FIRST)
    laion = published_of("ViT-B-32/laion2b_s34b_b79k", Protocol.FIRST)
    for row in rows:
        code = row["lang"]
        assert first.text_to_image[code] == float(row["xlmr_b32_open_clip_t2i_r1"])
        assert first.image_to_text[code] == float(row["xlmr_b32_open_clip_i2t_r1"])
        assert every.text_to_image[code] == pytest.approx(
            float(row["xlmr_b32_babel_t2i_r1"]), abs=1e-4
        )
        assert every.image_to_text[code] == pytest.approx(
            float(row["xlmr_b32_babel_i2t_r1"]), abs=1e-4
        )
        assert openai.text_to_image[code] == float(row["vitb32_openai_t2i_r1"])
        assert laion.text_to_image[code] == float(row["vitb32_laion2b_s34b_b79k_t2i_r1"])
    mean = published_evaluation(Protocol.FIRST, [XLMR]).encoders[0].text_to_image[0].value
    assert round(mean, 4) == 0.4256, "as open_clip's own table has it"
    with pytest.raises(InvalidInputError, match="Nothing is known"):
        published_evaluation(Protocol.EVERY, [OPENAI])


@pytest.mark.skipif(not EXPECTED.is_file(), reason="LOUD: ../shared/captions is not there")
def test_published_figures_through_the_report():
    """As if they had been measured: the tables of the page hold them, language by language."""
    found = published_evaluation(Protocol.FIRST, [XLMR, OPENAI])
    measured = replace(found, kind=CROSSMODAL)
    page = Tables(page_of(measured))
    with EXPECTED.open(encoding="utf-8", newline="") as file:
        expected = {row["lang"]: row for row in csv.DictReader(file, delimiter="\t")}
    columns = ("xlmr_b32_open_clip_t2i_r1", "vitb32_openai_t2i_r1")
    beside = [t for t, c in zip(page.tables, page.classes, strict=True) if "published" in c]
    assert len(beside) == 2
    for table, column in zip(beside, columns, strict=True):
        assert table[0] == ["language", "here", "published", "difference"]
        assert len(table) == 37
        for name, here, theirs, difference in table[1:]:
            wanted = f"{100 * float(expected[name.rsplit(' ', 1)[1]][column]):.1f}"
            assert (here, theirs, difference) == (wanted, wanted, "+0.0")
    every = page.tables[0]
    german = next(row for row in every if row[0] == "German de")
    assert german[2] == "64.5"
    assert german[5] == "69.4"
    assert german[8] == "137 %", "of its own English"


def test_a_figure_beside_what_was_published():
    """Measured on fewer pictures, and off by more than chance: the table says so."""
    [theirs] = [each for each in published() if each.encoder == XLMR][:1]
    found = as_evaluation([theirs])
    german = found.encoders[0].languages["de"]
    ours = replace(german, text_to_image=(Estimate(0.5, 0.45, 0.55),))
    encoder = replace(found.encoders[0], languages={"de": ours})
    page = page_of(replace(found, kind=CROSSMODAL, languages=("de",), encoders=(encoder,),
                           pictures=900))  # fmt: skip
    assert "here on 900, among which it is easier" in page
    assert '<td class="bad">-14.5</td>' in page
    prompted = replace(encoder, templates={"": "a photo of {}"})
    assert (
        "published"
        not in Tables(
            page_of(replace(found, kind=CROSSMODAL, languages=("de",), encoders=(prompted,)))
        ).classes
    )


def test_strangers_words_stay_words(measured: Evaluation):
    page = page_of(measured)
    parsed = Tables(page)
    assert "script" not in parsed.tags
    assert "<script>alert(1)</script>" not in page
    assert escaped.escape("<script>alert(1)</script>", quote=False) in page


def test_it_needs_nothing_else(measured: Evaluation):
    page = page_of(measured)
    parsed = Tables(page)
    assert parsed.addresses, "thumbnails"
    assert {address[:22] for address in parsed.addresses} == {"data:image/jpeg;base64"}
    assert not re.search(r"url\(|@import|https?://", page)
    for name in ("By language", "Matches and misses", "Right and wrong", "Speed and memory",
                 "How far apart they lie", "How it was measured", "Left out"):  # fmt: skip
        assert f"<h2>{name}</h2>" in page, name


def test_it_is_written_whole_or_not_at_all(measured: Evaluation, tmp_path: Path):
    target = tmp_path / "report.html"
    write_report(measured, target, program="1")
    first = target.read_text(encoding="utf-8")
    assert first.rstrip().endswith("</html>")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    with pytest.raises(InvalidInputError, match=r"ends in \.html"):
        report_path(tmp_path / "report.txt")
    with pytest.raises(InvalidInputError, match="a folder that is there"):
        report_path(tmp_path / "nowhere" / "report.html")


# Loads the report in a frame of each width and tells what reaches out of it.
LOOK = """<!doctype html><meta charset=utf-8><body><script>
const widths = [390, 1440], told = [];
const look = at => {
  if (at == widths.length) {
    fetch("/report", {method: "POST", body: JSON.stringify(told)}); return;
  }
  const frame = document.createElement("iframe");
  frame.style.cssText = `border:0;width:${widths[at]}px;height:900px`;
  frame.onload = () => {
    const page = frame.contentDocument, shown = [...page.querySelectorAll("main *, header *")];
    const apart = shown.filter(e => !e.closest("svg, .scroll, details:not([open])"));
    const out = apart.filter(e => e.getBoundingClientRect().right > widths[at] + 1);
    const bar = page.querySelector(".bar .fill").getBoundingClientRect();
    const track = page.querySelector(".bar .track").getBoundingClientRect();
    const read = apart.filter(e => e.textContent.trim() && !e.closest("table.matrix"));
    const smallest = Math.min(...read
      .map(e => parseFloat(frame.contentWindow.getComputedStyle(e).fontSize)));
    told.push({
      width: widths[at], across: page.documentElement.scrollWidth,
      out: out.slice(0, 5).map(e => e.tagName + "." + e.className),
      share: bar.width / track.width, track: track.width, smallest,
      images: [...page.images].map(i => i.complete && i.naturalWidth > 0),
      cells: page.querySelectorAll(".matrix td.own").length,
      colour: frame.contentWindow.getComputedStyle(page.body).backgroundColor,
    });
    look(at + 1);
  };
  frame.src = "/report.html";
  document.body.replaceChildren(frame);
};
look(0);
</script>"""


class Server(ThreadingHTTPServer):
    """Serves the report and waits for what was seen in it."""

    def __init__(self, page: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages = {"/": LOOK, "/report.html": page}
        self.seen: list[dict] = []
        self.told = threading.Event()


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        body = self.server.pages.get(self.path)
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write((body or "").encode())

    def do_POST(self) -> None:
        self.server.seen = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()
        self.server.told.set()

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.skipif(
    CHROMIUM is None, reason="NO CHROMIUM: nobody has looked at the report; apt install chromium"
)
def test_it_can_be_read_on_a_phone_and_on_a_desk(measured: Evaluation, tmp_path: Path):
    server = Server(page_of(measured))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    command = [str(CHROMIUM), "--headless", "--disable-gpu", "--no-first-run"]
    command += ["--disable-background-networking", f"--user-data-dir={tmp_path / 'profile'}"]
    command += ["--disable-dev-shm-usage", *(["--no-sandbox"] if os.getuid() == 0 else [])]
    address = f"http://127.0.0.1:{server.server_address[1]}/"
    browser = subprocess.Popen(
        [*command, "--remote-debugging-port=0", "--window-size=1600,1000", address],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "HOME": str(tmp_path)},
    )
    try:
        assert server.told.wait(240), "the browser has told nothing"
    finally:
        browser.terminate()
        browser.wait(240)
        server.shutdown()
        server.server_close()
        thread.join()
    recall = measured.encoders[0].languages["en"].text_to_image[0].value
    assert [seen["width"] for seen in server.seen] == [390, 1440]
    for seen in server.seen:
        assert seen["across"] <= seen["width"], "nothing must be scrolled for sideways"
        assert seen["out"] == []
        assert seen["share"] == pytest.approx(recall, abs=0.01)
        assert seen["images"]
        assert all(seen["images"])
        assert seen["cells"] == sum(len(e.matrix.texts) for e in measured.encoders)
        assert seen["smallest"] >= 11
    phone, desk = server.seen
    assert phone["track"] > 120
    assert desk["track"] > 600
