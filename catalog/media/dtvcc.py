"""Captions of CEA-708 ("DTVCC"), from the bytes that travel with pictures to lines with times.

After ANSI/CTA-708-E: caption channel packets, their service blocks, and of each service its windows
and the characters in them. Colours, fonts and places are no words; of where a window or a pen is,
only the order of rows matters. A ``Delay`` is not waited for.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from catalog.domain.sidecars import Segment

# Windows that are shown for longer than this were never cleared: the signal broke off.
_LONGEST = Fraction(20)
_MOST_SERVICES = 6  # the standard ones; nobody was seen to use those beyond
_MORE = 7  # says that the number follows
_WIDEST = 64  # columns; the standard has 42 at most
# Characters that EXT1 announces (group G2); of group G3 there is only the sign of captions.
_EXTENDED = {0x20: " ", 0x21: " ", 0x25: "…", 0x2A: "Š", 0x2C: "Œ", 0x30: "█", 0x31: "‘"}
_EXTENDED |= {0x32: "’", 0x33: "“", 0x34: "”", 0x35: "•", 0x39: "™", 0x3A: "š", 0x3C: "œ"}
_EXTENDED |= {0x3D: "℠", 0x3F: "Ÿ", 0x76: "⅛", 0x77: "⅜", 0x78: "⅝", 0x79: "⅞", 0x7A: "│"}
_EXTENDED |= {0x7B: "┐", 0x7C: "└", 0x7D: "─", 0x7E: "┘", 0x7F: "┌"}
_NOTE = 0x7F
_BACKSPACE, _FORM_FEED, _RETURN, _LINE_START, _EXT1, _P16 = 0x08, 0x0C, 0x0D, 0x0E, 0x10, 0x18
_CLEAR, _DISPLAY, _HIDE, _TOGGLE, _DELETE = 0x88, 0x89, 0x8A, 0x8B, 0x8C
_RESET, _PEN_LOCATION, _DEFINE = 0x8F, 0x92, 0x98
# Bytes behind those commands of group C1 that have any.
_BEHIND = {0x88: 1, 0x89: 1, 0x8A: 1, 0x8B: 1, 0x8C: 1, 0x8D: 1, 0x90: 2, 0x91: 3, 0x92: 2, 0x97: 4}
_BEHIND |= dict.fromkeys(range(0x98, 0xA0), 6)


class Services:
    """Gathers the captions of one film's services; `add` bytes in the order of their pictures.

    Attributes
    ----------
    carried:
        The services that had a line so far: 1 is in the language of the programme.
    """

    def __init__(self) -> None:
        self._packet = bytearray()
        self._size = 0
        self._services: dict[int, _Service] = {}
        self.carried: set[int] = set()

    def add(self, at: Fraction, triplets: bytes) -> Iterator[Segment]:
        """The caption bytes of the picture at so many seconds; the captions they end.

        ``triplets`` are as `catalog.media.line21.Captions.add` has them; those of line 21 are
        left out.
        """
        for first in range(0, len(triplets) - 2, 3):
            kind = triplets[first]
            if not kind & 0x04 or kind & 0x03 < 2:
                continue
            if kind & 0x03 == 3:  # a packet begins, whether or not the one before was whole
                self._packet.clear()
                self._size = 2 * (triplets[first + 1] & 0x3F) or 128
            elif not self._packet:
                continue  # the rest of one whose beginning is missing
            self._packet += triplets[first + 1 : first + 3]
            if len(self._packet) >= self._size:
                packet = bytes(self._packet[1 : self._size])
                self._packet.clear()
                yield from self._blocks(at, packet)

    def finish(self, at: Fraction) -> Iterator[Segment]:
        """What is shown when the film ends."""
        for number, service in self._services.items():
            yield from self._of(number, service.finish(at))

    def _blocks(self, at: Fraction, packet: bytes) -> Iterator[Segment]:
        """A packet's blocks: three bits of number, five of size, and what a service says."""
        while packet and packet[0]:
            number, size, head = packet[0] >> 5, packet[0] & 0x1F, 1
            if number == _MORE and len(packet) > 1:
                number, head = packet[1] & 0x3F, 2
            block, packet = packet[head : head + size], packet[head + size :]
            if 0 < number <= _MOST_SERVICES and len(block) == size:
                service = self._services.setdefault(number, _Service())
                yield from self._of(number, service.add(at, block))

    def _of(self, number: int, segments: Iterator[Segment]) -> Iterator[Segment]:
        for segment in segments:
            self.carried.add(number)
            yield segment


