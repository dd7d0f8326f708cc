"""Sound encoders: models that put sounds and words into one space of unit vectors.

Importing this package imports no model library; `load_sound_encoder` does, for those that
need one.
"""

from catalog.encoders.sound.protocol import Sound, SoundEncoder
from catalog.encoders.sound.registry import load_sound_encoder, missing_sound_weights

__all__ = ["Sound", "SoundEncoder", "load_sound_encoder", "missing_sound_weights"]
