"""Make a proxy: a small copy of an asset that every browser plays, picture for picture.

Picture n of the proxy is picture n of the original, at the same time from the
first picture on, whatever the frame rate does. It is H.264 without reordered
pictures (so there is no delay to be edited away, and jumping is exact) and AAC
in an MP4 whose index is at the front: a browser reads it once and then asks for
just the ranges it wants to play. A fragmented file would have its index spread
over the whole length, and browsers that are given a plain file do not search it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import av
import av.error
from av.codec.context import ThreadType
from av.video.frame import PictureType

from catalog.domain.media import AssetKind, Probe, SamplingPolicy
from catalog.domain.paths import shown_path
from catalog.domain.renditions import ProxySettings
from catalog.errors import UndecodableError
from catalog.media.animation import animation_pictures
from catalog.media.clock import Clock
from catalog.media.container import open_container
from catalog.media.files import check_readable
from catalog.media.peaks import Peaks
from catalog.media.pictures import PictureReader
from catalog.media.proxy_picture import ProxyPictures, proxy_size
from catalog.media.proxy_sound import RATE, StereoSound, chosen_sounds
from catalog.media.sequence_pictures import SEQUENCE

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet
    from av.stream import Stream
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_MUXER = {"movflags": "+faststart"}
_BUFFER = 1 << 18
_BT709 = _LIMITED_RANGE = 1
_SOUND_BITS = 128_000
_MOST_FAILED_READS = 16
_MOST_WAITING = 2000  # blocks of sound before the first picture
_PEEKED_PACKETS = 200


@dataclass(frozen=True, slots=True)
class ProxyMade:
    """What a proxy turned out to be; ``end_pts`` is in the asset's time base."""

    width: int | None
    height: int | None
    pictures: int
    end_pts: int
    sound: bool
    errors: int


