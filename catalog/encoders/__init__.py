"""Encoders: models that put pictures and words into one space of unit vectors.

Importing this package imports neither torch nor open_clip; :func:`load_encoder`
does, and only for encoders that need them.
"""

from catalog.encoders.protocol import Encoder, Vectors
from catalog.encoders.registry import load_encoder
from catalog.encoders.spec import EncoderSpec, parse_spec

__all__ = ["Encoder", "EncoderSpec", "Vectors", "load_encoder", "parse_spec"]
