"""The catalogue's tables, in schema ``catalog``.

Time is integer pts in ``asset.time_base`` counted from the asset's first
picture; seconds appear only in generated columns and views. Every constraint
and index has a name, so that a migration can speak of it.
"""

from __future__ import annotations

from catalog.db.models.access import Audit, Idempotency, Token, WebSession
from catalog.db.models.asset import Asset, AssetTag, Location, LocationHistory, Root, Sidecar, Tag
from catalog.db.models.base import NAMING_CONVENTION, SCHEMA, Base
from catalog.db.models.clip import Bin, BinItem, Clip, Frame
from catalog.db.models.rendition import Removed, Rendition
from catalog.db.models.service import Service, Stage
from catalog.db.models.sound import SoundEncoder, SoundHeard, SoundPhrase, SoundWindow
from catalog.db.models.vector import (
    Calibration,
    Centre,
    Embedding,
    Encoder,
    EncoderPace,
    Phrase,
    RollCue,
    Sketch,
    SketchBasis,
    SpeechEmbedding,
)

__all__ = [
    "NAMING_CONVENTION",
    "SCHEMA",
    "Asset",
    "AssetTag",
    "Audit",
    "Base",
    "Bin",
    "BinItem",
    "Calibration",
    "Centre",
    "Clip",
    "Embedding",
    "Encoder",
    "EncoderPace",
    "Frame",
    "Idempotency",
    "Location",
    "LocationHistory",
    "Phrase",
    "Removed",
    "Rendition",
    "RollCue",
    "Root",
    "Service",
    "Sidecar",
    "Sketch",
    "SketchBasis",
    "SoundEncoder",
    "SoundHeard",
    "SoundPhrase",
    "SoundWindow",
    "SpeechEmbedding",
    "Stage",
    "Tag",
    "Token",
    "WebSession",
]

# People at psql read the same sentence as people in Python.
for _class in Base.__subclasses__():
    _sentence = str(_class.__doc__).partition("\n")[0].rstrip(".")
    Base.metadata.tables[f"{SCHEMA}.{_class.__tablename__}"].comment = _sentence
