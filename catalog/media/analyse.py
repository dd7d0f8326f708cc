"""One pass over an asset: its shots, and the pictures that stand for them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from catalog.domain.media import AssetKind, Loudness, Probe, SampledFrame, SamplingPolicy, Shot
from catalog.domain.sidecars import Captioned
from catalog.media.files import check_readable
from catalog.media.leaders import slates_told
from catalog.media.pictures import PictureReader, encode_jpeg, image_to_jpeg
from catalog.media.pulldown import PulldownWatch
from catalog.media.sampling import Sampled, ShotSampler
from catalog.media.sequence_pictures import SEQUENCE, missing_frames
from catalog.media.shots import Seen, ShotDetector
from catalog.media.signatures import Reader, recognise
from catalog.media.sound import Listener, SoundPass
from catalog.media.stills import decode_still
from catalog.media.strip import Strip, StripMaker
from catalog.media.timing import counts_are_variable
from catalog.media.truncation import missing_bytes

StorePicture = Callable[[int, bytes], str]
Progress = Callable[[float], None]

# A take longer than this many kept pictures is continued as a further shot, so that one shot's
# frames never grow with the asset's length.
_MOST_FRAMES_OF_A_SHOT = 600
_USUAL_RATE = Fraction(25)


class Analysis:
    """The shots of one asset, made while iterated over; iterate it once.

    Iterating yields each `Shot` as soon as it is closed and raises
    `UndecodableError` if no picture decodes (and what opening the file may
    raise). The properties grow meanwhile and are final when it has ended.
    """

    def __init__(
        self,
        path: Path,
        probe: Probe,
        policy: SamplingPolicy,
        store_picture: StorePicture,
        progress: Progress | None = None,
        *,
        threads: int = 0,
        hwaccel: str = "none",
        listener: Listener | None = None,
    ) -> None:
        self._path = path
        self._probe = probe
        self._policy = policy
        self._store = store_picture
        self._progress = progress
        self._threads = threads
        self._hwaccel = hwaccel
        self._reader: PictureReader | None = None
        self._damage = missing_frames(probe)
        if probe.container != SEQUENCE:
            self._damage += int(missing_bytes(path) > 0)
        self._steps = _Steps()
        self._pulldown = PulldownWatch(
            probe.time_base, probe.video.frame_rate if probe.video else None
        )
        self._strip: StripMaker | None = None
        has_sound = probe.kind is AssetKind.VIDEO and any(t.decodable for t in probe.audio)
        self._sound = SoundPass(path, probe, drawn=False, listener=listener) if has_sound else None

    @property
    def frames_decoded(self) -> int:
        """Pictures decoded so far."""
        return self._reader.decoded if self._reader else 0

    @property
    def decode_errors(self) -> int:
        """Broken packets skipped so far, frames that a sequence lacks, and a missing end."""
        return (self._reader.errors if self._reader else 0) + self._damage

    @property
    def end_pts(self) -> int:
        """The end of the last picture so far, in the asset's time base."""
        return self._reader.end_pts if self._reader else 0

    @property
    def sound_end_pts(self) -> int:
        """The end of the sound so far, counted from the first picture; 0 if none was heard."""
        return round(self._sound.seconds / self._probe.time_base) if self._sound else 0

    @property
    def duration(self) -> Fraction | None:
        """Seconds from the first picture to the end of the last; None for stills and sound."""
        return self.end_pts * self._probe.time_base if self.end_pts else None

    @property
    def variable_frame_rate(self) -> bool:
        """Whether the pictures' times differed by more than rounding and jitter."""
        return self._probe.container != SEQUENCE and self._steps.are_variable()

    @property
    def pulldown(self) -> str | None:
        """``3:2`` if it is telecined film, as far as was seen; None for everything else."""
        return self._pulldown.found

    def loudness(self) -> Loudness | None:
        """How loud a film is, once the shots are all told; None if it has no sound."""
        if self._sound is None:
            return None
        self._sound.finish()
        return self._sound.loudness

    def captions(self) -> Captioned:
        """What captions within the pictures say, once the shots are all told."""
        if self._reader is None or self._reader.captions is None:
            return Captioned()
        return self._reader.captions.finish(self.end_pts * self._probe.time_base)

    def strip(self) -> Strip | None:
        """A film's strip of small pictures, once the shots are all told; None of anything else."""
        return self._strip.finish(self.end_pts) if self._strip is not None else None

    def __iter__(self) -> Iterator[Shot]:
        return self.shots()

    def shots(self) -> Iterator[Shot]:
        """The shots, each as soon as it is closed; what iterating over the analysis does."""
        if self._probe.kind is AssetKind.STILL:
            yield self._still()
        elif self._probe.kind is AssetKind.VIDEO:
            told = slates_told(self._settled(), self._probe.time_base, self._probe.timecode)
            for index, shot in enumerate(told):
                yield replace(shot, index=index)
            self._report(self.end_pts)

    def _settled(self) -> Iterator[Shot]:
        """Shots as they close; what is left of the last after a late cut joins the one before."""
        closed: Shot | None = None
        shortest = math.ceil(Fraction(self._policy.min_shot) / self._probe.time_base)
        sampler = ShotSampler(self._policy, self._probe.time_base, self._store)
        start = 0
        for seen in self._pictures():
            picture, late = seen.picture, seen.late
            before = sampler.split(late) if late is not None else None
            if late is not None and before is not None:
                if closed is not None:
                    yield closed
                closed = _shot(start, late.cut, before)
                start = late.cut
            full = sampler.kept >= _MOST_FRAMES_OF_A_SHOT and sampler.is_due(picture)
            if (seen.begins and picture.pts > start) or full:
                if closed is not None:
                    yield closed
                closed = _shot(start, picture.pts, sampler.finish(picture.pts))
                start = picture.pts
            elif closed is not None and picture.pts - start >= shortest:
                yield closed
                closed = None
            sampler.add(picture)
        last = _shot(start, self.end_pts, sampler.finish(self.end_pts))
        if closed is not None and last.end_pts - start < shortest:
            frames = closed.frames + last.frames
            flag = closed.flag if closed.flag == last.flag else None
            yield replace(closed, end_pts=last.end_pts, frames=frames, flag=flag)
            return
        if closed is not None:
            yield closed
        yield last

    def _pictures(self) -> Iterator[Seen]:
        """Every picture, with where shots begin."""
        self._reader = reader = PictureReader(
            self._path,
            self._probe,
            self._policy,
            threads=self._threads,
            hwaccel=self._hwaccel,
            sound=self._sound,
        )
        video = self._probe.video
        rate = (video.frame_rate if video else None) or _USUAL_RATE
        detector = ShotDetector(self._probe.time_base, rate, self._policy.min_shot)
        second = max(1, round(1 / self._probe.time_base))
        reported = 0
        self._strip = strip = (
            StripMaker(video, self._probe.time_base, self._probe.duration) if video else None
        )
        for picture in reader:
            for at in (*picture.passed, picture.pts):
                self._steps.add(at)
            self._pulldown.look(picture)
            if strip is not None:
                strip.add(picture.pts, picture.shrunk)
            yield from detector.push(picture)
            if picture.pts - reported >= second:
                reported = picture.pts
                self._report(reported)
        yield from detector.flush()

    def _report(self, pts: int) -> None:
        if self._progress is not None:
            self._progress(float(pts * self._probe.time_base))

    def _still(self) -> Shot:
        signature = recognise(check_readable(self._path))
        # Varieties that Pillow lacks, such as JPEG-LS, were described by FFmpeg.
        by_ffmpeg = self._probe.container.endswith("_pipe")
        if signature is not None and signature.reader is Reader.FFMPEG:
            by_ffmpeg |= signature.name != "GIF"
        if by_ffmpeg:
            reader = PictureReader(self._path, self._probe, self._policy)
            rgb = next(iter(reader)).render()
            content, (height, width) = encode_jpeg(rgb), rgb.shape[:2]
        else:
            picture, whole = decode_still(self._path, self._policy.picture_edge)
            self._damage = max(self._damage, int(not whole))
            content, (width, height) = image_to_jpeg(picture), picture.size
        frame = SampledFrame(0, 0, 0, self._store(0, content), width, height)
        return Shot(index=0, start_pts=0, end_pts=0, frames=(frame,))


