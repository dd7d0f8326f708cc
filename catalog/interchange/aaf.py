"""Advanced Authoring Format, for Avid Media Composer and Pro Tools, through pyaaf2.

After the AAF Object Specification and the AAF Edit Protocol: a composition of source
clips; each refers to a master mob, that to the file (with its locator), that to the
tape with its timecode. Our own writer on pyaaf2: OpenTimelineIO's takes drop-frame from
the rate, names tapes after clips, and writes no markers.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog.domain.timecode import frames_per_day
from catalog.domain.timeline import Cut, Media, Timeline
from catalog.interchange.written import Options, Written, of_one_rate, one_line

# Names within this space are the same each time: an asset keeps its mobs in every export.
_NAMESPACE = uuid.UUID("5f0a8bb6-1f6e-5b6c-9a51-6a3b3c6f1f27")
_FIRST_SLOT = 1000
_PICTURE, _SOUND = "picture", "sound"
_TAPE_SOUNDS = 16


def write_aaf(timeline: Timeline, options: Options) -> Written:
    """A composition with video tracks, a sound track per channel, timecode and markers."""
    import aaf2  # noqa: PLC0415  # only those who export pay for it

    written = Written()
    cuts = of_one_rate(timeline, written, "an AAF composition")
    if any(cut.name != cut.media.name for cut in cuts):
        written.leave("name", "clips of an AAF composition are called after their media")
    # pyaaf2 completes the file as it closes it, and memory it lets go then.
    with tempfile.TemporaryDirectory(prefix="catalog-aaf-") as folder:
        path = Path(folder) / "timeline.aaf"
        with aaf2.open(str(path), "w") as file:
            _Composition(file, timeline, options).write(cuts)
        written.data = path.read_bytes()
    written.clips = len(cuts)
    return written


@dataclass(slots=True)
class _Master:
    """A master mob, and its slot per kind of essence and channel."""

    mob: Any
    slots: dict[tuple[str, int], Any]


class _Composition:
    """The file as it is made; every mob once."""

    def __init__(self, file: Any, timeline: Timeline, options: Options) -> None:  # noqa: ANN401  # aaf2 has no types
        self._file = file
        self._timeline = timeline
        self._options = options
        self._rate = timeline.rate
        self._masters: dict[int, _Master] = {}
        self._tapes: dict[tuple[str, bool], tuple[Any, dict[tuple[str, int], int]]] = {}

    def write(self, cuts: Sequence[Cut]) -> None:
        """Enter everything into the file."""
        composition = self._mob("CompositionMob", self._timeline.name, None)
        composition.usage = "Usage_TopLevel"
        self._timecode(composition, "TC1", self._timeline.start, self._timeline.length)
        sound_track = 0
        for number in range(1, max((cut.track for cut in cuts), default=1) + 1):
            mine = sorted((cut for cut in cuts if cut.track == number), key=lambda cut: cut.at)
            pictures = [cut for cut in mine if cut.media.video]
            slot = self._track(composition, _PICTURE, f"V{number}", number, cuts=pictures)
            self._markers(composition, slot, number, pictures)
            channels = max((cut.media.channels for cut in mine if cut.has_sound), default=0)
            for channel in range(1, channels + 1):
                sound_track += 1
                heard = [c for c in mine if c.has_sound and channel <= c.media.channels]
                name = f"A{sound_track}"
                slot = self._track(
                    composition, _SOUND, name, sound_track, cuts=heard, channel=channel
                )
                if channel == 1:
                    only = [cut for cut in heard if not cut.media.video]
                    self._markers(composition, slot, sound_track, only)

    def _mob(self, sort: str, name: str, identity: str | None) -> Any:  # noqa: ANN401
        mob = getattr(self._file.create, sort)(one_line(name) or "Untitled")
        if identity is not None:
            mob_id = mob.mob_id
            mob_id.material = _auid(uuid.uuid5(_NAMESPACE, identity))
            mob.mob_id = mob_id
        self._file.content.mobs.append(mob)
        return mob

    def _timecode(self, mob: Any, name: str, start: Any, length: int) -> Any:  # noqa: ANN401
        slot = mob.create_timeline_slot(self._rate)
        slot.name = name
        slot["PhysicalTrackNumber"].value = 1
        made = self._file.create.Timecode(start.nominal, drop=start.drop, length=max(1, length))
        made.start = start.frames
        slot.segment = made
        return slot

    def _track(
        self,
        composition: Any,  # noqa: ANN401
        kind: str,
        name: str,
        number: int,
        *,
        cuts: Sequence[Cut],
        channel: int = 1,
    ) -> Any:  # noqa: ANN401
        # No number that a master mob's slot has: some readers take one for the other.
        free = _FIRST_SLOT + len(composition.slots)
        slot = composition.create_empty_sequence_slot(self._rate, free, kind)
        slot.name = name
        slot["PhysicalTrackNumber"].value = number
        components: list[Any] = []
        end = 0
        for cut in cuts:
            if cut.at > end:
                components.append(self._file.create.Filler(kind, cut.at - end))
            components.append(self._source_clip(cut, kind, channel))
            end = cut.end
        # All at once: one by one, the more there are the longer each takes.
        slot.segment.components.extend(components)
        slot.segment.length = end
        return slot

    def _source_clip(self, cut: Cut, kind: str, channel: int) -> Any:  # noqa: ANN401
        master = self._master(cut)
        slot = master.slots[(kind, channel)]
        return master.mob.create_source_clip(slot.slot_id, cut.first, cut.frames, kind)

    def _master(self, cut: Cut) -> _Master:
        media = cut.media
        if media.id not in self._masters:
            mob = self._mob("MasterMob", media.name, f"master:{media.identity}")
            facts = {
                "Tape": media.reel,
                "Source File": self._options.file_name(cut),
                "UNC Path": self._options.path(cut),
                "Scene": media.scene,
                "Take": media.take,
                "Description": media.description,
            }
            for key, value in facts.items():
                if text := one_line(value):
                    mob.comments[key] = text
            self._masters[media.id] = _Master(mob, dict(self._slots(mob, cut)))
        return self._masters[media.id]

    def _slots(self, mob: Any, cut: Cut) -> Iterator[tuple[tuple[str, int], Any]]:  # noqa: ANN401
        media = cut.media
        kinds = [(_PICTURE, 1)] if media.video else []
        kinds += [(_SOUND, channel) for channel in range(1, media.channels + 1)]
        for kind, channel in kinds:
            file_mob, file_slot = self._file_mob(cut, kind, channel)
            slot = mob.create_timeline_slot(self._rate)
            slot.name = f"{'V' if kind == _PICTURE else 'A'}{channel}"
            slot["PhysicalTrackNumber"].value = channel
            slot.segment = file_mob.create_source_clip(file_slot.slot_id, None, media.frames, kind)
            yield (kind, channel), slot

    def _file_mob(self, cut: Cut, kind: str, channel: int) -> tuple[Any, Any]:
        media = cut.media
        mob = self._mob("SourceMob", media.name, f"file:{kind}{channel}:{media.identity}")
        mob.descriptor = self._descriptor(media, kind)
        if url := self._options.url(cut):
            locator = self._file.create.NetworkLocator()
            locator["URLString"].value = url
            mob.descriptor["Locator"].append(locator)
        tape, tape_slot = self._tape(media, kind, channel)
        slot = mob.create_timeline_slot(self._rate)
        slot["PhysicalTrackNumber"].value = channel
        first = media.start.frames
        slot.segment = tape.create_source_clip(tape_slot, first, media.frames, kind)
        return mob, slot

    def _tape(self, media: Media, kind: str, channel: int) -> tuple[Any, int]:
        """A reel and its slot of such a track, which is how an editing program finds it again.

        Its timecode runs through the whole day, so all that is on it has a place. Slots are the
        same in every export, as its identity is.
        """
        key = (media.reel, media.start.drop)
        if key not in self._tapes:
            identity = f"tape:{self._rate}:{media.start.drop}:{media.reel}"
            mob = self._mob("SourceMob", media.reel, identity)
            mob.descriptor = self._file.create.TapeDescriptor()
            self._tapes[key] = (mob, {})
            sounds = [(_SOUND, number) for number in range(1, _TAPE_SOUNDS + 1)]
            self._add_tracks(key, media, [(_PICTURE, 1), *sounds])
            self._timecode(mob, "TC1", media.start + -media.start.frames, _tape_length(media))
        mob, slots = self._tapes[key]
        if (kind, channel) not in slots:
            self._add_tracks(key, media, [(kind, channel)])
        return mob, slots[kind, channel]

    def _add_tracks(
        self, key: tuple[str, bool], media: Media, tracks: Sequence[tuple[str, int]]
    ) -> None:
        mob, slots = self._tapes[key]
        for kind, channel in tracks:
            slot = mob.create_empty_slot(self._rate, kind)
            slot.segment.length = _tape_length(media)
            slot["PhysicalTrackNumber"].value = channel
            slots[kind, channel] = slot.slot_id

    def _descriptor(self, media: Media, kind: str) -> Any:  # noqa: ANN401
        create = self._file.create
        if kind == _SOUND:
            sampling = media.sample_rate or 48000
            made = create.PCMDescriptor()
            # Uncompressed 16 bits of one channel: what Avid expects of media it has not seen.
            made["Channels"].value = 1
            made["QuantizationBits"].value = 16
            made["BlockAlign"].value = 2
            made["AverageBPS"].value = sampling * 2
            made["AudioSamplingRate"].value = sampling
            made["SampleRate"].value = sampling
            made["Length"].value = int(media.frames / media.rate * sampling)
            return made
        width, height = media.width or 1920, media.height or 1080
        made = create.CDCIDescriptor()
        made["ComponentWidth"].value = 8
        made["HorizontalSubsampling"].value = 2
        made["ImageAspectRatio"].value = f"{width}/{height}"
        made["StoredWidth"].value = width
        made["StoredHeight"].value = height
        made["FrameLayout"].value = "FullFrame"
        made["VideoLineMap"].value = [42, 0]
        made["SampleRate"].value = media.rate
        made["Length"].value = media.frames
        return made

    def _markers(self, composition: Any, slot: Any, number: int, cuts: Sequence[Cut]) -> None:  # noqa: ANN401
        marked = [(cut, marker) for cut in cuts for marker in cut.markers]
        if not marked:
            return
        create = self._file.create
        event_slot = create.EventMobSlot()
        event_slot.slot_id = _FIRST_SLOT + len(composition.slots)
        event_slot.edit_rate = self._rate
        event_slot["PhysicalTrackNumber"].value = number
        sequence = create.Sequence(media_kind="DescriptiveMetadata")
        markers = []
        for cut, marker in marked:
            made = create.DescriptiveMarker()
            made["Position"].value = cut.at + marker.first - cut.first
            made["Length"].value = marker.frames
            made["Comment"].value = one_line(marker.text)
            made["DescribedSlots"].value = {slot.slot_id}
            markers.append(made)
        sequence["Components"].value = markers
        event_slot.segment = sequence
        composition.slots.append(event_slot)


def _tape_length(media: Media) -> int:
    """Twice round the clock: what begins before midnight may end after it."""
    return 2 * frames_per_day(media.start.nominal, drop=media.start.drop)


def _auid(value: uuid.UUID) -> Any:  # noqa: ANN401
    from aaf2.auid import AUID  # noqa: PLC0415

    return AUID(bytes_le=value.bytes_le)
