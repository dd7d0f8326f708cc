"""What is said in an asset where nobody has written it down.

Recognising is a stage of its own, `STAGE`: it takes as long as the sound itself, wants weights
that not every machine has, and waits for them without holding anything else up. It also listens
to what the analysis could not listen to.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from catalog.db.engine import Database
from catalog.domain.paths import shown_path
from catalog.domain.speech import (
    RATE,
    SURE,
    Heard,
    Range,
    Recognised,
    Recogniser,
    from_pts,
    pieces,
)
from catalog.errors import (
    RecognitionOverrunError,
    SpeechUnavailableError,
    UndecodableError,
)
from catalog.ingest.analyse import (
    Tools,
    first_present,
)
from catalog.ingest.attempts import attempted, taken_over
from catalog.ingest.listening import OnSeconds, listen
from catalog.ingest.verify import usable_files
from catalog.media.hearing import hear_file
from catalog.store import assets, speech, stages, waiting
from catalog.store.rolls import tell_rolls
from catalog.store.speech import Sound, SpokenLine

STAGE = "recognise"
# Of wall time: a large model on two slow processors takes ten seconds for one of speech.
_SECONDS, _SECONDS_PER_SECOND = 600.0, 20.0

LoadRecogniser = Callable[[], Recogniser]


@dataclass(frozen=True, slots=True)
class Transcript:
    """What one recognition brought: seconds in which somebody speaks, and lines of text."""

    spoken_s: float
    lines: int


def want_text(database: Database, asset_ids: Sequence[int] | None) -> list[int]:
    """Make due what is to be recognised of these assets, or of all; which of them are due."""
    with database.session() as session:
        return text_wanted(session, assets.all_ids(session) if asset_ids is None else asset_ids)


def text_wanted(session: Session, asset_ids: Sequence[int]) -> list[int]:
    """As `want_text`, in a session that is there."""
    speech.want_text(session, asset_ids, STAGE)
    return stages.due(session, asset_ids, STAGE)


def ask_again(database: Database, asset_ids: Sequence[int]) -> None:
    """Make due what was recognised before of these assets; what is kept stays until it is done."""
    with database.session() as session:
        stages.make_due(session, speech.recognised(session, asset_ids), STAGE)


def waits(database: Database, asset_ids: Sequence[int] | None) -> str | None:
    """How many of these assets (None: of all) wait for a recogniser, and why, in words.

    None if none does.
    """
    with database.session() as session:
        found = waiting.why_waiting(session, STAGE, asset_ids)
    if found is None:
        return None
    count, why = found
    subject = "1 asset waits" if count == 1 else f"{count} assets wait"
    return f"{subject} for speech to be recognised: {why}"


def wake(database: Database) -> list[int]:
    """What waited for a recogniser is due, for there is one; which assets these are."""
    with database.session() as session:
        return waiting.wake(session, STAGE)


def recognise_asset(
    tools: Tools, asset_id: int, load: LoadRecogniser, on_seconds: OnSeconds = lambda _: None
) -> Transcript | None:
    """Recognise what is said in an asset, if that is due; None if it is not, or has to wait.

    It waits where what it needs is not on this machine, and says so in its stage. Broken off it
    stays due. ``on_seconds`` is told how far it is.

    Raises
    ------
    AssetBusyError
        If another process is at work on the asset.
    MediaError
        If its sound cannot be read, or takes too long; also kept in its stage.
    ServiceError
        If the database fails or work is broken off; it stays due.
    """
    database = tools.database
    with attempted(database, asset_id, STAGE) as attempt:
        if attempt is None:
            return None
        try:
            return _Recognition(tools, asset_id, attempt.number, load, on_seconds).run()
        except SpeechUnavailableError as missing:
            with database.session() as session:
                waiting.put_off(session, asset_id, STAGE, missing, attempt=attempt.number)
            return None


class _Recognition:
    """One attempt at one asset, which is held meanwhile."""

    def __init__(
        self,
        tools: Tools,
        asset_id: int,
        attempt: int,
        load: LoadRecogniser,
        on_seconds: OnSeconds,
    ) -> None:
        self._tools = tools
        self._database = tools.database
        self._asset_id = asset_id
        self._attempt = attempt
        self._load = load
        self._on_seconds = on_seconds
        self._path = Path()

    def run(self) -> Transcript:
        """Listen where nobody has, recognise what nobody has written down, finish the stage."""
        self._path = first_present(usable_files(self._database, self._asset_id))
        with self._database.session() as session:
            sound = speech.sound_of(session, self._asset_id)
        spoken = sound.spoken if sound.spoken is not None else self._listen(sound)
        seconds = float(sum(end - start for start, end in spoken) * sound.time_base)
        found = None if sound.told or not spoken else self._recognise(sound, spoken)
        with self._database.session() as session:
            # Whoever brought words meanwhile knows better than any recogniser.
            if found is not None and not speech.sound_of(session, self._asset_id).told:
                speech.replace_recognised(
                    session, self._asset_id, shown_path(self._path), found.said, found.lines
                )
            if not stages.finish_stage(session, self._asset_id, STAGE, attempt=self._attempt):
                raise taken_over(self._asset_id)
        return Transcript(seconds, len(found.lines) if found is not None else 0)

    def _listen(self, sound: Sound) -> list[Range]:
        """Catch up on what the analysis could not do; kept at once, whatever comes after."""
        found: list[Range] | None = []
        if sound.tracks:
            found = listen(self._tools.decoders, self._path, sound.time_base, self._on_seconds)
        if found is None:
            raise UndecodableError(
                f"Nothing of the sound of {shown_path(self._path)} can be decoded; expected speech"
                " or silence.",
                remedy="Transcode its sound; by its pictures it is found without.",
                path=shown_path(self._path),
            )
        with self._database.session() as session:
            speech.set_speaking(session, self._asset_id, found)
            tell_rolls(session, [self._asset_id], held=True)
        return found

    def _recognise(self, sound: Sound, spoken: Sequence[Range]) -> _Found:
        recogniser = self._load()
        cuts = _Cuts(self._path, recogniser, pieces(from_pts(spoken, sound.time_base)))
        hear_file(self._tools.decoders, self._path, cuts.hear, self._on_seconds)
        cuts.finish()
        lines = list(cuts.lines(sound.time_base))
        languages = sorted({line.language for line in lines})
        return _Found({"recognised": {"by": recogniser.name, "languages": languages}}, lines)


@dataclass(frozen=True, slots=True)
class _Found:
    """What a recogniser said: how it is kept of it as a whole, and its lines."""

    said: dict[str, Any]
    lines: list[SpokenLine]


class _Cuts:
    """Cuts sound into the pieces that are spoken while it goes by, and has each recognised.

    No more than one piece is held at a time.
    """

    def __init__(self, path: Path, recogniser: Recogniser, wanted: Sequence[Range]) -> None:
        self._path = path
        self._recogniser = recogniser
        self._wanted = list(reversed(wanted))
        self._at = 0
        self._held: list[Heard] = []
        self._language: str | None = None
        self._told: list[tuple[int, Recognised]] = []
        self._recognised_s = 0.0
        self._began = time.monotonic()

    def hear(self, block: Heard) -> None:
        """The next samples."""
        first, self._at = self._at, self._at + len(block)
        while self._wanted:
            start, end = self._wanted[-1]
            part = block[max(0, start - first) : max(0, end - first)]
            if len(part):
                self._held.append(part)
            if self._at < end:
                return
            self._recognise(start)
            self._wanted.pop()

    def finish(self) -> None:
        """The sound is over, perhaps a little before the last piece is."""
        if self._wanted:
            self._recognise(self._wanted[-1][0])
            self._wanted.clear()

    def lines(self, base: Fraction) -> Iterator[SpokenLine]:
        """All that was said, in an asset's time base."""
        for start, told in self._told:
            for line in told.lines:
                first = _pts(start, line.start, base)
                words = [
                    [word.text, *(_pts(start, at, base) for at in (word.start, word.end)),
                     round(word.probability, 3)]
                    for word in line.words
                ]  # fmt: skip
                last = max(first + 1, _pts(start, line.end, base))
                if text := " ".join(line.text.replace("\x00", "").split()):
                    yield SpokenLine(first, last, text, told.language, words)

    def _recognise(self, start: int) -> None:
        if not self._held:
            return
        sound = np.concatenate(self._held)
        self._held = []
        told = self._recogniser.recognise(sound, self._language)
        if told.probability >= SURE:
            self._language = told.language
        self._told.append((start, told))
        self._recognised_s += len(sound) / RATE
        self._check_time()

    def _check_time(self) -> None:
        allowed = _SECONDS + _SECONDS_PER_SECOND * self._recognised_s
        if time.monotonic() - self._began > allowed:
            raise RecognitionOverrunError(
                f"Recognising {shown_path(self._path)} took {allowed:.0f} s for"
                f" {self._recognised_s:.0f} s of speech; expected at most"
                f" {_SECONDS_PER_SECOND:g} s each.",
                remedy="Choose a smaller model (CATALOG_SPEECH_MODEL) or a graphics card"
                " (CATALOG_SPEECH_DEVICE=cuda); then `catalog retry`.",
                path=shown_path(self._path),
            )


def _pts(start: int, seconds: float, base: Fraction) -> int:
    """A moment of a piece in the asset's time base."""
    return max(0, round((Fraction(start, RATE) + Fraction(seconds)) / base))