def _shot(start: int, end: int, sampled: Sampled) -> Shot:
    """A shot that is numbered when it is given out."""
    return Shot(0, start, end, sampled.frames, sampled.flag)


class _Steps:
    """Counts the steps between pictures; only so many different ones, to stay small."""

    _MOST_DIFFERENT = 1024

    def __init__(self) -> None:
        self._last: int | None = None
        self._counts: Counter[int] = Counter()

    def add(self, pts: int) -> None:
        if self._last is not None:
            step = pts - self._last
            if step in self._counts or len(self._counts) < self._MOST_DIFFERENT:
                self._counts[step] += 1
        self._last = pts

    def are_variable(self) -> bool:
        return counts_are_variable(self._counts)


def analyse(
    path: Path,
    probe: Probe,
    policy: SamplingPolicy,
    store_picture: StorePicture,
    progress: Progress | None = None,
    *,
    threads: int = 0,
    hwaccel: str = "none",
    listener: Listener | None = None,
) -> Analysis:
    """Find an asset's shots and keep their pictures, in one decode pass.

    Memory does not depend on the asset's length: nothing is held but a few
    small pictures and the frames of the present shot.

    Parameters
    ----------
    path:
        The file.
    probe:
        What `catalog.media.probe.probe` said of it.
    policy:
        How densely pictures are sampled.
    store_picture:
        Called with a kept picture's pts and its JPEG; returns its key. A still's
        picture has pts 0.
    progress:
        Called about once per second of media with the seconds done so far.
    threads, hwaccel:
        How a film is decoded; see `catalog.media.pictures.PictureReader`.
    listener:
        Hears a film's sound on the way, to its end if `Analysis.loudness` is asked for.

    Returns
    -------
    Analysis
        An iterable of shots, numbered from 0, that tile the asset from its
        first picture (pts 0) to the end of its last; the frames of each tile
        it. A still is one shot of no length with one frame; sound has none.

    Raises
    ------
    UndecodableError
        While iterating, if no picture decodes.
    """
    return Analysis(
        path,
        probe,
        policy,
        store_picture,
        progress,
        threads=threads,
        hwaccel=hwaccel,
        listener=listener,
    )
