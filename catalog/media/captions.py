"""Captions that travel within pictures (ATSC A/53 Part 4), taken from packets that go by.

Nothing is decoded for them: FFmpeg gives caption bytes only with decoded pictures, and pictures in
which nothing happens are passed over (`catalog.media.groups`). A packet holds them, in a user data
or SEI message, behind a mark of their own.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from fractions import Fraction

from catalog.domain.sidecars import Segment
from catalog.media.line21 import Captions

CODECS = frozenset({"h264", "hevc", "mpeg2video"})
_MARK = b"GA94\x03"
_LONGEST_MESSAGE = 2 + 3 * 31
# Pictures come in the order of decoding; no codec here holds back more than these.
_HELD_BACK = 20
MOST_CUES = 20_000


class PacketCaptions:
    """Gathers what packets of a film's pictures carry, in the order of their times.

    Attributes
    ----------
    found:
        The captions so far, with times in seconds from the first picture.
    """

    def __init__(self, begins: Fraction) -> None:
        self._begins = begins
        self._captions = Captions()
        self._waiting: list[tuple[Fraction, bytes]] = []
        self.found: list[Segment] = []

    def look(self, content: bytes, at: Fraction | None) -> None:
        """The next packet, and when its picture is shown, in the container's time."""
        if at is None or _MARK not in content:
            return
        triplets = b"".join(caption_bytes(content))
        heapq.heappush(self._waiting, (at - self._begins, triplets))
        while len(self._waiting) > _HELD_BACK:
            self._take()

    def finish(self, end: Fraction) -> list[Segment]:
        """All captions, once the film has ended at so many seconds."""
        while self._waiting:
            self._take()
        self._keep(self._captions.finish(end))
        return self.found

    def _take(self) -> None:
        at, triplets = heapq.heappop(self._waiting)
        self._keep(self._captions.add(max(Fraction(0), at), triplets))

    def _keep(self, segments: Iterator[Segment]) -> None:
        for segment in segments:
            if len(self.found) < MOST_CUES:
                self.found.append(segment)


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
