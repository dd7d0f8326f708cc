"""Footage with known captions, talk with known words, and scripts that ask for both.

Rendered shots of held-out scenes are the B-roll. Interviews (plain pictures with subtitles) are the
A-roll: for each scene somebody says a sentence about it, in another wording than the caption
and in one of five languages. A script's lines are captions; of each line it is known which shot
shows it and which sentence says it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from catalog import Catalog
from catalog.demo.captions import caption
from catalog.demo.footage import File, Footage, Shot, heldout_footage
from catalog.demo.world import Scene
from catalog.domain.recommended import PlannedLine, Proposal
from catalog.media.writer import write_video

LANGUAGES = ("en", "de", "es", "uk", "zh")
SENTENCE_S = 3
A_TALK = 12
"""Sentences of one interview."""
_WORDING = 7


@dataclass(frozen=True)
class Said:
    """A sentence of an interview: in which file, from when, and in which language."""

    file: str
    start: float
    language: str
    text: str


@dataclass(frozen=True)
class Asked:
    """A script in one language, and what each of its lines should get."""

    language: str
    shots: Sequence[tuple[File, Shot]]
    said: Sequence[Said]

    @property
    def text(self) -> str:
        """The captions, a paragraph each."""
        return "\n\n".join(_line(shot, self.language) for _, shot in self.shots)


@dataclass
class Score:
    """Lines asked for, and those that had the right one among their first three."""

    lines: int = 0
    shown: int = 0
    said: int = 0

    def add(self, planned: PlannedLine, shot: tuple[File, Shot], said: Said) -> None:
        """Count one line."""
        self.lines += 1
        self.shown += any(_is_shot(each, *shot) for each in planned.b_roll[:3])
        self.said += any(_is_said(each, said) for each in planned.a_roll[:3])


def make(
    folder: Path, *, scenes: int, seed: int = 1, width: int = 320, a_talk: int = A_TALK
) -> tuple[Footage, list[Said]]:
    """Render both kinds of footage; for each shot, in order, the sentence that speaks of it."""
    size = (width, width * 9 // 16 // 2 * 2)
    footage = heldout_footage(
        folder / "rolls", count=scenes, seed=seed, size=size, seconds=4.0, shots_per_video=20
    )
    shots = [shot for _, shot in footage.shots()]
    said: list[Said] = []
    for number, first in enumerate(range(0, len(shots), a_talk)):
        # A talk holds to one language, as people do.
        language = LANGUAGES[number % len(LANGUAGES)]
        said += _talk(folder / "talks", number, shots[first : first + a_talk], language)
    return footage, said


def _talk(folder: Path, number: int, shots: Sequence[Shot], language: str) -> list[Said]:
    name = f"talk-{number + 1:02d}.mp4"
    folder.mkdir(parents=True, exist_ok=True)
    grey = np.full((48, 64, 3), 60 + 12 * (number % 12), np.uint8)
    frames = [grey] * (25 * SENTENCE_S * len(shots))
    hour = f"{number % 24:02d}:00:00:00"
    said_of = {"comment": f"talk {number}"}
    write_video(
        folder / name, frames, frame_rate=Fraction(25), start_timecode=hour, metadata=said_of
    )
    said = [
        Said(name, at * SENTENCE_S, language, _sentence(shot, language))
        for at, shot in enumerate(shots)
    ]
    cues = (
        f"{at}\n{_clock(each.start)} --> {_clock(each.start + SENTENCE_S - 0.2)}\n{each.text}\n"
        for at, each in enumerate(said, 1)
    )
    subtitles = (folder / name).with_suffix(f".{language}.srt")
    subtitles.write_text("\n".join(cues), encoding="utf-8")
    return said


def _sentence(shot: Shot, language: str) -> str:
    """What is said of a scene: in another wording than the script's, where there is one."""
    scene = Scene(**shot.scene)
    plain = caption(scene, language)
    worded = (caption(scene, language, variant) for variant in range(_WORDING, _WORDING + 40))
    return next((each for each in worded if each != plain), plain)


def _line(shot: Shot, language: str) -> str:
    return f"{shot.captions[language].rstrip('.。।')}{'。' if language == 'zh' else '.'}"


def _clock(seconds: float) -> str:
    whole, thousandths = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d},{thousandths:03d}"


def scripts(
    footage: Footage, said: Sequence[Said], *, number: int, lines: int = 6, seed: int = 3
) -> list[Asked]:
    """So many scripts, the languages in turn; the scenes of each are drawn at random."""
    shots = list(footage.shots())
    rng = random.Random(seed)
    made = []
    for at in range(number):
        drawn = rng.sample(range(len(shots)), lines)
        language = LANGUAGES[at % len(LANGUAGES)]
        made.append(Asked(language, [shots[n] for n in drawn], [said[n] for n in drawn]))
    return made


def measured(catalog: Catalog, asked: Sequence[Asked]) -> dict[str, Score]:
    """Plan every script: scores by its language, and by whether the sentence is in the ``same``."""
    found: dict[str, Score] = {}
    for script in asked:
        planned = catalog.recommend(text=script.text, kind="text")
        assert len(planned.lines) == len(script.shots), "a caption is a line"
        for line, shot, said in zip(planned.lines, script.shots, script.said, strict=True):
            alike = "same" if said.language == script.language else "other"
            for key in (script.language, alike, "all"):
                found.setdefault(key, Score()).add(line, shot, said)
    return found


def _is_shot(proposal: Proposal, file: File, shot: Shot) -> bool:
    middle = (shot.start + shot.end) / 2
    clip = proposal.clip
    return clip["asset"]["name"] == file.file and clip["start"] <= middle < clip["end"]


def _is_said(proposal: Proposal, said: Said) -> bool:
    clip = proposal.clip
    return clip["asset"]["name"] == said.file and abs(clip["start"] - said.start) < 0.05
