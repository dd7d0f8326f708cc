"""A file's main sound as listeners want it: one channel, 16,000 samples a second, in order.

The inside, which decodes, and the catalogue's side, which is given the samples; memory depends
on neither length nor channels. Time counts from the first picture, or from the first sample of a
sound; what is missing is silence.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from catalog.domain.paths import shown_path
from catalog.domain.speech import RATE, Heard
from catalog.errors import DecoderCrashedError
from catalog.media.isolated import DecoderPool
from catalog.media.isolated_worker import Report
from catalog.media.listening import played
from catalog.media.mono import from_pcm

_MOST_SOUND_S = 7 * 86_400  # whoever takes the decoder over may claim years of it


# --- inside -------------------------------------------------------------------


def hear(path: Path, _order: dict[str, Any], report: Report) -> None:
    """Tell a file's main sound, then how it went.

    Raises
    ------
    MediaError
        If it cannot be opened.
    """
    sound = played(path, report.ear(), report)
    report.send("heard_all", sound.decoded, sound.errors)


# --- the catalogue's side -----------------------------------------------------


def hear_file(
    pool: DecoderPool,
    path: Path,
    listen: Callable[[Heard], None],
    progress: Callable[[float], None] = lambda _: None,
) -> bool:
    """Give a file's main sound to ``listen``, block by block; False if nothing of it decodes.

    A sound of no or too few samples decodes: there is nothing to hear in it.

    ``progress`` is told the seconds done. What ``listen`` does takes the time it takes: the
    decoder waits for it.

    Raises
    ------
    MediaError
        If the file cannot be read, or does not let its reader live.
    DecodersUnavailableError
        If there is no process to do it, or work was broken off.
    """
    blocks = Blocks(path, listen)
    with pool.job("hear", path, {}) as talk:
        while True:
            match talk.hear():
                case ("heard", *values):
                    blocks.take(*values)
                case ("seconds", int() | float() as done):
                    progress(done)
                case ("heard_all", int(), int() as errors):
                    talk.over = True
                    return blocks.samples > 0 or not errors
                case ("beat",):
                    pass
                case _:
                    raise _babble(path)


class Blocks:
    """A sound as a decoding process tells it, block by block: checked, and given to ``listen``.

    Attributes
    ----------
    samples:
        How many there were so far.
    """

    def __init__(self, path: Path, listen: Callable[[Heard], None]) -> None:
        self._path = path
        self._listen = listen
        self.samples = 0

    def take(self, *values: Any) -> None:  # noqa: ANN401  # whatever the process said
        """The values of its next message.

        Raises
        ------
        DecoderCrashedError
            If they are no sound, or more of it than any file holds.
        """
        block = _block(self._path, list(values))
        self.samples += len(block)
        if self.samples > _MOST_SOUND_S * RATE:
            raise _babble(self._path)
        self._listen(block)


def _block(path: Path, values: list[Any]) -> Heard:
    match values:
        case [bytes() as content] if len(content) % 2 == 0:
            return from_pcm(content)
    raise _babble(path)


def _babble(path: Path) -> DecoderCrashedError:
    return DecoderCrashedError(
        f"The process that decoded the sound of {shown_path(path)} said what is no sound;"
        " expected samples, of a week at most.",
        remedy="The file is damaged, or made to harm: look at where it comes from.",
        path=shown_path(path),
    )