class _Service:
    """What one service says: commands and characters, which blocks may cut anywhere."""

    def __init__(self) -> None:
        self._windows: dict[int, _Window] = {}
        self._current: _Window | None = None
        self._left = b""
        # What ended together is one caption, whose rows are windows of their own.
        self._ended: list[tuple[Fraction, Fraction, int, str]] = []

    def add(self, at: Fraction, block: bytes) -> Iterator[Segment]:
        yield from self._told(at)
        content, first = self._left + block, 0
        while first < len(content):
            length = _length(content, first)
            if first + length > len(content):
                break
            self._take(at, content[first : first + length])
            first += length
        self._left = content[first:]

    def finish(self, at: Fraction) -> Iterator[Segment]:
        self._end(at, *self._windows.values())
        yield from self._told(None)

    def _told(self, at: Fraction | None) -> Iterator[Segment]:
        """What ended before this moment; None: all that has ended."""
        together: dict[tuple[Fraction, Fraction], list[tuple[int, str]]] = {}
        later = []
        for each in self._ended:
            since, until, height, text = each
            if at is None or until < at:
                together.setdefault((since, until), []).append((height, text))
            else:
                later.append(each)
        self._ended = later
        for (since, until), rows in together.items():
            lines = [text for _, text in sorted(rows, key=lambda row: row[0])]
            yield Segment("speech", since, min(until, since + _LONGEST), "\n".join(lines))

    def _take(self, at: Fraction, said: bytes) -> None:
        """One character or command."""
        code, window = said[0], self._current
        if 0x80 <= code < 0xA0:
            self._command(at, code, said[1:])
        elif window is not None and (letter := _letter(said)):
            window.write(letter, at)
        elif window is not None:
            self._move(at, code, window)

    def _move(self, at: Fraction, code: int, window: _Window) -> None:
        """A command about the pen, or what was written with it."""
        if code == _BACKSPACE:
            window.take_back()
        elif code == _RETURN:
            if window.visible and window.full:
                self._end(at, window)  # what moves up is told, and not told again
                window.clear()
            else:
                window.next_row()
        elif code == _LINE_START:
            window.clear_row()
        elif code == _FORM_FEED:
            self._end(at, window)
            window.clear()
            window.move(0, 0)

    def _command(self, at: Fraction, code: int, behind: bytes) -> None:
        if code < _CLEAR:
            self._current = self._windows.get(code & 7, self._current)
        elif code >= _DEFINE:
            self._define(at, code & 7, behind)
        elif code == _PEN_LOCATION and self._current is not None:
            self._current.move(behind[0] & 0x0F, behind[1] & 0x3F)
        elif code == _RESET:
            self._delete(at, 0xFF)
        elif code == _DELETE:
            self._delete(at, behind[0])
        elif code in (_CLEAR, _DISPLAY, _HIDE, _TOGGLE):
            self._show(at, code, behind[0])

    def _define(self, at: Fraction, number: int, behind: bytes) -> None:
        window = self._windows.setdefault(number, _Window())
        window.height, window.rows = behind[1] & 0x7F, (behind[3] & 0x0F) + 1
        self._current = window
        self._show(at, _DISPLAY if behind[0] & 0x20 else _HIDE, 1 << number)

    def _delete(self, at: Fraction, chosen: int) -> None:
        for number in [n for n in self._windows if chosen >> n & 1]:
            window = self._windows.pop(number)
            self._end(at, window)
            if window is self._current:
                self._current = None

    def _show(self, at: Fraction, code: int, chosen: int) -> None:
        """Clear, show or hide the windows whose bits are set."""
        for number, window in self._windows.items():
            if not chosen >> number & 1:
                continue
            shown = code == _DISPLAY or (code == _TOGGLE and not window.visible)
            if code == _CLEAR or not shown:
                self._end(at, window)
            if code == _CLEAR:
                window.clear()
            elif shown != window.visible:
                window.show(at if shown else None)

    def _end(self, at: Fraction, *windows: _Window) -> None:
        """What these windows show is not shown any longer, or moves up."""
        for window in windows:
            text = window.text()
            if text and window.since is not None and window.since < at:
                self._ended.append((window.since, at, window.height, text))
            window.since = None


