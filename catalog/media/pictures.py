"""The decode pass: a file's pictures one after another, small, upright and in true proportion."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import av.error
import numpy as np
from av.codec.context import ThreadType

from catalog.domain.media import Probe, SamplingPolicy, VideoTrack
from catalog.domain.paths import shown_path
from catalog.errors import UndecodableError
from catalog.media.animation import animation_pictures
from catalog.media.captions import CODECS, PacketCaptions
from catalog.media.clock import Clock
from catalog.media.container import open_container
from catalog.media.files import check_readable
from catalog.media.groups import GroupDecoder, Passed, longest_group
from catalog.media.hardware import accelerator
from catalog.media.rereading import Rereading
from catalog.media.scene_light import Looks
from catalog.media.sequence_pictures import SEQUENCE, sequence_pictures
from catalog.media.shape import DETECTOR_EDGE, Shape
from catalog.media.sound import SoundPass
from catalog.media.views import Once, Picture, RgbPicture, squeeze

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_JPEG_QUALITY = 85
# Pictures that are decoded, then looked at, in one go, and how many pixels they have at most: a
# decoder's code and its pictures, and ours, keep each other out of the processor's caches.
_BURST, _BURST_PIXELS = 12, 12 * 1280 * 720
# The same of the sound's packets; one of so many bytes does not wait.
_BURST_HEARD, _LARGE_HEARD = 32, 1 << 15
# A demuxer that fails this often without a packet in between will not recover.
_MOST_FAILED_READS = 16
_MOST_HALVINGS = 3


class PictureReader:
    """Reads an asset's pictures once, in order; iterate it, then read the counts.

    Parameters
    ----------
    path:
        The file.
    probe:
        What `catalog.media.probe.probe` said of it.
    policy:
        The longest edge of kept pictures in pixels; smaller pictures are not enlarged. And whether
        every picture is decoded.
    threads:
        Threads the decoder may use. More are quicker alone, but cost a third more
        processor time, so files decoded side by side get one each; 0 is FFmpeg's choice.
    hwaccel:
        ``auto``, ``cuda`` or ``none``: whether a graphics card may decode
        (`catalog.media.hardware`).
    sound:
        Hears the film's sound on the way, so that the file is read once.

    Attributes
    ----------
    decoded:
        Pictures decoded so far.
    errors:
        Broken packets and failed reads so far; they are skipped.
    end_pts:
        The end of the last picture so far.
    captions:
        What was found of captions within the pictures; None where there can be none.
    """

    def __init__(
        self,
        path: Path,
        probe: Probe,
        policy: SamplingPolicy,
        *,
        threads: int = 0,
        hwaccel: str = "none",
        sound: SoundPass | None = None,
    ) -> None:
        if probe.video is None:
            raise ValueError(f"{shown_path(path)} has no pictures to read")
        self._path = path
        self._track: VideoTrack = probe.video
        self._policy = policy
        self._edge = policy.picture_edge
        self._threads = threads
        self._hwaccel = hwaccel
        self._sound = sound
        self._heard: list[AudioStream] = []
        self._to_hear: list[Packet[AudioStream]] = []
        self._container = probe.container
        self._clock = Clock.of(probe)
        self._begins = round((probe.origin or 0) / probe.time_base)
        self._looks = Looks.of(probe.metadata)
        self._shape: Shape | None = None
        self.captions: PacketCaptions | None = None
        self.decoded = 0
        self.errors = 0

    @property
    def end_pts(self) -> int:
        """The end of the last picture so far, in the asset's time base."""
        return self._clock.end

    def __iter__(self) -> Iterator[Picture]:
        if self._container == "webp":
            for pts, duration, rgb in animation_pictures(self._path):
                self.decoded += 1
                self._clock.place(pts, duration)
                yield _drawn(pts, rgb, self._edge)
        elif self._container == SEQUENCE:
            yield from self._frames()
        else:
            yield from self._decode()
        if not self.decoded:
            raise UndecodableError(
                f"None of the pictures of {shown_path(self._path)} can be decoded"
                f" ({self.errors} broken packets of {self._track.codec}); expected at least one.",
                remedy="The file is damaged: copy it again from its source.",
                path=shown_path(self._path),
                broken_packets=self.errors,
            )

    def _frames(self) -> Iterator[Picture]:
        """A sequence's: one that is broken, or is not there, leaves the one before standing."""
        for at, shown in sequence_pictures(self._path, self._track, self._prepared):
            # In time by its number, wherever the first that decodes lies.
            self._clock.end = at + 1
            try:
                picture = None if shown is None else self._shape_of(shown).picture(at, shown)
            except (av.error.FFmpegError, ValueError):
                picture = None
            if picture is None:
                self.errors += 1
                continue
            if not self.decoded:
                picture.pts = 0  # it stands for those before it that are broken
            self.decoded += 1
            yield picture

    def _prepared(self, context: VideoCodecContext) -> None:
        _prepare(context, self._edge, self._threads, self._looks)

    def _decode(self) -> Iterator[Picture]:
        with open_container(self._path, accelerator(self._hwaccel)) as container:
            stream = next(s for s in container.streams.video if s.index == self._track.index)
            self._prepared(stream.codec_context)
            if stream.codec_context.name in CODECS and stream.time_base:
                self.captions = PacketCaptions(self._begins, stream.time_base)
            self._heard = self._sound.open(container) if self._sound is not None else []
            accelerated = accelerator(self._hwaccel) is not None
            passed: list[int] = []
            for burst in _bursts(self._shown(container, stream, thinned=not accelerated)):
                # All of a burst are looked at once all have been decoded.
                pictures = list(self._placed(burst, passed))
                burst.clear()
                yield from pictures
                pictures.clear()

    def _placed(self, burst: list[VideoFrame | Passed], passed: list[int]) -> Iterator[Picture]:
        """Pictures with their times; in ``passed`` those that were passed over before the next."""
        for shown in burst:
            if isinstance(shown, Passed):
                placed = (self._clock.place(*each) for each in shown.times)
                passed += [at for at in placed if at is not None]
                continue
            at = self._clock.place(shown.pts, shown.duration)
            if at is None:
                continue
            try:
                picture = self._shape_of(shown).picture(at, shown)
            except (av.error.FFmpegError, ValueError):
                self.errors += 1
                continue
            picture.passed = tuple(passed)
            passed.clear()
            self.decoded += 1
            yield picture

    def _shape_of(self, frame: VideoFrame) -> Shape:
        if self._shape is None:
            self._shape = Shape(frame, self._track, self._edge, self._looks)
        return self._shape

    def _shown(
        self, container: InputContainer, stream: VideoStream, *, thinned: bool
    ) -> Iterator[VideoFrame | Passed]:
        """What is shown, in order: pictures, and those that are passed over."""
        context = stream.codec_context
        packets = self._packets(container, stream)
        longest = 0
        if thinned and stream.time_base:
            longest = longest_group(self._policy, context.codec, self._container, stream.time_base)
        if not longest:
            for packet in packets:
                yield from self._pictures_of(stream, packet)
            return
        groups = GroupDecoder(
            context,
            lambda packet: self._pictures_of(stream, packet),
            lambda frame: self._shape_of(frame).squeezed(frame),
            longest,
        )
        yield from groups.pictures(packets)

    def _pictures_of(
        self, stream: VideoStream, packet: Packet[VideoStream] | None
    ) -> list[VideoFrame]:
        try:
            return stream.decode(packet)
        except av.error.EOFError:  # it was told of the end before
            return []
        except av.error.FFmpegError:
            self.errors += 1
            return []

    def _packets(
        self, container: InputContainer, stream: VideoStream
    ) -> Iterator[Packet[VideoStream] | None]:
        """The stream's packets; None, which has the decoder give out its last, if reading fails."""
        failed_reads = 0
        read = Rereading(self._path, self._container)
        packets = container.demux(stream, *self._heard)
        while failed_reads < _MOST_FAILED_READS:
            try:
                packet = next(packets, None)
            except av.error.FFmpegError:
                check_readable(self._path)  # storage that went away is no fault of the file's
                # A generator that raised is spent; the demuxer itself can go on.
                failed_reads += 1
                self.errors += 1
                packets = container.demux(stream, *self._heard)
                continue
            except IndexError:
                # PyAV 18 trips at the end of a transport stream in which streams were added.
                break
            if packet is None:
                self._hear()
                return
            failed_reads = 0
            read.add(packet.size)
            if packet.stream.index == stream.index:
                if self.captions is not None:
                    self.captions.look(bytes(packet), packet.pts)
                yield cast("Packet[VideoStream]", packet)
            else:
                self._to_hear.append(cast("Packet[AudioStream]", packet))
                if len(self._to_hear) >= _BURST_HEARD or packet.size >= _LARGE_HEARD:
                    self._hear()
        self._hear()
        yield None

    def _hear(self) -> None:
        """Hand on the packets of the sound that wait."""
        packets, self._to_hear = self._to_hear, []
        if self._sound is not None:
            for packet in packets:
                self._sound.hear(packet)


