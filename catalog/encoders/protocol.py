"""What every encoder promises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

Vectors: TypeAlias = "NDArray[np.float32]"


@runtime_checkable
class TextEncoder(Protocol):
    """A model that makes vectors of texts: a sentence encoder, or an image-text model's words.

    The dot product of two rows is their cosine similarity. An encoder may be
    used from several threads at once. Vectors of the same ``weights_digest`` agree across
    devices and precisions (cosine 0.999 or better where the precision was chosen automatically).
    """

    @property
    def name(self) -> str:
        """The canonical spec; ``load_encoder(name)`` loads this encoder again."""
        ...

    @property
    def dimension(self) -> int:
        """Length *d* of every vector."""
        ...

    @property
    def precision(self) -> str:
        """What the model computes in: ``fp32``, ``bf16``, ``fp16`` or ``int8``."""
        ...

    @property
    def device(self) -> str:
        """Where the model runs, as torch calls it (``cpu``, ``cuda:0``)."""
        ...

    @property
    def weights_digest(self) -> str:
        """Fingerprint of all that shapes a vector but precision: weights, preprocessing, tokens.

        It differs when a checkpoint under the same name was replaced, and
        stays when the same weights are stored in another format.
        """
        ...

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Encode *n* texts in any language; what exceeds the model's context is ignored.

        Returns
        -------
        float32 ``(n, d)``, rows of length 1; ``(0, d)`` for no texts.
        """
        ...

    def characters_read(self, texts: Sequence[str]) -> list[int]:
        """How many characters of each text the model reads, -1 where it reads all of it."""
        ...


@runtime_checkable
class Encoder(TextEncoder, Protocol):
    """An image-text model: pictures and texts become vectors that can be compared."""

    def encode_images(self, pictures: Sequence[Image.Image]) -> Vectors:
        """Encode *n* pictures of any size and mode.

        Returns
        -------
        float32 ``(n, d)``, rows of length 1; ``(0, d)`` for no pictures.

        Raises
        ------
        UndecodableError
            A picture cannot be read; ``details["index"]`` says which.
        """
        ...
