"""Captions that travel within pictures (ATSC A/53 Part 4), taken from packets that go by.

Nothing is decoded for them: FFmpeg gives caption bytes only with decoded pictures, and pictures in
which nothing happens are passed over (`catalog.media.groups`). A packet holds them, in a user data
or SEI message, behind a mark of their own.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from fractions import Fraction

from catalog.domain.sidecars import Captioned, Segment
from catalog.media.dtvcc import Services
from catalog.media.line21 import Captions

CODECS = frozenset({"h264", "hevc", "mpeg2video"})
_MARK = b"GA94\x03"
_LONGEST_MESSAGE = 2 + 3 * 31
# Pictures come in the order of decoding; no codec here holds back more than these.
_HELD_BACK = 20
MOST_CUES = 20_000
_CHANNELS = ("CC1", "CC3")  # the first of each field


class PacketCaptions:
    """Gathers what packets of a film's pictures carry, in the order of their times.

    ``begins`` is the pts of the first picture, ``time_base`` what a pts counts.
    """

    def __init__(self, begins: int, time_base: Fraction) -> None:
        self._begins, self._base = begins, time_base
        self._line21, self._services = Captions(), Services()
        self._waiting: list[tuple[Fraction, bytes]] = []
        self._in_line21: list[Segment] = []
        self._in_services: list[Segment] = []

    def look(self, content: bytes, pts: int | None) -> None:
        """The next packet, and when its picture is shown."""
        if pts is None or _MARK not in content:
            return
        triplets = b"".join(caption_bytes(content))
        heapq.heappush(self._waiting, ((pts - self._begins) * self._base, triplets))
        while len(self._waiting) > _HELD_BACK:
            self._take()

    def finish(self, end: Fraction) -> Captioned:
        """All captions, once the film has ended at so many seconds; times from the first picture.

        Where there are both kinds, those of 608: broadcasters make those of 708 of them, for
        receivers that know nothing else, and read twice every line would be said twice.
        """
        while self._waiting:
            self._take()
        _keep(self._in_line21, self._line21.finish(end))
        _keep(self._in_services, self._services.finish(end))
        channels = tuple(_CHANNELS[each] for each in sorted(self._line21.carried))
        services = tuple(f"service {each}" for each in sorted(self._services.carried))
        found = self._in_line21 or self._in_services
        return Captioned(tuple(found), channels + services, channels or services)

    def _take(self) -> None:
        at, triplets = heapq.heappop(self._waiting)
        at = max(Fraction(0), at)
        _keep(self._in_line21, self._line21.add(at, triplets))
        _keep(self._in_services, self._services.add(at, triplets))


def _keep(found: list[Segment], more: Iterator[Segment]) -> None:
    for segment in more:
        if len(found) < MOST_CUES:
            found.append(segment)


def caption_bytes(content: bytes) -> Iterator[bytes]:
    """The triplets of each caption message in a packet; see `catalog.media.line21.Captions`."""
    at = content.find(_MARK)
    while at >= 0:
        first = at + len(_MARK)
        # Within a NAL unit 00 00 is followed by a 03 that is not meant (H.264, 7.4.1).
        message = content[first : first + _LONGEST_MESSAGE * 2].replace(b"\0\0\3", b"\0\0")
        if len(message) >= 2 and message[0] & 0x40:
            yield message[2 : 2 + 3 * (message[0] & 0x1F)]
        at = content.find(_MARK, first)
