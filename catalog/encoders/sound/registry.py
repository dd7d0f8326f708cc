"""From a sound encoder's name to a sound encoder.

==========================  ==============================================================
``hf-hub:ORG/REPO``         a CLAP model on the Hugging Face Hub
``local-dir:PATH``          a folder with such a model (or the path, absolute)
``null``                    bands of pitch, no model; for tests
==========================  ==============================================================
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from catalog.encoders.spec import EncoderSpec, Kind, parse_spec
from catalog.errors import CatalogError, EncoderUnavailableError, UnknownEncoderError

if TYPE_CHECKING:
    from catalog.encoders.sound.protocol import SoundEncoder

CONFIG, PREPROCESSING = "config.json", "preprocessor_config.json"
WEIGHTS = ("model.safetensors", "pytorch_model.bin")
WAYS_TO_NAME = (
    "Name one as hf-hub:laion/clap-htsat-unfused, or local-dir:/path/to/folder with "
    f"{CONFIG}, {PREPROCESSING}, weights and tokenizer (CATALOG_SOUND_ENCODER)."
)


def load_sound_encoder(spec: str, *, device: str = "auto") -> SoundEncoder:
    """Load the sound encoder called ``spec``.

    Weights are looked for in the cache first and downloaded only if they are missing;
    without a network that fails within seconds.

    Parameters
    ----------
    device:
        ``auto`` (CUDA, else Apple's GPU, else the CPU) or what torch calls it.

    Raises
    ------
    UnknownEncoderError
        The name means nothing.
    EncoderUnavailableError
        The weights are missing, broken, or of another architecture.
    InvalidSettingError
        The device cannot be used here.
    """
    parsed = sound_spec(spec)
    if parsed.kind is Kind.NULL:
        from catalog.encoders.sound.null import NullSoundEncoder  # noqa: PLC0415

        return NullSoundEncoder()
    from catalog.encoders.sound.clap import load  # noqa: PLC0415  # this imports torch

    return load(_folder(parsed), name=parsed.name, device=device)


def sound_spec(text: str) -> EncoderSpec:
    """Parse a sound encoder's name.

    Raises
    ------
    UnknownEncoderError
        If the text follows none of the spellings.
    """
    try:
        parsed = parse_spec(text)
    except UnknownEncoderError as error:
        raise UnknownEncoderError(error.message, remedy=WAYS_TO_NAME, encoder=text) from error
    if parsed.kind not in (Kind.NULL, Kind.HUB, Kind.FOLDER):
        raise UnknownEncoderError(
            f"{text!r} does not name a sound encoder: expected hf-hub:ORG/REPO or local-dir:PATH.",
            remedy=WAYS_TO_NAME,
            encoder=text,
        )
    return parsed


def sound_name(text: str) -> str:
    """What the encoder of that name calls itself, and the catalogue what it has heard.

    Raises
    ------
    UnknownEncoderError
        If the text follows none of the spellings.
    """
    from catalog.encoders.sound.null import NullSoundEncoder  # noqa: PLC0415  # as when it is loaded

    parsed = sound_spec(text)
    return NullSoundEncoder.name if parsed.kind is Kind.NULL else parsed.name


def missing_sound_weights(name: str) -> str | None:
    """What is missing of the sound encoder called ``name``, in words; None if it is all here.

    Raises
    ------
    UnknownEncoderError
        If the name means nothing.
    """
    spec = sound_spec(name)
    if spec.kind is Kind.NULL:
        return None
    if spec.kind is Kind.FOLDER:
        return None if Path(spec.source).is_dir() else f"there is no {spec.source}"
    from huggingface_hub import try_to_load_from_cache  # noqa: PLC0415  slow to import

    if any(isinstance(try_to_load_from_cache(spec.model, file), str) for file in WEIGHTS):
        return None
    return f"the weights of {spec.name} are not in the cache"


def _folder(spec: EncoderSpec) -> Path:
    """The local folder with the model's files; of the Hub's, downloaded where needed."""
    if spec.kind is Kind.HUB:
        return _fetched(spec)
    folder = Path(spec.source)
    missing = [name for name in (CONFIG, PREPROCESSING) if not (folder / name).is_file()]
    if not any((folder / name).is_file() for name in WEIGHTS):
        missing.append(" or ".join(WEIGHTS))
    if missing:
        raise EncoderUnavailableError(
            f"The sound encoder {spec.name} cannot be loaded: {folder} has no "
            f"{', no '.join(missing)}.",
            remedy=WAYS_TO_NAME,
            encoder=spec.name,
            files=missing,
        )
    return folder


def _fetched(spec: EncoderSpec) -> Path:
    from catalog.encoders import hub  # noqa: PLC0415  slow to import

    try:
        weights = hub.fetch(spec.model, WEIGHTS, encoder=spec.name, what="weights")
        hub.fetch_folder(
            spec.model,
            ["*.json", "*.txt"],
            [PREPROCESSING],
            encoder=spec.name,
            what="settings and tokenizer",
        )
    except CatalogError as error:  # whose remedies are those of picture encoders
        raise type(error)(error.message, remedy=WAYS_TO_NAME, **error.details) from error
    return weights.parent