class ProxyPass:
    """One pass over an asset that writes its proxy; call `run`, then read the outline.

    Parameters
    ----------
    path, probe:
        The file, and what `catalog.media.probe.probe` said of it.
    settings:
        How the proxy is to be.
    open_file:
        Opens the proxy's file, for writing (True) or, to move the index to the
        front, for reading what was written (False).
    progress:
        Called about once per second of media with the seconds done so far.

    Attributes
    ----------
    decoded, errors:
        Pictures or blocks of sound, and broken packets, so far.
    peaks:
        The outline of the proxy's sound, if it has any.
    """

    def __init__(
        self,
        path: Path,
        probe: Probe,
        settings: ProxySettings,
        open_file: Callable[[bool], BinaryIO],
        progress: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._path, self._probe, self._settings = path, probe, settings
        self._open_file = open_file
        self._progress = progress
        self._clock = Clock.of(probe)
        self._second = max(1, round(1 / probe.time_base))
        self._reported = 0
        self._next_key = Fraction(0)
        self._sound: StereoSound | None = None
        self._origin: Fraction | None = None
        self._waiting: list[tuple[int, AudioFrame]] = []
        self.pictures = 0
        self.decoded = 0
        self.errors = 0
        self.peaks: Peaks | None = None

    def run(self) -> ProxyMade:
        """Write the proxy.

        Raises
        ------
        UndecodableError
            If nothing in it can be decoded.
        MediaError
            If it cannot be opened.
        """
        if self._probe.container == SEQUENCE:
            with self._target() as target:
                self._add_streams(target, [])
                self._fill(target, self._rendered())
        else:
            heard = _heard(self._path)
            with open_container(self._path) as source, self._target() as target:
                by_index = {stream.index: stream for stream in source.streams}
                sounds = [cast("AudioStream", by_index[index]) for index in heard]
                self._add_streams(target, sounds)
                self._fill(target, self._frames(source, sounds))
        if not self.decoded:
            raise UndecodableError(
                f"Nothing in {shown_path(self._path)} can be decoded ({self.errors} broken"
                " packets); expected pictures or sound.",
                remedy="The file is damaged: copy it again from its source.",
                path=shown_path(self._path),
            )
        width, height = self._size or (None, None)
        return ProxyMade(
            width,
            height,
            pictures=self.pictures,
            end_pts=self._end_pts(),
            sound=self._sound is not None,
            errors=self.errors,
        )

    def _fill(
        self,
        target: OutputContainer,
        frames: Iterator[tuple[Stream | None, VideoFrame | AudioFrame]],
    ) -> None:
        for stream, frame in frames:
            self._take(target, stream, frame)
        self._finish(target)

    def _target(self) -> OutputContainer:
        return av.open(
            self._open_file(True),
            "w",
            format="mp4",
            options=_MUXER,
            buffer_size=_BUFFER,
            io_open=lambda _url, _flags, _options: self._open_file(False),
        )

    def _end_pts(self) -> int:
        if self._size is not None or self.peaks is None:
            return self._clock.end
        return round(Fraction(self.peaks.samples, RATE) / self._probe.time_base)

    # --- the proxy's streams ------------------------------------------------------

    def _add_streams(self, target: OutputContainer, sounds: list[AudioStream]) -> None:
        track, base = self._probe.video, self._probe.time_base
        self._size = None
        if self._probe.kind is AssetKind.VIDEO and track is not None:
            self._size = proxy_size(track, self._settings)
            if self._probe.container == SEQUENCE:
                track = replace(track, rotation=0, mirrored=False)  # they come upright
            self._picture_path = ProxyPictures(track, self._size, base)
            rate = track.frame_rate or Fraction(25)
            self._pictures_out = self._add_pictures(target, rate)
        if sounds:
            self._sound = StereoSound(sounds)
            self.peaks = Peaks(2, RATE)
            self._sound_out = target.add_stream("aac", rate=RATE)
            self._sound_out.codec_context.layout = "stereo"
            self._sound_out.codec_context.bit_rate = _SOUND_BITS

    def _add_pictures(self, target: OutputContainer, rate: Fraction) -> VideoStream:
        # A key picture at least that often; where the rate varies they are asked for by time.
        distance = max(1, round(rate * Fraction(self._settings.keyframe_s)))
        options = {
            "preset": "veryfast",
            "crf": str(self._settings.quality),
            "bf": "0",
            "g": str(distance),
            "forced-idr": "1",
        }
        stream = target.add_stream("libx264", options=options)
        context = stream.codec_context
        assert self._size is not None  # noqa: S101  # set by the caller
        context.width, context.height = self._size
        context.pix_fmt = "yuv420p"
        context.framerate = rate.limit_denominator(1 << 16)
        context.time_base = stream.time_base = self._probe.time_base
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = _LIMITED_RANGE
        context.thread_type = ThreadType.AUTO
        return stream

    # --- the original's pictures and sound ----------------------------------------

    def _frames(
        self, source: InputContainer, sounds: list[AudioStream]
    ) -> Iterator[tuple[Stream | None, VideoFrame | AudioFrame]]:
        streams: list[Stream] = list(sounds)
        if self._size is not None and self._probe.container == "webp":
            yield from self._drawn()
        elif self._size is not None and self._probe.video is not None:
            index = self._probe.video.index
            pictures = next(s for s in source.streams.video if s.index == index)
            pictures.codec_context.thread_type = ThreadType.AUTO
            streams.append(pictures)
        if streams:
            yield from self._decoded(source, streams)

    def _drawn(self) -> Iterator[tuple[None, VideoFrame]]:
        """Pictures that are not decoded by FFmpeg."""
        for pts, duration, rgb in animation_pictures(self._path):
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            frame.pts, frame.duration = pts, duration
            yield None, frame

    def _rendered(self) -> Iterator[tuple[None, VideoFrame]]:
        """A sequence's pictures as they are kept: brought to display, and upright."""
        assert self._size is not None  # noqa: S101  # a sequence has pictures
        reader = PictureReader(
            self._path, self._probe, SamplingPolicy(picture_edge=max(self._size))
        )
        for picture in reader:
            self.errors = reader.errors
            frame = av.VideoFrame.from_ndarray(picture.render(), format="rgb24")
            frame.pts, frame.duration = picture.pts, 1
            yield None, frame
        self.errors = reader.errors

    def _decoded(
        self, source: InputContainer, streams: list[Stream]
    ) -> Iterator[tuple[Stream, VideoFrame | AudioFrame]]:
        for packet in self._packets(source, streams):
            try:
                frames: Any = packet.decode()
            except av.error.EOFError:
                continue
            except av.error.FFmpegError:
                self.errors += 1
                continue
            for frame in frames:
                yield packet.stream, frame

    def _packets(self, source: InputContainer, streams: list[Stream]) -> Iterator[Packet[Any]]:
        """As `PictureReader` reads them; a read that fails for good ends it."""
        failed_reads = 0
        packets = source.demux(streams)
        while failed_reads < _MOST_FAILED_READS:
            try:
                packet = next(packets, None)
            except av.error.FFmpegError:
                check_readable(self._path)
                failed_reads += 1
                self.errors += 1
                packets = source.demux(streams)
                continue
            except IndexError:
                break
            if packet is None:
                return
            failed_reads = 0
            yield packet
        for stream in streams:
            last: Packet[Any] = av.Packet()
            last.stream = stream
            yield last

    def _take(
        self, target: OutputContainer, stream: Stream | None, frame: VideoFrame | AudioFrame
    ) -> None:
        if isinstance(frame, av.AudioFrame):
            assert stream is not None  # noqa: S101  # sound is always decoded
            self._hear(target, stream.index, frame)
            return
        at = self._clock.place(frame.pts, frame.duration)
        if at is None:
            return
        if stream is not None and self._clock.origin is not None:
            self._origin = self._clock.origin * (stream.time_base or self._probe.time_base)
            self._hear_waiting(target)
        with suppress(ValueError):
            for picture in self._picture_path.push(frame, at):
                self._write_picture(target, picture)
        self.decoded += 1
        if at - self._reported >= self._second:
            self._reported = at
            self._progress(float(at * self._probe.time_base))

    # --- into the proxy -----------------------------------------------------------

    def _write_picture(self, target: OutputContainer, picture: VideoFrame) -> None:
        at = (picture.pts or 0) * self._probe.time_base
        picture.pict_type = PictureType.NONE
        if at >= self._next_key:
            picture.pict_type = PictureType.I
            self._next_key = at + Fraction(self._settings.keyframe_s)
        self.pictures += 1
        self._mux_pictures(target, self._pictures_out.encode(picture))

    def _mux_pictures(self, target: OutputContainer, packets: list[Packet[VideoStream]]) -> None:
        for packet in packets:
            # Only of the last one does the file not see the length by the next one's time.
            packet.duration = max(1, self._clock.end - (packet.pts or 0))
            target.mux(packet)

    def _hear(self, target: OutputContainer, index: int, frame: AudioFrame) -> None:
        if self._origin is None and self._size is None and frame.pts is not None:
            self._origin = frame.pts * (frame.time_base or Fraction(1, frame.sample_rate))
        if self._origin is None:
            self._waiting = [*self._waiting[-_MOST_WAITING:], (index, frame)]
            return
        assert self._sound is not None  # noqa: S101  # a sound stream was chosen
        for part in self._sound.push(index, frame, self._origin):
            self._write_sound(target, part)

    def _hear_waiting(self, target: OutputContainer) -> None:
        waiting, self._waiting = self._waiting, []
        for index, frame in waiting:
            self._hear(target, index, frame)

    def _write_sound(self, target: OutputContainer, part: AudioFrame) -> None:
        assert self.peaks is not None  # noqa: S101  # made with the sound
        content: Any = part.to_ndarray()
        self.peaks.add(content.T)
        if self._size is None:
            self.decoded += 1
            self._progress(self.peaks.samples / RATE)
        target.mux(self._sound_out.encode(part))

    def _finish(self, target: OutputContainer) -> None:
        self._origin = self._origin or Fraction(0)
        if self._sound is not None:
            self._hear_waiting(target)
            for part in self._sound.flush():
                self._write_sound(target, part)
            target.mux(self._sound_out.encode(None))
        if self._size is not None:
            for picture in self._picture_path.flush():
                self._write_picture(target, picture)
            self._mux_pictures(target, self._pictures_out.encode(None))


def _heard(path: Path) -> list[int]:
    """The chosen sounds that do decode: a track without samples would not play."""
    with open_container(path) as container:
        chosen = chosen_sounds(container)
        wanted = {stream.index for stream in chosen}
        found: set[int] = set()
        with suppress(av.error.FFmpegError, IndexError):
            for number, packet in enumerate(container.demux(chosen) if chosen else ()):
                with suppress(av.error.FFmpegError):
                    if packet.decode():
                        found.add(packet.stream.index)
                if found == wanted or number >= _PEEKED_PACKETS:
                    break
        return [stream.index for stream in chosen if stream.index in found]
