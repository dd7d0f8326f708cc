"""What every sound encoder promises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

from catalog.encoders.protocol import Vectors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Sound: TypeAlias = "NDArray[np.float32]"
"""One channel, shape ``(samples,)``, full scale at -1 and 1."""


@runtime_checkable
class SoundEncoder(Protocol):
    """An audio-text model: sounds and texts become vectors that can be compared.

    As `catalog.encoders.protocol.Encoder`, with sounds for pictures: the dot product of two
    rows is their cosine similarity, and the same sound has the same vector whatever is
    encoded beside it. May be used from several threads at once.
    """

    @property
    def name(self) -> str:
        """The canonical spec; ``load_sound_encoder(name)`` loads this encoder again."""
        ...

    @property
    def dimension(self) -> int:
        """Length *d* of every vector."""
        ...

    @property
    def device(self) -> str:
        """Where the model runs, as torch calls it (``cpu``, ``cuda:0``)."""
        ...

    @property
    def weights_digest(self) -> str:
        """Fingerprint of all that shapes a vector: weights, preprocessing, tokens."""
        ...

    @property
    def sample_rate(self) -> int:
        """Samples per second of the sounds it takes."""
        ...

    @property
    def window_s(self) -> float:
        """Seconds it hears at once. Longer sounds are the caller's to cut."""
        ...

    def encode_sounds(self, sounds: Sequence[Sound]) -> Vectors:
        """Encode *n* sounds, none empty and none longer than ``window_s``.

        Returns
        -------
        float32 ``(n, d)``, rows of length 1; ``(0, d)`` for no sounds.

        Raises
        ------
        ValueError
            If a sound is empty or longer.
        """
        ...

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Encode *n* texts; what exceeds the model's context is ignored.

        Returns
        -------
        float32 ``(n, d)``, rows of length 1; ``(0, d)`` for no texts.
        """
        ...


def check_sounds(sounds: Sequence[Sound], encoder: SoundEncoder) -> None:
    """Refuse what no encoder takes.

    Raises
    ------
    ValueError
        If a sound is empty or longer than the encoder hears at once.
    """
    longest = round(encoder.window_s * encoder.sample_rate)
    for sound in sounds:
        if not 0 < len(sound) <= longest:
            raise ValueError(f"a sound of {len(sound)} samples; expected 1 to {longest}")
