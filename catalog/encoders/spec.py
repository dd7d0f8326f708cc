"""How encoders are named. Nothing here imports torch or reads a model.

==================================  ====================================================
``MODEL/TAG``                       an open_clip architecture with published weights
``MODEL``                           the same, where the architecture has one set of weights
``MODEL@PATH``                      an open_clip architecture with a local checkpoint file
``MODEL/random``                    random weights from a fixed seed, to measure speed
``hf-hub:ORG/REPO``                 an open_clip model on the Hugging Face Hub
``local-dir:PATH`` (or the path)    a folder with ``open_clip_config.json`` and weights
``sentence:ORG/REPO``               a sentence encoder on the Hugging Face Hub, for speech alone
``sentence:PATH``                   the same from a folder, as sentence-transformers saves it
``demo``                            the small model this package ships
``null`` or ``null:DIMENSION``      hashes and colours, no model; for tests
==================================  ====================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from catalog.errors import UnknownEncoderError

CONFIG_FILE = "open_clip_config.json"
NULL_DIMENSION = 64
_HUB, _FOLDER, _SENTENCE, _RANDOM = "hf-hub:", "local-dir:", "sentence:", "random"
WAYS_TO_NAME = (
    "Name one as MODEL/TAG, MODEL@/path/to/weights, hf-hub:ORG/REPO, local-dir:/path/to/folder or "
    "demo (CATALOG_ENCODER)."
)


class Kind(StrEnum):
    """Where an encoder's weights come from."""

    NULL = "null"
    DEMO = "demo"
    FOLDER = "folder"
    HUB = "hub"
    CHECKPOINT = "checkpoint"
    TAG = "tag"
    RANDOM = "random"
    SENTENCE = "sentence"
    """From a folder (``source``), else a repository (``model``)."""


@dataclass(frozen=True, slots=True)
class EncoderSpec:
    """A parsed encoder name.

    ``model`` is the open_clip architecture or the Hub's repository; ``source``
    is the tag or the absolute path of the checkpoint or folder; ``dimension``
    matters for the null encoder only.
    """

    kind: Kind
    model: str = ""
    source: str = ""
    dimension: int = 0

    @property
    def name(self) -> str:
        """The canonical spelling; parses back to the same spec."""
        match self.kind:
            case Kind.NULL:
                return f"null:{self.dimension}"
            case Kind.DEMO:
                return "demo"
            case Kind.FOLDER:
                return f"{_FOLDER}{self.source}"
            case Kind.HUB:
                return f"{_HUB}{self.model}"
            case Kind.CHECKPOINT:
                return f"{self.model}@{self.source}"
            case Kind.RANDOM:
                return f"{self.model}/{_RANDOM}"
            case Kind.SENTENCE:
                return f"{_SENTENCE}{self.source or self.model}"
            case Kind.TAG:
                return f"{self.model}/{self.source}" if self.source else self.model


def parse_spec(text: str) -> EncoderSpec:
    """Parse an encoder's name; relative paths are resolved against the working folder.

    Raises
    ------
    UnknownEncoderError
        If the text follows none of the spellings. Whether the model, tag or
        path exists is found out by loading it.
    """
    text = text.strip()
    if not text:
        raise UnknownEncoderError("The encoder's name is empty.", remedy=WAYS_TO_NAME)
    if text == "demo":
        return EncoderSpec(Kind.DEMO)
    if text.partition(":")[0] == "null":
        return _null(text)
    if text.startswith(_SENTENCE):
        return _sentence(text)
    if text.startswith(_HUB):
        return _hub(text)
    if text.startswith(_FOLDER) or _looks_like_folder(text):
        return _folder(text.removeprefix(_FOLDER), text)
    return _checkpoint(text) if "@" in text else _published(text)


def _checkpoint(text: str) -> EncoderSpec:
    model, _, path = text.partition("@")
    if not model or not path:
        raise _malformed(text, "MODEL@PATH")
    return EncoderSpec(Kind.CHECKPOINT, _architecture(model), _absolute(path))


def _published(text: str) -> EncoderSpec:
    # The tag never holds a slash; open_clip allows one in the model (ViT-B/32).
    model, _, tag = text.rpartition("/") if "/" in text else (text, "", "")
    if not model or (not tag and "/" in text):
        raise _malformed(text, "MODEL/TAG")
    if tag == _RANDOM:
        return EncoderSpec(Kind.RANDOM, _architecture(model))
    return EncoderSpec(Kind.TAG, _architecture(model), tag)


def _null(text: str) -> EncoderSpec:
    number = text.removeprefix("null").removeprefix(":") or str(NULL_DIMENSION)
    if not (number.isascii() and number.isdigit() and int(number) > 0):
        raise _malformed(text, "null:DIMENSION with a whole number above 0")
    return EncoderSpec(Kind.NULL, dimension=int(number))


def _hub(text: str) -> EncoderSpec:
    repository = text.removeprefix(_HUB)
    organisation, slash, name = repository.partition("/")
    if not (organisation and slash and name) or "/" in name:
        raise _malformed(text, "hf-hub:ORG/REPO")
    return EncoderSpec(Kind.HUB, repository)


def _sentence(text: str) -> EncoderSpec:
    place = text.removeprefix(_SENTENCE)
    if place.startswith(("/", "./", "../", "~")) or (place and Path(place).is_dir()):
        return EncoderSpec(Kind.SENTENCE, source=_absolute(place))
    organisation, slash, name = place.partition("/")
    if not (organisation and slash and name) or "/" in name:
        raise _malformed(text, "sentence:ORG/REPO, or sentence:/path/to/folder")
    return EncoderSpec(Kind.SENTENCE, place)


def _folder(path: str, text: str) -> EncoderSpec:
    if not path:
        raise _malformed(text, "local-dir:PATH")
    return EncoderSpec(Kind.FOLDER, source=_absolute(path))


def _looks_like_folder(text: str) -> bool:
    return text.startswith(("/", "./", "../", "~")) or (Path(text) / CONFIG_FILE).is_file()


def _absolute(path: str) -> str:
    return str(Path(path).expanduser().absolute())


def _architecture(model: str) -> str:
    """open_clip's own reading of ``ViT-B/32``."""
    return model.replace("/", "-")


def _malformed(text: str, expected: str) -> UnknownEncoderError:
    return UnknownEncoderError(
        f"{text!r} does not name an encoder: expected {expected}.",
        remedy=WAYS_TO_NAME,
        encoder=text,
    )
