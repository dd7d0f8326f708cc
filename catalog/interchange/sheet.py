"""A printable contact sheet (PDF, A4): every cut with its picture and where to find it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.domain.timeline import Cut, Timeline, spell_rate
from catalog.domain.typefaces import SYSTEM_FONTS
from catalog.interchange.written import Options, Written, one_line

if TYPE_CHECKING:
    from fpdf import FPDF

# Millimetres, on A4 upright.
_MARGIN, _GAP, _COLUMNS = 12.0, 5.0, 3
_WIDTH, _HEIGHT = 210.0, 297.0
_CELL = (_WIDTH - 2 * _MARGIN - (_COLUMNS - 1) * _GAP) / _COLUMNS
_PICTURE = _CELL * 9 / 16
_LINE = 3.6
_LINES = 7
_NOTE_LINES = 3
_ROW = _PICTURE + _LINES * _LINE + 6
_TOP = 28.0


def write_pdf(timeline: Timeline, options: Options) -> Written:
    """Three pictures a row, with number, name, timecodes, length, reel and note."""
    from fpdf import FPDF  # noqa: PLC0415  # only those who print pay for it

    written = Written(clips=len(timeline.cuts))
    pdf = FPDF(format="A4")
    # What is not told to it changes from run to run.
    pdf.set_creator("asset catalog")
    pdf.set_title(one_line(timeline.name))
    pdf.set_auto_page_break(False)
    pdf.c_margin = 0
    page = _Page(pdf, timeline, written)
    for cut in timeline.cuts:
        page.cell(cut, options)
    if not timeline.cuts:
        page.begin()
    written.data = bytes(pdf.output())
    return written


class _Page:
    """Cells on pages; a heading on each."""

    def __init__(self, pdf: FPDF, timeline: Timeline, written: Written) -> None:
        self._pdf, self._timeline, self._written = pdf, timeline, written
        self._place = 0
        self._rows = int((_HEIGHT - _TOP - _MARGIN) // _ROW)
        self._font, self._glyphs = _fonts(pdf)
        self._said_unwritable = False

    def begin(self) -> None:
        """A new page with its heading."""
        pdf, timeline = self._pdf, self._timeline
        pdf.add_page()
        pdf.set_xy(_MARGIN, _MARGIN)
        self._write(timeline.name, _WIDTH - 2 * _MARGIN, 14, 7)
        rates = ", ".join(f"{count} at {rate}" for rate, count in timeline.rates.items())
        length = timeline.length / timeline.rate
        seconds = f"{float(length):.1f} s"
        count = len(timeline.cuts)
        clips = f"{count} clip{'' if count == 1 else 's'}"
        facts = " · ".join(filter(None, (clips, seconds, rates, f"page {pdf.page_no()}")))
        pdf.set_x(_MARGIN)
        self._write(facts, _WIDTH - 2 * _MARGIN, 8, 4, grey=True)

    def cell(self, cut: Cut, options: Options) -> None:
        """The next picture with what is to be said of it."""
        per_page = _COLUMNS * self._rows
        if self._place % per_page == 0:
            self.begin()
        row, column = divmod(self._place % per_page, _COLUMNS)
        self._place += 1
        left, top = _MARGIN + column * (_CELL + _GAP), _TOP + row * _ROW
        self._picture(cut, options, left, top)
        self._pdf.set_xy(left, top + _PICTURE + 1)
        for number, line in enumerate(_lines(cut)):
            self._pdf.set_x(left)
            self._write(line, _CELL, 8 if number == 0 else 7, _LINE, grey=number > 0, cut=cut)
        for line in self._wrapped(cut):
            self._pdf.set_x(left)
            self._write(line, _CELL, 7, _LINE, cut=cut)

    def _wrapped(self, cut: Cut) -> list[str]:
        """The note, or what is logged, on as many lines as there is room for."""
        text = self._writable(one_line(cut.note or cut.text), cut)
        if not text:
            return []
        self._pdf.set_font(self._font, size=7)
        told = self._pdf.multi_cell(_CELL, _LINE, text, dry_run=True, output="LINES")
        lines = [str(line).strip() for line in told] if isinstance(told, list) else [text]
        kept = lines[:_NOTE_LINES]
        # What is too long is cut where it is written, so that it shows.
        kept[-1] = " ".join((kept[-1], *lines[_NOTE_LINES:]))
        return kept

    def _picture(self, cut: Cut, options: Options, left: float, top: float) -> None:
        pdf = self._pdf
        data = options.picture(cut.picture) if cut.picture else None
        if data is not None:
            try:
                pdf.image(io.BytesIO(data), left, top, _CELL, _PICTURE, keep_aspect_ratio=True)
            except (OSError, ValueError):
                data = None
        if data is None:
            self._written.leave("picture", "no picture of it can be read", cut)
        pdf.set_draw_color(190)
        pdf.rect(left, top, _CELL, _PICTURE)

    def _write(
        self,
        text: str,
        width: float,
        size: float,
        height: float,
        *,
        grey: bool = False,
        cut: Cut | None = None,
    ) -> None:
        pdf = self._pdf
        pdf.set_font(self._font, size=size)
        pdf.set_text_color(110 if grey else 20)
        shown = self._writable(one_line(text), cut)
        while shown and pdf.get_string_width(shown) > width:
            shown = shown[: -max(4, len(shown) // 20)].rstrip(" .") + "..."
        pdf.cell(width, height, shown, new_x="LMARGIN", new_y="NEXT")

    def _writable(self, text: str, cut: Cut | None) -> str:
        if self._glyphs is None:
            shown = text.encode("latin-1", "replace").decode("latin-1")
        else:
            shown = "".join(c if ord(c) in self._glyphs else "?" for c in text)
        if shown != text and not self._said_unwritable:
            self._said_unwritable = True
            reason = "no font of this machine has some of the letters; they are printed as ?"
            self._written.leave("letters", reason, cut)
        return shown


def _lines(cut: Cut) -> list[str]:
    media = cut.media
    rate = f"{spell_rate(media.rate, drop=media.start.drop)} fps"
    facts = [rate, f"{cut.frames} frames", media.reel]
    if cut.roll:
        facts.append(f"{cut.roll}-roll")
    return [
        f"{cut.position}. {cut.name}",
        f"{cut.source_in} - {cut.source_out}",
        " · ".join(facts),
        media.name,
    ]


def _fonts(pdf: FPDF) -> tuple[str, frozenset[int] | None]:
    """The font to write with, and the letters it (with those that help out) has; None: Latin-1."""
    from fpdf.fonts import TTFFont  # noqa: PLC0415

    found = [path for path in SYSTEM_FONTS if Path(path).is_file()]
    if not found:
        return "helvetica", None
    names = [f"script{number}" for number in range(len(found))]
    for name, path in zip(names, found, strict=True):
        pdf.add_font(name, fname=path)
    pdf.set_fallback_fonts(names[1:])
    loaded = [font for name in names if isinstance(font := pdf.fonts[name], TTFFont)]
    glyphs = frozenset(code for font in loaded for code in font.cmap)
    return names[0], glyphs