class _Window:
    """Rows of characters at their columns, and a pen."""

    def __init__(self) -> None:
        self.height = 0  # on the screen, from above
        self.rows = 1
        self.visible = False
        self.since: Fraction | None = None
        self._letters: dict[int, dict[int, str]] = {}
        self._row, self._column = 0, 0

    @property
    def full(self) -> bool:
        """Whether the pen is in the last row: one more moves all up."""
        return self._row + 1 >= self.rows

    def write(self, letter: str, at: Fraction) -> None:
        if self.visible and self.since is None:
            self.since = at
        self._letters.setdefault(self._row, {})[self._column] = letter
        self._column = min(self._column + 1, _WIDEST)

    def move(self, row: int, column: int) -> None:
        self._row, self._column = row, column

    def take_back(self) -> None:
        self._column = max(0, self._column - 1)
        self._letters.get(self._row, {}).pop(self._column, None)

    def next_row(self) -> None:
        """The pen goes to the next row; below the last all move up, and the first is lost."""
        if self.full:
            self._letters = {row - 1: letters for row, letters in self._letters.items() if row > 0}
        self.move(min(self._row + 1, self.rows - 1), 0)

    def clear_row(self) -> None:
        self._letters.pop(self._row, None)
        self._column = 0

    def clear(self) -> None:
        self._letters.clear()
        self._column, self.since = 0, None

    def show(self, at: Fraction | None) -> None:
        """It is shown from now on; None: no longer."""
        self.visible = at is not None
        self.since = at if self._letters else None

    def text(self) -> str:
        lines = []
        for _, row in sorted(self._letters.items()):
            columns = range(min(row), max(row) + 1) if row else ()
            lines.append(" ".join("".join(row.get(at, " ") for at in columns).split()))
        return "\n".join(filter(None, lines))


def _letter(said: bytes) -> str:
    """The character that is meant, empty if it is none."""
    if said[0] >= 0x20:
        return "♪" if said[0] == _NOTE else chr(said[0])
    if said[0] == _EXT1:
        return _EXTENDED.get(said[1], "")
    letter = chr(int.from_bytes(said[1:], "big")) if said[0] == _P16 else ""
    return letter if letter.isprintable() else ""  # half of a surrogate pair is not


def _length(content: bytes, first: int) -> int:
    """Bytes of the character or command that begins there, as far as it tells."""
    code = content[first]
    if code == _EXT1:
        if first + 1 >= len(content):
            return 2
        return 2 + _behind_extended(content, first)
    if code < 0x20:
        return 1 if code < 0x10 else 2 if code < 0x18 else 3
    return 1 + _BEHIND.get(code, 0)


def _behind_extended(content: bytes, first: int) -> int:
    """Bytes behind a code of groups C2 and C3, all of which are there for receivers to come."""
    code = content[first + 1]
    if code < 0x20:
        return code >> 3
    if not 0x80 <= code < 0xA0:
        return 0
    if code < 0x90:
        return 4 + (code >= 0x88)
    return 1 + (content[first + 2] & 0x1F if first + 2 < len(content) else 0)