def _bursts(shown: Iterable[VideoFrame | Passed]) -> Iterator[list[VideoFrame | Passed]]:
    """What is shown, a few pictures together; of large ones fewer, for they are all held."""
    burst: list[VideoFrame | Passed] = []
    pixels = 0
    for each in shown:
        burst.append(each)
        if not isinstance(each, Passed):
            pixels += each.width * each.height
        if len(burst) >= _BURST or pixels >= _BURST_PIXELS:
            yield burst
            burst, pixels = [], 0
    yield burst


def _prepare(context: VideoCodecContext, longest_edge: int, threads: int, looks: Looks) -> None:
    """Set the decoder up: on so many processors, and no finer than what is to be kept."""
    if looks.layer is not None and context.codec.canonical_name == "exr":
        context.options = {**context.options, "layer": looks.layer}
    context.thread_type = ThreadType.AUTO
    context.thread_count = threads
    codec, longest = context.codec.canonical_name, max(context.width, context.height)
    # JPEG 2000 is stored as halvings of itself: the fine ones, most of the work, are left out.
    # JPEG's transform may give a quarter of the samples; a half of them saves nothing.
    least = {"jpeg2000": 1, "mjpeg": 2}.get(codec)
    if codec == "mjpeg" and context.profile != "Baseline":
        least = None  # the lossless kind has no transform
    halvings = 0
    while least is not None and longest >= 2 * longest_edge:
        longest //= 2
        halvings += 1
    if least is not None and halvings >= least:
        context.options = {**context.options, "lowres": str(min(halvings, _MOST_HALVINGS))}


