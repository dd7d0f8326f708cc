"""Decode no more than needed: groups of pictures in which nothing can have happened are left out.

A *group* is a picture that decodes by itself (a keyframe) and all that follow it before the next.
Where a codec predicts pictures from others, the sizes of a group's packets tell whether anything
new came into view: a cut, or a step of a dissolve, has to be coded anew and takes about as much as
a keyframe. So a group no longer than the sampling interval, whose packets are all small beside its
keyframe's, is passed over if the keyframes at both of its ends show much the same. Where every
picture is coded by itself sizes tell nothing, but any picture can be had alone: the group is then
shorter than half of the shortest shot, and its ends must be the same but for noise.

All other groups are decoded picture by picture, so cuts and dissolves are found as in a full pass.
What is missed by passing a group over is a flash, and whatever comes and goes within it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from catalog.domain.media import SamplingPolicy
from catalog.media.views import RgbPicture

if TYPE_CHECKING:
    from av.codec import Codec
    from av.packet import Packet
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    VideoPacket = Packet[VideoStream]

# A packet this small beside its keyframe's brings no new picture into view.
_SMALL_SHARE = 0.2
# Keyframes with small packets between them are one scene up to this mean difference (0..255) ...
_ONE_SCENE = 4.0
# ... and pictures coded each by itself are the same up to this, on average and in any tile.
_SAME, _SAME_TILE = 1.0, 4.0
_TILES = 8
# Black and other flat pictures (standard deviation) may be the middle of a fade.
_FLAT = 12.0
# Shorter groups are hardly worth the second look at their keyframe.
_LEAST_PACKETS = 3
# What waits until a group's end is known is bounded.
_MOST_PACKETS, _MOST_BYTES = 256, 64 << 20
# Codecs whose keyframes can be relied upon, and containers that tell of keyframes by guessing.
_PREDICTED = frozenset({"h264", "hevc", "mpeg1video", "mpeg2video", "mpeg4"})
_GUESSED = frozenset({"mpegts", "h264", "hevc"})
# Sizes speak for a glance, not for minutes, whatever the interval.
_LONGEST = 2


@dataclass(frozen=True, slots=True)
class Passed:
    """Pictures that were not decoded: their times and durations as the file has them, in order."""

    times: tuple[tuple[int, int], ...]


def longest_group(policy: SamplingPolicy, codec: Codec, container: str, time_base: Fraction) -> int:
    """How long a group may be to be passed over, in the stream's time base; 0: decode all."""
    if policy.decode == "full":
        return 0
    if codec.intra_only:
        return math.floor(Fraction(policy.min_shot) / 2 / time_base)
    if codec.canonical_name not in _PREDICTED or container in _GUESSED:
        return 0
    # A keyframe a second is a sample a second, also where a second is 1001/1000 of one.
    return math.floor(min(Fraction(_LONGEST), Fraction(policy.interval) * 21 / 20) / time_base)


