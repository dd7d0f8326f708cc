"""Captions of CEA-608 ("line 21"), from the bytes that travel with pictures to lines with times.

FFmpeg's own decoder of them tells, through PyAV, what was shown and not when; so this reads them
after ANSI/CTA-608-E and 47 CFR 15.119: characters, roll-up, pop-on and paint-on captions of the
first channel of each field (CC1 and CC3). Colours and columns are no words, and are passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from catalog.domain.sidecars import Segment

# Where the standard's set differs from ASCII.
_BASIC = {0x2A: "á", 0x5C: "é", 0x5E: "í", 0x5F: "ó", 0x60: "ú", 0x7B: "ç", 0x7C: "÷"}
_BASIC |= {0x7D: "Ñ", 0x7E: "ñ", 0x7F: "█"}
_SPECIAL = "®°½¿™¢£♪à èâêîôû"
_EXTENDED = {
    0x12: "ÁÉÓÚÜü‘¡*'—©℠•“”ÀÂÇÈÊËëÎÏïÔÙùÛ«»",
    0x13: "ÃãÍÌìÒòÕõ{}\\^_|~ÄäÖöß¥¤│ÅåØø┌┐└┘",
}
_ROWS = {0x11: (1, 2), 0x12: (3, 4), 0x15: (5, 6), 0x16: (7, 8), 0x17: (9, 10)}
_ROWS |= {0x10: (11, 11), 0x13: (12, 13), 0x14: (14, 15)}
_ROLLING = {0x25: 2, 0x26: 3, 0x27: 4}
_TEXT_MODES = (0x2A, 0x2B)
_SECOND_CHANNEL = 0x08
# Rows that are shown for longer than this were never cleared: the signal broke off.
_LONGEST = Fraction(20)
_ROW = 15


class Captions:
    """Gathers the captions of one film; `add` bytes in the order of their pictures.

    Attributes
    ----------
    carried:
        The fields whose first channel had a line so far: 0 of CC1, 1 of CC3.
    """

    def __init__(self) -> None:
        self._channels = (_Channel(), _Channel())
        self.carried: set[int] = set()

    def add(self, at: Fraction, triplets: bytes) -> Iterator[Segment]:
        """The caption bytes of the picture at so many seconds; the captions they end.

        ``triplets`` are three bytes each as CTA-708 has them: whether and what the other two are.
        Those of CTA-708's own captions are left out (`catalog.media.dtvcc`).
        """
        for first in range(0, len(triplets) - 2, 3):
            kind, *pair = triplets[first : first + 3]
            field = kind & 0x03
            if kind & 0x04 and field < 2:
                said = self._channels[field].add(at, pair[0] & 0x7F, pair[1] & 0x7F)
                yield from self._of(field, said)

    def finish(self, at: Fraction) -> Iterator[Segment]:
        """What is shown when the film ends."""
        for field, channel in enumerate(self._channels):
            yield from self._of(field, channel.finish(at))

    def _of(self, field: int, segments: Iterator[Segment]) -> Iterator[Segment]:
        for segment in segments:
            self.carried.add(field)
            yield segment


class _Channel:
    """The first channel of one field."""

    def __init__(self) -> None:
        self._shown = _Screen()
        self._hidden = _Screen()
        self._rolling = 0
        self._direct = False
        self._row = _ROW
        self._ours = True  # whether what comes is of the first channel
        self._elsewhere = False  # programme data, or a mode that is no caption
        self._last: tuple[int, int] | None = None

    def add(self, at: Fraction, one: int, two: int) -> Iterator[Segment]:
        if 0x01 <= one <= 0x0F:
            # Data about the programme, until its end is told or captions go on.
            self._elsewhere = one != 0x0F
            return
        if 0x10 <= one <= 0x1F:
            twice, self._last = (one, two) == self._last, (one, two)
            if twice:  # sent twice, for safety: the second is no further one
                self._last = None
                return
            self._ours = not one & _SECOND_CHANNEL
            if self._ours:
                yield from self._control(at, one, two)
            return
        self._last = None
        if self._ours and not self._elsewhere:
            for code in (one, two):
                if code >= 0x20:
                    self._screen.write(self._row, _BASIC.get(code, chr(code)), at)

    @property
    def _screen(self) -> _Screen:
        return self._shown if self._rolling or self._direct else self._hidden

    def _control(self, at: Fraction, one: int, two: int) -> Iterator[Segment]:
        if two >= 0x40:  # where the next characters go
            first, second = _ROWS[one]
            row = second if two & 0x20 else first
            self._row = _ROW if self._rolling else row
        elif one in (0x14, 0x15) and two <= 0x2F:
            self._elsewhere = two in _TEXT_MODES
            yield from self._command(at, two)
        elif self._elsewhere:
            return
        elif one == 0x11 and two >= 0x30:
            self._screen.write(self._row, _SPECIAL[two - 0x30], at)
        elif one in _EXTENDED and two >= 0x20:
            # A plainer letter was sent before, for receivers that know no better.
            self._screen.take_back(self._row)
            self._screen.write(self._row, _EXTENDED[one][two - 0x20], at)
        elif one in (0x11, 0x17):  # a change of colour takes a column; tabs take some
            self._screen.write(self._row, " ", at)

    def _command(self, at: Fraction, code: int) -> Iterator[Segment]:
        match code:
            case _ if code in _ROLLING:
                if not self._rolling:
                    yield from self._shown.end(at)
                self._rolling, self._direct, self._row = _ROLLING[code], False, _ROW
            case 0x20:  # pop-on captions are written out of sight
                self._rolling, self._direct = 0, False
            case 0x29:  # paint-on captions as one looks on
                self._rolling, self._direct = 0, True
            case 0x21:  # backspace
                self._screen.take_back(self._row)
            case 0x2C:  # clear what is shown
                yield from self._shown.end(at)
            case 0x2D if self._rolling:
                yield from self._shown.end(at)
            case 0x2E:  # clear what is out of sight
                self._hidden = _Screen()
            case 0x2F:  # show it
                yield from self._shown.end(at)
                self._shown, self._hidden = self._hidden, _Screen()
                self._shown.show(at)
                self._rolling, self._direct = 0, False

    def finish(self, at: Fraction) -> Iterator[Segment]:
        yield from self._shown.end(at)


class _Screen:
    """Rows of characters, and since when there are any."""

    def __init__(self) -> None:
        self._rows: dict[int, list[str]] = {}
        self.since: Fraction | None = None

    def write(self, row: int, letter: str, at: Fraction) -> None:
        if self.since is None:
            self.since = at
        letters = self._rows.setdefault(row, [])
        if len(letters) < 64:  # a row has 32 columns; a broken signal has no end
            letters.append(letter)

    def show(self, at: Fraction) -> None:
        """It is shown from now on, if anything is on it."""
        self.since = at if self._rows else None

    def take_back(self, row: int) -> None:
        if self._rows.get(row):
            self._rows[row].pop()

    def end(self, at: Fraction) -> Iterator[Segment]:
        """It is cleared: what was on it."""
        lines = ["".join(self._rows[row]).strip() for row in sorted(self._rows)]
        text = "\n".join(" ".join(line.split()) for line in lines if line)
        if text and self.since is not None and self.since < at:
            yield Segment("speech", self.since, min(at, self.since + _LONGEST), text)
        self._rows, self.since = {}, None