def _drawn(pts: int, rgb: RgbPicture, longest_edge: int) -> Picture:
    """A picture that was not decoded by FFmpeg."""
    import cv2  # noqa: PLC0415  slow to import

    kept = _shrink(rgb, longest_edge)
    small: Any = cv2.cvtColor(_shrink(rgb, DETECTOR_EDGE), cv2.COLOR_RGB2BGR)
    return Picture(pts, squeeze(small), Once(lambda: small), lambda: kept)


def _shrink(picture: RgbPicture, longest_edge: int) -> RgbPicture:
    import cv2  # noqa: PLC0415

    height, width = picture.shape[:2]
    scale = longest_edge / max(height, width)
    if scale >= 1:
        return picture
    size = max(1, round(width * scale)), max(1, round(height * scale))
    shrunk: Any = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return np.asarray(shrunk, dtype=np.uint8)


def encode_jpeg(rgb: RgbPicture) -> bytes:
    """A picture as JPEG, finely enough that an encoder sees what was decoded.

    Quality 85 without chroma subsampling: pictures shrunk from 4:2:0 have
    their colours in full at this size.
    """
    import cv2  # noqa: PLC0415

    # The same bytes as Pillow's, which would copy the pixels twice before.
    full_colour = cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444
    settings = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY, *full_colour]
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, settings)[1].tobytes()


def image_to_jpeg(image: Any) -> bytes:  # noqa: ANN401  PIL's class is imported when needed
    """A Pillow image as JPEG, like `encode_jpeg`, with its colour profile if it has one."""
    kept = io.BytesIO()
    # The file's remark, if it has one, may be longer than JPEG's can be.
    told = {"icc_profile": image.info.get("icc_profile"), "comment": b""}
    image.save(kept, "JPEG", quality=_JPEG_QUALITY, subsampling="4:4:4", **told)
    return kept.getvalue()
