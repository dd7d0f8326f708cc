"""Encoders: models that put pictures and words, or words alone, into a space of unit vectors.

Importing this package imports neither torch nor open_clip; :func:`load_encoder`
does, and only for encoders that need them.
"""

from catalog.encoders.protocol import Encoder, TextEncoder, Vectors
from catalog.encoders.registry import load_encoder, load_text_encoder
from catalog.encoders.spec import EncoderSpec, parse_spec

__all__ = [
    "Encoder",
    "EncoderSpec",
    "TextEncoder",
    "Vectors",
    "load_encoder",
    "load_text_encoder",
    "parse_spec",
]
