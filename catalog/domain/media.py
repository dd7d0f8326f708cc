"""What a file is and what was found in it, as plain values.

All times are integer *pts* in the asset's own time base, counted from the
first presented picture (so pts 0 is the start of the asset, whatever the
container says); ``time_base`` is the length of one pts in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import Any


class AssetKind(StrEnum):
    """The sort of essence an asset is searched and shown by."""

    VIDEO = "video"
    STILL = "still"
    AUDIO = "audio"


@dataclass(frozen=True, slots=True)
class VideoTrack:
    """The stream whose pictures are catalogued, as the file describes it.

    ``width`` and ``height`` are coded pixels; ``display_width`` and
    ``display_height`` are what a viewer sees, after sample aspect ratio and
    rotation. ``rotation`` is clockwise degrees in {0, 90, 180, 270}; where
    ``mirrored``, the picture is mirrored left to right before it is turned.
    ``level`` is the codec's as its standard spells it (``4.1``), ``chroma`` how
    colour is sampled (``4:2:0``, ``4:0:0`` for grey, ``rgb``), ``hdr`` the
    kinds of high dynamic range the pictures are made for, see `catalog.media.hdr`.
    """

    index: int
    codec: str
    profile: str | None
    width: int
    height: int
    display_width: int
    display_height: int
    rotation: int
    sample_aspect_ratio: Fraction
    pixel_format: str | None
    bit_depth: int | None
    frame_rate: Fraction | None
    variable_frame_rate: bool
    color_primaries: str | None = None
    color_transfer: str | None = None
    color_space: str | None = None
    color_range: str | None = None
    field_order: str | None = None
    bit_rate: int | None = None
    frame_count: int | None = None
    mirrored: bool = False
    level: str | None = None
    chroma: str | None = None
    hdr: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AudioTrack:
    """One audio stream. ``bit_depth`` is of a stored sample; lossy codecs have none.

    Of one that is not ``decodable``, ``codec`` is the four letters that the file calls it by.
    """

    index: int
    codec: str
    sample_rate: int
    channels: int
    layout: str | None
    language: str | None = None
    bit_rate: int | None = None
    profile: str | None = None
    sample_format: str | None = None
    bit_depth: int | None = None
    title: str | None = None
    decodable: bool = True


@dataclass(frozen=True, slots=True)
class Facts:
    """Who and what made the essence, where, and under which terms, as the file says.

    ``latitude`` and ``longitude`` are degrees, north and east positive, and
    known together; ``altitude`` is metres above the sea. ``rights`` is the
    copyright notice with the terms of use.
    """

    description: str | None = None
    camera_make: str | None = None
    camera_model: str | None = None
    camera_serial: str | None = None
    lens: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    altitude: float | None = None
    reel: str | None = None
    scene: str | None = None
    take: str | None = None
    rights: str | None = None
    creator: str | None = None
    credit: str | None = None


@dataclass(frozen=True, slots=True)
class Probe:
    """Everything known of a file without decoding it all.

    ``duration`` is seconds, exact, None for stills. ``timecode`` is the SMPTE
    start timecode as the essence spells it (``;`` before the frames when
    drop-frame), or None. ``bit_rate`` is of the whole file, in bits per second.
    ``origin`` is what counts as 0, where a video's first picture lies in the
    file's own time, in seconds; None if the file does not say.
    ``metadata`` keeps what no field holds (container
    tags, EXIF, further streams, chapters), JSON-ready.
    """

    kind: AssetKind
    container: str
    duration: Fraction | None
    time_base: Fraction
    video: VideoTrack | None
    audio: tuple[AudioTrack, ...]
    timecode: str | None
    recorded: datetime | None
    title: str | None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    facts: Facts = field(default_factory=Facts)
    bit_rate: int | None = None
    origin: Fraction | None = None

    @property
    def main_sound(self) -> AudioTrack | None:
        """The track that stands for the sound: the first that decodes, else the first."""
        return next(
            (track for track in self.audio if track.decodable), next(iter(self.audio), None)
        )


@dataclass(frozen=True, slots=True)
class SampledFrame:
    """One kept picture of a shot, standing for ``[start_pts, end_pts)``.

    ``pts`` is the picture's own time; ``picture`` is its key in the frame
    store, ``width`` and ``height`` the stored picture's size in pixels,
    ``collapsed`` the number of sampled near-identical pictures it stands for
    beside itself. The ``poster`` of a shot stands for it where one picture must.
    """

    pts: int
    start_pts: int
    end_pts: int
    picture: str
    width: int
    height: int
    collapsed: int = 0
    poster: bool = False


@dataclass(frozen=True, slots=True)
class Loudness:
    """How loud a sound is, by EBU R 128; see `catalog.media.loudness`.

    ``integrated`` is LUFS over the whole sound, ``range`` is LU between its soft and its loud
    parts, ``true_peak`` is dBTP of the highest channel. None: nothing of the sound is loud or
    long enough to say.
    """

    integrated: float | None
    range: float | None
    true_peak: float


FLAGS = ("bars", "black", "leader", "slate")
"""What makes a shot not worth searching unless it is asked for."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A half-open time range between two cuts, with its sampled frames.

    ``flag`` names what makes the shot not worth searching: ``black`` (nothing to
    see), ``bars`` (colour bars), ``leader`` (a countdown), ``slate`` (a card that
    says what follows); None for everything else.
    """

    index: int
    start_pts: int
    end_pts: int
    frames: tuple[SampledFrame, ...]
    flag: str | None = None


@dataclass(frozen=True, slots=True)
class SamplingPolicy:
    """How densely pictures of a shot are sampled, and when two are the same.

    Attributes
    ----------
    interval:
        Seconds between candidate pictures within a shot.
    similarity:
        Candidates whose small pictures differ by less than this mean absolute
        difference (0..255) from the last kept one are collapsed into it.
    picture_edge:
        Longest edge of the stored picture in pixels; smaller ones are not enlarged.
    min_shot:
        Seconds a shot must last; a cut sooner after the last one is not taken.
    decode:
        ``full`` decodes every picture; ``auto`` passes over groups of pictures in which
        nothing can have happened (`catalog.media.groups`).
    sequences:
        Which files with numbers in their names are frames of one asset: ``auto``, ``all`` or
        ``off`` (`catalog.domain.sequences`).
    sequence_rate:
        Pictures a second of an image sequence; None for what its frames say, else 24.
    """

    interval: float = 1.0
    similarity: float = 4.0
    picture_edge: int = 640
    min_shot: float = 0.4
    decode: str = "auto"
    sequences: str = "auto"
    sequence_rate: float | None = None