class GroupDecoder:
    """Decodes a stream's packets group by group.

    Parameters
    ----------
    context:
        The stream's decoder.
    decode:
        Decodes a packet (None: what the decoder still holds) and gives what it shows now.
    squeezed:
        The smallest view of a frame (`catalog.media.views.Picture`).
    longest:
        See `longest_group`.
    """

    def __init__(
        self,
        context: VideoCodecContext,
        decode: Callable[[VideoPacket | None], list[VideoFrame]],
        squeezed: Callable[[VideoFrame], RgbPicture],
        longest: int,
    ) -> None:
        self._context = context
        self._decode = decode
        self._squeezed = squeezed
        self._longest = longest
        self._alone = bool(context.codec.intra_only)
        # The decoder holds nothing: the next it is given must be a keyframe.
        self._fresh = True
        self._begun = False
        # A keyframe that was shown, and is given to the decoder once more.
        self._again: int | None = None
        self._known: tuple[VideoPacket, VideoFrame | None] | None = None
        # The keyframe that ended the last group that was looked at, for it begins the next.
        self._end: tuple[VideoFrame, RgbPicture, float] | None = None

    def pictures(self, packets: Iterable[VideoPacket | None]) -> Iterator[VideoFrame | Passed]:
        """Frames, and what was passed over between them, in the order in which they are shown."""
        group: list[VideoPacket] = []
        for packet in packets:
            if packet is None or not packet.size:  # the end, or reading failed
                yield from self._in_full(group)
                yield from self._shown(self._decode(packet))
                group = []
            elif self._begins(packet, group):
                yield from self._closed(group, packet)
                group = [packet]
            elif group:
                group.append(packet)
            else:
                yield from self._fed([packet])
            if group and not self._is_quiet(group):
                yield from self._in_full(group)
                group = []
        yield from self._in_full(group)

    def _begins(self, packet: VideoPacket, group: list[VideoPacket]) -> bool:
        if not self._alone:
            return bool(packet.is_keyframe)
        first = group[0].pts if group else None
        return first is None or packet.pts is None or packet.pts - first >= self._longest

    def _is_quiet(self, group: list[VideoPacket]) -> bool:
        """Whether nothing new has come into view with the group's last packet."""
        key, last = group[0], group[-1]
        if key.pts is None or last.pts is None or last.is_corrupt:
            return False
        if len(group) > _MOST_PACKETS or sum(packet.size for packet in group) > _MOST_BYTES:
            return False
        if self._alone or last is key:
            return True
        return last.size <= _SMALL_SHARE * key.size and last.pts - key.pts <= self._longest

    def _closed(
        self, group: list[VideoPacket], following: VideoPacket
    ) -> Iterator[VideoFrame | Passed]:
        """A group whose end is known: passed over, or in full."""
        if len(group) < _LEAST_PACKETS or not self._is_short(group[0], following):
            yield from self._in_full(group)
            return
        before, after = _around(group)
        first = yield from self._opened(group[0], before)
        then = self._picture_of(following)
        if first is not None and then is not None and self._goes_on(first, then):
            yield Passed(_times(after))
        elif first is not None and self._alone:
            yield from self._fed(after)
        else:
            self._again = first.pts if first is not None else None
            yield from self._fed([group[0], *after])

    def _is_short(self, key: VideoPacket, following: VideoPacket) -> bool:
        if key.pts is None or following.pts is None:
            return False
        # Of pictures coded alone the following is the first beyond the length.
        return self._alone or 0 < following.pts - key.pts <= self._longest

    def _opened(
        self, key: VideoPacket, before: list[VideoPacket]
    ) -> Generator[VideoFrame | Passed, None, VideoFrame | None]:
        """Show what comes before a group's keyframe on the screen, and it; give it back, too."""
        if self._fresh:
            # What comes before leans on a group that was passed over, or cut off.
            if before and self._begun:
                yield Passed(_times(before))
            alone = self._picture_of(key)
            yield from self._shown([] if alone is None else [alone])
            return alone
        frames = [frame for packet in [key, *before] for frame in self._decode(packet)]
        frames += self._settled()
        yield from self._shown(frames)
        whole = bool(frames) and frames[-1].key_frame and frames[-1].pts == key.pts
        return frames[-1] if whole else None

    def _in_full(self, group: list[VideoPacket]) -> Iterator[VideoFrame | Passed]:
        """Every picture of a group but those that lean on a group that was passed over."""
        if group and self._fresh and self._begun:
            before, after = _around(group)
            if before:
                yield Passed(_times(before))
            group = [group[0], *after]
        yield from self._fed(group)

    def _fed(self, packets: Iterable[VideoPacket]) -> Iterator[VideoFrame]:
        """What the decoder gives for these packets."""
        for packet in packets:
            self._fresh = False
            yield from self._shown(self._decode(packet))

    def _shown(self, frames: Iterable[VideoFrame]) -> Iterator[VideoFrame]:
        """The frames but for a keyframe that was shown when its group was opened."""
        for frame in frames:
            if self._again is not None and frame.pts == self._again:
                self._again = None
                continue
            self._begun = True
            yield frame

    def _settled(self) -> list[VideoFrame]:
        """What the decoder still holds; it is then ready for any keyframe."""
        if self._fresh:
            return []
        frames = self._decode(None)
        self._context.flush_buffers()
        self._fresh = True
        return frames

    def _picture_of(self, key: VideoPacket) -> VideoFrame | None:
        """A keyframe's picture, decoded by itself; None if it is not to be had so."""
        if self._known is None or self._known[0] is not key:
            self._fresh = False
            frames = [*self._decode(key), *self._settled()]
            whole = len(frames) == 1 and frames[0].key_frame and frames[0].pts == key.pts
            self._known = key, frames[0] if whole else None
        return self._known[1]

    def _goes_on(self, first: VideoFrame, then: VideoFrame) -> bool:
        """Whether a group's two ends show the same scene, or, coded alone, the same picture."""
        import cv2  # noqa: PLC0415  slow to import

        if self._end is None or self._end[0] is not first:
            self._end = self._looked_at(first)
        one, contrast = self._end[1:]
        self._end = self._looked_at(then)
        other, least = self._end[1], min(contrast, self._end[2])
        if least < _FLAT:
            return False
        mean = cv2.norm(one, other, cv2.NORM_L1) / one.size
        if not self._alone:
            return mean <= _ONE_SCENE
        tiles = cv2.resize(cv2.absdiff(one, other), (_TILES, _TILES), interpolation=cv2.INTER_AREA)
        return mean <= _SAME and float(tiles.max()) <= _SAME_TILE

    def _looked_at(self, frame: VideoFrame) -> tuple[VideoFrame, RgbPicture, float]:
        view = self._squeezed(frame)
        return frame, view, _deviation(view)


def _deviation(picture: RgbPicture) -> float:
    """The standard deviation of all values."""
    import cv2  # noqa: PLC0415

    flat = np.ascontiguousarray(picture).reshape(1, -1)
    return float(cv2.meanStdDev(flat)[1][0, 0])


def _around(group: list[VideoPacket]) -> tuple[list[VideoPacket], list[VideoPacket]]:
    """A group's packets that are shown before its keyframe, and those after it."""
    at = group[0].pts or 0
    before = [packet for packet in group[1:] if packet.pts is not None and packet.pts < at]
    after = [packet for packet in group[1:] if packet.pts is None or packet.pts >= at]
    return before, after


def _times(packets: list[VideoPacket]) -> tuple[tuple[int, int], ...]:
    """When pictures are shown and for how long, in order."""
    return tuple(
        sorted((packet.pts, packet.duration or 0) for packet in packets if packet.pts is not None)
    )
